/**
 * The nightly job killed at any moment (SIGKILL, as test/kill-at.mjs says) while it pulls a log group through the real SDK and a
 * watched folder: no cursor is ahead of its data, and the next run makes everything whole.
 *
 * WHORAN_RUN_KILLS sets how often (default 5), WHORAN_KILL_SEED which.
 */
import { spawn } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsDouble, type AwsDouble } from '../fixtures/doubles/aws-json.ts';
import { Random } from '../fixtures/world/random.ts';
import { packageRoot } from '../src/core/package-root.ts';
import { openLandedBatches } from '../src/landing/landed-batches.ts';
import { pullLines } from '../src/landing/pull-log.ts';
import { openReader } from '../src/store/reader.ts';
import { buildProgram } from './built-program.ts';
import { doubled } from './staged-outcome.ts';

const KILLS = Number(process.env['WHORAN_RUN_KILLS'] ?? 5);
const SEED = process.env['WHORAN_KILL_SEED'] ?? '1';
const ACCOUNT = '111122223333';
const KEY = 'AKIADOUBLE0000000001';
const RECORDS = 400;
const FILES = 12;

const random = new Random(`run-kill/${SEED}`);
const began = Date.now();
const idOf = (number: number): string => `aaaaaaaa-0000-4000-8000-${String(number).padStart(12, '0')}`;

function record(number: number, at: number): string {
  return JSON.stringify({
    eventVersion: '1.11', eventID: idOf(number), eventTime: `${new Date(at).toISOString().slice(0, 19)}Z`, eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks',
    awsRegion: 'eu-central-1', recipientAccountId: ACCOUNT, userIdentity: { type: 'Root', accountId: ACCOUNT },
  });
}

let folder: string;
let program: string;
let double: AwsDouble;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-run-crash-'));
  program = buildProgram(join(folder, 'program'));
  copyFileSync(join(packageRoot(), 'test/kill-at.mjs'), join(folder, 'program', 'kill-at.mjs'));
  const events = Array.from({ length: RECORDS }, (_, number) => {
    const at = began - 86_000_000 + number * 200_000;
    return { id: String(number).padStart(56, '3'), stream: `${ACCOUNT}_CloudTrail_eu-central-1`, at, ingestedAt: at, message: record(number, at) };
  });
  double = await awsDouble({ now: () => Date.now(), keys: { [KEY]: ACCOUNT }, logs: { pageSize: 20, groups: [{ accountId: ACCOUNT, region: 'eu-central-1', name: 'trail', events: () => events }] } });
  mkdirSync(join(folder, 'watched'));
  for (let file = 0; file < FILES; file += 1) writeFileSync(join(folder, 'watched', `${file}.json`), `{"Records":[${record(RECORDS + file, began - 3_600_000)}]}`);
  writeFileSync(join(folder, 'whoran.yaml'), `
sources:
  - { type: cloudwatch-logs, id: trail, endpoint: '${double.url}', region: eu-central-1, account_id: '${ACCOUNT}', first_days: 1, groups: [{ name: trail, holds: cloudtrail }] }
  - { type: files, id: watched, path: '${join(folder, 'watched')}', quiet_seconds: 0 }
`);
}, 60_000);
afterAll(async () => {
  await double.close();
  rmSync(folder, { recursive: true });
});

async function run(data: string, env: Record<string, string>): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const log = openSync(join(folder, 'said'), 'w');
  const child = spawn(process.execPath, ['--import', join(folder, 'program', 'kill-at.mjs'), program, 'run', '--config', join(folder, 'whoran.yaml'), '--data', join(folder, data)], {
    cwd: folder, stdio: ['ignore', 'ignore', log],
    env: { PATH: process.env['PATH'] ?? '', AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: 'double', ...env },
  });
  closeSync(log);
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => { resolve({ code, signal }); });
  });
}

const said = (): string => readFileSync(join(folder, 'said'), 'utf8');

/** Every whole line of the pull log speaks of batches that are in the ledger, whole. */
function expectNoCursorAhead(data: string): void {
  const landed = openLandedBatches(join(folder, data));
  const batches = [...landed.batches()];
  for (const line of batches) landed.readBatch(line);
  for (const { ledger_seq: seq } of pullLines(join(folder, data))) expect(seq).toBeLessThanOrEqual(batches.length);
}

test(`the nightly job survives ${KILLS} kills: nothing is lost or doubled, and no cursor is ahead of its data`, async () => {
  const count = join(folder, 'steps');
  expect(await run('undisturbed', { KILL_COUNT: count }), said()).toEqual({ code: 0, signal: null });
  const steps = Number(readFileSync(count, 'utf8'));
  let killed = 0;
  for (let attempt = 0; killed < KILLS && attempt < 4 * KILLS; attempt += 1) {
    // Most of a job's steps are the database's; the pull stands at the beginning, and is killed as often as all the rest.
    const step = 1 + random.int(random.chance(0.5) ? Math.ceil(steps / 4) : steps);
    const ended = await run('killed', { KILL_AT: String(step), KILL_AFTER: random.chance(0.4) ? String(1 + random.int(60)) : '0' });
    if (ended.signal === 'SIGKILL') killed += 1;
    else expect(ended, said()).toEqual({ code: 0, signal: null });
    expectNoCursorAhead('killed');
    // What is published meanwhile is not what this is about: each attempt begins where the last one died, as long as it can.
    if (ended.signal === null) rmSync(join(folder, 'killed'), { recursive: true });
  }
  expect(await run('killed', {}), said()).toEqual({ code: 0, signal: null });
  expectNoCursorAhead('killed');
  const reader = await openReader(join(folder, 'killed'));
  try {
    expect(await doubled(reader.db)).toEqual([]);
    const ids = (await reader.db.all<{ event_id: string }>('select event_id from stg_events order by event_id')).map(({ event_id }) => event_id);
    expect(ids).toEqual(Array.from({ length: RECORDS + FILES }, (_, number) => idOf(number)));
    expect(await reader.db.all('select * from stg_rejects')).toEqual([]);
  } finally {
    reader.close();
  }
  process.stderr.write(`the nightly job survived ${killed} kills among ${steps} steps (seed ${SEED})\n`);
  expect(killed).toBe(KILLS);
}, 240_000);
