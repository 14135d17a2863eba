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
"$scratch/environment/bin/pip" -q install 'compliance-trestle==5.2.0' 'jsonschema==4.25.1' 'regex==2026.11.19' || { echo 'skipped: PyPI cannot be reached' >&2; exit 0; }
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
    import jsonschema, regex
    # The schema's patterns are ECMAScript's (\p{L}), which Python's own engine cannot read.
    def pattern(_, wanted, value, __):
        if isinstance(value, str) and not regex.search(wanted, value): yield jsonschema.ValidationError(f'{value!r} does not match {wanted!r}')
    Validator = jsonschema.validators.extend(jsonschema.Draft7Validator, {'pattern': pattern})
    schema = json.load(open(sys.argv[2], encoding='utf-8'))
    faults = list(Validator(schema).iter_errors(json.loads(text)))
    for fault in faults[:5]: print('/'.join(map(str, fault.absolute_path)), fault.message[:200])
    if not list(Validator(schema).iter_errors(broken)): sys.exit('a broken document was taken: the check checks nothing')
    print('NIST schema', schema.get('$id'), ':', len(faults), 'faults')
    sys.exit(1 if faults else 0)
PYTHON
