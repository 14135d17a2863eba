/**
 * A simulated week: all sources pulled every few hours through their real SDKs, faults at random, runs stopped at random. At the
 * end what is stored is what the sources ever gave, answers are the ones that the world knows, and the ones that the same
 * records give as files; and at no time did a source claim to reach farther than its data.
 *
 * WHORAN_WEEK_SEED says which week (default 1), WHORAN_WEEK_DAYS how long it is (default 2, for the time that tests take). The
 * count of faults and stops that were survived is printed. One in six of the stories' questions is asked, and the tables behind all
 * answers are compared; WHORAN_ASK_ALL=1 asks every one.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fault } from '../fixtures/doubles/double-server.ts';
import { deliver, makeWorld, type World } from '../fixtures/world/index.ts';
import { HOUR } from '../fixtures/world/clock.ts';
import { Random } from '../fixtures/world/random.ts';
import type { Answer } from '../src/answers/answer.ts';
import { ask } from '../src/answers/ask.ts';
import { coverage } from '../src/answers/coverage.ts';
import type { AnswerReader } from '../src/answers/reader.ts';
import { configSchema } from '../src/config/config.ts';
import type { SqlRow } from '../src/engine/database.ts';
import { readPulls } from '../src/landing/pull-log.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { ingestSources, type IngestSourcesResult } from '../src/pipeline/ingest-sources.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter, type Writer } from '../src/store/writer.ts';
import { startServices, type Services } from './simulated/services.ts';
import { correlatedOutcome, questionsOf } from './correlated-outcome.ts';
import { doubled, lines, stagedOutcome } from './staged-outcome.ts';

const SEED = process.env['WHORAN_WEEK_SEED'] ?? '1';
const DAYS = Number(process.env['WHORAN_WEEK_DAYS'] ?? 2);

/** The share of requests that a fault befalls, and of runs that are stopped in mid-run. */
const FAULTS = 0.08;
const STOPS = 0.3;
/** By the machine's clock. */
const DEADLINE_MS = 45_000;

/** Of one request, by the machine's clock: short where some hang on purpose; else a loaded machine alone is no fault of a source. */
const REQUEST_TIMEOUT_MS = { faulty: 400, sound: 20_000 };

const FAULT_KINDS: readonly Fault[] = [
  { kind: 'throttle' }, { kind: 'throttle', retryAfterSeconds: 7 }, { kind: 'status', status: 500 }, { kind: 'status', status: 503 }, { kind: 'reset' },
  { kind: 'reset_mid_body' }, { kind: 'slow_bytes', pauseMs: 5 }, { kind: 'hang' },
];
const SPECIALS: Readonly<Record<string, readonly string[]>> = {
  s3: ['empty_page', 'damaged'],
  aws: ['expired_token', 'empty_page', 'duplicates'],
  graph: ['expired_next_link', 'empty_page', 'duplicate', 'cut_json'],
  'log-analytics': ['partial_failure', 'unreadable'],
};

let folder: string;
let world: World;
let services: Services;
let random: Random;
let isFaulty = false;
let overdue = 0;
/** The clock of everybody but the machine, ms. */
let now = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-week-'));
  world = makeWorld({ seed: Number(SEED), days: DAYS, eventsPerDay: 60 });
  now = world.start;
  random = new Random(`week/${SEED}`);
  services = await startServices(world, () => now, (service) => {
    if (!isFaulty || !random.chance(FAULTS)) return undefined;
    const special = SPECIALS[service];
    if (special && random.chance(0.3)) return { kind: 'special', name: random.pick(special) };
    const kind = random.pick(FAULT_KINDS);
    // Graph is waited for for a minute of real time.
    return kind.kind === 'hang' && service === 'graph' ? { kind: 'reset' } : kind;
  });
}, 120_000);
afterAll(async () => {
  await services.close();
  rmSync(folder, { recursive: true });
});

/** A run as a process would do it; `stopAfter` requests it is stopped, and nothing more is written. */
async function run(data: string, firstDays: number, stopAfter = Infinity): Promise<IngestSourcesResult | undefined> {
  const writer = await openWriter(data, { now: () => new Date(now) });
  const stop = new AbortController();
  // As the nightly job has a deadline: a source that hangs costs its run, not the week. How often it came to that is printed.
  const tooLong = new Error('the deadline of this run has passed');
  /** What each source told last: where one hangs. */
  const last = new Map<string, unknown>();
  const deadline = setTimeout(() => {
    overdue += 1;
    stop.abort(tooLong);
  }, DEADLINE_MS);
  let requests = 0;
  try {
    const result = await ingestSources(writer, services.sources(firstDays, isFaulty ? REQUEST_TIMEOUT_MS.faulty : REQUEST_TIMEOUT_MS.sound), services.config, {
      signal: stop.signal,
      effects: {
        now: () => new Date(now),
        // Sources wait side by side: the clock moves to the latest end of their waits, not by the sum of them.
        sleep: async (ms, signal) => {
          const ends = now + ms;
          await wait(1);
          signal.throwIfAborted();
          now = Math.max(now, ends);
        },
        random: () => random.next(),
      },
      progress: (id, event) => {
        last.set(id, event);
        if (event.kind === 'request' && ++requests >= stopAfter) stop.abort(new Error('stopped'));
      },
    });
    if (stop.signal.aborted) {
      const hung = result.sources.filter(({ outcome }) => outcome === 'interrupted').map(({ id }) => `${id} after ${JSON.stringify(last.get(id))}`);
      if (stop.signal.reason === tooLong) process.stderr.write(`past its deadline: ${hung.join('; ')}\n`);
      return undefined;
    }
    await writer.publishAndClose();
    return result;
  } finally {
    clearTimeout(deadline);
    writer.close();
  }
}

/** Runs until one ends by itself: on a slow machine a long pull needs several, each going on where the last one stopped. */
async function runWhole(data: string, firstDays: number): Promise<IngestSourcesResult> {
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    const result = await run(data, firstDays);
    if (result) return result;
  }
  throw new Error('no run ended before its deadline');
}

/** Records that a source says are complete, and that are not stored. Time-based sources alone: late objects of a trail are late. */
async function missing(writer: Writer): Promise<string[]> {
  const gone: string[] = [];
  const stored = {
    // Copies of a task's state share its version, and one of them is kept.
    ecs: new Set((await writer.db.all("select task_arn || '/' || task_version as id from stg_task_events union select event_id from stg_ecs_events")).map((row) => row['id'])),
    signIns: new Set((await writer.db.all('select sign_in_id from stg_sign_ins')).map((row) => row['sign_in_id'])),
    events: new Set((await writer.db.all('select event_id from stg_events union select event_id from stg_addenda')).map((row) => row['event_id'])),
  };
  for (const { source, complete_through, covers } of writer.landing.pulls.streams) {
    if (complete_through === null || source === 'trail') continue;
    const through = Date.parse(complete_through);
    for (const cover of covers) {
      const due =
        cover.of === 'sign_ins'
          ? services.feed.signIns.filter(({ at, tenantId, kind }) => at < through && tenantId === cover.tenant_id && kind === cover.sign_in_kind).map(({ id }) => [id, stored.signIns] as const)
          : cover.of === 'ecs_events'
            ? (services.feed.ecsEvents.get(`${cover.account_id ?? ''}/${cover.region ?? ''}`) ?? []).filter(({ at }) => at < through).map((event) => [ecsId(event), stored.ecs] as const)
            : services.feed.cloudTrail.filter(({ at, accountId, region }) => at < through && accountId === cover.account_id && region === cover.region).map(({ id }) => [id, stored.events] as const);
      gone.push(...due.filter(([id, ids]) => !ids.has(id)).map(([id]) => `${source} ${cover.of} ${id}`));
    }
  }
  return gone;
}

function ecsId({ id, body }: { readonly id: string; readonly body: Readonly<Record<string, unknown>> }): string {
  const { taskArn, version } = body['detail'] as { taskArn?: string; version?: number };
  return taskArn === undefined || version === undefined ? id : `${taskArn}/${version}`;
}

/** What is stored, without what depends on when and how often it was fetched. */
async function stored(writer: Writer): Promise<Record<string, string[]>> {
  const { stg_sources: _sources, stg_sign_ins: _versions, ...outcome } = await stagedOutcome(writer.db);
  const places = ['batch_seq', 'member', 'record_number', 'retrieved_at'];
  // Each landed copy of an addendum is a row of its own history.
  const addenda = [...new Set(outcome['stg_addenda'])];
  return { ...outcome, stg_addenda: addenda, current_sign_ins: await lines(writer.db, `select * exclude (${places.join(', ')}) from cor_sign_ins`) };
}

interface Told {
  readonly tables: Record<string, SqlRow[]>;
  readonly answers: readonly Pick<Answer, 'who' | 'how' | 'confidence' | 'identity' | 'sign_in' | 'reason'>[];
  readonly coverage: unknown;
}

async function told(data: string): Promise<Told> {
  const opened = await openReader(data);
  try {
    const reader: AnswerReader = { db: opened.db, landing: { readMember: async (seq, member) => Promise.resolve(opened.landing.unpackMember(seq, member)) } };
    const answers: Told['answers'][number][] = [];
    for (const { id } of questionsOf(world.stories.flatMap((story) => story.asks), Number(SEED))) {
      const { who, how, confidence, identity, sign_in, reason } = (await ask(reader, id)) as Answer;
      answers.push({ who, how, confidence, identity, sign_in, reason });
    }
    const { as_of: _asOf, ...counts } = await coverage(reader, {});
    return { tables: await correlatedOutcome(opened.db), answers, coverage: counts };
  } finally {
    opened.close();
  }
}

async function correlated(data: string, registry: string): Promise<Record<string, string[]>> {
  const writer = await openWriter(data, { now: () => new Date(now) });
  try {
    await ingest(writer, [registry], { isRegistry: true });
    await bringUpToDate(writer, services.config);
    expect(await doubled(writer.db)).toEqual([]);
    const outcome = await stored(writer);
    await writer.publishAndClose();
    return outcome;
  } finally {
    writer.close();
  }
}

test('nothing is lost, doubled or claimed too early, whatever befalls the sources and the runs', async () => {
  const registry = join(folder, 'registry.csv');
  writeFileSync(registry, world.registry.csv());
  const week = join(folder, 'week');
  const count = { runs: 0, stops: 0, failures: 0, retries: 0 };
  isFaulty = true;
  while (now < world.end) {
    now += random.between(HOUR, 5 * HOUR);
    const result = await run(week, 2, random.chance(STOPS) ? 1 + random.int(60) : Infinity);
    count.runs += 1;
    if (!result) {
      count.stops += 1;
      continue;
    }
    count.failures += result.sources.filter(({ outcome }) => outcome !== 'ok').length;
    count.retries += result.sources.reduce((sum, { retries }) => sum + retries, 0);
    expect(result.rejects).toEqual([]);
    const writer = await openWriter(week);
    try {
      expect(await missing(writer)).toEqual([]);
    } finally {
      writer.close();
    }
  }
  const faults = services.faults();
  isFaulty = false;
  // What came last is settled and read once more, and the windows that were left open pass their second look.
  for (now = Math.max(now, services.feed.settledAt); now < services.feed.settledAt + 40 * HOUR; now += 8 * HOUR) {
    const result = await runWhole(week, 2);
    expect(result.sources.map(({ id, outcome, failures }) => ({ id, outcome, failures })).filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  }
  const outcome = await correlated(week, registry);

  // The same sources, read once when everything had come, and nothing went wrong.
  const once = join(folder, 'once');
  await runWhole(once, DAYS + 5);
  expect(outcome).toEqual(await correlated(once, registry));
  const live = await told(week);
  expect(live).toEqual(await told(once));

  // The same records as files.
  const files = join(folder, 'files');
  const delivery = await deliver(world, join(folder, 'logs'), { forms: 'trail' });
  const writer = await openWriter(files);
  await ingest(writer, [registry], { isRegistry: true });
  await ingest(writer, delivery.batches);
  await bringUpToDate(writer, configSchema.parse(world.config));
  await writer.publishAndClose();
  // Sources say how far they reach, files don't. So what waits there for later records, or may be missing, is settled here, and
  // what is only likely there is proved: everything else is the same.
  const fromFiles = await told(files);
  const isSettled = fromFiles.answers.map(({ reason }) => reason !== 'sign_in_not_yet_due' && reason !== 'source_gap');
  const settled = ({ answers }: Told): unknown[] => answers.filter((_, index) => isSettled[index]).map(({ who, how, identity, sign_in }) => ({ who, how, identity, sign_in }));
  expect(isSettled.filter((is) => !is).length).toBeLessThan(fromFiles.answers.length / 20);
  expect(settled(live)).toEqual(settled(fromFiles));

  expect(readPulls(week).every(({ complete_through }) => complete_through !== null)).toBe(true);
  expect(count.stops).toBeGreaterThan(0);
  expect(faults).toBeGreaterThan(0);
  process.stderr.write(
    `simulated week, seed ${SEED}: ${count.runs} runs, ${count.stops} stopped in mid-run, ${services.requests()} requests, ${faults} faults, ` +
      `${count.retries} retries, ${count.failures} failures of a source, ${overdue} runs past their deadline\n`,
  );
}, 600_000);
