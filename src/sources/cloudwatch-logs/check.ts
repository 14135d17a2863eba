/**
 * What `doctor` tries of a cloudwatch-logs source: who the credentials are, and for each group whether it is there, how long it
 * keeps events, whether they can be read, and how old the last one is.
 */
import { CloudWatchLogsClient, DescribeLogGroupsCommand, FilterLogEventsCommand, type FilterLogEventsCommandOutput } from '@aws-sdk/client-cloudwatch-logs';
import type { CloudwatchLogsConfig } from '../../config/sources/cloudwatch-logs.ts';
import { awsCheckFailure } from '../_aws-failure.ts';
import { awsClientConfig, callAws, callingAccount, type AwsGiven } from '../_aws.ts';
import type { CheckResult, SourceEffects } from '../source.ts';
import { accountOf, type LogGroup } from './group.ts';

type CheckEffects = SourceEffects & { readonly signal: AbortSignal };
const POLICY = { deadlineMs: 15_000 };
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** So far back the last event is looked for, through so many pages at most: pages may be empty. */
const SOUGHT_DAYS = 7;
const SOUGHT_PAGES = 10;

export async function* checkLogs(config: CloudwatchLogsConfig, given: AwsGiven, effects: CheckEffects): AsyncGenerator<CheckResult> {
  const account = await checkAccount(config, given, effects);
  yield account;
  const client = new CloudWatchLogsClient(awsClientConfig(config, given));
  try {
    for (const group of config.groups) {
      if (account.outcome === 'ok' || account.outcome === 'warning') {
        yield await checkGroup(client, config, group, effects);
        yield await checkEvents(client, config, group, effects);
      } else {
        yield { what: `log group ${group.name}`, outcome: 'not_tried', found: 'the account itself could not be reached' };
      }
    }
  } finally {
    client.destroy();
  }
}

async function checkAccount(config: CloudwatchLogsConfig, given: AwsGiven, effects: CheckEffects): Promise<CheckResult> {
  const what = config.role_arn === undefined ? 'AWS credentials' : `sts:AssumeRole of ${config.role_arn}`;
  const expected = accountOf(config);
  try {
    const { accountId, arn } = await callingAccount({ ...config }, effects, given, POLICY);
    if (expected === undefined) {
      return { what, outcome: 'warning', found: `${arn}; the source has no account_id`, fix: `Set account_id: "${accountId}": without it, a log line can't be tied to its task.` };
    }
    if (accountId === expected) return { what, outcome: 'ok', found: arn };
    return { what, outcome: 'missing', found: `these credentials are of account ${accountId}`, fix: `Give a role_arn of account ${expected}, or correct account_id.` };
  } catch (error) {
    return awsCheckFailure(what, error, { action: 'sts:AssumeRole', ...(config.role_arn === undefined ? {} : { resource: config.role_arn }) });
  }
}

function arnOf(config: CloudwatchLogsConfig, name: string): string {
  return `arn:aws:logs:${config.region}:${accountOf(config) ?? '*'}:log-group:${name}:*`;
}

async function checkGroup(client: CloudWatchLogsClient, config: CloudwatchLogsConfig, { name }: LogGroup, effects: CheckEffects): Promise<CheckResult> {
  const what = `log group ${name}`;
  try {
    const found = await callAws('DescribeLogGroups', client, effects, async () => client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name, limit: 50 }), { abortSignal: effects.signal }), POLICY);
    // The groups come in order of name, so the one that is the prefix itself is the first.
    const group = found.logGroups?.find((one) => one.logGroupName === name);
    if (!group) {
      return { what, outcome: 'missing', found: `there is no such group in ${config.region}`, fix: `Correct the group's name or the source's region, or make what should write to ${name} do so.` };
    }
    const days = group.retentionInDays;
    if (days === undefined) return { what, outcome: 'ok', found: 'there, and its events are kept for ever' };
    const kept = `there, and its events are kept for ${days} days`;
    if (days >= config.first_days) return { what, outcome: 'ok', found: kept };
    return { what, outcome: 'warning', found: kept, fix: `A first pull asks for ${config.first_days} days (first_days): keep events as long, or ask for less.` };
  } catch (error) {
    return awsCheckFailure(what, error, { action: 'logs:DescribeLogGroups' });
  }
}

async function checkEvents(client: CloudWatchLogsClient, config: CloudwatchLogsConfig, { name }: LogGroup, effects: CheckEffects): Promise<CheckResult> {
  const what = `logs:FilterLogEvents on ${name}`;
  const now = effects.now().getTime();
  try {
    let token: string | undefined;
    for (let pages = 0; pages < SOUGHT_PAGES; pages += 1) {
      const page: FilterLogEventsCommandOutput = await callAws('FilterLogEvents', client, effects, async () =>
        client.send(
          // Newest first, and without the filter: whether anything is written at all is the question.
          new FilterLogEventsCommand({ logGroupName: name, startTime: now - SOUGHT_DAYS * DAY_MS, endTime: now, startFromHead: false, limit: 1, ...(token === undefined ? {} : { nextToken: token }) }),
          { abortSignal: effects.signal },
        ), POLICY);
      const at = page.events?.[0]?.timestamp;
      if (at !== undefined) return { what, outcome: 'ok', found: `the last event is ${Math.max(0, Math.round((now - at) / MINUTE_MS))} minutes old` };
      token = page.nextToken;
      if (token === undefined) return { what, outcome: 'warning', found: `no event in the last ${SOUGHT_DAYS} days`, fix: `Check what writes to ${name}.` };
    }
    return { what, outcome: 'ok', found: `readable; no event on the first ${SOUGHT_PAGES} pages` };
  } catch (error) {
    return awsCheckFailure(what, error, { action: 'logs:FilterLogEvents', resource: arnOf(config, name) });
  }
}
