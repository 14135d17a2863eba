/**
 * A log group as the configuration has it: whose it is, and what of it is asked for.
 */
import type { CloudwatchLogsConfig } from '../../config/sources/cloudwatch-logs.ts';

export type LogGroup = CloudwatchLogsConfig['groups'][number];

/**
 * What STS says of a token that has expired (aws.md §2), as a filter pattern: the phrase, exactly. It stands in application
 * logs alone: CloudTrail isn't known to record it.
 */
export const EXPIRED_TOKEN_FILTER = '"Token expired: current date/time"';

/** The account that the group is in, where the configuration says it: itself, or by its role. */
export function accountOf({ account_id: accountId, role_arn: roleArn }: CloudwatchLogsConfig): string | undefined {
  return accountId ?? roleArn?.split(':')[4];
}

/** The pattern that a group is filtered by; undefined for all of its events. */
export function filterOf(group: LogGroup): string | undefined {
  return group.filter ?? (group.holds === 'application' ? EXPIRED_TOKEN_FILTER : undefined);
}
