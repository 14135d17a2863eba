/**
 * What to ask AWS before `ask --live` answers: from what was typed, what is landed, and the configured cloudtrail-lookup sources.
 */
import { readAsked, taskIdOfGuid, type Asked } from '../answers/asked.ts';
import { answerRows } from '../answers/reader.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../engine/database.ts';
import { lookupStream } from '../sources/_lookup-events.ts';
import type { LivePlace, LiveQuestion } from '../sources/live.ts';
import type { Window } from '../sources/source.ts';

/** A configured account and region, and since when its last minutes are to be fetched. */
export interface LiveReach {
  readonly place: LivePlace;
  readonly since: Date;
}

const TASK_ARN = /^arn:aws[a-z-]*:ecs:([^:]+):(\d{12}):task\/(?:([^/]+)\/)?([^/]+)$/;
const DAY_MS = 86_400_000;
/** "The last minutes" are at most so long: what is older is the next run's business. */
const LONGEST_RECENT_MS = DAY_MS;
/** Clocks differ, and records are dated by their end. */
const MARGIN_MS = 5 * 60_000;
/** CloudTrail's event history (LookupEvents). */
const HISTORY_MS = 90 * DAY_MS;

/**
 * Every account and region of the configured cloudtrail-lookup sources, each once, also of those that `run` doesn't pull.
 * @param cursorsOf the cursors of a source: its last minutes begin there, less its overlap
 */
export function liveReach(config: Config, cursorsOf: (source: string) => ReadonlyMap<string, string>, now: Date): LiveReach[] {
  const reach = new Map<string, LiveReach>();
  for (const source of config.sources) {
    if (source.type !== 'cloudtrail-lookup') continue;
    const cursors = cursorsOf(source.id);
    for (const account of source.accounts) {
      for (const region of source.regions) {
        const stream = lookupStream(account.account_id, region);
        if (reach.has(stream)) continue;
        const cursor = Date.parse(cursors.get(stream) ?? '');
        const from = (Number.isNaN(cursor) ? now.getTime() : cursor) - source.overlap_minutes * 60_000;
        const since = new Date(Math.min(now.getTime() - MARGIN_MS, Math.max(from, now.getTime() - LONGEST_RECENT_MS)));
        reach.set(stream, { place: { account, region, endpoint: source.endpoint }, since });
      }
    }
  }
  return [...reach.values()];
}

/** A question, and the accounts that it is about where they are known and configured nowhere. */
export interface Asking {
  readonly question: LiveQuestion;
  readonly unreached: readonly string[];
}

interface TaskPlace {
  readonly task_key: string;
  readonly account_id: string;
  readonly task_arn: string | null;
  readonly aws_region: string | null;
  readonly cluster_name: string | null;
}

interface KeyRow {
  readonly access_key_id: string;
  readonly account_id: string | null;
  readonly opened_at: string | null;
  readonly expires_at: string | null;
}

/** The first round: the task itself, keys that are known by now, and the last minutes of the accounts that it is about. */
export async function firstQuestion(db: Database, typed: string, config: Config, reach: readonly LiveReach[], now: Date): Promise<Asking> {
  const asked = readAsked(typed);
  const found = await tasksOf(db, typed, asked);
  const keys = await keysOf(db, typed, asked, found, reach, now);
  const accounts = new Set([...found.map((task) => task.account_id), ...keys.accounts]);
  const near = reach.filter(({ place }) => accounts.size === 0 || accounts.has(place.account.account_id));
  const tasks = asked.form === 'task' && found.length === 0 ? guesses(asked.taskId, config, reach) : found.flatMap((task) => describable(task, reach));
  return {
    question: { tasks, keys: keys.lookups, recent: near.map(({ place, since }) => ({ place, window: { from: since, to: now } })) },
    unreached: [...accounts].filter((account) => !reach.some(({ place }) => place.account.account_id === account)).sort(),
  };
}

/** The second round: keys of the task that the first one brought to light. */
export async function secondQuestion(db: Database, typed: string, reach: readonly LiveReach[], first: LiveQuestion, now: Date): Promise<LiveQuestion> {
  const asked = readAsked(typed);
  const { lookups } = await keysOf(db, typed, asked, await tasksOf(db, typed, asked), reach, now);
  const known = new Set(first.keys.map(({ accessKeyId }) => accessKeyId));
  return { tasks: [], keys: lookups.filter(({ accessKeyId }) => !known.has(accessKeyId)), recent: [] };
}

/** The tasks that the id means: by its ARN, or by what is landed. */
async function tasksOf(db: Database, typed: string, asked: Asked): Promise<TaskPlace[]> {
  const [, region, accountId, cluster = null, id] = TASK_ARN.exec(typed.trim()) ?? [];
  if (region !== undefined && accountId !== undefined && id !== undefined) {
    return [{ task_key: `${accountId}/${taskIdOfGuid(id)}`, account_id: accountId, task_arn: typed.trim(), aws_region: region, cluster_name: cluster }];
  }
  if (asked.form !== 'task' && asked.form !== 'guid') return [];
  return answerRows<TaskPlace>({ db }, 'live_task', { task_id: asked.form === 'task' ? asked.taskId : taskIdOfGuid(asked.id), account_id: asked.accountId });
}

function describable(task: TaskPlace, reach: readonly LiveReach[]): LiveQuestion['tasks'][number][] {
  const region = TASK_ARN.exec(task.task_arn ?? '')?.[1] ?? task.aws_region;
  const at = reach.find(({ place }) => place.account.account_id === task.account_id && place.region === region);
  if (!at) return [];
  return [{ place: at.place, cluster: task.cluster_name ?? 'default', task: task.task_arn ?? task.task_key.split('/')[1] ?? '', isGuess: task.cluster_name === null }];
}

/** A bare id that nothing landed mentions: ECS is asked in every configured place, by the clusters that the configuration expects. */
function guesses(taskId: string, config: Config, reach: readonly LiveReach[]): LiveQuestion['tasks'][number][] {
  const clusters = config.expected.clusters.length > 0 ? config.expected.clusters : ['default'];
  return reach.flatMap(({ place }) => clusters.map((cluster) => ({ place, cluster, task: taskId, isGuess: true })));
}

async function keysOf(
  db: Database,
  typed: string,
  asked: Asked,
  tasks: readonly TaskPlace[],
  reach: readonly LiveReach[],
  now: Date,
): Promise<{ lookups: LiveQuestion['keys']; accounts: readonly string[] }> {
  const rows: KeyRow[] = [];
  for (const { task_key: taskKey } of tasks) rows.push(...(await answerRows<KeyRow>({ db }, 'live_keys', { task_key: taskKey, session_id: null })));
  for (const sessionId of await sessionsOf(db, typed, asked)) {
    const known = await answerRows<KeyRow>({ db }, 'live_keys', { task_key: null, session_id: sessionId });
    const unknown = asked.form === 'access_key' ? [{ access_key_id: asked.key, account_id: null, opened_at: null, expires_at: null }] : [];
    rows.push(...(known.length > 0 ? known : unknown));
  }
  const keys = [...new Map(rows.map((row) => [row.access_key_id, row])).values()];
  const lookups = keys.flatMap((row) => {
    const inAccount = reach.filter(({ place }) => place.account.account_id === row.account_id);
    // Calls are recorded with the caller's account, which may not be the role's where that isn't configured.
    return (inAccount.length > 0 ? inAccount : reach).map(({ place }) => ({ place, accessKeyId: row.access_key_id, window: lifetime(row, now) }));
  });
  return { lookups, accounts: asked.form === 'access_key' || asked.form === 'session_arn' ? keys.flatMap((row) => row.account_id ?? []) : [] };
}

async function sessionsOf(db: Database, typed: string, asked: Asked): Promise<string[]> {
  if (asked.form === 'access_key') return [asked.key];
  if (asked.form !== 'session_arn') return [];
  const sessions = await answerRows<{ session_id: string }>({ db }, 'find_sessions', { session_arn: typed.trim(), at: null });
  return sessions.slice(0, 1).map(({ session_id: id }) => id);
}

/** From when a key was issued until it ended, or, where that isn't known, all that CloudTrail keeps. */
function lifetime({ opened_at: openedAt, expires_at: expiresAt }: KeyRow, now: Date): Window {
  const from = openedAt === null ? now.getTime() - HISTORY_MS : Date.parse(openedAt) - MARGIN_MS;
  // Calls after the end are what a detection looks for: an hour of them is fetched too.
  const to = expiresAt === null ? now.getTime() : Math.min(now.getTime(), Date.parse(expiresAt) + 3_600_000);
  return { from: new Date(Math.min(from, to)), to: new Date(to) };
}
