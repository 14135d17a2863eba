/**
 * Activity: what an identity did, or what was done from an address (INTERFACE, `whoran.activity/1`).
 */
import { inert } from '../core/inert.ts';
import type { SqlParameter } from '../engine/database.ts';
import type {
  Activity,
  ActivityAction,
  ActivitySession,
  ActivitySignIn,
  ActivityTask,
  SearchedSource,
  Who,
  WhoKind,
} from './answer.ts';
import { answerRow, answerRows, type AnswerReader } from './reader.ts';
import { whoPhrase } from './sentence.ts';
import { asOf, earliest } from './sources.ts';

export interface IdentityRow {
  readonly tenant_id: string | null;
  readonly object_id: string;
  readonly kind: WhoKind;
  readonly name: string | null;
  readonly user_principal_name: string | null;
  readonly first_seen_at: string | null;
  readonly last_seen_at: string | null;
}

/** Which part of an activity: a period that includes `from` and not `to`, and how many rows a list. */
export interface ActivityOptions {
  readonly from?: Date;
  readonly to?: Date;
  readonly limit: number;
  readonly knownAt: string | null;
}

/** Rows a list when nobody says otherwise. */
export const ACTIVITY_LIMIT = 1000;

interface Listed<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

async function listed<Row>(reader: AnswerReader, query: string, parameters: Readonly<Record<string, SqlParameter>>): Promise<Listed<Row>> {
  const found = await answerRows<Row & { total?: number }>(reader, query, parameters);
  const total = found[0]?.total ?? 0;
  for (const row of found) delete row.total;
  return { rows: found, total };
}

const NOTHING: Listed<never> = { rows: [], total: 0 };

/** The identities that an object id or a user principal name means; empty where nothing landed mentions it. */
export async function findIdentities(reader: AnswerReader, id: { objectId?: string; userPrincipalName?: string }): Promise<IdentityRow[]> {
  return answerRows<IdentityRow>(reader, 'find_identities', {
    object_id: id.objectId ?? null,
    user_principal_name: id.userPrincipalName ?? null,
  });
}

/** What the first of `identities` did; the rest are `other_ids`. */
export async function identityActivity(
  reader: AnswerReader,
  asked: string,
  identities: readonly [IdentityRow, ...IdentityRow[]],
  sources: readonly SearchedSource[],
  options: ActivityOptions,
): Promise<Activity> {
  const [identity, ...others] = identities;
  const key = { tenant_id: identity.tenant_id, object_id: identity.object_id };
  const period = { from_at: options.from ?? null, to_at: options.to ?? null, row_limit: options.limit };
  const signIns = await listed<ActivitySignIn>(reader, 'identity_sign_ins', { ...key, ...period });
  const sessions = await listed<ActivitySession>(reader, 'identity_sessions', { ...key, ...period });
  const tasks = await listed<ActivityTask>(reader, 'identity_tasks', { ...key, ...period });
  const actions = await identityActions(reader, key, options);
  const who: Who = { kind: identity.kind, tenant_id: identity.tenant_id, object_id: identity.object_id, name: identity.name, issuer: null, subject: null };
  const isUser = identity.kind === 'person';
  const kinds = isUser ? ['interactive_user', 'non_interactive_user'] : ['service_principal', 'managed_identity'];
  const body = { sign_ins: signIns, sessions, actions, tasks };
  return {
    schema: 'whoran.activity/1',
    asked,
    as_of: asOf(sources, { signIns: identity.tenant_id === null ? undefined : { tenantId: identity.tenant_id, kinds }, ecsEvents: true }),
    known_at: options.knownAt,
    subject: { kind: 'identity', id: identity.object_id },
    who,
    sentence: activitySentence(whoPhrase(who), body, options),
    ...lists(body),
    limit: options.limit,
    other_ids: others.map((other) => other.object_id),
  };
}

async function identityActions(
  reader: AnswerReader,
  key: { tenant_id: string | null; object_id: string },
  options: ActivityOptions,
): Promise<Listed<ActivityAction>> {
  const span = await answerRow<{ first_used_at: string | null; last_used_at: string | null }>(reader, 'identity_span', key);
  if (!span?.first_used_at || !span.last_used_at) return NOTHING;
  // Times are told to the millisecond here and kept to the microsecond.
  const from = Math.max(Date.parse(span.first_used_at), options.from?.getTime() ?? -Infinity);
  const to = Math.min(Date.parse(span.last_used_at) + 1, options.to?.getTime() ?? Infinity);
  return listed<ActivityAction>(reader, 'identity_actions', { ...key, from_at: new Date(from), to_at: new Date(to), row_limit: options.limit });
}

/** What was done from `address`; undefined where nothing landed mentions it. */
export async function addressActivity(
  reader: AnswerReader,
  asked: string,
  address: string,
  sources: readonly SearchedSource[],
  options: ActivityOptions,
): Promise<Activity | undefined> {
  const parameters = { address, from_at: options.from ?? null, to_at: options.to ?? null, row_limit: options.limit };
  const signIns = await listed<ActivitySignIn>(reader, 'address_sign_ins', parameters);
  const sessions = await listed<ActivitySession>(reader, 'address_sessions', parameters);
  const actions = await listed<ActivityAction>(reader, 'address_actions', parameters);
  if (signIns.total + sessions.total + actions.total === 0) return undefined;
  const tasks = actions.total === 0 ? NOTHING : await listed<ActivityTask>(reader, 'address_tasks', parameters);
  const body = { sign_ins: signIns, sessions, actions, tasks };
  return {
    schema: 'whoran.activity/1',
    asked,
    as_of: earliest(sources.filter(({ source }) => source !== 'ecs_events').map((source) => source.complete_through)),
    known_at: options.knownAt,
    subject: { kind: 'address', id: address },
    who: null,
    sentence: activitySentence(`address ${inert(address, 60)}`, body, options),
    ...lists(body),
    limit: options.limit,
    other_ids: [],
  };
}

interface Lists {
  readonly sign_ins: Listed<ActivitySignIn>;
  readonly sessions: Listed<ActivitySession>;
  readonly actions: Listed<ActivityAction>;
  readonly tasks: Listed<ActivityTask>;
}

function lists(body: Lists): Pick<Activity, 'sign_ins' | 'sessions' | 'actions' | 'tasks' | 'totals'> {
  const { sign_ins: signIns, sessions, actions, tasks } = body;
  return {
    sign_ins: signIns.rows,
    sessions: sessions.rows,
    actions: actions.rows,
    tasks: tasks.rows,
    totals: { sign_ins: signIns.total, sessions: sessions.total, actions: actions.total, tasks: tasks.total },
  };
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function activitySentence(who: string, body: Lists, options: ActivityOptions): string {
  const period = [
    options.from ? ` from ${options.from.toISOString().replace('.000Z', 'Z')}` : '',
    options.to ? ` to ${options.to.toISOString().replace('.000Z', 'Z')}` : '',
  ].join('');
  const counts = [
    counted(body.sign_ins.total, 'sign-in'),
    counted(body.sessions.total, 'session'),
    counted(body.actions.total, 'call'),
    counted(body.tasks.total, 'task'),
  ];
  return `${who.charAt(0).toUpperCase()}${who.slice(1)}: ${counts.join(', ')}${period}.`;
}
