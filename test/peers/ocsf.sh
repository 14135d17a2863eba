#!/usr/bin/env bash
# The file channel's events under the published OCSF schema, as a package that nobody here wrote carries it (ocsf-json-schema, MIT), with the
# reference JSON Schema validator. Both come from PyPI into a virtual environment; where that can't be had, nothing is checked, it is
# said, and the exit code is 0. Exit code 1: an event is not valid, or the validator takes what it must not.
#   test/peers/ocsf.sh [FOLDER FOR THE ENVIRONMENT]
set -uo pipefail
cd "$(dirname "$0")/../.."

readonly PACKAGES=(ocsf-json-schema==1.2.0 jsonschema==4.25.1)

skip() {
  printf 'OCSF events were NOT validated: %s\n' "$1"
  exit 0
}

command -v python3 >/dev/null || skip 'there is no python3'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
environment=${1:-$scratch/environment}
if ! "$environment/bin/python" -c 'import jsonschema, ocsf_json_schema' 2>/dev/null; then
  python3 -m venv "$environment" 2>/dev/null || skip 'python3 has no venv'
  timeout 240 "$environment/bin/pip" install --quiet --disable-pip-version-check "${PACKAGES[@]}" 2>"$scratch/pip.log" ||
    skip "pip could not install ${PACKAGES[*]}: $(tail -n 1 "$scratch/pip.log")"
fi

npx --no-install tsc -p test/peers/tsconfig.json || exit 1
node out/peers/test/peers/ocsf-events.js "$scratch/events.jsonl" || exit 1

timeout 200 "$environment/bin/python" - "$scratch/events.jsonl" <<'PYTHON'
import copy, json, sys
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

validators = {}

def faults(event):
    key = (event["metadata"]["version"], event["class_uid"])
    if key not in validators:
        schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=key[0]))
        validators[key] = Draft202012Validator(schema.get_class_schema(schema.lookup_class_name_from_uid(class_uid=key[1])))
    return [f"{'/'.join(map(str, one.path))}: {one.message[:200]}" for one in validators[key].iter_errors(event)]

with open(sys.argv[1], encoding="utf-8") as file:
    events = [json.loads(line) for line in file]
wrong = 0
for number, event in enumerate(events, 1):
    for fault in faults(event):
        wrong += 1
        print(f"event {number} ({event.get('activity_name')}): {fault}")
    # type_uid is class_uid * 100 + activity_id: prose of the standard, in no schema.
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        wrong += 1
        print(f"event {number}: type_uid {event['type_uid']}")

# What must be refused, so that a validator that takes everything is found out.
def without(*path):
    event = copy.deepcopy(events[0])
    place = event
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return event

def changed(key, value):
    event = copy.deepcopy(events[0])
    event[key] = value
    return event

older = copy.deepcopy(events[0])
older["metadata"]["version"] = "1.3.0"
bad = {
    "no finding_info.uid": without("finding_info", "uid"), "no metadata.product": without("metadata", "product"), "no time": without("time"),
    "severity_id 7": changed("severity_id", 7), "activity_id 4": changed("activity_id", 4), "time as text": changed("time", "now"),
    "an attribute that there is not": changed("surprise", 1), "is_alert in 1.3.0": older,
}
for name, event in bad.items():
    if not faults(event):
        wrong += 1
        print(f"taken, and must not be: {name}")
kinds = sorted({(event["class_uid"], event.get("activity_name"), event.get("status")) for event in events}, key=str)
print(f"OCSF {events[0]['metadata']['version']}: {len(events)} events of {len(kinds)} kinds, {len(bad)} counterexamples, {wrong} faults")
sys.exit(1 if wrong else 0)
PYTHON
