/**
 * Killed at any moment of a removal, an import or an erasure: the next command finishes or undoes it, and nothing is ever missing without a word.
 *
 * As test/crash.test.ts: WHORAN_KILLS sets how often (default 2 each), WHORAN_KILL_SEED which.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../fixtures/world/random.ts';
import { packageRoot } from '../src/core/package-root.ts';
import { exportData } from '../src/pipeline/export.ts';
import { stage } from '../src/pipeline/stage.ts';
import { integrityFaults } from '../src/pipeline/watch-integrity.ts';
import { openLandedBatches } from '../src/landing/landed-batches.ts';
import { chainFaults } from '../src/landing/chain-log.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';
import { buildProgram } from './built-program.ts';

const KILLS = Number(process.env['WHORAN_KILLS'] ?? 2);
const SEED = process.env['WHORAN_KILL_SEED'] ?? '1';
const random = new Random(`keeping/${SEED}`);
let folder: string;
let program: string;
let config: string;

/** One CloudTrail record of a day long past, or of today. */
function record(number: number, at: string): string {
  return JSON.stringify({
    eventVersion: '1.11', userIdentity: { type: 'IAMUser', principalId: 'AIDAEXAMPLE', arn: 'arn:aws:iam::111122223333:user/ada', accountId: '111122223333', accessKeyId: 'AKIAEXAMPLEEXAMPLE00', userName: 'ada' },
    eventTime: at, eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks', awsRegion: 'eu-central-1', sourceIPAddress: '192.0.2.7', userAgent: 'test',
    requestParameters: null, responseElements: null, eventID: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`, readOnly: true, eventType: 'AwsApiCall', managementEvent: true, recipientAccountId: '111122223333', eventCategory: 'Management',
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-keeping-crash-'));
  program = buildProgram(join(folder, 'program'));
  copyFileSync(join(packageRoot(), 'test/kill-at.mjs'), join(folder, 'program', 'kill-at.mjs'));
  config = join(folder, 'whoran.yaml');
  writeFileSync(config, 'retention:\n  landed:\n    days: 400\n');
  const writer = await openWriter(join(folder, 'data'), { threads: 1 });
  const today = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
  for (let number = 1; number <= 6; number++) {
    await writer.landing.land({ source: 'files', form: 'file', origin: `logs/${number}.json`, bytes: Buffer.from(`${record(number, number <= 4 ? '2024-01-15T10:00:00Z' : today)}\n`) });
  }
  await stage(writer);
  await writer.publishAndClose();
  await exportData(join(folder, 'data'), join(folder, 'export'), { now: new Date(), version: '0.0.0' });
}, 240_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
}, 60_000);

function run(args: readonly string[], env: Record<string, string> = {}): { status: number | null; signal: NodeJS.Signals | null; said: string } {
  const { status, signal, stderr } = spawnSync(process.execPath, ['--import', join(folder, 'program', 'kill-at.mjs'), program, ...args, '--config', config], { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', ...env } });
  return { status, signal, said: stderr };
}

/** How many steps a command takes when nobody disturbs it. */
function stepsOf(args: readonly string[]): number {
  const count = join(folder, 'steps');
  const { status, said } = run(args, { KILL_COUNT: count });
  expect([status, said]).toEqual([0, expect.any(String)]);
  return Number(readFileSync(count, 'utf8'));
}

/** Faults of landing, its chains and its batches, as they lie. */
function faults(data: string): string[] {
  const folderOf = join(data, 'landing');
  const landed = openLandedBatches(data);
  return integrityFaults({
    folder: folderOf,
    batches: () => landed.batches(),
    *faults() {
      for (const name of ['ledger.jsonl', 'journal.jsonl', 'removals.jsonl']) for (const fault of chainFaults(join(folderOf, name))) yield `${name}, ${fault}`;
    },
  }).map(({ file, message }) => `${file}: ${message}`);
}

async function events(data: string): Promise<string[]> {
  const reader = await openReader(data);
  const rows = await reader.db.all<{ event_id: string }>('select event_id from stg_events order by event_id');
  reader.close();
  return rows.map(({ event_id }) => event_id.slice(-1));
}

test(`retention, killed ${KILLS} times`, async () => {
  cpSync(join(folder, 'data'), join(folder, 'undisturbed'), { recursive: true });
  const steps = stepsOf(['retain', '--apply', '--data', join(folder, 'undisturbed')]);
  expect(await events(join(folder, 'undisturbed'))).toEqual(['5', '6']);
  for (let kill = 0; kill < KILLS; kill++) {
    const data = join(folder, `retain-${kill}`);
    cpSync(join(folder, 'data'), data, { recursive: true });
    const at = 1 + random.int(steps);
    expect([at, run(['retain', '--apply', '--data', data], { KILL_AT: String(at) }).signal]).toEqual([at, 'SIGKILL']);
    // Whoever writes next finishes or undoes it.
    expect(run(['correlate', '--data', data])).toMatchObject({ status: 0 });
    expect([at, faults(data)]).toEqual([at, []]);
    const left = openLandedBatches(data);
    const there = [...left.batches()].filter(({ seq }) => left.removals.of(seq) === undefined).map(({ seq }) => String(seq));
    expect([at, await events(data)]).toEqual([at, there]);
    expect(['1,2,3,4,5,6', '5,6']).toContain(there.join(','));
    expect(run(['retain', '--apply', '--data', data])).toMatchObject({ status: 0 });
    expect(await events(data)).toEqual(['5', '6']);
    expect(readdirSync(join(data, 'landing', 'batches'))).toEqual(readdirSync(join(folder, 'undisturbed', 'landing', 'batches')));
  }
}, 300_000);

test(`import, killed ${KILLS} times`, async () => {
  const steps = stepsOf(['import', join(folder, 'export'), '--data', join(folder, 'imported')]);
  for (let kill = 0; kill < KILLS; kill++) {
    const data = join(folder, `import-${kill}`);
    const at = 1 + random.int(steps);
    expect([at, run(['import', join(folder, 'export'), '--data', data], { KILL_AT: String(at) }).signal]).toEqual([at, 'SIGKILL']);
    // In place whole, or not at all.
    if (existsSync(join(data, 'landing'))) expect([at, faults(data), [...openLandedBatches(data).batches()].length]).toEqual([at, [], 6]);
    expect(run(['import', join(folder, 'export'), '--data', data])).toMatchObject({ status: 0 });
    expect(faults(data)).toEqual([]);
    expect(await events(data)).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(readdirSync(folder).filter((name) => name.includes('.importing-'))).toEqual([]);
  }
}, 300_000);

test(`an erasure over two deliveries, killed ${KILLS} times: both name the person, or neither does`, async () => {
  const shared = join(folder, 'shared');
  const writer = await openWriter(shared, { threads: 1 });
  const bob = (number: number): string => record(number, '2026-01-15T10:00:00Z').replaceAll('ada', 'bob@example.com');
  const ada = (number: number): string => record(number, '2026-01-15T10:00:00Z').replaceAll('ada', 'ada@example.com');
  for (const first of [1, 3]) await writer.landing.land({ source: 'files', form: 'file', origin: `logs/${first}.json`, bytes: Buffer.from(`${bob(first)}\n${ada(first + 1)}\n`) });
  await stage(writer);
  await writer.publishAndClose();
  const erase = ['erase', '--person', 'ada@example.com', '--apply', '--reason', 'request 2026-17', '--data'];
  const naming = (data: string, name: string): number => {
    const batches = join(data, 'landing', 'batches');
    return readdirSync(batches).filter((file) => readFileSync(join(batches, file), 'latin1').includes(name)).length;
  };
  const undisturbed = join(folder, 'erased');
  cpSync(shared, undisturbed, { recursive: true });
  const steps = stepsOf([...erase, undisturbed]);
  expect([naming(undisturbed, 'ada@example.com'), naming(undisturbed, 'bob@example.com')]).toEqual([0, 2]);
  for (let kill = 0; kill < KILLS; kill++) {
    const data = join(folder, `erase-${kill}`);
    cpSync(shared, data, { recursive: true });
    const at = 1 + random.int(steps);
    expect([at, run([...erase, data], { KILL_AT: String(at) }).signal]).toEqual([at, 'SIGKILL']);
    // Whoever writes next finishes or undoes it.
    expect(run(['correlate', '--data', data])).toMatchObject({ status: 0 });
    expect([at, faults(data)]).toEqual([at, []]);
    const left = naming(data, 'ada@example.com');
    expect([0, 2]).toContain(left);
    expect([at, await events(data)]).toEqual([at, left === 2 ? ['1', '2', '3', '4'] : ['1', '3']]);
    expect(run([...erase, data])).toMatchObject({ status: 0 });
    expect([at, faults(data), await events(data), naming(data, 'ada@example.com'), naming(data, 'bob@example.com')]).toEqual([at, [], ['1', '3'], 0, 2]);
    expect(readdirSync(join(data, 'landing', 'batches'))).toEqual(readdirSync(join(undisturbed, 'landing', 'batches')));
  }
}, 300_000);
