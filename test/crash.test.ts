/**
 * Killed at any moment, started again: nothing lost, nothing doubled, the database never half-published.
 *
 * The program runs as a process of its own and is killed (SIGKILL) at steps chosen at random among all that it does to files
 * and asks of the database; test/kill-at.mjs says how. WHORAN_KILLS sets how often (default 6), WHORAN_KILL_SEED which.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliver, makeWorld, type Delivery } from '../fixtures/world/index.ts';
import { Random } from '../fixtures/world/random.ts';
import { packageRoot } from '../src/core/package-root.ts';
import { openLandedBatches } from '../src/landing/landed-batches.ts';
import { openLanding } from '../src/landing/landing.ts';
import { datedContent } from '../src/landing/framing/graph-page.ts';
import { openReader } from '../src/store/reader.ts';
import { readManifest } from '../src/store/manifest.ts';
import { buildProgram } from './built-program.ts';
import { doubled, stagedOutcome } from './staged-outcome.ts';

const KILLS = Number(process.env['WHORAN_KILLS'] ?? 6);
const SEED = process.env['WHORAN_KILL_SEED'] ?? '1';
const BATCHES = 2;

const world = makeWorld({ days: 1, eventsPerDay: 80, stories: false, liars: false });
const random = new Random(`kill/${SEED}`);

let folder: string;
let program: string;
let delivery: Delivery;
/** Of an undisturbed run, after each batch: how many events are published, and how many steps it took. */
const published: number[] = [0];
const steps: number[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-crash-'));
  program = buildProgram(join(folder, 'program'));
  copyFileSync(join(packageRoot(), 'test/kill-at.mjs'), join(folder, 'program', 'kill-at.mjs'));
  delivery = await deliver(world, join(folder, 'logs'), { forms: 'all', duplicate: 0.3, reorder: true, batches: BATCHES });
  for (const batch of delivery.batches) {
    const count = join(folder, 'steps');
    expect(await run('undisturbed', batch, { KILL_COUNT: count }), said()).toEqual({ code: 0, signal: null });
    steps.push(Number(readFileSync(count, 'utf8')));
    published.push(await events('undisturbed'));
  }
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
}, 60_000);

/** Runs `whoran ingest` on one batch, correlating the last one too; told how it ended. While it runs, `meanwhile` is called again and again. */
async function run(data: string, batch: string, env: Record<string, string>, meanwhile?: () => Promise<void>): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const isLast = batch === delivery.batches.at(-1);
  const log = openSync(join(folder, 'said'), 'w');
  const child = spawn(process.execPath, ['--import', join(folder, 'program', 'kill-at.mjs'), program, 'ingest', batch, '--data', join(folder, data), ...(isLast ? [] : ['--no-correlate'])], {
    cwd: folder, stdio: ['ignore', 'ignore', log], env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  closeSync(log);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
  while (meanwhile && child.exitCode === null && child.signalCode === null) {
    await meanwhile();
    await Promise.race([ended, sleep(400)]);
  }
  return ended;
}

/** What the last run wrote to standard error. */
const said = (): string => readFileSync(join(folder, 'said'), 'utf8');

async function events(data: string): Promise<number> {
  const reader = await openReader(join(folder, data));
  try {
    const row = await reader.db.get<{ n: number }>('select (select count(*) from stg_events) as n, (select count(*) from stg_deliveries) as deliveries');
    return row?.n ?? -1;
  } finally {
    reader.close();
  }
}

/** What is published is what one of the last two batches left, whole; what the ledger says is landed is there. */
async function expectWhole(data: string, batch: number): Promise<void> {
  if (!existsSync(join(folder, data, 'store', 'manifest.json'))) expect(batch).toBe(0);
  else expect([published[batch], published[batch + 1]]).toContain(await events(data));
  const landed = openLandedBatches(join(folder, data));
  for (const line of landed.batches()) {
    landed.readBatch(line);
    if (line.form === 'trail_objects') landed.packIndex(line);
  }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test(`survives ${KILLS} kills`, async () => {
  const survived = { total: 0, unpublished: 0, atOnce: 0, later: 0 };
  for (let batch = 0; batch < BATCHES; batch++) {
    const path = delivery.batches[batch]!;
    const wanted = Math.ceil((KILLS * (batch + 1)) / BATCHES);
    for (let attempts = 0; survived.total < wanted && attempts < 4 * KILLS; attempts++) {
      const after = random.chance(0.4) ? 1 + random.int(60) : 0;
      // A run that goes on where another was killed has fewer steps.
      const step = 1 + random.int(Math.ceil(steps[batch]! * (attempts === 0 ? 1 : 0.8)));
      const ended = await run('killed', path, { KILL_AT: String(step), KILL_AFTER: String(after) }, async () => expectWhole('killed', batch));
      if (ended.signal === 'SIGKILL') {
        survived.total += 1;
        survived[after > 0 ? 'later' : 'atOnce'] += 1;
        if ((readManifest(join(folder, 'killed'))?.staged_through_seq ?? 0) < lastSeq()) survived.unpublished += 1;
      } else expect(ended, said()).toEqual({ code: 0, signal: null });
      await expectWhole('killed', batch);
    }
    expect(await run('killed', path, {}), said()).toEqual({ code: 0, signal: null });
    expect(await events('killed')).toBe(published[batch + 1]);
  }
  process.stderr.write(`survived ${survived.total} kills (seed ${SEED}): ${survived.atOnce} at a step, ${survived.later} within one; ${survived.unpublished} with landed batches that were not published\n`);
  expect(survived.total).toBeGreaterThanOrEqual(KILLS);
  expect(survived.unpublished).toBeGreaterThan(0);
}, 180_000);

function lastSeq(): number {
  return [...openLandedBatches(join(folder, 'killed')).batches()].at(-1)?.seq ?? 0;
}

test('then every file is landed once, in a whole chain, and no other bytes', () => {
  const landing = openLanding(join(folder, 'killed'));
  try {
    expect(landing.repairs).toEqual([]);
    expect([...landing.faults()]).toEqual([]);
    const landed = [...landing.batches()].flatMap((line) => (line.form === 'trail_objects' ? landing.packIndex(line).map((entry) => entry.sha256) : [line.sha256]));
    // A directory's listing is of its day: the same bytes under another date are another delivery.
    const distinct = new Map(delivery.files.map(({ path }) => {
      const bytes = readFileSync(path);
      return [sha256(datedContent(bytes, path) ?? bytes), sha256(bytes)] as const;
    }));
    expect(landed.sort()).toEqual([...distinct.values()].sort());
    const named = [...landing.batches()].flatMap(({ seq, form }) => (form === 'trail_objects' ? ['pack.gz', 'index.jsonl'] : ['batch']).map((end) => `${String(seq).padStart(9, '0')}.${end}`));
    expect(readdirSync(join(folder, 'killed', 'landing', 'batches')).sort()).toEqual(named.sort());
  } finally {
    landing.close();
  }
});

test('and what is staged is what an undisturbed run stages', async () => {
  const [killed, undisturbed] = [await openReader(join(folder, 'killed')), await openReader(join(folder, 'undisturbed'))];
  try {
    expect(await doubled(killed.db)).toEqual([]);
    const [one, other] = [await stagedOutcome(killed.db), await stagedOutcome(undisturbed.db)];
    for (const relation of Object.keys(other)) expect(one[relation], relation).toEqual(other[relation]);
    expect(one['stg_events']!.length).toBeGreaterThan(60);
  } finally {
    killed.close();
    undisturbed.close();
  }
});
