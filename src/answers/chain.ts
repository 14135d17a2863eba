/**
 * The chain of an answer: from the sign-in, or the root, to the thing asked about, each hop with its method, its confidence
 * and its evidence (ATTRIBUTION 2, RULINGS 7).
 */
import type { Confidence, DetailValue, Hop } from './answer.ts';
import { sessionEvidence, signInEvidence, taskEvidence } from './evidence.ts';
import { answerRow, type AnswerReader } from './reader.ts';
import { Records } from './records.ts';
import type { CallerRow, EventRow, RecordKey, SessionRow, SignInRow, TaskRow } from './rows.ts';
import { isHop, taskAction, taskRecords, walkBack, type LedTask, type Step } from './walk.ts';

export interface Chain {
  readonly hops: readonly Hop[];
  /** From the thing asked about back to the root. */
  readonly sessions: readonly SessionRow[];
  readonly passesTask: boolean;
}

/** What a chain leads to: a session, a task, or a call by a caller who has a session or not. */
export interface ChainEnd {
  readonly session: SessionRow | undefined;
  readonly task?: LedTask;
  readonly event?: { readonly row: EventRow; readonly caller: CallerRow | undefined };
}

interface Edge {
  readonly method: string | null;
  readonly confidence: Confidence | null;
}
const NO_EDGE: Edge = { method: null, confidence: null };

/** The chain to a session, a task or a call, itself included. */
export async function chainTo(reader: AnswerReader, end: ChainEnd): Promise<Chain> {
  const steps = end.session ? await walkBack(reader, end.session) : [];
  const records = await Records.load(reader, recordKeys(steps, end));
  const signIn = end.session && (await signInHop(reader, end.session));
  const hops: Hop[] = signIn ? [signIn] : [];
  for (const step of steps.toReversed()) hops.push(...(await stepHops(reader, records, step)));
  if (end.task) hops.push(...(await taskHops(reader, records, end.task)));
  const passesTask = end.task !== undefined || steps.some((step) => step.task !== undefined);
  if (end.event) {
    const edge = hops.length === 0 ? NO_EDGE : callEdge(end.session, end.event.caller);
    hops.push(await eventHop(records, end.event.row, passesTask ? 'call' : 'action', edge));
  }
  return { hops, sessions: steps.map((step) => step.session), passesTask };
}

/** Every CloudTrail record that the chain's hops rest on. */
function recordKeys(steps: readonly Step[], { task, event }: ChainEnd): RecordKey[] {
  const tasks = [...steps.map((step) => step.task?.task), task?.task];
  const keys = [
    ...steps.flatMap((step) => [step.issue, step.otherHalf]),
    ...tasks.flatMap((one) => (one ? Object.values(taskRecords(one)) : [])),
    ...(event ? [{ account_id: event.row.account_id, event_id: event.row.event_id, at: event.row.event_at }] : []),
  ];
  return keys.filter((key) => key !== undefined);
}

/** What a hop's detail holds: what is known, nothing else. */
function detail(values: Readonly<Record<string, DetailValue>>): Record<string, DetailValue> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

/** A session's hop, after those of the task whose role session it is. */
async function stepHops(reader: AnswerReader, records: Records, step: Step): Promise<Hop[]> {
  const before = step.task ? await taskHops(reader, records, step.task) : [];
  return isHop(step.session) ? [...before, await sessionHop(reader, records, step)] : before;
}

/** Its method is its identity's where the identity was set on it, else its parent's (RULINGS 7). */
async function sessionHop(reader: AnswerReader, records: Records, step: Step): Promise<Hop> {
  const { session, task, isRoot } = step;
  const ofIdentity = isRoot || session.identity_session_id === session.session_id;
  const edge: Edge = task
    ? { method: 'task_session_name', confidence: 'proved' }
    : ofIdentity
      ? { method: session.identity_method, confidence: session.identity_confidence }
      : { method: session.upstream_method, confidence: session.upstream_confidence };
  return {
    hop: task ? 'task_session' : 'session',
    id: session.session_id,
    at: session.opened_at,
    ...edge,
    evidence: await sessionEvidence(reader, records, step),
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

/** A task's ARN, or its bare id where only its role session is known (RULINGS 7). */
export function taskId(task: TaskRow): string {
  return task.task_arn ?? task.task_key.slice(task.task_key.indexOf('/') + 1);
}

/** The call that a task leads back to, where one is landed, and the task. */
async function taskHops(reader: AnswerReader, records: Records, { task, caller, session }: LedTask): Promise<Hop[]> {
  const key = taskAction(task);
  const event = key && records.event(key);
  const hop = await taskHop(reader, records, task);
  if (!event) return [hop];
  const edge: Edge = caller && isHop(session) ? { method: caller.session_method, confidence: 'proved' } : NO_EDGE;
  return [await eventHop(records, event, 'action', edge), hop];
}

async function taskHop(reader: AnswerReader, records: Records, task: TaskRow): Promise<Hop> {
  const hasEdge = task.launcher_caller_key !== null;
  return {
    hop: 'task',
    id: taskId(task),
    at: task.task_at,
    method: hasEdge ? task.method : null,
    confidence: hasEdge ? task.confidence : null,
    evidence: await taskEvidence(reader, records, task),
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
      how: task.how,
      launch: task.launch_event_id,
      configurer: task.configurer_event_id,
      configurer_kind: task.configurer_kind,
      configurer_name: task.configurer_name,
    }),
  };
}

/** From a session to its call, by key or by principal; from a refused token's sign-in, its identity's. */
function callEdge(session: SessionRow | undefined, caller: CallerRow | undefined): Edge {
  if (!session || !caller) return NO_EDGE;
  const byIdentity: Edge = { method: session.identity_method, confidence: session.identity_confidence };
  return isHop(session) ? { method: caller.session_method, confidence: 'proved' } : byIdentity;
}

async function eventHop(records: Records, event: EventRow, hop: 'action' | 'call', edge: Edge): Promise<Hop> {
  return {
    hop,
    id: event.event_id,
    at: event.event_at,
    ...edge,
    evidence: await records.evidence({ account_id: event.account_id, event_id: event.event_id, at: event.event_at }),
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
