/**
 * FilterLogEvents of one group: a window's pages as they came.
 */
import { type CloudWatchLogsClient, FilterLogEventsCommand, type FilterLogEventsCommandOutput } from '@aws-sdk/client-cloudwatch-logs';
import { logsOrigin } from '../../landing/logs-origin.ts';
import { awsCode, callAws, captureBody } from '../_aws.ts';
import { withoutTokens } from '../_content.ts';
import type { RetryPolicy } from '../_retry.ts';
import type { Delivered, SourceEffects, Window } from '../source.ts';
import type { LogGroup } from './group.ts';

/** A token lives 24 hours; one that dies again and again is a service that can't be paged through. */
const RESTARTS = 3;

export interface Filtering {
  readonly client: CloudWatchLogsClient;
  readonly group: LogGroup;
  readonly region: string;
  readonly accountId: string | undefined;
  readonly filter: string | undefined;
  readonly window: Window;
  readonly policy: RetryPolicy;
}

/**
 * Every page of a window that holds events, oldest first. The service takes both ends as inclusive and counts in milliseconds,
 * so the window ends a millisecond before the next one begins: no event is in two, and none of equal time is lost. A page
 * without events and with a token is normal. Where a token has expired the window begins anew, and pages that were given come
 * again.
 * @throws the SDK's error where it is final; RetriesExhausted; the signal's reason
 */
export async function* filterPages(filtering: Filtering, effects: SourceEffects & { readonly signal: AbortSignal }): AsyncGenerator<Delivered> {
  const { client, group, region, accountId, filter, window } = filtering;
  const origin = logsOrigin({ region, accountId, group: group.name, holds: group.holds, from: window.from, to: window.to });
  let token: string | undefined;
  for (let restarts = 0; ; ) {
    let body: (() => Buffer) | undefined;
    let page: FilterLogEventsCommandOutput;
    try {
      page = await callAws('FilterLogEvents', client, effects, async () => {
        const command = new FilterLogEventsCommand({
          logGroupName: group.name,
          startTime: window.from.getTime(),
          endTime: window.to.getTime() - 1,
          ...(filter === undefined ? {} : { filterPattern: filter }),
          ...(token === undefined ? {} : { nextToken: token }),
        });
        body = captureBody(command);
        return await client.send(command, { abortSignal: effects.signal });
      }, filtering.policy);
    } catch (error) {
      // The service has no code of its own for a token: InvalidParameterException, and only the token differs from the first page.
      if (token === undefined || restarts >= RESTARTS || awsCode(error) !== 'InvalidParameterException') throw error;
      restarts += 1;
      token = undefined;
      continue;
    }
    token = page.nextToken;
    if (body && (page.events?.length ?? 0) > 0) {
      const bytes = body();
      yield { origin, bytes, ...(token === undefined ? {} : { content: withoutTokens(bytes, ['nextToken']) }) };
    }
    if (token === undefined || token === '') return;
  }
}
