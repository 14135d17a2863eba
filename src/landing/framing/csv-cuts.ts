/** Cuts a CSV export into rows under the names of its heading. */
import { csvFields, csvRows } from '../csv.ts';
import type { Cut } from './cut.ts';
import { shapeOfColumns } from './known-record.ts';
import { quoted } from './words.ts';

const COMMA = 0x2c;
/** Comma first: spreadsheets of some countries save semicolons, some tools tabs. */
const SEPARATORS = [COMMA, 0x3b, 0x09] as const;
/** A first line longer than this is no heading: the widest table has about 100 columns. */
const LONGEST_HEADING_BYTES = 16 * 1024;
/** `TimeGenerated [UTC]`: the portal's export names the time zone of a column after its name. */
const TIME_ZONE_SUFFIX = / \[([^\]]+)\]$/;
const REGISTRY_COLUMNS = ['issuer', 'audience', 'subject', 'object_id'];

/** A file's first line read as a heading. */
export interface CsvHeading {
  /** Names of an export that is read, or of the registry where that was asked for. */
  readonly isKnown: boolean;
  readonly columns: readonly string[];
  readonly separator: number;
  /** Where the rows begin. */
  readonly rowsStart: number;
  /** Why the file can't be read in spite of its known heading. */
  readonly problem: string | undefined;
}

/** Reads the line at `start` as a CSV heading. Registry columns are compared without case. */
export function csvHeading(bytes: Buffer, start: number, registry: boolean): CsvHeading {
  const head = bytes.subarray(start, start + LONGEST_HEADING_BYTES);
  for (const separator of SEPARATORS) {
    const row = csvRows(head, 0, separator).next();
    if (row.done === true || !row.value.closed) continue;
    const titles = csvFields(head.subarray(row.value.start, row.value.end), separator).map((title) => title.trim());
    if (titles.length < 3) continue;
    const columns = titles.map((title) => (registry ? title.toLowerCase().replaceAll(' ', '_') : title.replace(TIME_ZONE_SUFFIX, '')));
    const isKnown = registry ? REGISTRY_COLUMNS.every((name) => columns.includes(name)) : shapeOfColumns(columns) !== 'unknown';
    const lineFeed = bytes.indexOf(0x0a, start + row.value.end);
    const rowsStart = lineFeed === -1 ? bytes.length : lineFeed + 1;
    if (isKnown || separator === COMMA) return { isKnown, columns, separator, rowsStart, problem: headingProblem(titles, columns, registry) };
  }
  return { isKnown: false, columns: [], separator: COMMA, rowsStart: start, problem: undefined };
}

function headingProblem(titles: readonly string[], columns: readonly string[], registry: boolean): string | undefined {
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined) return `the heading names the column ${quoted(twice)} twice`;
  if (registry) return undefined;
  for (const title of titles) {
    const zone = TIME_ZONE_SUFFIX.exec(title)?.[1];
    if (zone !== undefined && zone !== 'UTC') return `times are exported in ${quoted(zone)}, where UTC is expected: set the portal's time zone to UTC and export again`;
  }
  return undefined;
}

/** One cut a row, after the heading. */
export function* csvCuts(bytes: Buffer, heading: CsvHeading): Generator<Cut> {
  const { columns, separator, rowsStart } = heading;
  for (const { start, end, closed } of csvRows(bytes, rowsStart, separator)) {
    if (closed) yield { kind: 'row', start, end, syntax: 'csv', columns, separator };
    else yield { kind: 'broken', start, end, fault: 'bad_row' };
  }
}
