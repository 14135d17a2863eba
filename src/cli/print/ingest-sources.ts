/**
 * What pulling live sources came to, as a person reads it.
 */
import { inert } from '../../core/inert.ts';
import type { IngestSourcesResult } from '../../pipeline/ingest-sources.ts';
import type { SourceResult } from '../../pipeline/pull.ts';
import type { Page } from './answer.ts';
import { countLines } from './ingest.ts';
import { size } from './status.ts';
import { tableLines } from './table.ts';
import { wrapped } from './width.ts';

const OUTCOMES: Readonly<Record<SourceResult['outcome'], string>> = { ok: 'done', partial: 'partly failed', failed: 'failed', interrupted: 'interrupted' };

/** One line a source, then the records that came. Failures and warnings stand on standard error. */
export function ingestSourcesLines(result: IngestSourcesResult, page: Page): string[] {
  const { totals } = result;
  return [
    ...result.repairs.flatMap((repair) => wrapped(inert(repair, 300), page.columns)),
    page.style.bold(`${result.sources.length} source${result.sources.length === 1 ? '' : 's'}: ${totals.read} records read, ${totals.new} new.`),
    ...sourceLines(result.sources, page),
    ...countLines(result, page),
  ];
}

/** A table of sources: how the pull ended, what was delivered, through when all of it is there. */
export function sourceLines(sources: readonly SourceResult[], page: Page): string[] {
  const columns = [
    { title: 'source' }, { title: 'pull' }, { title: 'delivered', isNumber: true }, { title: 'new', isNumber: true },
    { title: 'size', isNumber: true }, { title: 'retries', isNumber: true }, { title: 'complete through' },
  ];
  const rows = sources.map((source) => [
    source.id, OUTCOMES[source.outcome], String(source.delivered), String(source.landed), size(source.bytes), String(source.retries), reach(source),
  ]);
  return rows.length === 0 ? [] : ['', ...tableLines(columns, rows, page)];
}

/** The least of its streams: what lags says how far the source reaches. */
function reach({ streams }: SourceResult): string {
  const times = streams.map(({ complete_through }) => complete_through);
  if (times.length === 0) return 'unknown';
  if (times.includes(null)) return `not yet (${times.filter((time) => time === null).length} of ${times.length} streams)`;
  return (times as string[]).reduce((least, time) => (time < least ? time : least)).replace('.000Z', 'Z');
}
