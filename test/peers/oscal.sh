#!/usr/bin/env bash
# A report's OSCAL file under the models of compliance-trestle (Apache-2.0), which are generated from NIST's schemas and forbid what those don't
# name; and, where it is given, under NIST's own JSON schema. From PyPI into a virtual environment; where that can't be had, it is said,
# and the exit code is 0.
#   test/peers/oscal.sh FILE.oscal.json [oscal_assessment-results_schema.json]
set -euo pipefail
file=$1 schema=${2:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/environment" || { echo 'skipped: no Python' >&2; exit 0; }
"$scratch/environment/bin/pip" -q install 'compliance-trestle==5.2.0' 'jsonschema==4.25.1' || { echo 'skipped: PyPI cannot be reached' >&2; exit 0; }
"$scratch/environment/bin/python" - "$file" "$schema" <<'PYTHON'
import json, sys
from trestle.oscal.assessment_results import Model
text = open(sys.argv[1], encoding='utf-8').read()
results = Model.model_validate_json(text).assessment_results.results[0]
print('valid for trestle:', len(results.observations), 'observations,', len(results.findings or []), 'findings')
broken = json.loads(text)
broken['assessment-results']['results'][0]['observations'][0]['methods'] = []
broken['assessment-results']['results'][0]['unknown'] = 1
try:
    Model.model_validate(broken)
except Exception as error:
    print('refused, broken on purpose:', str(error).splitlines()[0])
else:
    sys.exit('a broken document was taken: the check checks nothing')
if sys.argv[2]:
    import jsonschema
    schema = json.load(open(sys.argv[2], encoding='utf-8'))
    faults = list(jsonschema.Draft7Validator(json.loads(json.dumps(schema).replace('\\\\p{L}', 'A-Za-z').replace('\\\\p{N}', '0-9'))).iter_errors(json.loads(text)))
    print('NIST schema', schema.get('$id'), ':', len(faults), 'faults')
    sys.exit(1 if faults else 0)
PYTHON
