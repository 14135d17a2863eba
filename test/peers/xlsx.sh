#!/usr/bin/env bash
# A report's workbook opened by LibreOffice: every sheet is read, and the rows of the main one are those of the report's CSV.
#   test/peers/xlsx.sh WORKBOOK CSV [SHEET]
# SHEET is the sheet of the CSV's table: rows unless it is given.
# WORKBOOK and CSV are the .xlsx and the first .csv of one `whoran report … --format csv,xlsx`.
set -euo pipefail
workbook=$1 csv=$2 sheet=${3:-rows}
command -v soffice > /dev/null || { echo 'skipped: LibreOffice (soffice) is not here' >&2; exit 0; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
soffice -env:UserInstallation="file://$scratch/profile" --headless --convert-to 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1' --outdir "$scratch" "$workbook" > /dev/null
# Its CSV leaves out what a date's format puts behind it, the offset; its pages show it.
soffice -env:UserInstallation="file://$scratch/profile" --headless --convert-to html --outdir "$scratch" "$workbook" > /dev/null
python3 - "$scratch" "$csv" "$sheet" <<'PYTHON'
import csv, glob, re, sys
folder, path, sheet_name = sys.argv[1:]
shown = open(glob.glob(folder + '/*.html')[0], encoding='utf-8').read()
csv.field_size_limit(1 << 24)
rows = list(csv.reader(open(path, newline='', encoding='utf-8')))
sheets = {name: list(csv.reader(open(name, newline='', encoding='utf-8'))) for name in glob.glob(folder + '/*.csv')}
print(len(sheets), 'sheets read')
main = [sheet for name, sheet in sheets.items() if name.endswith(f'-{sheet_name}.csv')]
assert len(main) == 1, f'expected one sheet {sheet_name}'
assert len(main[0]) == len(rows), f'expected {len(rows)} rows, found {len(main[0])}'
compared = differing = 0
for ours, theirs in zip(rows[1:], main[0][1:]):
    for left, right in zip(ours, theirs):
        # An instant is a date there; the apostrophe that keeps a CSV's formula text is the workbook's quote prefix.
        instant = re.fullmatch(r'(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-]\d\d:\d\d))', left)
        if instant and instant[3]: assert ' '.join(instant.groups()) in shown, f'not shown with its offset: {left}'
        left = f'{instant[1]} {instant[2]}' if instant else left.removeprefix("'")
        right = right.split('.')[0] if left == right.split('.')[0] else right
        compared += 1
        # A cell holds 32,767 characters at the most. Words that are true and false are booleans there.
        if left != right and not (len(left) > 32_000 and right.startswith(left[:32_000])) and not (left in ('true', 'false') and right.lower() == left):
            differing += 1
            if differing < 5: print('differs:', repr(left[:200]), repr(right[:200]))
print(compared, 'cells compared,', differing, 'differ')
sys.exit(1 if differing else 0)
PYTHON
