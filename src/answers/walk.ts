/**
 * The way from the thing asked about back to the root: sessions, and the tasks between them, one point lookup each
 * (ATTRIBUTION 2). Chains are short; correlation has settled everything that needs more than one row.
 */
import { answerRow, type AnswerReader } from './reader.ts';
import type { CallerRow, RecordKey, SessionRow, TaskRow } from './rows.ts';

/** No real chain is this long; a cycle is cut where it closes. */
const MAX_STEPS = 100;

/** Session kinds that are callers without a session of their own: what stands before their calls is `who`, not a hop. */
const NO_HOP: ReadonlySet<string> = new Set(['denied_token', 'aws_service', 'principal']);

/** One step back: a session, and the task whose role session it is. */
export interface Step {
  readonly session: SessionRow;
  readonly task: LedTask | undefined;
  /** The record that issued the session, and the other half of a cross-account pair. */
  readonly issue: RecordKey | undefined;
  readonly otherHalf: RecordKey | undefined;
  /** No session that is a hop stands before it. */
  readonly isRoot: boolean;
}

/** A task and the caller that it leads back to. */
export interface LedTask {
  readonly task: TaskRow;
  readonly caller: CallerRow | undefined;
  readonly session: SessionRow | undefined;
}

export async function findSession(reader: AnswerReader, sessionId: string): Promise<SessionRow | undefined> {
  return answerRow<SessionRow>(reader, 'session', { session_id: sessionId });
}

export async function findCaller(reader: AnswerReader, callerKey: string): Promise<CallerRow | undefined> {
  return answerRow<CallerRow>(reader, 'caller', { caller_key: callerKey });
}

/** Whether a session is a hop of its own. */
export function isHop(session: SessionRow | undefined): session is SessionRow {
  return session !== undefined && !NO_HOP.has(session.session_kind) && !session.session_id.startsWith('other:');
}

/** A task with its caller and that caller's session; undefined where nothing landed shows the task. */
export async function findTask(reader: AnswerReader, taskKey: string): Promise<LedTask | undefined> {
  const task = await answerRow<TaskRow>(reader, 'task', { task_key: taskKey });
  if (!task) return undefined;
  const caller = task.launcher_caller_key === null ? undefined : await findCaller(reader, task.launcher_caller_key);
  return { task, caller, session: caller && (await findSession(reader, caller.session_id)) };
}

/** The steps from `session` back to its root, `session` first. A cycle ends the walk where it closes. */
export async function walkBack(reader: AnswerReader, session: SessionRow): Promise<Step[]> {
  const steps: Step[] = [];
  const seen = new Set<string>();
  let at: SessionRow | undefined = session;
  while (at && !seen.has(at.session_id) && steps.length < MAX_STEPS) {
    seen.add(at.session_id);
    const task: LedTask | undefined = at.upstream_task_key === null ? undefined : await findTask(reader, at.upstream_task_key);
    const before: SessionRow | undefined = task
      ? task.session
      : at.upstream_session_id === null
        ? undefined
        : await findSession(reader, at.upstream_session_id);
    const issue = keyOf(at.opened_by_account_id, at.opened_by_event_id, at.opened_at);
    steps.push({ session: at, task, issue, otherHalf: await otherHalf(reader, at), isRoot: task === undefined && !isHop(before) });
    at = before;
  }
  return steps;
}

async function otherHalf(reader: AnswerReader, session: SessionRow): Promise<RecordKey | undefined> {
  const { other_half_account_id: accountId, other_half_event_id: eventId } = session;
  if (accountId === null || eventId === null) return undefined;
  const request = await answerRow<{ event_at: string }>(reader, 'sts_request_at', { account_id: accountId, event_id: eventId });
  return request && { account_id: accountId, event_id: eventId, at: request.event_at };
}

/** The call that launched a task, and the one that configured what launched it. */
export function taskRecords(task: TaskRow): { launch: RecordKey | undefined; configurer: RecordKey | undefined } {
  return {
    launch: keyOf(task.launch_account_id, task.launch_event_id, task.launch_at),
    configurer: keyOf(task.configurer_account_id, task.configurer_event_id, task.configurer_at),
  };
}

/** The call that a task leads back to: the one that configured what started it, else the one that launched it. */
export function taskAction(task: TaskRow): RecordKey | undefined {
  const { launch, configurer } = taskRecords(task);
  return configurer ?? (task.launcher_caller_key === null ? undefined : launch);
}

function keyOf(accountId: string | null, eventId: string | null, at: string | null): RecordKey | undefined {
  return accountId !== null && eventId !== null && at !== null ? { account_id: accountId, event_id: eventId, at } : undefined;
}
