#!/usr/bin/env bash
# The AWS sources against moto's server, which nobody here wrote: test/peers/main.ts puts a trail's objects and log events through
# the SDK, and pulls them with the real sources. moto comes from PyPI into a virtual environment; where that can't be had, nothing
# is tried, it is said, and the exit code is 0. Exit code 1: what was pulled is not what was put.
#   test/peers/moto.sh [FOLDER FOR THE ENVIRONMENT]
set -uo pipefail
cd "$(dirname "$0")/../.."

readonly PACKAGE='moto[server,s3,logs]==5.2.5'

skip() {
  printf 'The AWS sources were NOT tried against moto: %s\n' "$1"
  exit 0
}

command -v python3 >/dev/null || skip 'there is no python3'
scratch=$(mktemp -d)
server=
# The server ends with its input; the process is waited for, so that none is left behind.
trap '[[ -z $server ]] || { exec {input}>&-; wait "$server"; }; rm -rf "$scratch"' EXIT
environment=${1:-$scratch/environment}
if [[ ! -x $environment/bin/moto_server ]]; then
  python3 -m venv "$environment" 2>/dev/null || skip 'python3 has no venv'
  timeout 240 "$environment/bin/pip" install --quiet --disable-pip-version-check "$PACKAGE" 2>"$scratch/pip.log" ||
    skip "pip could not install $PACKAGE: $(tail -n 1 "$scratch/pip.log")"
fi

npx --no-install tsc -p test/peers/tsconfig.json || exit 1
mkfifo "$scratch/input"
PORT_FILE="$scratch/port" "$environment/bin/python" - >"$scratch/server.log" 2>&1 3<"$scratch/input" <<'PYTHON' &
import os
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
port_file = os.environ["PORT_FILE"]
with open(port_file + ".new", "w") as file:
    file.write(str(server.get_host_and_port()[1]))
os.rename(port_file + ".new", port_file)
os.read(3, 1)
server.stop()
PYTHON
server=$!
exec {input}>"$scratch/input"
for ((tries = 0; tries < 300; tries++)); do
  [[ -s $scratch/port ]] && break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
if [[ ! -s $scratch/port ]]; then
  printf 'moto did not start:\n' >&2
  tail -n 20 "$scratch/server.log" >&2
  exit 1
fi
timeout 120 node out/peers/test/peers/main.js "http://127.0.0.1:$(<"$scratch/port")"
