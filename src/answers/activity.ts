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

/** The newest calls. Their number comes from the callers where all time is asked for, so that few events are read. */
async function identityActions(
  reader: AnswerReader,
  key: { tenant_id: string | null; object_id: string },
  options: ActivityOptions,
): Promise<Listed<ActivityAction>> {
  const counted = await answerRow<CallCount>(reader, 'identity_calls', { ...key, row_limit: options.limit });
  if (!counted?.first_used_at || !counted.last_used_at) return NOTHING;
  const isAllTime = !options.from && !options.to;
  const start = (isAllTime ? counted.newest_from : null) ?? counted.first_used_at;
  const period = {
    from_at: new Date(Math.max(Date.parse(start), options.from?.getTime() ?? -Infinity)),
    // Times are told to the millisecond here and kept to the microsecond.
    to_at: new Date(Math.min(Date.parse(counted.last_used_at) + 1, options.to?.getTime() ?? Infinity)),
  };
  const rows = await answerRows<ActivityAction>(reader, 'identity_actions', { ...key, ...period, row_limit: options.limit });
  const total = isAllTime ? counted.calls : ((await answerRow<{ calls: number }>(reader, 'identity_action_count', { ...key, ...period }))?.calls ?? 0);
  return { rows, total };
}

interface CallCount {
  readonly calls: number;
  readonly first_used_at: string | null;
  readonly last_used_at: string | null;
  readonly newest_from: string | null;
}

async function addressActions(
  reader: AnswerReader,
  parameters: { address: string; from_at: Date | null; to_at: Date | null; row_limit: number },
): Promise<Listed<ActivityAction>> {
  const counted = await answerRow<{ calls: number; newest_from: string | null; newest_to: string | null }>(reader, 'address_calls', parameters);
  if (!counted?.newest_from || !counted.newest_to) return NOTHING;
  const period = { from_at: new Date(Date.parse(counted.newest_from)), to_at: new Date(Date.parse(counted.newest_to) + 1) };
  const { address, row_limit: rowLimit } = parameters;
  return { rows: await answerRows<ActivityAction>(reader, 'address_actions', { address, ...period, row_limit: rowLimit }), total: counted.calls };
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
  const actions = await addressActions(reader, parameters);
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
