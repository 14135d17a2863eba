#!/bin/sh
# A bundle checked by others: sh test/peers/bundle.sh [DIST]. DIST is the built program (npm run build). Needs OpenSSL 3 and Python 3 with
# pip, which fetches securesystemslib, in-toto-attestation, pymerkle and cryptography into a folder of its own.
set -eu
cd "$(dirname "$0")/../.."
dist=$(realpath "${1:-dist}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q securesystemslib==1.6.0 in-toto-attestation==0.9.3 pymerkle==7.0.0 cryptography==50.0.2

node "$dist/src/main.js" keys new --out "$work/key.pem" > "$work/keys.txt"
# The whole ledger lies beside the bundle, so that another implementation can make its tree.
cat > "$work/make.mjs" << JS
import { writeFileSync } from 'node:fs';
const { makeBundle } = await import('$dist/bench/made-bundle.js');
const { openSigner } = await import('$dist/src/evidence/open-signer.js');
const signer = await openSigner({ signing_key_file: '$work/key.pem' });
const { signature, ledger } = await makeBundle({ folder: '$work/bundle', signer, batches: 21, recordsPerBatch: 137, every: 1, textBytes: 600, journalLines: 5, isTimestamped: true });
writeFileSync('$work/signature.bin', signature);
writeFileSync('$work/ledger.jsonl', ledger.map((line) => line + '\n').join(''));
JS
node "$work/make.mjs"

"$work/venv/bin/python" test/peers/bundle.py "$work/bundle" "$work/key.pem.pub"

sh test/peers/timestamp-authority.sh make "$work/tsa"
for authority in rsa ecdsa; do
  openssl ts -query -data "$work/signature.bin" -sha256 -cert -out "$work/query.tsq" 2> /dev/null
  sh test/peers/timestamp-authority.sh answer "$work/tsa" $authority "$work/query.tsq" "$work/answer.tsr" 2> /dev/null
  cat > "$work/bare.mjs" << JS
import { readFileSync, writeFileSync } from 'node:fs';
const { bareResponse } = await import('$dist/src/evidence/timestamp.js');
writeFileSync('$work/bundle/statement.tsr', bareResponse(readFileSync('$work/answer.tsr')));
JS
  node "$work/bare.mjs"
  echo "openssl ts ($authority): $(openssl ts -verify -data "$work/signature.bin" -in "$work/bundle/statement.tsr" -CAfile "$work/tsa/root.pem" 2> /dev/null)"
  if openssl ts -verify -data "$work/signature.bin" -in "$work/bundle/statement.tsr" -CAfile "$work/tsa/other-root.pem" > /dev/null 2>&1; then exit 1; fi
  node "$dist/src/main.js" verify "$work/bundle" --key "$work/key.pem.pub" --tsa-ca "$work/tsa/root.pem" | head -3
done

# The signature by hand, as docs/verifying-a-bundle.md has it.
python3 - "$work" << 'PY'
import base64, json, sys
work = sys.argv[1]
envelope = json.load(open(f"{work}/bundle/statement.dsse.json"))
payload = base64.b64decode(envelope["payload"], validate=True)
kind = envelope["payloadType"].encode()
open(f"{work}/pae.bin", "wb").write(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
open(f"{work}/sig.bin", "wb").write(base64.b64decode(envelope["signatures"][0]["sig"], validate=True))
PY
echo "openssl pkeyutl: $(openssl pkeyutl -verify -pubin -inkey "$work/key.pem.pub" -rawin -in "$work/pae.bin" -sigfile "$work/sig.bin")"
echo "openssl pkey: key id $(openssl pkey -pubin -in "$work/key.pem.pub" -outform DER | sha256sum | cut -c1-16)…, whoran's $(grep -o '[0-9a-f]\{64\}' "$work/keys.txt" | head -1 | cut -c1-16)…"
node "$dist/src/verifier/main.js" "$work/bundle" --key "$work/key.pem.pub" | head -1
