/**
 * One finding with its whole history, and finding it by the beginning of its id.
 */
import { EXIT, WhoranError } from '../core/errors.ts';
import { findings, loadLife, type Finding, type FindingsReader } from './findings.ts';
import { answerRows } from './reader.ts';

/** What decisions need to know of a finding as it stands. */
export interface FindingRef {
  readonly id: string;
  readonly detection: string;
  readonly status: string;
  readonly opening: number;
  /** Ids of the records that show it, in order, and their hash; null of a finding that is over by itself. */
  readonly evidence_ids: readonly string[] | null;
  readonly evidence_sha256: string | null;
  readonly summary: string;
}

export interface HistoryEntry {
  readonly at: string;
  /** `change`: a run saw it; `decision`: somebody's; `message`: somebody was told, or should have been. */
  readonly kind: 'change' | 'decision' | 'message';
  /** The new status, the decision, or the notice. */
  readonly what: string;
  /** The cause of a change, the assignee, or how far a message has come. */
  readonly detail: string | null;
  /** Who decided, or the channel. */
  readonly by: string | null;
  readonly reason: string | null;
  /** When a suppression ends, or when a message is tried again. */
  readonly until_at: string | null;
}

export interface FindingHistory {
  readonly schema: 'whoran.finding/1';
  readonly finding: Finding;
  readonly history: readonly HistoryEntry[];
}

/** Fewer hex digits of an id are a guess. */
const SHORTEST_PREFIX = 8;

/**
 * The finding whose id begins with `typed`. `loadLife` has to be called before.
 * @throws WhoranError (exit 2) where there is none, or several
 */
export async function findingByPrefix(reader: FindingsReader, typed: string): Promise<FindingRef> {
  const prefix = typed.toLowerCase();
  const bad = (why: string): WhoranError => new WhoranError(why, { exitCode: EXIT.wrongUse, hint: 'Ids stand in `whoran findings --json`, and in every alert.' });
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < SHORTEST_PREFIX) throw bad(`expected the id of a finding, or ${SHORTEST_PREFIX} or more of its first hex digits; found ${JSON.stringify(typed.slice(0, 80))}`);
  const [found, ...others] = await answerRows<FindingRef>(reader, 'findings_by_id', { prefix });
  if (!found) throw bad(`there is no finding ${prefix}`);
  if (others.length > 0) throw bad(`several findings begin with ${prefix}: ${[found, ...others].map(({ id }) => id).join(', ')}`);
  return found;
}

/** @throws WhoranError (exit 2) as `findingByPrefix`, and where detections have never run */
export async function findingHistory(reader: FindingsReader, typed: string, now: Date): Promise<FindingHistory> {
  await loadLife(reader, now);
  const { id, detection } = await findingByPrefix(reader, typed);
  const history = await answerRows<HistoryEntry>(reader, 'finding_history', { finding_id: id });
  const finding = (await findings(reader, { detection, all: true, now })).findings.find((one) => one.id === id);
  if (!finding) throw new Error(`finding ${id} is in no list`);
  return { schema: 'whoran.finding/1', finding, history };
}
