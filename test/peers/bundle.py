"""A bundle checked by code that isn't ours: the envelope by securesystemslib, the statement by in-toto's own library, the trees by pymerkle.

python bundle.py FOLDER SIGNER.pub
"""
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from pymerkle import InmemoryTree
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

folder, key_file = Path(sys.argv[1]), Path(sys.argv[2])
text = json.loads((folder / "statement.dsse.json").read_bytes())

key = SSlibKey.from_crypto(load_pem_public_key(key_file.read_bytes()), keyid=text["signatures"][0]["keyid"])
envelope = Envelope.from_dict(json.loads(json.dumps(text)))
accepted = envelope.verify([key], 1)
assert list(accepted) == [key.keyid]
refused = 0
for at in range(0, len(envelope.payload), 7):
    payload = bytearray(envelope.payload)
    payload[at] ^= 1
    try:
        Envelope(bytes(payload), envelope.payload_type, envelope.signatures).verify([key], 1)
    except VerificationError:
        refused += 1
print(f"securesystemslib: the envelope verifies; of {len(range(0, len(envelope.payload), 7))} altered payloads {refused} are refused")
assert refused == len(range(0, len(envelope.payload), 7))

message = statement_pb2.Statement()
json_format.Parse(envelope.payload, message)
Statement.copy_from_pb(message).validate()
digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
assert message.subject[0].digest["sha256"] == digest
print(f"in-toto-attestation: the statement is valid; its subject is manifest.json {digest[:16]}…")

manifest = json.loads((folder / "manifest.json").read_bytes())
for file in manifest["files"]:
    content = (folder / file["path"]).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"]), file["path"]
print(f"hashlib: {len(manifest['files'])} files have the lengths and hashes of the manifest")

records = [json.loads(line) for path in sorted(folder.glob("records/*.jsonl")) for line in path.read_text().splitlines()]
for record in records:
    assert hashlib.sha256(record["text"].encode()).hexdigest() == record["sha256"]

trees = paths = 0
for line in (folder / "proofs/batches.jsonl").read_text().splitlines():
    proof = json.loads(line)
    leaves = sorted((r["leaf"], r["sha256"]) for r in records if r["batch"] == proof["batch"])
    if len(leaves) == proof["records"]:
        # Every record is enclosed: the whole tree can be made by another implementation.
        tree = InmemoryTree(algorithm="sha256")
        for _, sha256 in leaves:
            tree.append_entry(bytes.fromhex(sha256))
        assert tree.get_root().hex() == proof["record_root"], proof["batch"]
        assert proof["record_proof"] == []
        trees += 1
assert trees > 0
print(f"pymerkle: {trees} record trees have the root of the bundle, of {len(records)} records")

# The ledger as it lay in landing, handed over beside the bundle: pymerkle makes its root, and each audit path anew.
ledger = (folder.parent / "ledger.jsonl").read_bytes().splitlines()
tree = InmemoryTree(algorithm="sha256")
for line in ledger:
    tree.append_entry(line)
assert tree.get_root().hex() == manifest["ledger"]["root"]
for line in (folder / "proofs/batches.jsonl").read_text().splitlines():
    proof = json.loads(line)
    theirs = tree.prove_inclusion(proof["batch"], len(ledger)).serialize()["path"]
    # pymerkle's paths begin with the leaf itself.
    assert theirs[1:] == proof["ledger_proof"], proof["batch"]
    paths += 1
print(f"pymerkle: the ledger's root and {paths} audit paths are those of the bundle, of {len(ledger)} lines")

# What binds the counts: the last line of each log, with its number and a path that has nothing to the right of it.
for line in (folder / "proofs/heads.jsonl").read_text().splitlines():
    head = json.loads(line)
    stated = manifest[head["log"]]
    assert json.loads(head["line"])["seq"] == stated["tree_size"]
    assert hashlib.sha256(head["line"].encode()).hexdigest() == stated["head_sha256"]
    if head["log"] == "ledger":
        assert head["line"].encode() == ledger[-1]
        assert tree.prove_inclusion(len(ledger), len(ledger)).serialize()["path"][1:] == head["proof"]
    node = hashlib.sha256(b"\0" + head["line"].encode()).digest()
    for left in head["proof"]:
        node = hashlib.sha256(b"\1" + bytes.fromhex(left) + node).digest()
    assert node.hex() == stated["root"]
    print(f"hashlib: the last line of the {head['log']} is number {stated['tree_size']}, with nothing to its right")
