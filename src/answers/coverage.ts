/**
 * Coverage: the share of ECS actions and tasks that are traced (INTERFACE, `coverage --json`; RULINGS 22).
 */
import type { Kysely, SelectQueryBuilder } from 'kysely';
import { kyselyOn } from '../engine/kysely.ts';
import type { RemovalCounts } from '../landing/removal-log.ts';
import type { Confidence } from './answer.ts';
import type { AnswerReader } from './reader.ts';
import { earliest, landedSources } from './sources.ts';

export type Outcome = 'traced' | 'configured' | 'not_traced' | 'not_yet_due';

/** The numbers of one part of the population: `population = traced + configured + not_traced + not_yet_due`. */
export interface CoverageCounts {
  readonly population: number;
  readonly traced: { readonly proved: number; readonly asserted: number; readonly inferred: number };
  readonly configured: number;
  readonly not_traced: number;
  readonly not_yet_due: number;
}

export interface CoverageRow {
  readonly id: string;
  readonly kind: 'action' | 'task';
  readonly at: string;
  readonly account_id: string;
  readonly cluster: string | null;
  readonly outcome: Outcome;
  readonly confidence: Confidence;
  readonly reason: string | null;
}

export interface Coverage extends CoverageCounts {
  readonly schema: 'whoran.coverage/1';
  readonly from: string | null;
  readonly to: string | null;
  readonly as_of: string | null;
  /** What retention and erasures took: calls and tasks in it are not counted. Left out where nothing was taken. */
  readonly removed?: RemovalCounts;
  /** Why what is neither traced nor configured isn't: their counts add up to `not_traced` and `not_yet_due`. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly by: readonly ({ readonly account_id: string; readonly cluster: string | null } & CoverageCounts)[];
  /** Only with `list`: the rows behind the numbers. */
  readonly rows?: readonly CoverageRow[];
}

/** A period that includes `from` and not `to`; all time where they are left out. */
export interface CoverageOptions {
  readonly from?: Date;
  readonly to?: Date;
  readonly list?: boolean;
  readonly removed?: RemovalCounts;
}

/** What is read of the view cor_population. */
interface Tables {
  readonly cor_population: Omit<CoverageRow, 'cluster' | 'at'> & { readonly cluster_name: string | null; readonly at: string | Date };
}

interface GroupRow {
  readonly account_id: string;
  readonly cluster: string | null;
  readonly outcome: Outcome;
  readonly confidence: Confidence;
  readonly reason: string | null;
  readonly count: number;
}

const NOTHING: CoverageCounts = { population: 0, traced: { proved: 0, asserted: 0, inferred: 0 }, configured: 0, not_traced: 0, not_yet_due: 0 };

/** The coverage of a period, by account and cluster. */
export async function coverage(reader: Pick<AnswerReader, 'db'>, options: CoverageOptions = {}): Promise<Coverage> {
  const query = kyselyOn<Tables>(reader.db);
  const groups = await groupRows(query, options);
  const parts = new Map<string, GroupRow[]>();
  for (const group of groups) {
    const key = JSON.stringify([group.account_id, group.cluster]);
    parts.set(key, [...(parts.get(key) ?? []), group]);
  }
  const sources = await landedSources(reader);
  return {
    schema: 'whoran.coverage/1',
    from: rfc3339OrNull(options.from),
    to: rfc3339OrNull(options.to),
    as_of: earliest(sources.map((source) => source.complete_through)),
    ...(options.removed && options.removed.retained + options.removed.left_out + options.removed.erased > 0 ? { removed: options.removed } : {}),
    ...added(groups),
    reasons: reasonCounts(groups),
    by: [...parts.values()].map((part) => ({ account_id: part[0]?.account_id ?? '', cluster: part[0]?.cluster ?? null, ...added(part) })),
    ...(options.list ? { rows: await listRows(query, options) } : {}),
  };
}

function rfc3339OrNull(at: Date | undefined): string | null {
  return at === undefined ? null : at.toISOString().replace('.000Z', 'Z');
}

function within<Selected>(
  query: SelectQueryBuilder<Tables, 'cor_population', Selected>,
  { from, to }: CoverageOptions,
): SelectQueryBuilder<Tables, 'cor_population', Selected> {
  return query.$if(from !== undefined, (some) => some.where('at', '>=', from ?? new Date(0))).$if(to !== undefined, (some) => some.where('at', '<', to ?? new Date(0)));
}

async function groupRows(query: Kysely<Tables>, options: CoverageOptions): Promise<GroupRow[]> {
  return within(query.selectFrom('cor_population'), options)
    .select(['account_id', 'cluster_name as cluster', 'outcome', 'confidence', 'reason', (builder) => builder.fn.countAll<number>().as('count')])
    .groupBy(['account_id', 'cluster_name', 'outcome', 'confidence', 'reason'])
    .orderBy('account_id')
    .orderBy('cluster_name')
    .orderBy('outcome')
    .orderBy('confidence')
    .orderBy('reason')
    .execute();
}

async function listRows(query: Kysely<Tables>, options: CoverageOptions): Promise<CoverageRow[]> {
  const rows = await within(query.selectFrom('cor_population'), options)
    .select(['id', 'kind', 'at', 'account_id', 'cluster_name as cluster', 'outcome', 'confidence', 'reason'])
    .orderBy('at')
    .orderBy('account_id')
    .orderBy('kind')
    .orderBy('id')
    .execute();
  // Instants come back as text (engine/kysely.ts); the table's type has Date for what goes in.
  return rows.map((row) => ({ ...row, at: String(row.at) }));
}

function added(groups: readonly GroupRow[]): CoverageCounts {
  return groups.reduce<CoverageCounts>((sum, { outcome, confidence, count }) => {
    const population = sum.population + count;
    if (outcome !== 'traced') return { ...sum, population, [outcome]: sum[outcome] + count };
    if (confidence === 'none') throw new Error('a traced action or task without a confidence: cor_population is wrong');
    return { ...sum, population, traced: { ...sum.traced, [confidence]: sum.traced[confidence] + count } };
  }, NOTHING);
}

function reasonCounts(groups: readonly GroupRow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome, reason, count } of groups) {
    if (reason === null || outcome === 'traced' || outcome === 'configured') continue;
    counts[reason] = (counts[reason] ?? 0) + count;
  }
  return Object.fromEntries(Object.entries(counts).sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1)));
}
