/**
 * The chain of an answer: from the sign-in, or the root, to the thing asked about (ATTRIBUTION 2, RULINGS 7).
 *
 * It is walked backwards, one session at a time; each step is a point lookup, and chains are short.
 */
import type { Confidence, DetailValue, Hop } from './answer.ts';
import { recordEvidence, sessionEvidence, signInEvidence, taskEvidence } from './evidence.ts';
import { answerRow, type AnswerReader } from './reader.ts';
import type { CallerRow, EventRow, RecordKey, SessionRow, SignInRow, TaskRow } from './rows.ts';

/** No real chain is this long; a cycle is cut where it closes. */
const MAX_STEPS = 100;

/** Session kinds that are callers without a session of their own: what stands before their calls is `who`, not a hop. */
const NO_HOP: ReadonlySet<string> = new Set(['denied_token', 'aws_service', 'principal']);

/** What a walk found: hops in order, the session of the root, and the one nearest to the thing asked about. */
export interface Chain {
  readonly hops: readonly Hop[];
  readonly sessions: readonly SessionRow[];
  readonly passesTask: boolean;
}

/** The detail of a hop: what is known, nothing else. */
function detail(values: Readonly<Record<string, DetailValue | undefined>>): Record<string, DetailValue> {
  const known = Object.entries(values).filter((entry): entry is [string, DetailValue] => entry[1] !== undefined && entry[1] !== null);
  return Object.fromEntries(known);
}

export async function findSession(reader: AnswerReader, sessionId: string): Promise<SessionRow | undefined> {
  return answerRow<SessionRow>(reader, 'session', { session_id: sessionId });
}

export async function findCaller(reader: AnswerReader, callerKey: string): Promise<CallerRow | undefined> {
  return answerRow<CallerRow>(reader, 'caller', { caller_key: callerKey });
}

export async function findTask(reader: AnswerReader, taskKey: string): Promise<TaskRow | undefined> {
  return answerRow<TaskRow>(reader, 'task', { task_key: taskKey });
}

/** A task's ARN, or its bare id where only its role session is known (RULINGS 7). */
export function taskId(task: TaskRow): string {
  return task.task_arn ?? task.task_key.slice(task.task_key.indexOf('/') + 1);
}

function isHop(session: SessionRow): boolean {
  return !NO_HOP.has(session.session_kind) && !session.session_id.startsWith('other:');
}

/** A session's hop. Its method is its identity's where the identity was set on it, else its parent's. */
async function sessionHop(reader: AnswerReader, session: SessionRow, isRoot: boolean): Promise<Hop> {
  const ofTask = session.upstream_task_key !== null;
  const ofIdentity = isRoot || session.identity_session_id === session.session_id;
  const [method, confidence]: [string | null, Confidence | null] = ofTask
    ? ['task_session_name', 'proved']
    : ofIdentity
      ? [session.identity_method, session.identity_confidence]
      : [session.upstream_method, session.upstream_confidence];
  return {
    hop: ofTask ? 'task_session' : 'session',
    id: session.session_id,
    at: session.opened_at,
    method,
    confidence,
    evidence: await sessionEvidence(reader, session),
    detail: detail({
      account_id: session.account_id,
      opened_via: session.opened_via,
      role_arn: session.role_arn,
      role_session_name: session.role_session_name,
      session_arn: session.session_arn,
      expires_at: session.expires_at,
      source_ip: session.source_ip,
      source_identity: session.source_identity,
      issuer: isRoot ? session.issuer : null,
      audience: isRoot ? session.audience : null,
      is_audience_checked: isRoot ? session.is_audience_checked : null,
      subject: isRoot ? session.subject : null,
      upstream_method: ofIdentity && !isRoot ? session.upstream_method : null,
      is_issued: session.is_issued ? null : false,
    }),
  };
}

/** A call's hop, with the caller's method; null where no session stands before it. */
export async function eventHop(reader: AnswerReader, event: EventRow, hop: 'action' | 'call', edge: Edge): Promise<Hop> {
  return {
    hop,
    id: event.event_id,
    at: event.event_at,
    ...edge,
    evidence: await recordEvidence(reader, { account_id: event.account_id, event_id: event.event_id, at: event.event_at }),
    detail: detail({
      account_id: event.account_id,
      aws_region: event.aws_region,
      event_source: event.event_source,
      event_name: event.event_name,
      resource: event.resource,
      source_ip: event.source_ip,
      user_agent: event.user_agent,
      error_code: event.error_code,
    }),
  };
}

interface Edge {
  readonly method: string | null;
  readonly confidence: Confidence | null;
}
const NO_EDGE: Edge = { method: null, confidence: null };

/** The edge from a session to a call: by key or by principal; from a denied token's sign-in, its identity's. */
export function callEdge(session: SessionRow | undefined, caller: CallerRow | undefined, chain: Chain): Edge {
  if (!session || !caller || chain.hops.length === 0) return NO_EDGE;
  if (isHop(session)) return { method: caller.session_method, confidence: 'proved' };
  return { method: session.identity_method, confidence: session.identity_confidence };
}

async function taskHop(reader: AnswerReader, task: TaskRow): Promise<Hop> {
  const evidence = await taskEvidence(reader, task);
  const hasEdge = task.launcher_caller_key !== null;
  return {
    hop: 'task',
    id: taskId(task),
    at: task.task_at,
    method: hasEdge ? task.method : null,
    confidence: hasEdge ? task.hop_confidence : null,
    evidence,
    detail: detail({
      account_id: task.account_id,
      aws_region: task.aws_region,
      cluster: task.cluster_name,
      task_definition: task.task_definition_arn,
      started_by: task.started_by,
      group: task.task_group,
      started_at: task.started_at,
      stopped_at: task.stopped_at,
      last_status: task.last_status,
      how: task.own_how,
      launch: task.launch_event_id,
      configurer: task.configurer_event_id,
      configurer_kind: task.configurer_kind,
      configurer_name: task.configurer_name,
    }),
  };
}

/** The call that a task leads back to: the one that configured what started it, else the one that launched it. */
function taskAction(task: TaskRow): RecordKey | undefined {
  const configurer = { account_id: task.configurer_account_id, event_id: task.configurer_event_id, at: task.configurer_at };
  const launch = { account_id: task.launch_account_id, event_id: task.launch_event_id, at: task.launch_at };
  const chosen = configurer.event_id !== null ? configurer : task.launcher_caller_key !== null ? launch : undefined;
  if (!chosen) return undefined;
  const { account_id, event_id, at } = chosen;
  return account_id !== null && event_id !== null && at !== null ? { account_id, event_id, at } : undefined;
}

async function signInHop(reader: AnswerReader, session: SessionRow): Promise<Hop | undefined> {
  const tenantId = session.who_tenant_id ?? session.tenant_id;
  if (session.sign_in_id === null || tenantId === null) return undefined;
  const signIn = await answerRow<SignInRow>(reader, 'sign_in', { tenant_id: tenantId, sign_in_id: session.sign_in_id });
  if (!signIn) return undefined;
  return {
    hop: 'sign_in',
    id: signIn.sign_in_id,
    at: signIn.created_at,
    ...NO_EDGE,
    evidence: signInEvidence(signIn),
    detail: detail({
      tenant_id: signIn.tenant_id,
      sign_in_kind: signIn.sign_in_kind,
      object_id: signIn.object_id,
      user_principal_name: signIn.user_principal_name,
      display_name: signIn.display_name,
      application: signIn.app_display_name ?? signIn.app_id,
      resource: signIn.resource_display_name ?? signIn.resource_id,
      source_ip: signIn.ip_address,
      token_id: signIn.token_id,
      correlation_id: signIn.correlation_id,
      authentication_requirement: signIn.authentication_requirement,
      conditional_access_status: signIn.conditional_access_status,
    }),
  };
}

/**
 * The chain to a session, the session itself included.
 * A walk that a cycle or its depth cuts ends where it was cut, as correlation's does.
 */
export async function chainToSession(reader: AnswerReader, session: SessionRow): Promise<Chain> {
  const backwards: Hop[] = [];
  const sessions: SessionRow[] = [];
  const seen = new Set<string>();
  let passesTask = false;
  let at: SessionRow | undefined = session;
  while (at && !seen.has(at.session_id) && sessions.length < MAX_STEPS) {
    seen.add(at.session_id);
    sessions.push(at);
    const task = at.upstream_task_key === null ? undefined : await findTask(reader, at.upstream_task_key);
    const next: SessionRow | undefined = await sessionBefore(reader, at, task);
    if (isHop(at)) backwards.push(await sessionHop(reader, at, task === undefined && (!next || !isHop(next))));
    if (task) {
      passesTask = true;
      backwards.push(...(await hopsOfTask(reader, task, next)));
    }
    at = next;
  }
  const signIn = await signInHop(reader, session);
  return { hops: [...(signIn ? [signIn] : []), ...backwards.reverse()], sessions, passesTask };
}

async function sessionBefore(reader: AnswerReader, session: SessionRow, task: TaskRow | undefined): Promise<SessionRow | undefined> {
  const before = task ? task.launcher_session_id : session.upstream_session_id;
  return before === null ? undefined : findSession(reader, before);
}

/** A task's hop and the call before it, the task first. */
async function hopsOfTask(reader: AnswerReader, task: TaskRow, launcher: SessionRow | undefined): Promise<Hop[]> {
  const key = taskAction(task);
  const event = key && (await answerRow<EventRow>(reader, 'event', { ...key }));
  const hops = [await taskHop(reader, task)];
  if (!event) return hops;
  const caller = await findCaller(reader, event.caller_key);
  const edge = launcher && caller && isHop(launcher) ? { method: caller.session_method, confidence: 'proved' as const } : NO_EDGE;
  return [...hops, await eventHop(reader, event, 'action', edge)];
}

/** The chain to a task, the task itself included. */
export async function chainToTask(reader: AnswerReader, task: TaskRow): Promise<Chain> {
  const launcher = task.launcher_session_id === null ? undefined : await findSession(reader, task.launcher_session_id);
  const before: Chain = launcher ? await chainToSession(reader, launcher) : { hops: [], sessions: [], passesTask: false };
  const own = (await hopsOfTask(reader, task, launcher)).reverse();
  return { hops: [...before.hops, ...own], sessions: before.sessions, passesTask: true };
}
