/**
 * `whoran detections test ID --against DATA`: what a changed query would find there, and no longer find.
 */
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { parseTime } from '../core/times.ts';
import type { Config } from '../config/config.ts';
import type { Against, Difference } from '../pipeline/detection-against.ts';
import type { Detection } from '../pipeline/detection-tests.ts';
import type { Context } from './context.ts';
import { withReaderOf } from './data.ts';

export interface AgainstArguments {
  readonly against?: string;
  readonly since?: string;
  readonly sql?: string;
}

/** More are counted and not printed; `--json` has all of them. */
const SHOWN = 50;

/** `--since` and `--sql` mean nothing without a folder. */
export function refuseWithoutAgainst({ against, since, sql }: AgainstArguments): void {
  if (against !== undefined) return;
  const lone = since === undefined ? (sql === undefined ? undefined : '--sql') : '--since';
  if (lone !== undefined) throw new WhoranError(`${lone}: only with --against`, { exitCode: EXIT.wrongUse, hint: 'For example: whoran detections test source_silent --against ./whoran-data --since 2026-01-01' });
}

export async function runAgainst(context: Context, given: Detection, config: Config, { against = '', since, sql }: AgainstArguments): Promise<void> {
  const { detectionFromFile, testAgainst } = await import('../pipeline/detection-against.ts');
  const detection = sql === undefined ? given : await detectionFromFile(sql, given);
  const from = since === undefined ? undefined : parseTime(since, '--since');
  const result = await withReaderOf(against, (reader) => testAgainst(reader, detection, { config: config.detections, ...(from === undefined ? {} : { since: from }) }));
  if (context.globals.json) context.json(result);
  else context.lines(againstLines(result, against));
}

function againstLines(result: Against, folder: string): string[] {
  const { counts, query_sha256: sha256, stored_query_sha256: stored } = result;
  const query = stored.length === 0 ? [] : stored.every((one) => one === sha256) ? ['The stored findings are of this very query.'] : [`The stored findings are of another query (SHA-256 ${stored.map((one) => one.slice(0, 12)).join(', ')}; this one ${sha256.slice(0, 12)}).`];
  return [
    `${result.detection} over ${inert(folder, 300)}${result.since === null ? '' : ` since ${result.since}`}: ${counts.stored} stored, ${counts.now} now.`,
    ...query,
    ...part('It would now find', result.found, (one) => (one.status_now === 'provisional' ? ' (provisional)' : '')),
    ...part('It would no longer find', result.lost, (one) => (one.finding_id === null ? '' : `, finding ${one.finding_id.slice(0, 12)}`)),
    ...part('It would find in another form', result.changed, ({ what_differs: names, status_before: before, status_now: now }) => ` (${names.join(', ')}${before === now ? '' : `: ${before} → ${now}`})`),
    '',
    `${counts.found} more, ${counts.lost} fewer, ${counts.changed} changed, ${counts.same} the same. Nothing was written.`,
  ];
}

function part(title: string, differences: readonly Difference[], more: (one: Difference) => string): string[] {
  if (differences.length === 0) return [];
  const shown = differences.slice(0, SHOWN);
  const rest = differences.length - shown.length;
  return [
    '', `${title}:`,
    ...shown.flatMap((one) => [`  ${one.occurred_at}  ${one.subject_kind} ${inert(one.subject_id, 160)}${more(one)}`, `    ${inert(one.summary, 300)}`]),
    ...(rest > 0 ? [`  and ${rest} more: --json has them all`] : []),
  ];
}
