/**
 * Deciding about findings: acknowledge, resolve, suppress, assign, note. A decision is a line in the journal and counts from the next
 * reading on; nothing is computed anew, and no run has to end first.
 */
import { EXIT, WhoranError } from '../core/errors.ts';
import { findingByPrefix, type FindingRef } from '../answers/finding-history.ts';
import { loadLife, type FindingsReader } from '../answers/findings.ts';
import type { Decision } from '../landing/journal.ts';
import { appendToJournal } from './journal.ts';

export const DECISIONS = ['acknowledge', 'resolve', 'reopen', 'suppress', 'unsuppress', 'assign', 'note'] as const;
export type DecisionKind = (typeof DECISIONS)[number];

export interface DecideOptions {
  readonly decision: DecisionKind;
  /** Who decides: a person's name or address. */
  readonly by: string;
  readonly reason: string;
  /** When a suppression ends. */
  readonly until?: Date;
  readonly assignee?: string;
  readonly now: Date;
  /** Nothing is written. */
  readonly isDryRun?: boolean;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Decided {
  readonly schema: 'whoran.decisions/1';
  readonly decision: DecisionKind;
  readonly by: string;
  readonly at: string;
  readonly reason: string;
  readonly until: string | null;
  readonly assignee: string | null;
  readonly is_dry_run: boolean;
  /** As they stood before, and as they stand now. */
  readonly findings: readonly { readonly id: string; readonly detection: string; readonly before: string; readonly after: string; readonly summary: string }[];
}

/**
 * Decides about every finding named, all or none.
 * @param reader of the same data folder
 * @param typed ids, or beginnings of ids that fit one finding each
 * @throws WhoranError (exit 2) where one is unknown, the time is past, or the decision makes no sense for how a finding stands;
 *   WriterBusyError (exit 3) where the journal is held for seconds
 */
export async function decide(reader: FindingsReader & { readonly dataDir: string }, typed: readonly string[], options: DecideOptions): Promise<Decided> {
  const { decision, by, reason, until, assignee, now, isDryRun = false } = options;
  if (until && until <= now) throw wrongUse(`--until ${until.toISOString()} is past`, 'Give a time to come, or a length like 7d.');
  await loadLife(reader, now);
  const found: FindingRef[] = [];
  for (const id of new Set(typed)) found.push(await findingByPrefix(reader, id));
  for (const one of found) check(decision, one);
  const lines = found.map(({ id, opening, evidence_ids, evidence_sha256 }): Decision => ({
    by, action: `finding.${decision}`, subject: id, reason,
    detail: { opening, evidence_sha256, ...(evidence_ids === null ? {} : { evidence_ids }), ...(until ? { until: until.toISOString() } : {}), ...(assignee === undefined ? {} : { assignee }) },
  }));
  if (!isDryRun) await appendToJournal(reader.dataDir, now.toISOString(), () => lines, options.sleep);
  await loadLife(reader, now);
  const after = await Promise.all(found.map(async ({ id }) => findingByPrefix(reader, id)));
  return {
    schema: 'whoran.decisions/1', decision, by, at: now.toISOString(), reason, until: until?.toISOString() ?? null, assignee: assignee ?? null, is_dry_run: isDryRun,
    findings: found.map(({ id, detection, status, summary }, index) => ({ id, detection, before: status, after: after[index]?.status ?? status, summary })),
  };
}

function check(decision: DecisionKind, { id, status, evidence_sha256 }: FindingRef): void {
  if (evidence_sha256 === null && decision !== 'note' && decision !== 'assign') throw wrongUse(`finding ${id} is over by itself: its condition holds no longer`, 'Leave it, or add a note.');
  if ((decision === 'acknowledge' || decision === 'resolve') && status === 'provisional') throw wrongUse(`finding ${id} is provisional: it may still vanish, and is told to nobody`, 'Wait until its sources are complete, suppress it, or add a note.');
  if (decision === 'reopen' && status !== 'resolved' && status !== 'acknowledged') throw wrongUse(`finding ${id} is ${status}: there is nothing to reopen`, 'A suppression is ended with `whoran alerts unsuppress`.');
  if (decision === 'unsuppress' && status !== 'suppressed') throw wrongUse(`finding ${id} is ${status}, not suppressed`, 'See `whoran alerts show` for its history.');
}

function wrongUse(message: string, hint: string): WhoranError {
  return new WhoranError(message, { exitCode: EXIT.wrongUse, hint });
}
