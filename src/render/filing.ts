/**
 * What a report says of its own filing, of the one that it corrects, and of pseudonyms, in words: one way for every format.
 */
import { CORRECTION_ROWS, type Correction } from '../core/filed-as.ts';
import { zonedInstant } from '../core/time-zone.ts';
import { inertText } from './cell-text.ts';
import type { ReportDocument } from './document.ts';

/** Longer values are cut here; the JSON has them whole. */
const SHOWN = 120;

/** Names and values for a report's head; none where it is neither filed, nor of an earlier knowledge, nor redacted. */
export function filingFacts({ knownAt, filedAs, parameters, isRedacted }: Pick<ReportDocument, 'knownAt' | 'filedAs' | 'parameters' | 'isRedacted'>): [string, string][] {
  const at = (instant: string): string => zonedInstant(instant, parameters.timeZone);
  return [
    ...(isRedacted === true ? [['People', 'stand under pseudonyms; who is who, only the key’s holder can tell'] as [string, string]] : []),
    ...(knownAt === null ? [] : [['As known at', at(knownAt)] as [string, string]]),
    ...(filedAs === null ? [] : [['Filed as', filedAs.id] as [string, string]]),
    ...(filedAs?.corrects ? [['Corrects', `${filedAs.corrects.filed}, filed ${at(filedAs.corrects.filed_at)} by ${inertText(filedAs.corrects.filed_by)}`] as [string, string]] : []),
  ];
}

/** What changed since the corrected report: a heading for each line, and the line. */
export function correctionLines({ tables, changes, is_filed_again: isSame }: Correction): [string, string][] {
  const differing = tables.filter(({ added, removed, changed }) => added + removed + changed > 0);
  const lines: [string, string][] = differing.length === 0 ? [['No table', 'has changed: every row is as it was filed.']] : [];
  if (!isSame) lines.push(['Held against', 'what this program makes of what was known then, since it does not make the filed tables again as they were.']);
  for (const { table, title, added, removed, changed, rows_before: before, rows_after: after } of differing) {
    lines.push([title, `${table}: ${added} ${added === 1 ? 'row' : 'rows'} added, ${removed} removed, ${changed} changed; ${before} before, ${after} now.`]);
    const ofTable = changes.filter((change) => change.table === table);
    for (const { change, key, column, before: old, after: now } of ofTable) {
      const named = Object.entries(key).map(([name, value]) => `${name} ${cut(value === null ? 'null' : typeof value === 'string' ? value : JSON.stringify(value))}`);
      lines.push([change, `${named.join(', ') || 'the row'}${column === null ? '' : `: ${column} was ${cut(old ?? 'null')}, is ${cut(now ?? 'null')}`}`]);
    }
    if (added + removed + changed > CORRECTION_ROWS) lines.push(['and more', `the first ${CORRECTION_ROWS} rows of ${added + removed + changed} are told here; \`whoran diff\` of the two bundles tells all.`]);
  }
  return lines;
}

function cut(text: string): string {
  return inertText(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
