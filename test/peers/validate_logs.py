"""`aws cloudtrail validate-logs` over each scenario of a file: S3 is moto's server, ListPublicKeys a stub; prints its counts as JSON."""
import base64
import json
import logging
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import botocore.session
from moto.server import ThreadedMotoServer

with open(sys.argv[1]) as file:
    given = json.load(file)


logging.getLogger("werkzeug").setLevel(logging.ERROR)


class Keys(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        assert self.headers["x-amz-target"].endswith(".ListPublicKeys"), self.headers["x-amz-target"]
        body = json.dumps(given["keys"]).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


keys = HTTPServer(("127.0.0.1", 0), Keys)
threading.Thread(target=keys.serve_forever, daemon=True).start()
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
s3_url = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
os.environ.update(
    AWS_ACCESS_KEY_ID="AKIAPEER000000000001", AWS_SECRET_ACCESS_KEY="peer", AWS_DEFAULT_REGION="eu-central-1", AWS_ENDPOINT_URL_S3=s3_url,
    AWS_ENDPOINT_URL_CLOUDTRAIL="http://127.0.0.1:%d" % keys.server_port, AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null",
)
client = botocore.session.get_session().create_client("s3")
client.create_bucket(Bucket=given["bucket"], CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
counts = {}
for scenario in given["scenarios"]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=given["bucket"]):
        for one in page.get("Contents", []):
            client.delete_object(Bucket=given["bucket"], Key=one["Key"])
    for one in scenario["objects"]:
        client.put_object(Bucket=given["bucket"], Key=one["key"], Body=base64.b64decode(one["bytes"]), Metadata=one["metadata"])
    ran = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "aws"), "cloudtrail", "validate-logs", "--trail-arn", given["trail_arn"], "--s3-bucket", given["bucket"],
         "--start-time", given["start"], "--end-time", given["end"], "--verbose"],
        capture_output=True, text=True, timeout=60,
    )

    def found(kind, word):
        match = re.search(r"(\d+)/\d+ %s files %s" % (kind, word), ran.stdout)
        return int(match.group(1)) if match else 0

    if "Results requested" not in ran.stdout:
        print(ran.stdout, ran.stderr, file=sys.stderr)
    counts[scenario["name"]] = {
        "digests_valid": found("digest", "valid"), "digests_invalid": found("digest", "INVALID"),
        "logs_valid": found("log", "valid"), "logs_invalid": found("log", "INVALID"),
    }
    if os.environ.get("PEER_VERBOSE"):
        print(scenario["name"], ran.stdout, ran.stderr, file=sys.stderr)
server.stop()
print(json.dumps(counts))
