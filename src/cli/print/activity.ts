/**
 * Activity as a person reads it: the counts, then the newest of each list.
 */
import type { Activity } from '../../answers/answer.ts';
import { inert } from '../../core/inert.ts';
import type { Page } from './answer.ts';
import { tableLines, type TableColumn } from './table.ts';
import { wrapped } from './width.ts';

/** Rows of each list that are shown; `--json` has all. */
const SHOWN = 15;

const AT: TableColumn = { title: 'at', least: 20 };

/** The lines of an activity, each at most `columns` wide. */
export function activityLines(activity: Activity, page: Page): string[] {
  const { totals } = activity;
  return [
    ...wrapped(activity.sentence, page.columns).map((line) => page.style.bold(line)),
    ...list('Tasks', totals.tasks, [AT, { title: 'task', least: 32 }, { title: 'how' }], activity.tasks.map((task) => [task.at, lastSegment(task.id), task.how ?? 'unknown']), page),
    ...list(
      'Sessions',
      totals.sessions,
      [{ title: 'from', least: 20 }, { title: 'session', least: 20 }, { title: 'role' }, { title: 'confidence' }],
      activity.sessions.map((session) => [session.from ?? '', inert(session.id, 80), lastSegment(session.role_arn ?? ''), session.confidence]),
      page,
    ),
    ...list(
      'Sign-ins',
      totals.sign_ins,
      [AT, { title: 'who' }, { title: 'app' }, { title: 'from' }, { title: 'result' }],
      activity.sign_ins.map((one) => [one.at, inert(one.name ?? one.object_id ?? ''), inert(one.application ?? ''), inert(one.address ?? ''), one.is_success ? 'success' : 'failed']),
      page,
    ),
    ...list(
      'Calls',
      totals.actions,
      [AT, { title: 'event', least: 36 }, { title: 'call', least: 18 }],
      activity.actions.map((action) => [action.at, inert(action.id), `${inert(action.name ?? '')}${action.error_code === null ? '' : ' refused'}`]),
      page,
    ),
    ...notes(activity).flatMap((note) => ['', ...wrapped(note, page.columns).map((line) => page.style.dim(line))]),
  ];
}

function lastSegment(id: string): string {
  const whole = inert(id, 200);
  return whole.slice(whole.lastIndexOf('/') + 1);
}

function list(title: string, total: number, columns: readonly TableColumn[], rows: readonly (readonly string[])[], page: Page): string[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, SHOWN);
  const more = total > shown.length ? ` (the newest ${shown.length} of ${total})` : '';
  return ['', page.style.bold(`${title}${more}`), ...tableLines(columns, shown, page)];
}

function notes(activity: Activity): string[] {
  const [other, ...rest] = activity.other_ids;
  const as = activity.as_of === null ? 'Nothing needed is landed' : `As of ${inert(activity.as_of)}`;
  const known = activity.known_at === null ? '' : `, as known at ${inert(activity.known_at)}`;
  return [
    ...(other === undefined ? [] : [`The same name also means ${inert(other)}${rest.length > 0 ? ` and ${rest.length} more` : ''}: ask for the object id.`]),
    `${as}${known}. Times are UTC. Calls and tasks can be asked for by their ids.`,
  ];
}
