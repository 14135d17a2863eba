/**
 * `ask --cluster C --at T`: which tasks ran on a cluster then, and who is behind each; and what can't be known about it.
 */
import { nearest } from '../core/nearest.ts';
import { rfc3339 } from '../core/times.ts';
import type { Confidence, How, SearchedSource, SignInGrade, Who } from './answer.ts';
import { answerRows, type AnswerReader } from './reader.ts';
import type { SessionRow, TaskRow } from './rows.ts';
import { earliest, landedSources } from './sources.ts';
import { taskAnswer } from './task-answer.ts';

/** `pending`: made, not started yet. `unknown`: it may have stopped before, and no landed record says. */
export type TaskState = 'running' | 'pending' | 'unknown';

export interface ClusterTask {
  /** Its ARN; the bare id where that is not known. */
  readonly id: string;
  readonly state: TaskState;
  readonly account_id: string;
  readonly aws_region: string | null;
  readonly task_definition: string | null;
  readonly task_group: string | null;
  readonly started_by: string | null;
  readonly created_at: string;
  readonly started_at: string | null;
  /** Null where no landed record says that it stopped. */
  readonly stopped_at: string | null;
  readonly who: Who;
  readonly how: How | null;
  readonly method: string | null;
  readonly confidence: Confidence;
  readonly sign_in: { readonly grade: SignInGrade; readonly id: string | null };
  readonly reason: string | null;
  readonly is_provisional: boolean;
}

export interface ClusterAnswer {
  readonly schema: 'whoran.cluster/1';
  /** As it was typed. */
  readonly asked: string;
  readonly cluster: string;
  readonly account_id: string | null;
  readonly aws_region: string | null;
  readonly at: string;
  readonly as_of: string | null;
  readonly known_at: string | null;
  /** `not_seen` where no landed record names the cluster. */
  readonly reason: 'not_seen' | null;
  readonly tasks: readonly ClusterTask[];
  /** How many there are of each state among `tasks`; `total` counts those beyond the limit too. */
  readonly states: Readonly<Record<TaskState, number>>;
  readonly total: number;
  readonly limit: number;
  /** How far what this rests on is landed. */
  readonly sources: readonly SearchedSource[];
  /** What can't be known, one sentence each; empty where the list is whole. */
  readonly gaps: readonly string[];
}

export interface ClusterQuestion {
  /** A cluster's name or ARN. */
  readonly cluster: string;
  readonly at: Date;
  readonly accountId?: string;
  readonly limit?: number;
  /** What the reader's data folder was cut off at, RFC 3339; only told in the answer. */
  readonly knownAt?: string;
}

export const CLUSTER_LIMIT = 1000;

/** arn:aws:ecs:<region>:<account>:cluster/<name> */
const CLUSTER_ARN = /^arn:aws[\w-]*:ecs:([^:]*):(\d{12}):cluster\/([^/]+)$/;

interface TaskFields extends Pick<TaskRow, 'task_key' | 'task_arn' | 'account_id' | 'aws_region' | 'task_definition_arn' | 'task_group' | 'started_by' | 'task_at' | 'started_at' | 'stopped_at' | 'method'> {
  readonly state: TaskState;
  readonly hop_how: How | null;
  readonly hop_confidence: Confidence;
  readonly hop_reason: string | null;
  readonly hop_is_provisional: boolean;
  readonly session_id: string | null;
  readonly session_how: SessionRow['how'];
  readonly session_confidence: SessionRow['confidence'];
  readonly session_reason: SessionRow['reason'];
  readonly session_is_provisional: SessionRow['is_provisional'];
  readonly who_kind: SessionRow['who_kind'];
  readonly who_tenant_id: string | null;
  readonly who_object_id: string | null;
  readonly who_issuer: string | null;
  readonly who_subject: string | null;
  readonly who_name: string | null;
  readonly sign_in_grade: SignInGrade;
  readonly sign_in_id: string | null;
  readonly total: number;
}

interface ClusterName {
  readonly cluster_name: string;
  readonly account_id: string;
  readonly first_at: string;
  readonly last_at: string;
  readonly nameless_tasks: number;
}

/** Answers for a cluster at an instant: created or started at or before it, and not known to have stopped by then. */
export async function askCluster(reader: Pick<AnswerReader, 'db'>, question: ClusterQuestion): Promise<ClusterAnswer> {
  const { at, limit = CLUSTER_LIMIT } = question;
  const arn = CLUSTER_ARN.exec(question.cluster.trim());
  const cluster = arn?.[3] ?? question.cluster.trim();
  const accountId = question.accountId ?? arn?.[2] ?? null;
  const region = arn?.[1] ?? null;
  const rows = await answerRows<TaskFields>(reader, 'cluster_tasks', { cluster, at, account_id: accountId, region, row_limit: limit });
  const names = await answerRows<ClusterName>(reader, 'cluster_names');
  const known = names.filter((name) => name.cluster_name === cluster && (accountId === null || name.account_id === accountId));
  const sources = (await landedSources(reader)).filter(({ source }) => source === 'cloudtrail' || source === 'ecs_events');
  const tasks = rows.map(clusterTask);
  return {
    schema: 'whoran.cluster/1',
    asked: question.cluster,
    cluster,
    account_id: accountId,
    aws_region: region,
    at: rfc3339(at),
    as_of: earliest(sources.map((source) => source.complete_through)),
    known_at: question.knownAt ?? null,
    reason: known.length === 0 && tasks.length === 0 ? 'not_seen' : null,
    tasks,
    states: { running: count(tasks, 'running'), pending: count(tasks, 'pending'), unknown: count(tasks, 'unknown') },
    total: rows[0]?.total ?? 0,
    limit,
    sources,
    gaps: [...nameGaps(cluster, accountId, known, names), ...sourceGaps(at, sources), ...taskGaps(known, rows)],
  };
}

function clusterTask(row: TaskFields): ClusterTask {
  const hop = { how: row.hop_how, confidence: row.hop_confidence, reason: row.hop_reason, is_provisional: row.hop_is_provisional };
  const session = row.session_id === null ? undefined : { how: row.session_how, confidence: row.session_confidence, reason: row.session_reason, is_provisional: row.session_is_provisional };
  return {
    id: row.task_arn ?? row.task_key.slice(row.task_key.indexOf('/') + 1),
    state: row.state,
    account_id: row.account_id,
    aws_region: row.aws_region,
    task_definition: row.task_definition_arn,
    task_group: row.task_group,
    started_by: row.started_by,
    created_at: row.task_at,
    started_at: row.started_at,
    stopped_at: row.stopped_at,
    who: { kind: row.who_kind, tenant_id: row.who_tenant_id, object_id: row.who_object_id, name: row.who_name, issuer: row.who_issuer, subject: row.who_subject },
    method: row.method,
    sign_in: { grade: row.sign_in_grade, id: row.sign_in_id },
    ...taskAnswer(hop, session),
  };
}

function count(tasks: readonly ClusterTask[], state: TaskState): number {
  return tasks.filter((task) => task.state === state).length;
}

function nameGaps(cluster: string, accountId: string | null, known: readonly ClusterName[], names: readonly ClusterName[]): string[] {
  if (known.length > 0) return [];
  const elsewhere = names.filter((name) => name.cluster_name === cluster).map((name) => name.account_id);
  if (elsewhere.length > 0) return [`No landed record names this cluster in account ${accountId ?? '?'}; ${elsewhere.join(', ')} ${elsewhere.length === 1 ? 'has' : 'have'} one of the name.`];
  const near = nearest(cluster, [...new Set(names.map((name) => name.cluster_name))]);
  return [`No landed record names this cluster${near === undefined ? '' : `; there is ${near}`}.`];
}

/** ECS events say when tasks start and stop, CloudTrail who starts them: where one does not reach the instant, tasks may be missing. */
function sourceGaps(at: Date, sources: readonly SearchedSource[]): string[] {
  const ecs = sources.find(({ source }) => source === 'ecs_events');
  const trail = sources.find(({ source }) => source === 'cloudtrail');
  return [
    ...(ecs === undefined
      ? ['No ECS event is landed: tasks are known by the calls that started them, and when they stopped is not known.']
      : reach(at, ecs, 'ECS events', 'tasks that came to be after that may be missing, and others may have stopped')),
    ...(typeof ecs?.first_at === 'string' && at < new Date(ecs.first_at) ? [`ECS events begin at ${ecs.first_at}: tasks that services and schedules started and that stopped before then are not known.`] : []),
    ...(trail === undefined ? ['No CloudTrail record is landed: who started a task is not known.'] : reach(at, trail, 'CloudTrail', 'who started a task after that may not be known')),
  ];
}

function reach(at: Date, { complete_through: through }: SearchedSource, name: string, means: string): string[] {
  if (through === null) return [`${name}: it is not known how far they are complete: ${means}.`];
  return new Date(through) < at ? [`${name}: complete through ${through}, before the instant asked about: ${means}.`] : [];
}

function taskGaps(known: readonly ClusterName[], rows: readonly TaskFields[]): string[] {
  const unknown = rows.filter(({ state }) => state === 'unknown').length;
  const nameless = known.reduce((sum, name) => sum + name.nameless_tasks, 0);
  return [
    ...(unknown === 0 ? [] : [`Of ${unknown} task${unknown === 1 ? '' : 's'} no landed record says whether ${unknown === 1 ? 'it' : 'they'} had stopped by then.`]),
    ...(nameless === 0 ? [] : [`${nameless} task${nameless === 1 ? '' : 's'} of the account ${nameless === 1 ? 'is' : 'are'} known only by sessions of ${nameless === 1 ? 'its role' : 'their roles'}, so that the cluster is not known.`]),
  ];
}
