/**
 * ATTRIBUTION §5, invariant 2: after several runs, throwing the database away and making it again from the landed batches
 * gives the same, down to every count; and landing stays as it is.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliver, makeWorld } from '../fixtures/world/index.ts';
import { configSchema } from '../src/config/config.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { rebuild } from '../src/pipeline/rebuild.ts';
import { openReader, type Reader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';
import { lines, stagedOutcome } from './staged-outcome.ts';

const world = makeWorld({ days: 2, eventsPerDay: 60 });
const config = configSchema.parse(world.config);

/** How far correlation came, and when: no part of the outcome. */
const NO_OUTCOME = ['cor_state'];

let folder: string;
let data: string;
let before: Outcome;
let after: Outcome;

interface Outcome {
  readonly staged: Record<string, string[]>;
  readonly counts: Record<string, string[]>;
  readonly correlated: Record<string, string[]>;
  readonly landing: readonly string[];
}

async function outcome(reader: Reader): Promise<Outcome> {
  const { db } = reader;
  const tables = await db.all<{ name: string }>(
    `select table_name as name from duckdb_tables() where starts_with(table_name, 'cor_') or table_name = 'findings' order by name`,
  );
  const correlated: Record<string, string[]> = {};
  for (const { name } of tables.filter((table) => !NO_OUTCOME.includes(table.name))) {
    const query = `select columns(c -> c not in ('batch_seq', 'member', 'record_number', 'record_sha256')) from ${name}`;
    correlated[name] = await lines(db, name === 'cor_sign_ins' ? `select * exclude (batch_seq, member, record_number) from ${name}` : query);
  }
  const counts: Record<string, string[]> = {};
  for (const name of ['stg_deliveries', 'stg_rejects']) counts[name] = await lines(db, `select * from ${name}`);
  return { staged: await stagedOutcome(db), counts, correlated, landing: fingerprints(join(data, 'landing')) };
}

function fingerprints(at: string): string[] {
  const files = readdirSync(at, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => `${entry.name} ${createHash('sha256').update(readFileSync(join(entry.parentPath, entry.name))).digest('hex')}`).sort();
}

async function published(): Promise<Outcome> {
  const reader = await openReader(data);
  try {
    return await outcome(reader);
  } finally {
    reader.close();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-rebuild-'));
  data = join(folder, 'data');
  const { batches } = await deliver(world, join(folder, 'logs'), { forms: 'all', duplicate: 0.4, reorder: true, batches: 3, recordsPerObject: 40 });
  const registry = join(folder, 'registry.csv');
  writeFileSync(registry, world.registry.csv());
  for (const [paths, isRegistry] of [[[batches[0]!], false], [[registry], true], [[batches[1]!], false], [[batches[2]!], false]] as const) {
    const writer = await openWriter(data);
    await ingest(writer, paths, { isRegistry });
    await bringUpToDate(writer, config);
    await writer.publishAndClose();
  }
  before = await published();
  const writer = await rebuild(data);
  await bringUpToDate(writer, config, { all: true });
  await writer.publishAndClose();
  after = await published();
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
}, 60_000);

test('there is something to compare', () => {
  for (const name of ['cor_sessions', 'cor_task_launchers', 'cor_sign_in_candidates', 'findings']) expect(before.correlated[name]!.length, name).toBeGreaterThan(0);
  expect(before.counts['stg_deliveries']!.length).toBeGreaterThan(300);
});

test('every staged table is the same', () => {
  for (const [relation, rows] of Object.entries(before.staged)) expect(after.staged[relation], relation).toEqual(rows);
});

test('every delivery has the same counts, every reject its place and reason', () => {
  for (const [relation, rows] of Object.entries(before.counts)) expect(after.counts[relation], relation).toEqual(rows);
});

test('every correlated table and every finding is the same', () => {
  expect(Object.keys(after.correlated)).toEqual(Object.keys(before.correlated));
  for (const [relation, rows] of Object.entries(before.correlated)) expect(after.correlated[relation], relation).toEqual(rows);
});

test('landing is as it was', () => {
  expect(after.landing).toEqual(before.landing);
});
