/**
 * What `ask --live` fetches before it answers: ECS's own description of a task, the events of an access key, and the last
 * minutes of accounts and regions. A source like the others, but for a question instead of a schedule: it has no cursor and
 * completes nothing.
 */
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { DescribeTasksCommand, ECSClient } from '@aws-sdk/client-ecs';
import type { CloudtrailLookupConfig } from '../config/sources/cloudtrail-lookup.ts';
import { awsFailure } from './_aws-failure.ts';
import { awsClientConfig, awsCode, callAws, captureBody, type AwsGiven } from './_aws.ts';
import { LOOKUPS_PER_SECOND, LOOKUP_DAYS, lookupFailure, lookupPages, lookupStream } from './_lookup-events.ts';
import { Pace } from './_pace.ts';
import { runStreams, type RunningStream } from './_streams.ts';
import type { PullContext, Source, Step, Window } from './source.ts';

/** One account and region, and how it is reached: out of a configured cloudtrail-lookup source. */
export interface LivePlace {
  readonly account: CloudtrailLookupConfig['accounts'][number];
  readonly region: string;
  /** CloudTrail's, where it isn't the region's own. */
  readonly endpoint?: string | undefined;
}

export interface LiveQuestion {
  readonly tasks: readonly {
    readonly place: LivePlace;
    readonly cluster: string;
    /** ARN or id. */
    readonly task: string;
    /** Where the cluster is only tried: that there is none is no failure. */
    readonly isGuess: boolean;
  }[];
  readonly keys: readonly { readonly place: LivePlace; readonly accessKeyId: string; readonly window: Window }[];
  readonly recent: readonly { readonly place: LivePlace; readonly window: Window }[];
}

export interface LiveGiven extends AwsGiven {
  readonly ecsEndpoint?: string;
}

/**
 * Begins the origin of everything that was fetched for a question. Staging knows it by that (queries/staging/cloudtrail_counts.sql):
 * what was asked for alone doesn't show how far CloudTrail is landed.
 */
const ASKER = 'ask --live: ';
/** Somebody waits for the answer, so a service gets a minute, and a stretch of time so many pages of 50 events, newest first. */
const POLICY = { deadlineMs: 60_000, capMs: 10_000 };
const MOST_PAGES = 120;
const PARALLEL = 8;

/** The pace of each account and region: kept from one round of questions to the next, since the limit is the account's. */
export type LivePaces = Map<string, Pace>;

/** The source `live` of one question. */
export function liveSource(question: LiveQuestion, given: LiveGiven = {}, paces: LivePaces = new Map()): Source {
  return {
    id: 'live',
    type: 'live',
    streams: [],
    pull: (context) => pull(question, given, paces, context),
    async *check () {
      // What it needs is checked where it is configured: by cloudtrail-lookup. ECS is tried when it is asked.
    },
  };
}

async function* pull(question: LiveQuestion, given: LiveGiven, paces: LivePaces, context: PullContext): AsyncGenerator<Step> {
  const clients = new LookupClients(given, paces);
  const running: RunningStream[] = [
    ...question.tasks.map((asked) => ({ stream: `DescribeTasks ${where(asked.place)} ${asked.cluster}`, pull: () => describe(asked, given, context) })),
    ...question.keys.map(({ place, accessKeyId, window }) => ({
      stream: `LookupEvents ${where(place)} ${accessKeyId}`,
      pull: () => lookup(place, window, accessKeyId, clients, context),
    })),
    ...question.recent.map(({ place, window }) => ({ stream: `LookupEvents ${where(place)}`, pull: () => lookup(place, window, undefined, clients, context) })),
  ];
  try {
    yield* runStreams(running, {
      parallel: PARALLEL,
      signal: context.signal,
      failureOf: (stream, error) => (stream.startsWith('DescribeTasks') ? awsFailure(stream, error, { action: 'ecs:DescribeTasks' }) : lookupFailure(stream, error)),
    });
  } finally {
    clients.destroy();
  }
}

function where({ account, region }: LivePlace): string {
  return lookupStream(account.account_id, region);
}

/** One client and one pace for each account and region, whatever is looked up there. */
class LookupClients {
  readonly #given: AwsGiven;
  readonly #paces: LivePaces;
  readonly #clients = new Map<string, { client: CloudTrailClient; pace: Pace }>();

  constructor(given: AwsGiven, paces: LivePaces) {
    this.#given = given;
    this.#paces = paces;
  }

  of(place: LivePlace): { client: CloudTrailClient; pace: Pace } {
    const known = this.#clients.get(where(place));
    if (known) return known;
    const client = new CloudTrailClient(awsClientConfig({ ...place.account, region: place.region, endpoint: place.endpoint }, this.#given));
    const made = { client, pace: this.#paces.get(where(place)) ?? new Pace(LOOKUPS_PER_SECOND) };
    this.#paces.set(where(place), made.pace);
    this.#clients.set(where(place), made);
    return made;
  }

  destroy(): void {
    for (const { client } of this.#clients.values()) client.destroy();
  }
}

async function* lookup(place: LivePlace, asked: Window, accessKeyId: string | undefined, clients: LookupClients, context: PullContext): AsyncGenerator<Step> {
  const stream = `LookupEvents ${where(place)}${accessKeyId === undefined ? '' : ` ${accessKeyId}`}`;
  const oldest = context.now().getTime() - LOOKUP_DAYS * 86_400_000 + 60_000;
  const window = { from: new Date(Math.max(asked.from.getTime(), oldest)), to: asked.to };
  if (window.from >= window.to) return;
  context.tell({ kind: 'progress', stream, message: `since ${window.from.toISOString()}` });
  const attribute = accessKeyId === undefined ? {} : { attribute: { AttributeKey: 'AccessKeyId' as const, AttributeValue: accessKeyId } };
  let pages = 0;
  for await (const page of lookupPages({ ...clients.of(place), accountId: place.account.account_id, region: place.region, window, asker: ASKER, policy: POLICY, ...attribute }, context)) {
    yield { stream, covers: [], window, delivered: [page] };
    pages += 1;
    if (pages < MOST_PAGES) continue;
    context.tell({ kind: 'warning', stream, message: `only the newest ${MOST_PAGES} pages were fetched; older events come with the next run` });
    return;
  }
}

async function* describe(asked: LiveQuestion['tasks'][number], given: LiveGiven, context: PullContext): AsyncGenerator<Step> {
  const { place, cluster, task } = asked;
  const stream = `DescribeTasks ${where(place)} ${cluster}`;
  const client = new ECSClient(awsClientConfig({ ...place.account, region: place.region, endpoint: given.ecsEndpoint }, given));
  context.tell({ kind: 'progress', stream, message: 'asking ECS' });
  try {
    let body: (() => Buffer) | undefined;
    const answer = await callAws('DescribeTasks', client, context, async () => {
      const command = new DescribeTasksCommand({ cluster, tasks: [task] });
      body = captureBody(command);
      return await client.send(command, { abortSignal: context.signal });
    }, POLICY);
    // A task that stopped an hour ago is a failure MISSING: there is nothing to land, and nothing wrong.
    if (!body || (answer.tasks?.length ?? 0) === 0) return;
    yield { stream, covers: [], delivered: [{ origin: `${ASKER}DescribeTasks ${where(place)} ${cluster} ${task}`, bytes: body() }] };
  } catch (error) {
    if (asked.isGuess && awsCode(error) === 'ClusterNotFoundException') return;
    throw error;
  } finally {
    client.destroy();
  }
}
