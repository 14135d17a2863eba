/**
 * Legal holds: what must not be removed, whoever asks and whatever the configuration says, until somebody releases it. Lines of the
 * journal, `hold.add` and `hold.release`; read anew before anything is removed.
 */
import type { JournalLine } from './landed-batches.ts';

/** What a hold keeps: what meets all that is named. Nothing named: everything. */
export interface HoldScope {
  /** A configured source's id, or `files`. */
  readonly source: string | null;
  readonly account: string | null;
  /** A person or workload: object id, user principal name or whatever text names them in records. */
  readonly identity: string | null;
  /** Records of this time, from `from` and before `to`. RFC 3339 UTC. */
  readonly from: string | null;
  readonly to: string | null;
}

export interface Hold {
  /** `hold-1` and so on. */
  readonly id: string;
  readonly at: string;
  readonly by: string;
  readonly reason: string;
  readonly scope: HoldScope;
  readonly released: { readonly at: string; readonly by: string; readonly reason: string } | null;
}

/** Every hold that the journal tells of, oldest first. */
export function holdsOf(journal: Iterable<JournalLine>): Hold[] {
  const holds = new Map<string, Hold>();
  for (const { action, subject, at, by, reason, detail } of journal) {
    if (action === 'hold.add') {
      const text = (key: keyof HoldScope): string | null => (typeof detail[key] === 'string' ? detail[key] : null);
      const scope = { source: text('source'), account: text('account'), identity: text('identity'), from: text('from'), to: text('to') };
      holds.set(subject, { id: subject, at, by, reason: reason ?? '', scope, released: null });
    } else if (action === 'hold.release') {
      const hold = holds.get(subject);
      if (hold) holds.set(subject, { ...hold, released: { at, by, reason: reason ?? '' } });
    }
  }
  return [...holds.values()];
}

/** What is known of a batch before it is read. */
export interface HeldBatch {
  readonly source: string;
  /** Null where not every record says its account. */
  readonly accounts: ReadonlySet<string> | null;
  readonly firstAt: string;
  readonly lastAt: string;
}

/**
 * Whether a hold may keep a batch, `identity` left aside. What isn't known counts as held.
 */
export function mayHold({ scope }: Hold, batch: HeldBatch): boolean {
  if (scope.source !== null && scope.source !== batch.source) return false;
  if (scope.account !== null && batch.accounts !== null && !batch.accounts.has(scope.account)) return false;
  if (scope.from !== null && Date.parse(batch.lastAt) < Date.parse(scope.from)) return false;
  return scope.to === null || Date.parse(batch.firstAt) < Date.parse(scope.to);
}
