/**
 * `ask`: who is behind a task, a call, a session, an identity or an address, with the chain of proof, or why that can't be said.
 */
import type { Activity, Answer, Candidate } from './answer.ts';
import { ACTIVITY_LIMIT, addressActivity, findIdentities, identityActivity, type ActivityOptions } from './activity.ts';
import { readAsked, taskIdOfGuid, type Asked } from './asked.ts';
import { chainTo, taskId, type Chain } from './chain.ts';
import { compose, notSeen, type Parts, type Question } from './compose.ts';
import { answerRow, answerRows, type AnswerReader } from './reader.ts';
import type { CallerRow, EventRow, SessionRow, TaskRow } from './rows.ts';
import { taskAnswer } from './task-answer.ts';
import { findCaller, findSession, findTask } from './walk.ts';
import { landedSources } from './sources.ts';

export interface AskOptions {
  /** Picks the session of a session ARN that was alive then. */
  readonly at?: Date;
  /** An identity's or an address's activity: at or after, and before. */
  readonly from?: Date;
  readonly to?: Date;
  /** Rows a list of an activity. */
  readonly limit?: number;
  /** What the reader's data folder was cut off at, RFC 3339; only told in the answer. */
  readonly knownAt?: string;
}

/**
 * Answers for an id, whatever it is: a task (ARN or bare id), an event id, an access key id, a session ARN, a user principal
 * name or object id, an IP address, an awslogs stream name. An id that nothing landed mentions has the reason `not_seen`.
 */
export async function ask(reader: AnswerReader, typed: string, options: AskOptions = {}): Promise<Answer | Activity> {
  const question: Asking = { reader, asked: typed, sources: await landedSources(reader), knownAt: options.knownAt ?? null, options };
  return (await answerFor(question, readAsked(typed))) ?? notSeen(question, readAsked(typed));
}

interface Asking extends Question {
  readonly options: AskOptions;
}

async function answerFor(question: Asking, asked: Asked): Promise<Answer | Activity | undefined> {
  switch (asked.form) {
    case 'task':
      return askTaskId(question, asked.taskId, asked.accountId);
    case 'session_arn':
      return askSessionArn(question, asked.arn);
    case 'access_key':
      return askSessionId(question, asked.key);
    case 'address':
      return addressActivity(question.reader, question.asked, asked.address, question.sources, activityOptions(question));
    case 'user_principal_name':
      return (await askIdentity(question, { userPrincipalName: asked.name })) ?? askSessionId(question, question.asked.trim());
    case 'guid':
      return (
        (await askTaskId(question, taskIdOfGuid(asked.id), asked.accountId)) ??
        (await askIdentity(question, { objectId: asked.id })) ??
        (await askEvent(question, asked.id, asked.accountId)) ??
        askSignIn(question, asked.id)
      );
    case 'event':
      return (await askEvent(question, asked.id, asked.accountId)) ?? askSessionId(question, question.asked.trim());
  }
}

function activityOptions({ options, knownAt }: Asking): ActivityOptions {
  return {
    limit: options.limit ?? ACTIVITY_LIMIT,
    knownAt,
    ...(options.from ? { from: options.from } : {}),
    ...(options.to ? { to: options.to } : {}),
  };
}

async function askIdentity(question: Asking, id: { objectId?: string; userPrincipalName?: string }): Promise<Activity | undefined> {
  const [first, ...others] = await findIdentities(question.reader, id);
  return first && identityActivity(question.reader, question.asked, [first, ...others], question.sources, activityOptions(question));
}

/** A sign-in's id means whose it is. */
async function askSignIn(question: Asking, signInId: string): Promise<Activity | undefined> {
  const of = await answerRow<{ tenant_id: string; object_id: string }>(question.reader, 'find_sign_in', { sign_in_id: signInId });
  const identity = of && (await findIdentities(question.reader, { objectId: of.object_id })).find((one) => one.tenant_id === of.tenant_id);
  return identity && identityActivity(question.reader, question.asked, [identity], question.sources, activityOptions(question));
}

async function askTaskId(question: Question, id: string, accountId: string | null): Promise<Answer | undefined> {
  const [found, ...others] = await answerRows<{ task_key: string; account_id: string; task_arn: string | null }>(question.reader, 'find_tasks', {
    task_id: id,
    account_id: accountId,
  });
  return found && askTask(question, found.task_key, others.map((other) => other.task_arn ?? other.task_key));
}

async function askTask(question: Question, taskKey: string, otherIds: readonly string[]): Promise<Answer | undefined> {
  const led = await findTask(question.reader, taskKey);
  if (!led) return undefined;
  const { task, session } = led;
  const chain = await chainTo(question.reader, { session, task: led });
  const { how, confidence, reason, is_provisional: isProvisional } = taskAnswer(task, session);
  return compose(question, {
    subject: { kind: 'task', id: taskId(task) },
    tell: { kind: 'task', id: taskId(task), cluster: task.cluster_name, at: task.task_at },
    session,
    chain,
    how,
    confidence,
    reason,
    isProvisional,
    provisionalFrom: task.reason === null && session?.is_provisional ? rootTime(chain, session) : task.task_at,
    candidates: await configurerCandidates(question, task),
    otherIds,
  });
}

async function configurerCandidates({ reader }: Question, task: TaskRow): Promise<Candidate[]> {
  return task.reason === 'configurer_missing' ? answerRows<Candidate>(reader, 'configurer_candidates', { task_key: task.task_key }) : [];
}

async function askSessionId(question: Question, id: string): Promise<Answer | undefined> {
  const session = await findSession(question.reader, id);
  return session && askSession(question, session, []);
}

async function askSessionArn(question: Asking, arn: string): Promise<Answer | undefined> {
  const matches = await answerRows<{ session_id: string; is_alive: boolean }>(question.reader, 'find_sessions', {
    session_arn: arn,
    at: question.options.at ?? null,
  });
  const [chosen, ...others] = matches;
  if (!chosen || (question.options.at && !chosen.is_alive)) return undefined;
  const session = await findSession(question.reader, chosen.session_id);
  return session && askSession(question, session, others.map((other) => other.session_id));
}

async function askSession(question: Question, session: SessionRow, otherIds: readonly string[]): Promise<Answer> {
  const chain = await chainTo(question.reader, { session });
  const caller = session.reason === 'session_origin_missing' ? session.session_id : undefined;
  return compose(question, {
    subject: { kind: 'session', id: session.session_id },
    tell: { kind: 'session', id: session.session_id, role: session.role_arn, at: session.opened_at },
    session,
    chain,
    ...answerOfSession(chain, session),
    candidates: caller === undefined ? [] : await answerRows<Candidate>(question.reader, 'session_candidates', { caller_key: caller }),
    otherIds,
  });
}

/** RULINGS 4: an STS record is answered for its caller; an addendum's id means the record it amends. */
async function askEvent(question: Question, id: string, accountId: string | null): Promise<Answer | undefined> {
  const { reader } = question;
  const typed = question.asked.trim().replace(/^\d{12}\//, '');
  // GUIDs are compared in lower case first; some ids are none, and keep their case.
  for (const eventId of new Set([id, typed])) {
    const events = await findEvents(reader, eventId, accountId);
    if (events[0]) return answerEvent(question, events[0], events.slice(1));
    const state = await answerRow<{ task_key: string }>(reader, 'find_task_event', { event_id: eventId });
    if (state) return askTask(question, state.task_key, []);
  }
  return undefined;
}

async function findEvents(reader: AnswerReader, eventId: string, accountId: string | null): Promise<EventRow[]> {
  const events = await eventsWithId(reader, eventId, accountId);
  if (events.length > 0) return events;
  const addendum = await answerRow<{ original_event_id: string }>(reader, 'find_addendum', { event_id: eventId });
  return addendum ? eventsWithId(reader, addendum.original_event_id, accountId) : [];
}

/** In two steps, since the first has to look at every event there is: when, then what. */
async function eventsWithId(reader: AnswerReader, eventId: string, accountId: string | null): Promise<EventRow[]> {
  const times = await answerRows<{ event_at: string }>(reader, 'find_event', { event_id: eventId });
  const events: EventRow[] = [];
  for (const { event_at: at } of times) {
    const from = Date.parse(at);
    // Times are told to the millisecond here and kept to the microsecond.
    const period = { from_at: new Date(from), to_at: new Date(from + 1) };
    events.push(...(await answerRows<EventRow>(reader, 'events_at', { event_id: eventId, account_id: accountId, ...period })));
  }
  return events.sort((a, b) => (a.account_id < b.account_id ? -1 : 1));
}

async function answerEvent(question: Question, event: EventRow, others: readonly EventRow[]): Promise<Answer> {
  const { reader } = question;
  const caller = await findCaller(reader, event.caller_key);
  const session = caller && (await findSession(reader, caller.session_id));
  const chain = await chainTo(reader, { session, event: { row: event, caller } });
  return compose(question, {
    subject: { kind: 'event', id: event.event_id },
    tell: { kind: 'event', id: event.event_id, name: event.event_name, isDenied: event.error_code !== null, at: event.event_at },
    session,
    chain,
    ...answerOfSession(chain, session),
    candidates: await originCandidates(question, caller, event),
    otherIds: others.map((other) => `${other.account_id}/${other.event_id}`),
  });
}

async function originCandidates({ reader }: Question, caller: CallerRow | undefined, event: EventRow): Promise<Candidate[]> {
  if (caller && caller.session_id !== event.caller_key) return [];
  return answerRows<Candidate>(reader, 'session_candidates', { caller_key: event.caller_key });
}

type Outcome = Pick<Parts, 'how' | 'confidence' | 'reason' | 'isProvisional' | 'provisionalFrom'>;

function answerOfSession(chain: Chain, session: SessionRow | undefined): Outcome {
  if (!session) return { how: 'ran', confidence: 'none', reason: 'session_origin_missing', isProvisional: false, provisionalFrom: null };
  const { how, confidence, reason, is_provisional: isProvisional } = session;
  return { how, confidence, reason, isProvisional, provisionalFrom: rootTime(chain, session) };
}

/** When the session was opened on which the identity was set: what settles counts from it. */
function rootTime(chain: Chain, session: SessionRow): string | null {
  const wanted = session.identity_session_id ?? session.root_session_id ?? session.session_id;
  return chain.sessions.find((candidate) => candidate.session_id === wanted)?.opened_at ?? session.opened_at;
}
