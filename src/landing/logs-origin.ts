/**
 * The origin of an answer of CloudWatch Logs: written by the source, read by framing. The answer itself names neither its
 * group nor its account.
 */

/** What the events of a group are, by the configuration. */
export type LogsHolds = 'cloudtrail' | 'ecs_events' | 'application';

export interface LogsOrigin {
  readonly region: string;
  /** Undefined where the configuration doesn't say it. */
  readonly accountId: string | undefined;
  readonly group: string;
  readonly holds: LogsHolds;
}

/** A group's name may hold letters, digits and `_-/.#` (CreateLogGroup), so what stands around it can be told from it. */
const ORIGIN = /^FilterLogEvents (cloudtrail|ecs_events|application) (\d{12}|-)\/([a-z0-9-]+) ([\w\-/.#]{1,512}) \S+$/;

/** One line of text for the ledger: what was asked, and of whom. */
export function logsOrigin({ region, accountId, group, holds, from, to }: LogsOrigin & { readonly from: Date; readonly to: Date }): string {
  return `FilterLogEvents ${holds} ${accountId ?? '-'}/${region} ${group} ${from.toISOString()}/${to.toISOString()}`;
}

/** Reads what `logsOrigin` wrote; undefined for any other origin. */
export function readLogsOrigin(origin: string): LogsOrigin | undefined {
  const [, holds, account, region, group] = ORIGIN.exec(origin) ?? [];
  if (holds === undefined || region === undefined || group === undefined) return undefined;
  return { holds: holds as LogsHolds, accountId: account === '-' ? undefined : account, region, group };
}
