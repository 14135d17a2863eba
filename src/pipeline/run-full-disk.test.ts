/**
 * A full disk: said, the run failed and recorded, nothing lost, and the next run goes on. Injected at each place that writes,
 * and for real on a small tmpfs where one may be mounted.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { configSchema } from '../config/config.ts';
import { Landing } from '../landing/landing.ts';
import * as runLog from '../landing/run-log.ts';
import { readRuns } from '../landing/run-log.ts';
import type { Source, Step } from '../sources/source.ts';
import { readManifest } from '../store/manifest.ts';
import { Writer } from '../store/writer.ts';
import * as correlating from './correlate.ts';
import type { RunEvent, RunResult } from './run-job.ts';
import { runJob } from './run.ts';
import * as staging from './stage.ts';

let folder: string;
let dataDir: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-full-'));
  dataDir = join(folder, 'data');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const full = (): Error => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

/** One CloudTrail record, padded so that its body takes `bytes`. */
function step(number: number, bytes: number): Step {
  const record = {
    eventVersion: '1.11', eventID: `aaaaaaaa-0000-4000-8000-${String(number).padStart(12, '0')}`, eventTime: '2026-01-15T09:00:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'StopTask',
    awsRegion: 'eu-central-1', recipientAccountId: '111122223333', sourceIPAddress: '198.51.100.7', readOnly: false, responseElements: null,
    requestParameters: { reason: randomBytes(bytes / 2).toString('hex') }, userIdentity: { type: 'Root', accountId: '111122223333', principalId: '111122223333', arn: 'arn:aws:iam::111122223333:root' },
  };
  return { stream: 'events', covers: [{ of: 'cloudtrail' }], delivered: [{ origin: `body ${number}`, bytes: Buffer.from(JSON.stringify({ Records: [record] })) }], cursor: String(number), completeThrough: new Date('2026-02-03T02:00:00Z') };
}

function source(count: number, bytes = 100): Source {
  return {
    id: 'trail', type: 'files', streams: [],
    // eslint-disable-next-line @typescript-eslint/require-await -- a source of ready steps waits for nothing
    async *pull ({ cursors }) {
      for (let number = Number(cursors.get('events') ?? 0) + 1; number <= count; number += 1) yield step(number, bytes);
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- nothing is checked here
    async *check () { yield* []; },
  };
}

async function run(count: number, bytes?: number): Promise<RunResult & { events: RunEvent[] }> {
  const events: RunEvent[] = [];
  const result = await runJob({
    dataDir, config: configSchema.parse({ sources: [{ type: 'files', id: 'trail', path: folder }] }), sources: [source(count, bytes)], trigger: 'schedule', schedule: '0 3 * * *',
    version: '0.0.0', scrub: (text) => text, signal: new AbortController().signal, effects: { now: () => new Date(), sleep: () => Promise.resolve(), random: () => 0 }, tell: (event) => events.push(event),
  });
  return { ...result, events };
}

/** The next run, with room: everything is in, each record once. */
async function expectRecovery(count: number, bytes?: number): Promise<void> {
  const { ended } = await run(count, bytes);
  expect(ended).toMatchObject({ outcome: 'done', failures: [] });
  const manifest = readManifest(dataDir);
  expect(manifest?.files.filter(({ relation }) => relation === 'events').reduce((sum, { rows }) => sum + rows, 0)).toBe(count);
}

describe('injected', () => {
  test.each<[string, () => void, string]>([
    ['landing', () => vi.spyOn(Landing.prototype, 'landFiles').mockRejectedValueOnce(full()), 'pull'],
    ['staging', () => vi.spyOn(staging, 'stage').mockRejectedValueOnce(new Error('IO Error: Could not write file "x": No space left on device')), 'stage'],
    ['correlation', () => vi.spyOn(correlating, 'correlate').mockRejectedValueOnce(full()), 'correlate'],
    ['publishing', () => vi.spyOn(Writer.prototype, 'publish').mockRejectedValueOnce(full()), 'publish'],
  ])('while %s', async (_where, inject, failed) => {
    inject();
    const { ended } = await run(2);
    expect(ended.outcome).toBe(failed === 'correlate' ? 'partial' : 'failed');
    expect(ended.failures).toMatchObject([{ what: failed, message: expect.stringMatching(/^the disk is full: /) as string, hint: expect.stringMatching(/Free space/) as string }]);
    expect(readRuns(dataDir).at(-1)?.ended?.outcome).toBe(ended.outcome);
    vi.restoreAllMocks();
    await expectRecovery(2);
  });

  test('the record of the end: written when the writer has given back its room; else said', async () => {
    const append = runLog.appendRun;
    let isFull = false;
    const spy = vi.spyOn(runLog, 'appendRun').mockImplementation((to, ...entries) => {
      if (isFull || (entries[0]?.kind === 'ended' && spy.mock.calls.length === 2)) throw full();
      append(to, ...entries);
    });
    const { ended } = await run(1);
    expect(spy).toHaveBeenCalledTimes(3);
    expect(readRuns(dataDir).at(-1)?.ended).toMatchObject({ run_id: ended.run_id, outcome: 'done' });
    isFull = true;
    const { ended: second, events } = await run(1);
    expect(second).toMatchObject({ outcome: 'failed', failures: [{ what: 'open', message: expect.stringMatching(/^the disk is full/) as string }] });
    expect(events).toContainEqual({ kind: 'note', message: expect.stringMatching(/the end of this run could not be recorded: ENOSPC/) as string });
  });
});

function canMount(): boolean {
  const at = mkdtempSync(join(tmpdir(), 'whoran-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at], { stdio: 'ignore' });
    execFileSync('umount', [at], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(at, { recursive: true });
  }
}

describe.skipIf(!canMount())('a file system of 32 MiB', () => {
  beforeEach(() => {
    mkdirSync(dataDir);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', dataDir]);
  });
  afterEach(() => {
    execFileSync('umount', ['-l', dataDir]);
  });

  test('more is delivered than it holds: the run fails and says so; with room the next one has everything', async () => {
    const { ended } = await run(40, 1024 * 1024);
    expect(ended.outcome).toBe('failed');
    expect(ended.failures[0]).toMatchObject({ message: expect.stringMatching(/^the disk is full: /) as string });
    execFileSync('mount', ['-o', 'remount,size=200m', dataDir]);
    await expectRecovery(40, 1024 * 1024);
    expect(readRuns(dataDir).map((one) => one.ended?.outcome)).toEqual([expect.stringMatching(/^(failed|crashed)$/), 'done']);
  }, 120_000);

  test('full before anything begins', async () => {
    await run(1);
    writeFileSync(join(dataDir, 'ballast'), '');
    try {
      for (;;) writeFileSync(join(dataDir, 'ballast'), Buffer.alloc(256 * 1024), { flag: 'a' });
    } catch {
      // That was the last of it.
    }
    const { ended } = await run(2);
    expect(ended).toMatchObject({ outcome: 'failed', is_changed: false, failures: [{ what: 'open', message: expect.stringMatching(/^the disk is full: /) as string }] });
    rmSync(join(dataDir, 'ballast'));
    await expectRecovery(2);
  }, 60_000);
});
