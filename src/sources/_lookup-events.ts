/**
 * LookupEvents of one account and region: a window's pages as they came, at the pace that CloudTrail allows.
 */
import { type CloudTrailClient, LookupEventsCommand, type LookupAttribute, type LookupEventsCommandOutput } from '@aws-sdk/client-cloudtrail';
import { awsFailure } from './_aws-failure.ts';
import { awsCode, callAws, captureBody } from './_aws.ts';
import { withoutTokens } from './_content.ts';
import type { Pace } from './_pace.ts';
import type { RetryPolicy } from './_retry.ts';
import type { Delivered, SourceEffects, StreamFailure, Window } from './source.ts';

/** Two requests a second per account and region: the API's documented limit (LookupEvents, "Important"). */
export const LOOKUPS_PER_SECOND = 2;
/** CloudTrail's event history holds so many days (LookupEvents, its first sentence). */
export const LOOKUP_DAYS = 90;
/** The most that the API gives. */
const PAGE_EVENTS = 50;
/** A token that dies costs the window's pages; one that dies again and again is a service that can't be paged through. */
const RESTARTS = 3;

/** Names the stream of an account's region, in pulls and messages. */
export function lookupStream(accountId: string, region: string): string {
  return `${accountId}/${region}`;
}

/** The credentials are another account's: what they see would be taken for what happened in the one that was meant. */
class OtherAccount extends Error {
  override readonly name = 'OtherAccount';
}

/** A stream of lookups that failed for good: what happened, and what to do. */
export function lookupFailure(stream: string, error: unknown): StreamFailure {
  if (!(error instanceof OtherAccount)) return awsFailure(stream, error, { action: 'cloudtrail:LookupEvents' });
  return { stream, message: error.message, hint: 'Give the account a role_arn of its own, or correct its account_id.' };
}

export interface Lookup {
  readonly client: CloudTrailClient;
  readonly pace: Pace;
  readonly accountId: string;
  readonly region: string;
  readonly window: Window;
  /** Stands before the origin: what isn't pulled by a schedule says so. */
  readonly asker?: string;
  /** The one attribute that the API filters by. */
  readonly attribute?: LookupAttribute;
  readonly policy: RetryPolicy;
}

/**
 * Every page of a window that holds events, newest first. Both ends are inclusive, so an event on a boundary comes with both
 * windows. The end is frozen: a token is good for the same parameters alone. Where a token has expired the window begins anew,
 * and pages that were given come again.
 * @throws the SDK's error where it is final; RetriesExhausted; the signal's reason; an error of its own where the events are
 *   another account's (`lookupFailure` words it)
 */
export async function* lookupPages(lookup: Lookup, effects: SourceEffects & { readonly signal: AbortSignal }): AsyncGenerator<Delivered> {
  const { client, pace, accountId, region, window, asker = '', attribute } = lookup;
  const by = attribute ? ` ${attribute.AttributeKey ?? ''}=${attribute.AttributeValue ?? ''}` : '';
  const origin = `${asker}LookupEvents ${lookupStream(accountId, region)} ${window.from.toISOString()}/${window.to.toISOString()}${by}`;
  let token: string | undefined;
  for (let restarts = 0; ; ) {
    let body: (() => Buffer) | undefined;
    let page: LookupEventsCommandOutput;
    try {
      page = await callAws('LookupEvents', client, effects, async () => {
        await pace.turn(effects);
        const command = new LookupEventsCommand({
          StartTime: window.from,
          EndTime: window.to,
          MaxResults: PAGE_EVENTS,
          ...(attribute ? { LookupAttributes: [attribute] } : {}),
          ...(token === undefined ? {} : { NextToken: token }),
        });
        body = captureBody(command);
        return await client.send(command, { abortSignal: effects.signal });
      }, lookup.policy);
    } catch (error) {
      if (token === undefined || restarts >= RESTARTS || awsCode(error) !== 'InvalidNextTokenException') throw error;
      restarts += 1;
      token = undefined;
      continue;
    }
    token = page.NextToken;
    if (body && (page.Events?.length ?? 0) > 0) {
      const recipient = recipientOf(page.Events?.[0]?.CloudTrailEvent);
      if (recipient !== undefined && recipient !== accountId) throw new OtherAccount(`these credentials see the events of account ${recipient}, not of ${accountId}`);
      const bytes = body();
      yield { origin, bytes, ...(token === undefined ? {} : { content: withoutTokens(bytes, ['NextToken']) }) };
    }
    if (token === undefined || token === '') return;
  }
}

/** The account that received an event; undefined where the record doesn't say it as an account id. */
function recipientOf(record: string | undefined): string | undefined {
  try {
    const { recipientAccountId: recipient } = JSON.parse(record ?? '') as { recipientAccountId?: unknown };
    return typeof recipient === 'string' && /^\d{12}$/.test(recipient) ? recipient : undefined;
  } catch {
    // Whatever it is, framing will say.
    return undefined;
  }
}
