/**
 * The note that goes beside a report's CSV files: what was done to the values, and what each column means.
 */
import { UTC, zonedInstant } from '../core/time-zone.ts';
import { inertText } from './cell-text.ts';
import type { ReportDocument, Table } from './document.ts';
import { correctionLines, filingFacts } from './filing.ts';
import { aboutIn, parameterFacts, periodIn } from './parameters.ts';

const WIDTH = 100;

/** Words of `text` in lines of at most 100 characters, each after `indent`. */
function wrapped(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  if (line) lines.push(indent + line);
  return lines.join('\n');
}

const FORM = [
  'UTF-8 without a byte order mark, fields separated by commas, lines ended by CR LF, fields quoted as RFC 4180 says. The first line names the columns. An empty field means that there is no value.',
  'Spreadsheets run a field that begins like a formula, and log records are written by people who may know that. So a text field that begins with = + - @ (also their full-width forms), a tab, a carriage return or another control character, also after spaces, has an apostrophe (\') in front of it here. The apostrophe is not part of the recorded value.',
  'Characters that a reader would not see, or that would act on a terminal or on the order of letters (controls, line breaks, bidirectional overrides, zero-width characters), are written as escapes: \\n, \\t, \\u001b, \\u202e. The JSON file holds every value exactly.',
];

function filingNote(document: ReportDocument): string[] {
  const facts = filingFacts(document).map(([name, value]) => `${name}: ${value}`);
  const corrects = document.filedAs?.corrects;
  if (corrects) facts.push('What changed since:', ...correctionLines(corrects).map(([name, value]) => wrapped(`${name} ${value}`, '  ')));
  return facts.length === 0 ? [] : [facts.join('\n')];
}

/** The note's text. */
export function csvNote(document: ReportDocument, tables: readonly { readonly fileName: string; readonly table: Table }[]): string {
  const { timeZone } = document.parameters;
  const period = periodIn(document);
  // UTC stands in the line of the period already.
  const parameters = parameterFacts(document).filter(([, value]) => value !== UTC);
  const parts = [
    `${document.title}: notes on the CSV files`,
    `Period: from ${period.from} (included) to ${period.to} (not included)${timeZone === UTC ? ', UTC' : ''}.\nRun at ${zonedInstant(document.runAt, timeZone)} by ${inertText(document.runBy)}, ${document.program.name} ${document.program.version}.`,
    ...(parameters.length === 0 ? [] : [parameters.map(([name, value]) => `${name}: ${value}`).join('\n')]),
    ...filingNote(document),
    ...[...FORM, timeZone === UTC ? 'Times are UTC, in RFC 3339.' : `Times are in RFC 3339, with the offset of ${timeZone} at that time.`].map((paragraph) => wrapped(paragraph, '')),
    ...tables.flatMap(({ fileName, table }) => [
      `${fileName}: ${table.title}, ${table.rowCount} ${table.rowCount === 1 ? 'row' : 'rows'}\n${wrapped(table.description, '  ')}`,
      table.columns.map((column) => `  ${column.name}\n${wrapped(aboutIn(column, timeZone), '      ')}`).join('\n'),
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}
