import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { configSchema, type Config, type ConfigSpec } from '../config/config.ts';
import { readRuns } from '../landing/run-log.ts';
import { SourceError, type PullContext, type Source, type Step } from '../sources/source.ts';
import { readManifest } from '../store/manifest.ts';
import { openWriter } from '../store/writer.ts';
import * as correlating from './correlate.ts';
import * as detecting from './detect.ts';
import type { RunEvent, RunJob, RunResult } from './run-job.ts';
import { runJob } from './run.ts';
import * as staging from './stage.ts';

const NOW = new Date('2026-02-03T02:30:00Z');
const ACCOUNT = '111122223333';

let dataDir: string;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-run-'));
  dataDir = join(folder, 'data');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function record(number: number): object {
  return {
    eventVersion: '1.11', eventID: `aaaaaaaa-0000-4000-8000-${String(number).padStart(12, '0')}`, eventTime: '2026-01-15T09:00:00Z', eventSource: 'ecs.amazonaws.com',
    eventName: 'StopTask', awsRegion: 'eu-central-1', recipientAccountId: ACCOUNT, sourceIPAddress: '198.51.100.7', readOnly: false,
    requestParameters: { cluster: 'prod', task: '0f9de17a6465404e8b1b2356dc13c2f8' }, responseElements: null,
    userIdentity: { type: 'IAMUser', userName: 'deploy', arn: `arn:aws:iam::${ACCOUNT}:user/deploy`, accountId: ACCOUNT, principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' },
  };
}

/** A step that delivers these records as one body; its cursor is its number. */
function step(number: number, records = [record(number)]): Step {
  const bytes = Buffer.from(JSON.stringify({ Records: records }));
  const covers = [{ of: 'cloudtrail' as const, accountId: ACCOUNT, region: 'eu-central-1' }];
  return { stream: 'events', covers, delivered: [{ origin: `body ${number}`, bytes }], cursor: String(number), completeThrough: new Date('2026-02-03T02:00:00Z') };
}

type Pull = (context: PullContext) => AsyncGenerator<Step>;
function source(id: string, pull: Pull): Source {
  // eslint-disable-next-line @typescript-eslint/require-await -- the contract's shape; nothing is checked here
  return { id, type: 'files', streams: [], pull, async *check () { yield* []; } };
}
/** Delivers the steps that its cursor is behind. */
const delivering = (...steps: Step[]): Pull =>
  // eslint-disable-next-line @typescript-eslint/require-await -- a source of ready steps waits for nothing
  async function* ({ cursors }) {
    for (const one of steps) if (Number(one.cursor) > Number(cursors.get('events') ?? 0)) yield one;
  };
const failing = (error: () => Error): Pull =>
  // eslint-disable-next-line @typescript-eslint/require-await -- it fails before it has anything
  async function* () {
    throw error();
  };
const hanging: Pull = async function* () {
  yield step(900);
  // Whatever it is told.
  await new Promise(() => undefined);
};

function configOf(sources: readonly Source[], own: ConfigSpec['run'] = {}): Config {
  return configSchema.parse({ sources: sources.map(({ id }) => ({ type: 'files', id, path: folder })), run: own });
}

async function run(sources: readonly Source[], more: Partial<RunJob> = {}): Promise<RunResult & { events: RunEvent[] }> {
  const events: RunEvent[] = [];
  const result = await runJob({
    dataDir, config: configOf(sources), sources, trigger: 'command', schedule: null, version: '0.0.0', scrub: (text) => text,
    signal: new AbortController().signal,
    effects: { now: () => NOW, sleep: () => Promise.resolve(), random: () => 0.5 },
    tell: (event) => events.push(event),
    ...more,
  });
  return { ...result, events };
}

const lock = async (): Promise<void> => {
  const writer = await openWriter(dataDir);
  writer.close();
};

test('a run pulls, brings up to date, publishes and records itself', async () => {
  const { ended } = await run([source('trail', delivering(step(1), step(2)))]);
  expect(ended).toMatchObject({
    outcome: 'done', is_changed: true, failures: [], trigger: 'command',
    sources: [{ source: 'trail', outcome: 'ok', delivered: 2, landed: 2, repeated: 0, records: { read: 2, new: 2, rejected: 0 } }],
    findings: { open: expect.any(Number) as number },
  });
  expect(ended.steps.map(({ step: name, outcome }) => [name, outcome])).toEqual([['pull', 'done'], ['stage', 'done'], ['correlate', 'done'], ['detect', 'done'], ['publish', 'done'], ['alert', 'done']]);
  expect(readManifest(dataDir)).toMatchObject({ publication: 1, staged_through_seq: 2 });
  expect(readRuns(dataDir)).toEqual([{ run_id: ended.run_id, trigger: 'command', began_at: NOW.toISOString(), ended: expect.objectContaining({ outcome: 'done' }) as object, ping_failure: null }]);
  await lock();
});

test('again with nothing new: nothing is changed, and it says so; with something new it is', async () => {
  const trail = source('trail', delivering(step(1)));
  await run([trail]);
  const before = readFileSync(join(dataDir, 'store/manifest.json'), 'utf8');
  const files = readdirSync(join(dataDir, 'store'));
  const { ended } = await run([trail]);
  expect(ended).toMatchObject({ outcome: 'done', is_changed: false, sources: [{ landed: 0, records: { read: 0 } }] });
  expect(ended.steps.find(({ step: name }) => name === 'publish')?.outcome).toBe('skipped');
  expect(readFileSync(join(dataDir, 'store/manifest.json'), 'utf8')).toBe(before);
  expect(readdirSync(join(dataDir, 'store'))).toEqual(files);
  const more = await run([source('trail', delivering(step(1), step(2)))]);
  expect(more.ended).toMatchObject({ is_changed: true, sources: [{ landed: 1 }] });
  expect(readManifest(dataDir)?.publication).toBe(2);
});

test('a cursor that moves without data is seen by readers', async () => {
  await run([source('trail', delivering(step(1)))]);
  const later: Step = { ...step(2), delivered: [], completeThrough: new Date('2026-02-03T02:20:00Z') };
  expect((await run([source('trail', delivering(later))])).ended.is_changed).toBe(true);
});

describe('what fails is named, and the rest is in', () => {
  test('one source of two', async () => {
    const { ended } = await run([
      source('good', delivering(step(1))),
      source('bad', failing(() => new SourceError([{ stream: 'events', message: 'access denied', hint: 'grant logs:FilterLogEvents' }]))),
    ]);
    expect(ended).toMatchObject({
      outcome: 'partial', is_changed: true, sources: [{ source: 'good', outcome: 'ok' }, { source: 'bad', outcome: 'failed' }],
      failures: [{ what: 'source bad', stream: 'events', message: 'access denied', hint: 'grant logs:FilterLogEvents' }],
    });
    expect(readManifest(dataDir)?.staged_through_seq).toBe(1);
  });

  test('every source: failed', async () => {
    const { ended } = await run([source('bad', failing(() => new Error('boom')))]);
    expect(ended).toMatchObject({ outcome: 'failed', failures: [{ what: 'source bad', message: 'boom' }] });
  });

  test('staging: what is landed stays, and the next run stages it', async () => {
    vi.spyOn(staging, 'stage').mockRejectedValueOnce(new Error('out of cheese'));
    const first = await run([source('trail', delivering(step(1)))]);
    expect(first.ended).toMatchObject({ outcome: 'failed', is_changed: false, failures: [{ what: 'stage', message: 'out of cheese' }], sources: [{ landed: 1 }] });
    expect(readManifest(dataDir)).toBeUndefined();
    const second = await run([source('trail', delivering(step(1)))]);
    expect(second.ended).toMatchObject({ outcome: 'done', is_changed: true, sources: [{ landed: 0, records: { new: 1 } }] });
  });

  test('correlation: what is staged is published', async () => {
    vi.spyOn(correlating, 'correlate').mockRejectedValueOnce(new Error('no'));
    const { ended } = await run([source('trail', delivering(step(1)))]);
    expect(ended).toMatchObject({ outcome: 'partial', is_changed: true, findings: null, failures: [{ what: 'correlate', message: 'no' }] });
    expect(readManifest(dataDir)?.staged_through_seq).toBe(1);
  });

  test('detection: what is correlated is published', async () => {
    vi.spyOn(detecting, 'detect').mockRejectedValueOnce(new Error('no'));
    const { ended } = await run([source('trail', delivering(step(1)))]);
    expect(ended).toMatchObject({ outcome: 'partial', is_changed: true, failures: [{ what: 'detect' }] });
  });

  test('a report: the data is published, and other reports are written', async () => {
    const out = join(folder, 'reports');
    const reports = [{ id: 'tracebility', period: 'previous_day' as const, out }, { id: 'traceability', period: 'previous_month' as const, formats: ['json' as const], out }];
    const trail = [source('trail', delivering(step(1)))];
    const { ended } = await run(trail, { config: configOf(trail, { reports }) });
    expect(ended).toMatchObject({
      outcome: 'partial', is_changed: true, failures: [{ what: 'report tracebility' }],
      reports: [{ report: 'traceability', from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z', publication: 1, is_new: true }],
    });
    expect(readdirSync(out)).toEqual(['traceability_20260101T000000Z_20260201T000000Z.json']);
  });
});

test('a report is not written again from the same state, and is when its file is gone', async () => {
  const out = join(folder, 'reports');
  const trail = [source('trail', delivering(step(1)))];
  const more = { config: configOf(trail, { reports: [{ id: 'traceability', period: { last_days: 30 }, formats: ['json'], out }] }) };
  const { ended } = await run(trail, more);
  const file = ended.reports[0]!.files[0]!;
  const bytes = readFileSync(file, 'utf8');
  const later = { ...more, effects: { now: () => new Date(NOW.getTime() + 60_000), sleep: () => Promise.resolve(), random: () => 0 } };
  expect((await run(trail, later)).ended).toMatchObject({ is_changed: false, reports: [{ is_new: false, files: [file] }] });
  expect(readFileSync(file, 'utf8')).toBe(bytes);
  rmSync(file);
  expect((await run(trail, later)).ended).toMatchObject({ is_changed: false, reports: [{ is_new: true }] });
  expect(existsSync(file)).toBe(true);
});

test('a report of one account and zone stands beside the one of all, and names what it leaves out', async () => {
  const out = join(folder, 'reports');
  const other = { ...record(2), recipientAccountId: '444455556666' };
  const trail = [source('trail', delivering(step(1), step(2, [other])))];
  const job = { id: 'traceability', period: { last_days: 30 }, formats: ['json' as const], out };
  const more = { config: configOf(trail, { reports: [job, { ...job, accounts: [ACCOUNT], time_zone: 'Europe/Berlin' }] }) };
  const { ended } = await run(trail, more);
  const [whole, scoped] = ended.reports.map(({ files }) => JSON.parse(readFileSync(files[0]!, 'utf8')) as { parameters: object; tables: Record<string, { rows: Record<string, unknown>[] }> });
  expect(new Set(ended.reports.map(({ files }) => files[0])).size).toBe(2);
  // A day of Berlin begins an hour before UTC's.
  expect(ended.reports.map(({ to }) => to)).toEqual(['2026-02-03T00:00:00Z', '2026-02-02T23:00:00Z']);
  expect([whole, scoped].map((report) => report?.tables['rpt_traceability_rows']?.rows.length)).toEqual([2, 1]);
  expect(scoped?.tables['rpt_scope']?.rows).not.toEqual(whole?.tables['rpt_scope']?.rows);
  // Each is told from the other when they are due again.
  expect((await run(trail, more)).ended.reports.map(({ is_new: isNew }) => isNew)).toEqual([false, false]);
});

test('a source that hangs is left behind at the deadline, and what it delivered is published', async () => {
  const { ended } = await run([source('trail', delivering(step(1))), source('slow', hanging)], { deadlineMs: 300 });
  expect(ended).toMatchObject({
    outcome: 'partial', is_changed: true, sources: [{ source: 'trail', outcome: 'ok' }, { source: 'slow', outcome: 'interrupted', landed: 1 }],
    failures: [{ what: 'source slow', message: expect.stringMatching(/deadline/) as string }],
  });
  expect(readManifest(dataDir)?.staged_through_seq).toBe(2);
});

test('told to stop while a source hangs: over at once, recorded as interrupted, the lock is free, what was landed goes in next time', async () => {
  const stop = new AbortController();
  // Stopped once it hangs, however long the job took to come to it.
  const hangingThen: Pull = async function* () {
    yield step(900);
    setTimeout(() => { stop.abort(new Error('stopped')); }, 100);
    await new Promise(() => undefined);
  };
  const began = Date.now();
  const notify = vi.fn(() => Promise.resolve(null));
  const { ended, isLeftBehind } = await run([source('slow', hangingThen)], { signal: stop.signal, notify });
  expect(Date.now() - began).toBeLessThan(5000);
  expect(isLeftBehind).toBe(false);
  expect(ended).toMatchObject({ outcome: 'interrupted', is_changed: false, steps: [{ step: 'pull', outcome: 'interrupted' }], failures: [] });
  expect(readRuns(dataDir).at(-1)?.ended?.outcome).toBe('interrupted');
  expect(notify).not.toHaveBeenCalled();
  const next = await run([source('slow', delivering())]);
  expect(next.ended).toMatchObject({ outcome: 'done', is_changed: true, sources: [{ records: { new: 1 } }] });
});

test('told to stop in the middle of a long statement: the statement is interrupted', async () => {
  const stop = new AbortController();
  vi.spyOn(correlating, 'correlate').mockImplementationOnce(async (db) => {
    setTimeout(() => { stop.abort(new Error('stopped')); }, 100);
    // Hours of work, and after it more.
    for (;;) await db.run('select count(*) from range(3000000) as a, range(3000000) as b where (a.range * b.range) % 7 = 3').catch((error: unknown) => { if (stop.signal.aborted) throw error; });
  });
  const began = Date.now();
  const { ended, isLeftBehind } = await run([source('trail', delivering(step(1)))], { signal: stop.signal });
  expect(Date.now() - began).toBeLessThan(8000);
  expect(isLeftBehind).toBe(false);
  expect(ended.outcome).toBe('interrupted');
  await lock();
});

test('told to stop, and a step does not: it is left behind, and the run is recorded', async () => {
  const stop = new AbortController();
  vi.spyOn(detecting, 'detect').mockImplementationOnce(() => {
    stop.abort(new Error('stopped'));
    return new Promise(() => undefined);
  });
  const { ended, isLeftBehind } = await run([source('trail', delivering(step(1)))], { signal: stop.signal, stopMs: 100 });
  expect(isLeftBehind).toBe(true);
  expect(ended.outcome).toBe('interrupted');
  expect(readRuns(dataDir).at(-1)?.ended?.outcome).toBe('interrupted');
});

test('a run that was killed is recognised by the next one', async () => {
  await run([source('trail', delivering(step(1)))]);
  const path = join(dataDir, 'landing/runs.jsonl');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  // As a kill leaves it: the beginning, and half of the end.
  rmSync(path);
  appendFileSync(path, `${lines[0]!}\n${lines[1]!.slice(0, 40)}`);
  expect(readRuns(dataDir)).toMatchObject([{ ended: null }]);
  const { ended, events } = await run([source('trail', delivering(step(1)))]);
  expect(events).toContainEqual({ kind: 'note', message: expect.stringMatching(/the run of 2026-02-03T02:30:00\.000Z never ended/) as string });
  expect(readRuns(dataDir).map((one) => one.ended?.outcome)).toEqual(['crashed', 'done']);
  expect(ended.outcome).toBe('done');
});

test('a folder that another writer holds: nothing is done', async () => {
  const writer = await openWriter(dataDir);
  try {
    await expect(run([source('trail', delivering(step(1)))])).rejects.toMatchObject({ exitCode: 3 });
    expect(readRuns(dataDir)).toEqual([]);
  } finally {
    writer.close();
  }
});

describe('the dead man', () => {
  test('is told when the end is recorded and the lock is free; a ping that fails is recorded', async () => {
    const notify = vi.fn(async () => {
      expect(readRuns(dataDir).at(-1)?.ended?.outcome).toBe('done');
      await lock();
      return 'example.com answered HTTP 404';
    });
    const { ended, events } = await run([source('trail', delivering(step(1)))], { notify });
    expect(notify).toHaveBeenCalledExactlyOnceWith(ended);
    expect(readRuns(dataDir).at(-1)).toMatchObject({ ended: { outcome: 'done' }, ping_failure: 'example.com answered HTTP 404' });
    expect(events.at(-1)).toMatchObject({ kind: 'failure', failure: { what: 'ping' } });
  });

  test('is told of a failure too', async () => {
    const notify = vi.fn(() => Promise.resolve(null));
    await run([source('bad', failing(() => new Error('boom')))], { notify });
    expect(notify).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ outcome: 'failed' }));
  });
});
