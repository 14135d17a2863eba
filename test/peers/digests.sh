#!/usr/bin/env bash
# Digest validation against the AWS CLI's, which nobody here wrote: test/peers/digests.ts makes trails, the CLI and we count what of them
# is valid. The CLI and moto (as its S3) come from PyPI into a virtual environment; where they can't be had, nothing is tried, it is said,
# and the exit code is 0. Exit code 1: the counts differ.
#   test/peers/digests.sh [FOLDER FOR THE ENVIRONMENT]
set -uo pipefail
cd "$(dirname "$0")/../.."

readonly PACKAGES=('awscli==1.46.3' 'moto[server,s3]==5.2.5')

skip() {
  printf 'Digests were NOT validated against the AWS CLI: %s\n' "$1"
  exit 0
}

command -v python3 >/dev/null || skip 'there is no python3'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
environment=${1:-$scratch/environment}
if [[ ! -x $environment/bin/aws ]]; then
  python3 -m venv "$environment" 2>/dev/null || skip 'python3 has no venv'
  timeout 240 "$environment/bin/pip" install --quiet --disable-pip-version-check "${PACKAGES[@]}" 2>"$scratch/pip.log" ||
    skip "pip could not install ${PACKAGES[*]}: $(tail -n 1 "$scratch/pip.log")"
fi

npx --no-install tsc -p test/peers/tsconfig.json || exit 1
# The program finds its queries beside its sources.
ln -sfn ../../queries out/peers/queries
timeout 230 node out/peers/test/peers/digests.js "$environment/bin/python"
