/**
 * Retention: what is due goes, from landing and from the database; its proofs stay; nothing that is left lies about it.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { deliver, makeWorld } from '../fixtures/world/index.ts';
import { configSchema } from '../src/config/config.ts';
import { recordRoot } from '../src/evidence/record-tree.ts';
import { openLandedBatches, RemovedError } from '../src/landing/landed-batches.ts';
import { Landing } from '../src/landing/landing.ts';
import { applyRetention, previewRetention } from '../src/pipeline/apply-retention.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { appendToJournal } from '../src/pipeline/journal.ts';
import type { Retained } from '../src/pipeline/retain.ts';
import { rebuild } from '../src/pipeline/rebuild.ts';
import { stage } from '../src/pipeline/stage.ts';
import { integrityFaults } from '../src/pipeline/watch-integrity.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';
import { stagedOutcome } from './staged-outcome.ts';

const world = makeWorld({ days: 3, eventsPerDay: 30 });
const DAY_MS = 86_400_000;
vi.setConfig({ testTimeout: 120_000 });
const sleep = async (): Promise<void> => Promise.resolve();
let folder: string;
let whole: string;
/** A copy whose retention is applied, and what that said; never changed by a test. */
let applied: string;
let retained: Retained;
/** When the records of the first half are more than ten days old, and those of the last day are not. */
let now: Date;
const config = configSchema.parse({ ...world.config, retention: { landed: { days: 10 } } });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-retention-'));
  whole = join(folder, 'whole');
  const { batches } = await deliver(world, join(folder, 'logs'), { forms: 'all', batches: 3, recordsPerObject: 20 });
  const first = await openWriter(whole);
  for (const path of batches) await ingest(first, [path], {});
  await bringUpToDate(first, config);
  await first.publishAndClose();
  const reader = await openReader(whole);
  const ends = await reader.db.all<{ ended_on: string }>("select strftime(max(event_at) at time zone 'UTC', '%Y-%m-%d') as ended_on from stg_events group by batch_seq order by ended_on");
  reader.close();
  // Ten days after the end of the first day that a batch ended on.
  now = new Date(Date.parse(ends[0]?.ended_on ?? '') + 11 * DAY_MS);
  applied = copy('applied');
  retained = await applyRetention(applied, config, { now, by: 'ada', sleep });
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function copy(name: string): string {
  const data = join(folder, name);
  cpSync(whole, data, { recursive: true });
  return data;
}

async function outcomeOf(data: string): Promise<Record<string, string[]>> {
  const reader = await openReader(data);
  try {
    return await stagedOutcome(reader.db);
  } finally {
    reader.close();
  }
}

function faultsOf(data: string): string[] {
  const landing = Landing.open(data);
  try {
    return integrityFaults(landing).map(({ file, line, message }) => `${file}, ${line}: ${message}`);
  } finally {
    landing.close();
  }
}

test('bytes go; ledger, hashes and the journal stay; the database is that of a rebuild; nothing is an alarm', async () => {
  const data = applied;
  const roots = new Map([...openLandedBatches(whole).batches()].map((line) => [line.seq, recordRoot(openLandedBatches(whole), line)]));
  const ledger = readFileSync(join(whole, 'landing', 'ledger.jsonl'));
  const preview = await previewRetention(whole, config, { now, by: 'ada', sleep });
  const files = readdirSync(join(whole, 'landing', 'batches')).length;
  expect(preview).toMatchObject({ is_dry_run: true, journal_seq: null });
  const gone = preview.layers[0]?.batches ?? 0;
  expect(gone).toBeGreaterThan(2);
  expect(gone).toBeLessThan(roots.size - 2);

  expect(retained).toEqual({ ...preview, is_dry_run: false, journal_seq: 1 });
  expect(readFileSync(join(data, 'landing', 'ledger.jsonl')).equals(ledger)).toBe(true);
  expect(readdirSync(join(data, 'landing', 'batches'))).toHaveLength(files - gone);
  expect([...openLandedBatches(data).decisions()]).toMatchObject([{ by: 'ada', action: 'landing.retain', detail: { landed_batches: gone } }]);

  const landed = openLandedBatches(data);
  let kept = 0;
  for (const line of landed.batches()) {
    const { isKept, root, records } = recordRoot(landed, line);
    expect([records, root.toString('hex')]).toEqual([roots.get(line.seq)?.records, roots.get(line.seq)?.root.toString('hex')]);
    if (!isKept) continue;
    kept += 1;
    expect(() => landed.readBatch(line)).toThrow(RemovedError);
  }
  expect(kept).toBe(gone);
  expect(faultsOf(data)).toEqual([]);

  const after = await outcomeOf(data);
  expect(after['stg_events']?.length).toBeGreaterThan(0);
  expect(after['stg_events']?.length).toBeLessThan((await outcomeOf(whole))['stg_events']?.length ?? 0);
  const rebuilt = join(folder, 'rebuilt');
  cpSync(data, rebuilt, { recursive: true });
  const writer = await rebuild(rebuilt);
  await bringUpToDate(writer, config, { all: true });
  await writer.publishAndClose();
  expect(await outcomeOf(rebuilt)).toEqual(after);
  // Nothing more is due, and nothing is written for it.
  expect(await applyRetention(rebuilt, config, { now, by: 'ada', sleep })).toMatchObject({ layers: [], journal_seq: null });
});

test('a source begins after the last record that went: older sessions have a gap, never an absent sign-in', async () => {
  const data = copy('gap');
  const only = configSchema.parse({ ...world.config, retention: { landed: { classes: { sign_ins: 10 } } } });
  const reasonsBefore = await reasons(data);
  const ofSignIns = await applyRetention(data, only, { now, by: 'ada', sleep });
  expect(ofSignIns.layers).toMatchObject([{ layer: 'landed' }]);
  const reader = await openReader(data);
  const wrong = await reader.db.all(
    `select s.source from stg_sources as s join (select tenant_id, sign_in_kind, max(created_at) as last_at from stg_sign_ins group by all) as r
     on r.tenant_id = s.tenant_id and r.sign_in_kind = s.sign_in_kind where s.source = 'sign_ins' and s.first_at is null`,
  );
  const firsts = await reader.db.all<{ removed: boolean }>(
    "select first_at > timestamptz '" + (ofSignIns.layers[0]?.last_at ?? '') + "' as removed from stg_sources where source = 'sign_ins'",
  );
  reader.close();
  expect(wrong).toEqual([]);
  expect(firsts.some(({ removed }) => removed)).toBe(true);
  const after = await reasons(data);
  expect(after['source_gap'] ?? 0).toBeGreaterThan(reasonsBefore['source_gap'] ?? 0);
  expect(after['sign_in_absent'] ?? 0).toBeLessThanOrEqual(reasonsBefore['sign_in_absent'] ?? 0);
});

async function reasons(data: string): Promise<Record<string, number>> {
  const reader = await openReader(data);
  const rows = await reader.db.all<{ reason: string; sessions: number }>('select reason, count(*) as sessions from cor_sessions where reason is not null group by reason');
  reader.close();
  return Object.fromEntries(rows.map(({ reason, sessions }) => [reason, sessions]));
}

test('of the database alone: landing stays whole, and staging leaves out what is due', async () => {
  const data = copy('database');
  const only = configSchema.parse({ ...world.config, retention: { database: { days: 10 } } });
  const files = readdirSync(join(data, 'landing', 'batches')).length;
  const ofDatabase = await applyRetention(data, only, { now, by: 'ada', sleep });
  expect(ofDatabase.layers).toMatchObject([{ layer: 'database', bytes: 0 }]);
  expect(readdirSync(join(data, 'landing', 'batches'))).toHaveLength(files);
  expect(faultsOf(data)).toEqual([]);
  expect(await outcomeOf(data)).toEqual(await outcomeOf(applied));
  // Later its bytes are due as well.
  expect(await applyRetention(data, config, { now, by: 'ada', sleep })).toMatchObject({ layers: [{ layer: 'landed', batches: ofDatabase.layers[0]?.batches }] });
  expect(await outcomeOf(data)).toEqual(await outcomeOf(applied));
});

test('what a hold names stays, and is counted', async () => {
  const data = copy('held');
  await appendToJournal(data, '2026-01-01T00:00:00.000Z', () => [{ by: 'counsel', action: 'hold.add', subject: 'hold-1', reason: 'case 7', detail: { source: 'files' } }], sleep);
  const due = (await previewRetention(whole, config, { now, by: 'ada', sleep })).layers[0]?.batches;
  expect(await applyRetention(data, config, { now, by: 'ada', sleep })).toMatchObject({ layers: [], held: [{ hold: 'hold-1', batches: due }], journal_seq: null });
  await appendToJournal(data, '2026-01-02T00:00:00.000Z', () => [{ by: 'counsel', action: 'hold.release', subject: 'hold-1', reason: 'closed', detail: {} }], sleep);
  expect(await applyRetention(data, config, { now, by: 'ada', sleep })).toMatchObject({ layers: [{ batches: due }], held: [] });
});

test('stopped between its line and its bytes, it is finished by whoever writes next', async () => {
  const data = applied;
  const done = await outcomeOf(data);
  const torn = copy('torn');
  // As after a kill right behind the line: journal, log and hashes are there, bytes and database still as before.
  for (const name of ['journal.jsonl', 'removals.jsonl', 'leaves']) cpSync(join(data, 'landing', name), join(torn, 'landing', name), { recursive: true });
  const landed = openLandedBatches(torn);
  const [line] = [...landed.batches()].filter(({ seq }) => landed.removals.of(seq)?.isLeftOut);
  expect(() => landed.readBatch(line!)).toThrow(/kept no more/);
  const writer = await openWriter(torn);
  expect(writer.repairs.join('\n')).toMatch(/finished a removal that was noted.*\n*.*made again from what is left|made again from what is left[^]*finished a removal/);
  await stage(writer);
  await bringUpToDate(writer, config);
  await writer.publishAndClose();
  expect(await outcomeOf(torn)).toEqual(done);
  expect(readdirSync(join(torn, 'landing', 'batches'))).toEqual(readdirSync(join(data, 'landing', 'batches')));
  // Nothing of the publication before is left, which held what went.
  expect(readdirSync(join(torn, 'store')).filter((name) => name.startsWith('state-'))).toHaveLength(1);
});

test('stopped before its line, it is undone; a batch that is gone without a line is an alarm, and so is a line without a decision', async () => {
  const data = copy('undone');
  cpSync(join(applied, 'landing', 'leaves'), join(data, 'landing', 'leaves'), { recursive: true });
  const writer = await openWriter(data);
  expect(writer.repairs.join('\n')).toContain('undid a removal');
  writer.close();
  expect(readdirSync(join(data, 'landing', 'leaves'))).toEqual([]);

  const forged = copy('forged');
  cpSync(join(applied, 'landing', 'removals.jsonl'), join(forged, 'landing', 'removals.jsonl'));
  expect(faultsOf(forged).join('\n')).toContain('the journal has no such decision');
  const missing = join(applied, 'landing', 'removals.jsonl');
  const lines = readFileSync(missing, 'utf8');
  writeFileSync(missing, '');
  expect(faultsOf(applied).filter((fault) => fault.includes('it is gone')).length).toBeGreaterThan(2);
  writeFileSync(missing, lines);
});
