/**
 * What ran on a cluster as a person reads it: how many, each with who is behind it, and what can't be known.
 */
import type { ClusterAnswer, ClusterTask } from '../../answers/cluster.ts';
import { whoPhrase } from '../../answers/sentence.ts';
import { inert } from '../../core/inert.ts';
import type { Page } from './answer.ts';
import { confidenceStyle } from './style.ts';
import { commandLines, wrapped } from './width.ts';

const STATES: Readonly<Record<ClusterTask['state'], string>> = { running: 'running', pending: 'not started yet', unknown: 'may have stopped' };

/** The lines of a cluster's answer, each at most `columns` wide. Ids stay whole, so that they can be asked for. */
export function clusterLines(answer: ClusterAnswer, page: Page): string[] {
  const { style, columns } = page;
  return [
    ...wrapped(lead(answer), columns).map((line) => style.bold(line)),
    ...answer.tasks.flatMap((task) => taskLines(task, page)),
    ...(answer.total > answer.tasks.length ? ['', `${answer.total - answer.tasks.length} more: --limit ${answer.total} lists them all.`] : []),
    ...gaps(answer, page),
    ...next(answer, page),
    '',
    ...wrapped(`As of ${answer.as_of ?? 'nothing landed'}${answer.known_at === null ? '' : `, as known at ${answer.known_at}`}. Times are UTC.`, columns).map((line) => style.dim(line)),
  ];
}

function lead({ cluster, account_id: account, at, total, states, tasks }: ClusterAnswer): string {
  const where = `cluster ${inert(cluster, 80)}${account === null ? '' : ` of account ${account}`} at ${at}`;
  if (total === 0) return `No task is known to have run on ${where}.`;
  const parts = [`${states.running} running`, ...(states.pending > 0 ? [`${states.pending} not started yet`] : []), ...(states.unknown > 0 ? [`${states.unknown} that may have stopped`] : [])];
  return `${total} task${total === 1 ? '' : 's'} on ${where}${total > tasks.length ? '' : `: ${parts.join(', ')}`}.`;
}

function taskLines(task: ClusterTask, { style, columns }: Page): string[] {
  const room = columns - 2;
  const sureness = task.confidence === 'none' ? (task.reason ?? 'nobody known') : [task.confidence, task.how, task.reason].filter((part) => part !== null).join(', ');
  const who = task.confidence === 'none' && task.who.kind === 'unknown' ? 'nobody known' : whoPhrase(task.who);
  const times = [STATES[task.state], `created ${task.created_at}`, task.started_at === null ? '' : `started ${task.started_at}`, task.stopped_at === null ? 'stop not known' : `stopped ${task.stopped_at}`];
  const place = [task.account_id, task.aws_region ?? '', lastSegment(task.task_definition), task.started_by === null ? '' : `started by ${inert(task.started_by, 60)}`];
  const line = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ');
  return [
    '',
    style.bold(inert(lastSegment(task.id), 80)),
    ...wrapped(who, room).map((text) => `  ${text}`),
    ...wrapped(inert(sureness, 200), room).map((text) => `  ${confidenceStyle(style, task.confidence)(text)}`),
    ...wrapped(line(times), room).map((text) => `  ${text}`),
    ...wrapped(inert(line(place), 300), room).map((text) => style.dim(`  ${text}`)),
    ...(task.is_provisional ? ['  this may still change by itself'] : []),
  ];
}

function lastSegment(text: string | null): string {
  return text === null ? '' : text.slice(text.lastIndexOf('/') + 1);
}

function gaps({ gaps: sentences }: ClusterAnswer, { style, columns }: Page): string[] {
  if (sentences.length === 0) return [];
  return ['', style.bold('Not known'), ...sentences.flatMap((sentence) => wrapped(inert(sentence, 500), columns - 4).map((line, index) => `${index > 0 ? '    ' : '  '}${line}`))];
}

function next({ tasks, reason }: ClusterAnswer, page: Page): string[] {
  const first = tasks[0];
  const command = first ? `whoran ask ${inert(lastSegment(first.id), 80)}` : reason === 'not_seen' ? 'whoran status' : undefined;
  return command === undefined ? [] : ['', page.style.bold('Try next'), ...commandLines(`  $ ${command}`, page.commandOptions, page.columns)];
}
