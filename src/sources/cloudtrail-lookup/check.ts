/**
 * What `doctor` tries of a cloudtrail-lookup source: who the credentials are, and one lookup in each account and region.
 */
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import type { CloudtrailLookupConfig } from '../../config/sources/cloudtrail-lookup.ts';
import { awsCheckFailure } from '../_aws-failure.ts';
import { awsClientConfig, callAws, callingAccount, type AwsGiven } from '../_aws.ts';
import { LOOKUPS_PER_SECOND } from '../_lookup-events.ts';
import { Pace } from '../_pace.ts';
import type { CheckResult, SourceEffects } from '../source.ts';

type CheckEffects = SourceEffects & { readonly signal: AbortSignal };
/** A check waits for nobody long. */
const POLICY = { deadlineMs: 15_000 };
const HOUR_MS = 3_600_000;
/** STS's global endpoint and other global services record here, wherever the caller is (aws.md §1.1, §4.1). */
const GLOBAL_REGION = 'us-east-1';

export async function* checkLookup(config: CloudtrailLookupConfig, given: AwsGiven, effects: CheckEffects): AsyncGenerator<CheckResult> {
  if (!config.regions.includes(GLOBAL_REGION) && config.regions.every((region) => !/^(cn|us-gov|us-iso)/.test(region))) {
    yield {
      what: 'regions',
      outcome: 'warning',
      found: `${GLOBAL_REGION} is not among them: sessions opened at STS's global endpoint are recorded there alone`,
      fix: `Add ${GLOBAL_REGION} to the source's regions, unless nobody may use the global endpoint.`,
    };
  }
  for (const account of config.accounts) {
    const [firstRegion = GLOBAL_REGION] = config.regions;
    const result = await checkAccount(account, firstRegion, given, effects);
    yield result;
    for (const region of config.regions) {
      const what = `cloudtrail:LookupEvents in ${account.account_id}, ${region}`;
      if (result.outcome === 'ok') yield await checkRegion(config, account, region, what, given, effects);
      else yield { what, outcome: 'not_tried', found: 'the account itself could not be reached' };
    }
  }
}

type Account = CloudtrailLookupConfig['accounts'][number];

async function checkAccount(account: Account, region: string, given: AwsGiven, effects: CheckEffects): Promise<CheckResult> {
  const what = account.role_arn === undefined ? `credentials of account ${account.account_id}` : `sts:AssumeRole of ${account.role_arn}`;
  try {
    const { accountId, arn } = await callingAccount({ ...account, region }, effects, given, POLICY);
    if (accountId === account.account_id) return { what, outcome: 'ok', found: arn };
    return {
      what,
      outcome: 'missing',
      found: `these credentials are of account ${accountId}`,
      fix: `Give the account ${account.account_id} a role_arn of its own, or correct its account_id.`,
    };
  } catch (error) {
    return awsCheckFailure(what, error, { action: 'sts:AssumeRole', ...(account.role_arn === undefined ? {} : { resource: account.role_arn }) });
  }
}

async function checkRegion(config: CloudtrailLookupConfig, account: Account, region: string, what: string, given: AwsGiven, effects: CheckEffects): Promise<CheckResult> {
  const client = new CloudTrailClient(awsClientConfig({ ...account, region, endpoint: config.endpoint }, given));
  const now = effects.now().getTime();
  const pace = new Pace(LOOKUPS_PER_SECOND);
  try {
    const page = await callAws('LookupEvents', client, effects, async () => {
      await pace.turn(effects);
      return await client.send(new LookupEventsCommand({ StartTime: new Date(now - 24 * HOUR_MS), EndTime: new Date(now), MaxResults: 1 }), { abortSignal: effects.signal });
    }, POLICY);
    const at = page.Events?.[0]?.EventTime;
    return at === undefined
      ? { what, outcome: 'ok', found: 'no event in the last 24 hours' }
      : { what, outcome: 'ok', found: `the last event is ${Math.max(0, Math.round((now - at.getTime()) / 60_000))} minutes old` };
  } catch (error) {
    return awsCheckFailure(what, error, { action: 'cloudtrail:LookupEvents' });
  } finally {
    client.destroy();
  }
}
