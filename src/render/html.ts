/**
 * A report as one HTML page that needs nothing else: no script, no font, no picture, no link out. Its policy
 * (Content-Security-Policy) allows the one style sheet that it carries, by hash, and nothing more.
 */
import { createHash } from 'node:crypto';
import { zonedInstant } from '../core/time-zone.ts';
import { barHtml } from './bar.ts';
import { cellText } from './cell-text.ts';
import { chartHtml } from './charts/chart.ts';
import { FILL_PATTERNS } from './charts/fills.ts';
import { chartOf, tableOf, type Cell, type ReportDocument, type Row, type Table } from './document.ts';
import { instantText, termId, valueText } from './html-cell.ts';
import { escapeHtml, escapeLines } from './html-escape.ts';
import { htmlTable, type TableContext } from './html-table.ts';
import { correctionLines, filingFacts } from './filing.ts';
import { parseMarkdown, termsDefined, type Block, type Inline } from './markdown.ts';
import { parameterFacts, periodIn } from './parameters.ts';
import { styleSheet } from './style.ts';

export interface HtmlOptions {
  /** How many rows the page shows of one table; the rest are in the files. */
  readonly rowLimit: number;
  /** The file that holds all rows of a table; null where none is written. */
  readonly fileOf: (table: Table) => string | null;
}

const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');

async function firstRow(table: Table): Promise<Row | undefined> {
  for await (const row of table.rows()) return row;
  return undefined;
}

async function inlineHtml(parts: readonly Inline[], document: ReportDocument): Promise<string> {
  const shown = parts.map(async (part) => {
    switch (part.kind) {
      case 'text':
        return escapeHtml(part.text);
      case 'strong':
        return `<strong>${escapeHtml(part.text)}</strong>`;
      case 'emphasis':
        return `<em>${escapeHtml(part.text)}</em>`;
      case 'code':
        return `<code>${escapeHtml(part.text)}</code>`;
      case 'value': {
        const table = tableOf(document, part.table);
        const column = table.columns.find(({ name }) => name === part.column);
        if (!column) throw new Error(`{{value ${part.table}.${part.column}}}: the query has no such column`);
        const text = escapeHtml(valueText((await firstRow(table))?.[part.column] ?? null, column, document.parameters.timeZone));
        return part.isStrong ? `<strong>${text}</strong>` : text;
      }
    }
  });
  return (await Promise.all(shown)).join('');
}

function headerHtml(document: ReportDocument, blocks: readonly Block[]): string {
  const { period, program, parameters } = document;
  const at = (instant: string): string => instantText(instant, parameters.timeZone);
  const facts: [string, string][] = [
    ['From (included)', at(period.from)],
    ['To (not included)', at(period.to)],
    ...parameterFacts(document),
    ['Holds as of', document.asOf === null ? 'no source is landed' : at(document.asOf)],
    ...filingFacts(document),
    ['Run at', at(document.runAt)],
    ['Run by', document.runBy],
    ['Program', `${program.name} ${program.version}`],
  ];
  const lists: [string, readonly (readonly [string, string])[]][] = [
    ...(document.filedAs?.corrects ? [['What changed since the report that this one corrects', correctionLines(document.filedAs.corrects)] as [string, readonly (readonly [string, string])[]]] : []),
    ['Gives evidence for', document.controls.map(({ id, name }) => [id, name] as const)],
    ['Files of this report', document.files.map(({ name, about }) => [name, about] as const)],
  ];
  const listHtml = ([name, items]: (typeof lists)[number]): string =>
    `<div class="whole"><dt>${escapeHtml(name)}</dt>${items.map(([item, about]) => `<dd><b>${escapeHtml(item)}</b> ${escapeHtml(about)}</dd>`).join('')}</div>`;
  const headings = blocks.flatMap((block) => (block.kind === 'heading' && block.level === 2 ? [block.text] : []));
  return (
    `<header>\n<p class="kicker">${escapeHtml(program.name)} · ${escapeHtml(document.id)} report</p>\n<h1>${escapeHtml(document.title)}</h1>\n` +
    `<p class="period">${escapeHtml(at(period.from))} to ${escapeHtml(at(period.to))}</p>\n` +
    `<dl class="facts">${facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('\n')}${lists.map(listHtml).join('\n')}</dl>\n` +
    `<nav class="contents" aria-label="Contents"><ol>${headings.map((text) => `<li><a href="#${slug(text)}">${escapeHtml(text)}</a></li>`).join('')}</ol></nav>\n</header>\n`
  );
}

/** Rows of a table with a column `note`, as a numbered list. */
async function* notesHtml(table: Table): AsyncGenerator<string> {
  if (table.rowCount === 0) {
    yield `<p class="empty">None.</p>\n`;
    return;
  }
  yield '<ol class="notes">';
  for await (const row of table.rows()) yield `<li>${escapeHtml(cellText(row['note'] ?? null))}</li>\n`;
  yield '</ol>\n';
}

/** Rows with columns `label` and `population`, as a bar. */
async function barOf(table: Table): Promise<string> {
  const segments = [];
  const number = (cell: Cell | undefined): number => (typeof cell === 'number' ? cell : 0);
  for await (const row of table.rows()) segments.push({ label: cellText(row['label'] ?? null), count: number(row['population']) });
  return barHtml(segments, table.title);
}

function* queriesHtml(document: ReportDocument): Generator<string> {
  for (const query of document.queries) {
    yield `<div class="query" id="query-${escapeHtml(query.id)}"><h3>${escapeHtml(query.title)}</h3>\n`;
    yield `<p>${escapeHtml(query.file)} · SHA-256 <code>${escapeHtml(query.sha256)}</code></p>\n<pre>${escapeLines(query.sql)}</pre></div>\n`;
  }
}

/** A chart and the table that holds the same numbers. */
async function* chartAndTable(id: string, document: ReportDocument, context: TableContext): AsyncGenerator<string> {
  const chart = chartOf(document, id);
  const table = tableOf(document, chart.query);
  yield* htmlTable(table, context, await chartHtml(chart, table, document.parameters.timeZone));
}

async function* slotHtml(name: string, argument: string | null, document: ReportDocument, context: TableContext): AsyncGenerator<string> {
  if (name === 'queries') yield* queriesHtml(document);
  else if (argument === null) throw new Error(`{{${name}}}: expected the name of a query or chart after it`);
  else if (name === 'table') yield* htmlTable(tableOf(document, argument), context);
  else if (name === 'chart') yield* chartAndTable(argument, document, context);
  else if (name === 'bar') yield await barOf(tableOf(document, argument));
  else if (name === 'notes') yield* notesHtml(tableOf(document, argument));
  else throw new Error(`{{${name} ${argument}}}: expected table, chart, bar, notes or queries`);
}

async function* blockHtml(block: Block, document: ReportDocument, context: TableContext): AsyncGenerator<string> {
  switch (block.kind) {
    case 'heading':
      yield `<h${block.level} id="${slug(block.text)}">${escapeHtml(block.text)}</h${block.level}>\n`;
      return;
    case 'paragraph':
      yield `<p>${await inlineHtml(block.inline, document)}</p>\n`;
      return;
    case 'list':
      yield `<ul class="prose">${(await Promise.all(block.items.map(async (item) => `<li>${await inlineHtml(item, document)}</li>`))).join('')}</ul>\n`;
      return;
    case 'definitions':
      yield '<dl class="terms">\n';
      for (const { term, inline } of block.items) yield `<dt id="${termId(term)}">${escapeHtml(term)}</dt><dd>${await inlineHtml(inline, document)}</dd>\n`;
      yield '</dl>\n';
      return;
    case 'slot':
      yield* slotHtml(block.name, block.argument, document, context);
  }
}

/** The page's text in pieces, so that a table of a million rows costs no memory. */
export async function* htmlReport(document: ReportDocument, options: HtmlOptions): AsyncGenerator<string> {
  const blocks = parseMarkdown(document.markdown);
  const hashes = new Map(document.queries.map((query) => [query.id, query.sha256]));
  const context: TableContext = {
    terms: new Set(termsDefined(blocks)),
    rowLimit: options.rowLimit,
    fileOf: options.fileOf,
    asOf: document.asOf,
    timeZone: document.parameters.timeZone,
    sha256Of: (table) => hashes.get(table.id) ?? '',
  };
  const period = periodIn(document);
  const title = `${document.title}, ${period.from} to ${period.to}`;
  const run = `report ${document.id} · run ${zonedInstant(document.runAt, document.parameters.timeZone)} by ${document.runBy} · definition ${document.definition.sha256.slice(0, 12)}`;
  const style = styleSheet([`${document.program.name} · ${title}`, run]);
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  yield `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="${policy.replaceAll('"', '&quot;')}">\n`;
  yield `<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n<meta name="generator" content="${escapeHtml(`${document.program.name} ${document.program.version}`)}">\n`;
  yield `<title>${escapeHtml(title)}</title>\n<style>${style}</style>\n</head>\n<body>\n${FILL_PATTERNS}${headerHtml(document, blocks)}<main>\n`;
  for (const block of blocks) yield* blockHtml(block, document, context);
  const { definition } = document;
  const files = [definition, ...definition.parts].map(({ file, sha256 }) => `${escapeHtml(file)}, SHA-256 <code>${escapeHtml(sha256)}</code>`);
  yield `</main>\n<footer class="end"><p>Made by ${escapeHtml(`${document.program.name} ${document.program.version}`)} from ${files.join('; ')}. End of report.</p></footer>\n</body>\n</html>\n`;
}

