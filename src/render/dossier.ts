/**
 * A drawn sample for whoever examines it: a page that lists the items, a sheet with room for results, and a dossier an item. What stands in
 * records is shown as inert text; the pages need nothing else and link only to each other.
 */
import { createHash } from 'node:crypto';
import { chainOfRecords } from './charts/chain.ts';
import { csvField } from './csv.ts';
import { evidenceText } from './cell-text.ts';
import type { Column, Row } from './document.ts';
import { cellHtml, countText, instantText } from './html-cell.ts';
import { escapeHtml, escapeLines } from './html-escape.ts';
import { styleSheet } from './style.ts';

/** What was drawn, from what, and how. */
export interface SampleFacts {
  readonly report: string;
  readonly title: string;
  /** RFC 3339 UTC; `from` is in the period, `to` is not. */
  readonly from: string;
  readonly to: string;
  readonly as_of: string;
  readonly manifest_sha256: string;
  readonly key_id: string;
  readonly table: string;
  /** Rows of the table. */
  readonly population: number;
  readonly size: number;
  readonly seed: string;
}

export interface DossierRecord {
  readonly hop: string;
  readonly source: string;
  readonly owner_id: string;
  readonly record_id: string;
  /** The record's own time, RFC 3339 UTC; null where it has none. */
  readonly record_at: string | null;
  /** Of the record as delivered, session tokens replaced; null where landing did not hold it. */
  readonly sha256: string | null;
  /** Null where the bundle does not enclose the record. */
  readonly batch: number | null;
  readonly leaf: number | null;
  /** As delivered; null where it is withheld or not enclosed. */
  readonly text: string | null;
}

export interface Dossier {
  /** Counted from 1, in order of position. */
  readonly item: number;
  /** The row's place in the table, counted from 1. */
  readonly position: number;
  /** What drew it: SHA-256 of seed, line feed and position. */
  readonly lot: string;
  readonly row: Row;
  readonly records: readonly DossierRecord[];
  /** Lines of the bundle's proofs/batches.jsonl. */
  readonly batches: readonly { readonly batch: number; readonly ledger_line: string | null }[];
}

/** What the sheet leaves room for. */
const RESULTS = ['examined_by', 'examined_at', 'result', 'remarks'];
const HOW = 'Items are the positions with the least SHA-256 of the seed, a line feed and the position, counted from 1 in the table as the bundle has it.';

/** The sheet: a line an item, its row, and empty columns for the examination. */
export function* sampleCsv(columns: readonly Column[], dossiers: readonly Dossier[]): Generator<string> {
  yield `${['item', 'position', ...columns.map(({ name }) => name), ...RESULTS].map(csvField).join(',')}\r\n`;
  for (const { item, position, row } of dossiers) {
    const cells = columns.map(({ name, kind }) => (kind === 'evidence' ? evidenceText(row[name] ?? null) : (row[name] ?? null)));
    yield `${[item, position, ...cells, ...RESULTS.map(() => null)].map(csvField).join(',')}\r\n`;
  }
}

/** The list of items, each with a link to its dossier. `nameOf` gives a dossier's file without its ending. */
export function* sampleHtml(facts: SampleFacts, columns: readonly Column[], dossiers: readonly Dossier[], nameOf: (item: number) => string): Generator<string> {
  const shown = columns.filter(({ kind, isData, isDetail, under }) => kind !== 'evidence' && !isData && !isDetail && under === null);
  yield* pageHead(`${countText(facts.size)} of ${countText(facts.population)} rows`, facts);
  yield '<main>\n<h2>Items</h2>\n';
  if (dossiers.length === 0) yield '<p class="empty">The population is empty: nothing was drawn.</p>\n';
  else {
    yield `<div class="table wide"><div class="scroll"><table><thead><tr><th>Item</th><th class="number">Position</th>${shown.map(({ title }) => `<th>${escapeHtml(title)}</th>`).join('')}<th>Records</th></tr></thead>\n`;
    for (const { item, position, row, records } of dossiers) {
      const cells = shown.map((column) => `<td class="${escapeHtml(column.kind)}">${cellHtml(row[column.name] ?? null, column, new Set())}</td>`);
      yield `<tbody><tr><td><a href="${nameOf(item)}.html">${item}</a></td><td class="number">${countText(position)}</td>${cells.join('')}<td class="number">${records.length}</td></tr></tbody>\n`;
    }
    yield '</table></div></div>\n';
  }
  yield pageEnd(facts);
}

/** One item: its row, its chain, and each record as it was delivered. */
export function* dossierHtml(facts: SampleFacts, columns: readonly Column[], { item, position, lot, row, records, batches }: Dossier): Generator<string> {
  yield* pageHead(`Item ${item}: position ${countText(position)} of ${countText(facts.population)}`, facts);
  yield '<main>\n<h2>The row</h2>\n<dl class="facts">\n';
  for (const column of columns.filter(({ kind }) => kind !== 'evidence')) {
    yield `<div><dt>${escapeHtml(column.title)}</dt><dd>${cellHtml(row[column.name] ?? null, column, new Set())}</dd></div>\n`;
  }
  yield `<div class="whole"><dt>What drew it</dt><dd><code>${escapeHtml(lot)}</code></dd></div></dl>\n<h2>Chain of proof</h2>\n`;
  if (records.length === 0) yield '<p class="empty">No landed record stands behind this row; the row says why.</p>\n';
  else {
    yield chainOfRecords({ id: 'chain', title: 'Records behind the row' }, records);
    yield `<p>${countText(records.length)} records, from the sign-in or root to the item itself. Each hashes to the SHA-256 beside it; session tokens are replaced by their hash.</p>\n`;
  }
  const ledger = new Map(batches.map(({ batch, ledger_line: line }) => [batch, line]));
  for (const [index, record] of records.entries()) yield recordHtml(index + 1, record, ledger.get(record.batch ?? 0));
  yield `<h2>Examination</h2>\n<dl class="facts">${['Examined by', 'On', 'Result', 'Remarks'].map((label) => `<div><dt>${label}</dt><dd>&nbsp;</dd></div>`).join('')}</dl>\n`;
  yield pageEnd(facts);
}

function recordHtml(place: number, { hop, source, owner_id: owner, record_id: id, sha256, batch, leaf, text }: DossierRecord, ledgerLine: string | null | undefined): string {
  const facts: [string, string][] = [
    ['Source', source], ['Account or tenant', owner], ['Record', id], ['SHA-256', sha256 ?? 'not found in landing'],
    ['Landed in', batch === null ? 'not enclosed in the bundle' : `batch ${batch}, record ${(leaf ?? 0) + 1}${originText(ledgerLine)}`],
  ];
  return (
    `<section><h3>${place}. ${escapeHtml(hop)}</h3>\n<dl class="facts">${facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd><code>${escapeHtml(value)}</code></dd></div>`).join('')}</dl>\n` +
    (text === null ? '<p class="empty">The bundle does not show this record’s text.</p></section>\n' : `<pre>${escapeLines(indented(text))}</pre></section>\n`)
  );
}

/** Where a batch came from and when, as its ledger line says. */
function originText(line: string | null | undefined): string {
  if (line === undefined || line === null) return '';
  const { origin, landed_at: at } = JSON.parse(line) as { origin?: unknown; landed_at?: unknown };
  return `${typeof origin === 'string' ? ` of ${origin}` : ''}${typeof at === 'string' ? `, landed ${instantText(at)}` : ''}`;
}

/** JSON with its members one a line, for the eye; anything else as it is. The dossier's JSON holds the bytes. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function* pageHead(heading: string, facts: SampleFacts): Generator<string> {
  const style = styleSheet([`whoran · ${heading} · ${facts.title}`, `manifest ${facts.manifest_sha256.slice(0, 16)} · seed ${facts.seed}`]);
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  const stated: [string, string][] = [
    ['Holds as of', facts.as_of === '' ? 'no source is landed' : instantText(facts.as_of)],
    ['Population', `${countText(facts.population)} rows of ${facts.table}`], ['Drawn', countText(facts.size)], ['Seed', facts.seed],
  ];
  yield `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="${policy.replaceAll('"', '&quot;')}">\n`;
  yield `<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n<title>${escapeHtml(`${heading} · ${facts.title}`)}</title>\n<style>${style}</style>\n</head>\n<body>\n`;
  yield `<header>\n<p class="kicker">whoran · sample of the ${escapeHtml(facts.report)} report</p>\n<h1>${escapeHtml(heading)}</h1>\n<p class="period">${escapeHtml(facts.title)}, ${escapeHtml(instantText(facts.from))} to ${escapeHtml(instantText(facts.to))}</p>\n`;
  yield `<dl class="facts">${stated.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('\n')}\n`;
  yield `<div class="whole"><dt>Drawn from the bundle whose manifest has SHA-256</dt><dd><code>${escapeHtml(facts.manifest_sha256)}</code></dd></div>\n<div class="whole"><dt>Signed by the key</dt><dd><code>${escapeHtml(facts.key_id)}</code></dd></div></dl>\n</header>\n`;
}

function pageEnd(facts: SampleFacts): string {
  return `</main>\n<footer class="end"><p>${HOW} The same bundle (manifest ${escapeHtml(facts.manifest_sha256.slice(0, 16))}…), table, size and seed draw the same items again.</p></footer>\n</body>\n</html>\n`;
}
