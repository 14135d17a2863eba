/**
 * What batches hold, from when to when, and whether a hold keeps one: what retention and erasures go by.
 */
import { mayHold, type Hold } from '../landing/holds.ts';
import type { LandedBatches, LedgerLine } from '../landing/landed-batches.ts';
import type { RemovedSpan } from '../landing/removal-log.ts';
import { namesAny } from './named-records.ts';

/** A row of queries/keeping/batch_spans or erased_spans. Times are RFC 3339 UTC. */
export interface SpanRow {
  readonly batch_seq: number;
  readonly source: string;
  readonly tenant_id: string | null;
  readonly sign_in_kind: string | null;
  readonly account_id: string | null;
  readonly records: number;
  readonly first_at: string;
  readonly last_at: string;
}

/** Spans of a batch that is in no database any more, as they were noted when it left. */
export function removedRows(landing: LandedBatches, batch: number): SpanRow[] {
  return landing.removals.lines.filter((line) => line.batch === batch).flatMap(({ spans }) => spans.map((span) => ({ ...span, batch_seq: batch, account_id: null, records: 0 })));
}

/** One span a source, tenant and kind; accounts taken together. */
export function removedSpans(rows: readonly SpanRow[]): RemovedSpan[] {
  const groups = groupBy(rows, ({ source, tenant_id, sign_in_kind }) => JSON.stringify([source, tenant_id, sign_in_kind]));
  return [...groups.values()].map((group) => {
    const [{ source, tenant_id, sign_in_kind }] = group as [SpanRow];
    return { source, tenant_id, sign_in_kind, first_at: earliest(group.map(({ first_at }) => first_at)) ?? '', last_at: latest(group.map(({ last_at }) => last_at)) ?? '' };
  });
}

/** Whether a hold keeps a batch with these spans. What cannot be told is kept. */
export function isHeld(landing: LandedBatches, hold: Hold, line: LedgerLine, rows: readonly SpanRow[]): boolean {
  const isKnown = rows.length > 0 && rows.every(({ account_id }) => account_id !== null);
  const firstAt = earliest(rows.map(({ first_at }) => first_at)) ?? line.landed_at;
  const lastAt = latest(rows.map(({ last_at }) => last_at)) ?? line.landed_at;
  if (!mayHold(hold, { source: line.source, accounts: isKnown ? new Set(rows.map(({ account_id }) => account_id ?? '')) : null, firstAt, lastAt })) return false;
  return hold.scope.identity === null || namesAny(landing, line, [hold.scope.identity]);
}

export function earliest(times: readonly string[]): string | undefined {
  return times.reduce<string | undefined>((least, one) => (least === undefined || Date.parse(one) < Date.parse(least) ? one : least), undefined);
}

export function latest(times: readonly string[]): string | undefined {
  return times.reduce<string | undefined>((most, one) => (most === undefined || Date.parse(one) > Date.parse(most) ? one : most), undefined);
}

export function groupBy<One, Key>(all: readonly One[], keyOf: (one: One) => Key): Map<Key, One[]> {
  const groups = new Map<Key, One[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}
