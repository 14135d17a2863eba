#!/bin/sh
# A timestamp authority out of OpenSSL: makes two of them (RSA, and ECDSA below an intermediate) in FOLDER, and answers a query.
#   sh test/peers/timestamp-authority.sh make FOLDER
#   sh test/peers/timestamp-authority.sh answer FOLDER rsa|ecdsa QUERY.tsq ANSWER.tsr
#   sh test/peers/timestamp-authority.sh stranger FOLDER ANSWER.tsr TOKEN.der
set -eu

folder=$2

# $1 name, $2 signing request's subject, $3 issuer's name, $4 extensions
certificate() {
  openssl req -new -key "$folder/$1.key" -subj "$2" -out "$folder/$1.csr"
  printf '%b' "$4" > "$folder/$1.ext"
  openssl x509 -req -in "$folder/$1.csr" -CA "$folder/$3.pem" -CAkey "$folder/$3.key" -CAcreateserial -days 3650 -sha256 -extfile "$folder/$1.ext" -out "$folder/$1.pem" 2> /dev/null
}

make() {
  mkdir -p "$folder"
  tsa='basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'
  ca='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'
  for name in root other-root; do
    openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 3650 -subj "/O=Example/CN=Example $name" -addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout "$folder/$name.key" -out "$folder/$name.pem" 2> /dev/null
  done
  openssl genrsa -out "$folder/rsa.key" 2048 2> /dev/null
  certificate rsa '/O=Example/CN=Example RSA TSA' root "$tsa"
  openssl ecparam -name prime256v1 -genkey -noout -out "$folder/intermediate.key"
  certificate intermediate '/O=Example/CN=Example intermediate' root "$ca"
  openssl ecparam -name prime256v1 -genkey -noout -out "$folder/ecdsa.key"
  certificate ecdsa '/O=Example/CN=Example ECDSA TSA' intermediate "$tsa"
  cp "$folder/intermediate.pem" "$folder/ecdsa-chain.pem"
  : > "$folder/rsa-chain.pem"
  cat "$folder/root.pem" >> "$folder/rsa-chain.pem"
  # For signing certificates that are none for timestamps: a server's.
  openssl genrsa -out "$folder/server.key" 2048 2> /dev/null
  certificate server '/O=Example/CN=tsa.example.com' root 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,serverAuth\n'
}

answer() {
  cat > "$folder/$1.cnf" << CNF
[tsa]
default_tsa = one
[one]
dir = $folder
serial = $folder/serial
crypto_device = builtin
signer_cert = $folder/$1.pem
certs = $folder/$1-chain.pem
signer_key = $folder/$1.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
CNF
  [ -e "$folder/serial" ] || echo 01 > "$folder/serial"
  openssl ts -reply -config "$folder/$1.cnf" -section one -queryfile "$2" -out "$3"
}

# A token over the TSTInfo of a response by a certificate that is none for timestamps, as `openssl ts` itself would refuse to make.
stranger() {
  openssl ts -reply -in "$1" -token_out -out "$folder/token.der"
  openssl cms -verify -noverify -inform DER -in "$folder/token.der" -out "$folder/info.der" 2> /dev/null
  openssl cms -sign -binary -nodetach -econtent_type 1.2.840.113549.1.9.16.1.4 -signer "$folder/server.pem" -inkey "$folder/server.key" -md sha256 -cades -nosmimecap -outform DER -in "$folder/info.der" -out "$2"
}

case $1 in
  make) make ;;
  stranger) stranger "$3" "$4" ;;
  answer) answer "$3" "$4" "$5" ;;
esac
