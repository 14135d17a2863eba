/**
 * ATTRIBUTION §5, invariant 1, for staging: whatever the order and the batches in which files come, however many copies of a
 * record in however many forms, the staged tables are the same.
 */
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliver, makeWorld, type Delivery } from '../fixtures/world/index.ts';
import { Random } from '../fixtures/world/random.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openWriter } from '../src/store/writer.ts';
import { doubled, stagedOutcome } from './staged-outcome.ts';

const world = makeWorld({ days: 2, eventsPerDay: 30 });

let folder: string;
let delivery: Delivery;
let registry: string;
let inOrder: Record<string, string[]>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-order-'));
  delivery = await deliver(world, join(folder, 'logs'), { forms: 'all', duplicate: 0.5, reorder: true, batches: 3, recordsPerObject: 100 });
  registry = join(folder, 'registry.csv');
  writeFileSync(registry, world.registry.csv());
  inOrder = await ingested('in-order', delivery.batches);
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
}, 60_000);

/** Ingests folders one after another, each as a run of its own, and gives what is staged then. */
async function ingested(name: string, folders: readonly string[]): Promise<Record<string, string[]>> {
  const data = join(folder, name);
  for (const one of folders) {
    const writer = await openWriter(data);
    await ingest(writer, [one]);
    await writer.publishAndClose();
  }
  const writer = await openWriter(data);
  try {
    await ingest(writer, [registry], { isRegistry: true });
    expect(await doubled(writer.db)).toEqual([]);
    return await stagedOutcome(writer.db);
  } finally {
    await writer.publishAndClose();
  }
}

/** The same files under folders whose names put them into another order, dealt out over several batches. */
function shuffled(seed: number, batches: number): string[] {
  const random = new Random(`order/${seed}`);
  const top = join(folder, `shuffled-${seed}`);
  const folders = Array.from({ length: batches }, (_, batch) => join(top, `batch-${batch}`));
  for (const [number, file] of random.shuffle([...delivery.files]).entries()) {
    const path = join(folders[random.int(batches)]!, String(number).padStart(5, '0'), relative(folder, file.path));
    mkdirSync(dirname(path), { recursive: true });
    linkSync(file.path, path);
  }
  return folders;
}

/** What comes from live sources alone, or nearly; the world delivers files. test/directory-snapshots and test/staging-live-forms shuffle these. */
const LIVE_ONLY = new Set(['stg_directory_objects', 'stg_application_logs']);

test('the world is worth comparing', () => {
  for (const [relation, rows] of Object.entries(inOrder).filter(([name]) => !LIVE_ONLY.has(name))) expect(rows.length, relation).toBeGreaterThan(relation === 'stg_addenda' ? 0 : 3);
});

test.each([[1, 1], [2, 3], [3, 2]])('shuffled with seed %d over %d batches, the same is staged', async (seed, batches) => {
  const other = await ingested(`data-${seed}`, shuffled(seed, batches));
  for (const relation of Object.keys(inOrder)) expect(other[relation], relation).toEqual(inOrder[relation]);
}, 120_000);
