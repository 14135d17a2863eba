/**
 * Every query that is sent, in the query language of Azure Monitor. Nothing from a record goes into one: only table names of our
 * own, instants and numbers.
 *
 * Rows are found by `ingestion_time()`, which tells when a row became readable, however late it came. `TimeGenerated` alone is
 * indexed; so a guard on it, wide enough that it leaves out no row, keeps a query from reading the whole table.
 */
import type { Piece, Span } from './spans.ts';
import type { LogTable } from './tables.ts';

/** Which time a span is of: rows that became readable in it, or (a backfill) rows about what happened in it. */
export type Axis = 'ingestion' | 'generated';

const DAY_MS = 86_400_000;
/** `TimeGenerated` more than a day ahead of its receipt is replaced by it (data-ingestion-time, Azure Monitor's documentation). */
const AHEAD_MS = DAY_MS;

/** A query, and the time that the API is told to keep `TimeGenerated` within. */
export interface LogQuery {
  readonly text: string;
  readonly timespan: Span;
}

/** The service's own time. */
export function clockQuery(now: number): LogQuery {
  return { text: 'print Now = tostring(now())', timespan: { from: now - DAY_MS, to: now + DAY_MS } };
}

/** How a span is found in a table. */
export interface Finding {
  readonly table: LogTable;
  readonly axis: Axis;
  /** How far a row's `TimeGenerated` may lie before its ingestion. */
  readonly guardDays: number;
}

/**
 * How many rows and bytes each slot of `slotMs` holds: columns `Slot`, `Rows`, `Bytes`. Reads no column of a row but its size, so
 * it is cheap.
 */
export function countQuery(finding: Finding, span: Span, slotMs: number): LogQuery {
  const time = finding.axis === 'ingestion' ? 'ingestion_time()' : 'TimeGenerated';
  return query(finding, span, [
    `| summarize Rows = count(), Bytes = sum(_BilledSize) by Slot = bin_at(${time}, ${slotMs / 1000}s, ${instant(0)})`,
    '| project Slot = tostring(Slot), Rows, Bytes',
    '| sort by Slot asc',
  ]);
}

/**
 * All columns of a piece's rows, new ones too; times as text, since clients cut them to milliseconds, and `_IngestionTime` beside
 * them. A table that has no column for the event's own time (as the service-principal table was documented) gives `TimeGenerated`
 * under that name. Ordered by the whole row at last, so that the same rows are the same bytes.
 */
export function rowsQuery(finding: Finding, piece: Piece): LogQuery {
  const { eventTime } = finding.table;
  return query(finding, piece, [
    ...(piece.share ? [`| where hash(Id, ${piece.share.of}) == ${piece.share.index}`] : []),
    `| extend _IngestionTime = tostring(ingestion_time()), ${eventTime} = tostring(column_ifexists("${eventTime}", TimeGenerated))`,
    '| extend TimeGenerated = tostring(TimeGenerated), _Order = tostring(pack_all())',
    '| sort by _IngestionTime asc, Id asc, _Order asc',
    '| project-away _Order',
  ]);
}

/** How far back a table's rows go (at most `days`), when the newest was generated, and how many there are of `recentDays`. */
export function inventoryQuery(table: LogTable, now: number, days: number, recentDays: number): LogQuery {
  return {
    text: [
      table.name,
      `| where TimeGenerated > ago(${days}d)`,
      `| summarize Rows = countif(TimeGenerated > ago(${recentDays}d)), Earliest = tostring(min(TimeGenerated)), Latest = tostring(max(TimeGenerated))`,
    ].join('\n'),
    timespan: { from: now - (days + 1) * DAY_MS, to: now + AHEAD_MS },
  };
}

function query({ table, axis, guardDays }: Finding, span: Span, rest: readonly string[]): LogQuery {
  const generated = axis === 'generated' ? { from: span.from, to: span.to } : { from: span.from - guardDays * DAY_MS, to: span.to + AHEAD_MS };
  return {
    text: [
      table.name,
      `| where TimeGenerated >= ${instant(generated.from)} and TimeGenerated < ${instant(generated.to)}`,
      ...(axis === 'ingestion' ? [`| where ingestion_time() >= ${instant(span.from)} and ingestion_time() < ${instant(span.to)}`] : []),
      ...rest,
    ].join('\n'),
    timespan: generated,
  };
}

function instant(at: number): string {
  return `datetime(${new Date(at).toISOString()})`;
}
