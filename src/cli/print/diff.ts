/**
 * What changed between two bundles, for a terminal.
 */
import { inert } from '../../core/inert.ts';
import type { BundleDiff, CellDiff, DiffSide } from '../../pipeline/bundle-diff.ts';
import type { Page } from './answer.ts';
import { tableLines } from './table.ts';

/** A value's longest, so that a list of evidence does not fill the screen; the CSV has all of it. */
const LONGEST = 70;

export function diffLines(diff: BundleDiff, page: Page): string[] {
  const { before, after, asked, is_same_period: isSame, program, tables, cells, out } = diff;
  const moved = tables.filter(({ changed, added, removed, rows_before: old, rows_after: now }) => (changed === null ? old !== now : changed + (added ?? 0) + (removed ?? 0) > 0));
  const rest = tables.length - moved.length;
  return [
    page.style.bold(`${inert(before.report)}, ${isSame ? 'one period' : 'two periods'}`),
    ...(asked.length === 0 ? [] : ['They were not asked for the same, so rows may differ for that alone:', ...asked.map(({ what, before: old, after: now }) => `  ${what.padEnd(10)} ${inert(old, 200)} → ${inert(now, 200)}`)]),
    ...sideLines('before', before), ...sideLines('after', after),
    ...warnings(before, after).map((text) => `  ! ${text}`),
    '',
    ...(program.length === 0 ? ['The same SQL and definition made both.'] : ['The program that made them differs, so numbers may have moved for that alone:', ...program.map(({ file, change }) => `  ${change.padEnd(8)} ${inert(file, 200)}`)]),
    '',
    ...(moved.length === 0 ? ['No table differs.'] : tableLines(COLUMNS, moved.map(({ table, rows_before: old, rows_after: now, changed, added, removed }) => [table, String(old), String(now), countText(changed), countText(added), countText(removed)]), page)),
    ...(rest > 0 && moved.length > 0 ? [`  ${rest} other tables: no difference`] : []),
    ...(moved.some(({ changed }) => changed === null) ? ['  –: items of another period, counted and not compared'] : []),
    ...moved.flatMap(({ table }) => cellLines(table, cells.filter((cell) => cell.table === table), page)),
    ...(out === null ? [] : ['', `All changes: ${inert(out, 300)}`]),
  ];
}

const COLUMNS = [{ title: 'table', least: 20 }, { title: 'before', isNumber: true }, { title: 'after', isNumber: true }, { title: 'changed', isNumber: true }, { title: 'new', isNumber: true }, { title: 'gone', isNumber: true }];
const countText = (count: number | null): string => (count === null ? '–' : String(count));

function sideLines(name: string, { from, to, as_of: asOf, run_at: at, run_by: by, manifest_sha256: sha256 }: DiffSide): string[] {
  return [`  ${name.padEnd(7)}${inert(from)} to ${inert(to)}, holds as of ${inert(asOf ?? 'nothing landed')}; run ${inert(at)} by ${inert(by, 60)}; manifest ${sha256.slice(0, 16)}…`];
}

/** What a reader must not miss. */
function warnings(before: DiffSide, after: DiffSide): string[] {
  return [
    ...(before.key_id === after.key_id ? [] : ['they are signed by different keys']),
    ...(before.is_named_key === true && after.is_named_key === true ? [] : ['their signer was compared with no key: give the public key with --key']),
    ...(after.ledger_lines < before.ledger_lines ? [`the later one’s ledger is shorter (${after.ledger_lines} lines, ${before.ledger_lines} before): the data folder was rolled back, or is another`] : []),
    ...(after.journal_lines < before.journal_lines ? [`the later one’s journal is shorter (${after.journal_lines} lines, ${before.journal_lines} before): decisions are missing`] : []),
    ...(before.program_version === after.program_version ? [] : [`they were made by whoran ${inert(before.program_version)} and ${inert(after.program_version)}`]),
  ];
}

function cellLines(table: string, cells: readonly CellDiff[], page: Page): string[] {
  if (cells.length === 0) return [];
  const lines: string[] = ['', page.style.bold(inert(table))];
  let last = '';
  for (const { change, key, column, before, after } of cells) {
    const name = Object.values(key).map((part) => (part === null ? '–' : inert(String(part), LONGEST))).join(' · ');
    if (column === null) lines.push(`  ${change === 'added' ? '+' : '-'} ${name}`);
    else {
      if (name !== last || name === '') lines.push(...(name === '' ? [] : [`  ~ ${name}`]));
      lines.push(`      ${inert(column)}: ${valueText(before)} → ${valueText(after)}${differenceText(before, after)}`);
    }
    last = column === null ? '' : name;
  }
  return lines;
}

const valueText = (value: string | null): string => (value === null ? 'nothing' : inert(value, LONGEST));

const NUMBER = /^-?\d+(\.\d+)?$/;
function differenceText(before: string | null, after: string | null): string {
  if (before === null || after === null || !NUMBER.test(before) || !NUMBER.test(after)) return '';
  const by = Number(after) - Number(before);
  return ` (${by > 0 ? '+' : ''}${Number(by.toFixed(6))})`;
}
