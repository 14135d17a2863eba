/**
 * Erasure of one person: no byte of the data folder names them afterwards but for what the command says stays; what is left proves what it
 * proved; and nobody takes it for tampering.
 */
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { deliver, makeWorld } from '../fixtures/world/index.ts';
import { configSchema } from '../src/config/config.ts';
import { checkAgainstData } from '../src/evidence/check-data.ts';
import { LogTree } from '../src/evidence/log-tree.ts';
import { batchRecords, recordRoot, treeOf } from '../src/evidence/record-tree.ts';
import { gunzipWithin } from '../src/landing/gunzip.ts';
import { openLandedBatches } from '../src/landing/landed-batches.ts';
import { Landing } from '../src/landing/landing.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { applyErasure, previewErasure, type Erasure, type ErasureReceipt } from '../src/pipeline/erasure.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { appendToJournal } from '../src/pipeline/journal.ts';
import { integrityFaults } from '../src/pipeline/watch-integrity.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';
import type { Manifest } from '../src/verifier/manifest.ts';

vi.setConfig({ testTimeout: 120_000 });
const world = makeWorld({ days: 2, eventsPerDay: 20 });
const config = configSchema.parse(world.config);
const sleep = async (): Promise<void> => Promise.resolve();
const options = { now: new Date('2026-06-01T00:00:00Z'), by: 'privacy officer', reason: 'request 2026-17', sleep };
let folder: string;
let data: string;
let person: string;
let before: Erasure;
let receipt: ErasureReceipt | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-erasure-'));
  data = join(folder, 'data');
  const { batches } = await deliver(world, join(folder, 'logs'), { forms: 'all', batches: 1, recordsPerObject: 20 });
  const writer = await openWriter(data);
  for (const path of batches) await ingest(writer, [path], {});
  await bringUpToDate(writer, config);
  await writer.publishAndClose();
  // Somebody who ran tasks, and whose name is known.
  person = (await query<{ name: string }>(
    `select i.user_principal_name as name from cor_tasks as t join cor_identities as i on i.tenant_id = t.who_tenant_id and i.object_id = t.who_object_id
     where t.how = 'ran' and t.is_traced and i.kind = 'person' and i.user_principal_name is not null group by i.user_principal_name order by count(*) desc, i.user_principal_name limit 1`,
  ))[0]?.name ?? '';
  await appendToJournal(data, '2026-05-01T00:00:00.000Z', () => [{ by: 'Bob', action: 'finding.note', subject: 'finding-1', reason: `talked to ${person.toUpperCase()}`, detail: {} }], sleep);
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

async function query<Row>(sql: string): Promise<Row[]> {
  const reader = await openReader(data);
  try {
    return await reader.db.all<Row>(sql);
  } finally {
    reader.close();
  }
}

/** Tasks with whom they lead back to. */
async function tasks(): Promise<Map<string, { who_object_id: string | null; confidence: string; reason: string | null }>> {
  const rows = await query<{ task_key: string; who_object_id: string | null; confidence: string; reason: string | null }>('select task_key, who_object_id, confidence, reason from cor_tasks');
  return new Map(rows.map(({ task_key: key, ...row }) => [key, row]));
}

/** Where any of the texts stands, in any case: files of the folder, members of packs unpacked, and cells of the database. */
async function placesOf(texts: readonly string[]): Promise<string[]> {
  const isIn = (bytes: Buffer): boolean => { const text = bytes.toString('utf8').toLowerCase(); return texts.some((one) => text.includes(one)); };
  const places: string[] = [];
  for (const entry of readdirSync(data, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    for (const [number, line] of bytes.toString('latin1').split('\n').entries()) if (isIn(Buffer.from(line, 'latin1'))) places.push(`${path.slice(data.length + 1)}:${number + 1}`);
  }
  const landed = openLandedBatches(data);
  for (const line of landed.batches()) {
    const members = line.form === 'trail_objects' ? landed.packIndex(line).map(({ member }) => member) : [0];
    for (const member of members) if (isIn(gunzipWithin(landed.readMember(line.seq, member).bytes))) places.push(`batch ${line.seq}, member ${member}`);
  }
  const relations = await query<{ name: string }>("select table_name as name from information_schema.tables where table_schema = 'main' order by name");
  for (const { name } of relations) {
    const cells = await query<{ rows: number }>(`select count(*) as rows from ${name} as t where ${texts.map((text) => `contains(lower(cast(to_json(t) as varchar)), '${text}')`).join(' or ')}`);
    if ((cells[0]?.rows ?? 0) > 0) places.push(`table ${name}`);
  }
  return places;
}

test('a dry run changes nothing; a hold, a reason and a decider that name the person are refused', async () => {
  const files = readdirSync(data, { recursive: true }).sort();
  before = await previewErasure(data, { ...options, person });
  expect(before).toMatchObject({ is_dry_run: true, journal_seq: null, held: [], deliveries: { taken_along: 0, unreadable: [] }, stays: { logs: [{ file: 'landing/journal.jsonl', lines: 1 }] } });
  expect(before.deliveries.erased).toBeGreaterThan(5);
  expect(before.deliveries.left).toBeGreaterThan(0);
  const kinds = new Set(before.names.filter(({ left_because: why }) => why === null).map(({ kind }) => kind));
  for (const kind of ['object_id', 'user_principal_name', 'display_name', 'subject'] as const) expect([kind, kinds.has(kind)]).toEqual([kind, true]);
  expect(readdirSync(data, { recursive: true }).sort()).toEqual(files);
  await expect(applyErasure(data, config, { ...options, person, reason: `request of ${person}` })).rejects.toThrow('--reason names the person');
  await expect(applyErasure(data, config, { ...options, person, by: before.object_id ?? '' })).rejects.toThrow('--by names the person');
  await appendToJournal(data, '2026-05-02T00:00:00.000Z', () => [{ by: 'counsel', action: 'hold.add', subject: 'hold-1', reason: 'case 7', detail: { identity: before.object_id } }], sleep);
  expect((await previewErasure(data, { ...options, person })).held).toMatchObject([{ hold: 'hold-1' }]);
  await expect(applyErasure(data, config, { ...options, person })).rejects.toMatchObject({ message: expect.stringContaining('hold-1 keeps') as string, exitCode: 2 });
  await appendToJournal(data, '2026-05-03T00:00:00.000Z', () => [{ by: 'counsel', action: 'hold.release', subject: 'hold-1', reason: 'closed', detail: {} }], sleep);
});

test('afterwards no byte names the person but for what was said to stay; what is left proves what it proved', async () => {
  const landed = openLandedBatches(data);
  const roots = new Map([...landed.batches()].map((line) => [line.seq, recordRoot(landed, line)]));
  const heads = { ledger: new LogTree(join(data, 'landing/ledger.jsonl')).head, journal: new LogTree(join(data, 'landing/journal.jsonl')).head };
  const ledger = readFileSync(join(data, 'landing/ledger.jsonl'));
  const tasksBefore = await tasks();
  const expected = await previewErasure(data, { ...options, person });
  const texts = expected.names.filter(({ left_because: why }) => why === null).map(({ text }) => text);
  expect((await placesOf(texts)).length).toBeGreaterThan(10);

  const erasure = await applyErasure(data, config, { ...options, person, receipt: (given) => { receipt = given; } });
  expect(erasure).toEqual({ ...expected, is_dry_run: false, journal_seq: 4 });
  // The note about the finding, and the hold.
  expect(erasure.stays.logs).toEqual([{ file: 'landing/journal.jsonl', lines: 2 }]);
  expect(await placesOf(texts)).toEqual(['landing/journal.jsonl:1', 'landing/journal.jsonl:2']);

  // The journal says it, and names nobody; with the key, and a name, it can be told that it is this person.
  const decision = [...openLandedBatches(data).decisions()].at(-1);
  expect(decision).toMatchObject({ seq: 4, action: 'landing.erase', by: 'privacy officer', reason: 'request 2026-17', detail: { landed_batches: erasure.deliveries.changed, records: erasure.deliveries.erased } });
  expect(decision?.detail['person_hmac_sha256']).toContain(createHmac('sha256', Buffer.from(receipt?.key ?? '', 'hex')).update(person).digest('hex'));

  // No alarm, the same ledger, the same trees: by the kept hashes where something went, by the bytes elsewhere.
  const after = Landing.open(data);
  expect(after.repairs).toEqual([]);
  expect(integrityFaults(after)).toEqual([]);
  after.close();
  expect(readFileSync(join(data, 'landing/ledger.jsonl')).equals(ledger)).toBe(true);
  const left = openLandedBatches(data);
  let changed = 0;
  for (const line of left.batches()) {
    const { root, records, isKept } = recordRoot(left, line);
    expect([line.seq, records, root.toString('hex')]).toEqual([line.seq, roots.get(line.seq)?.records, roots.get(line.seq)?.root.toString('hex')]);
    if (!isKept) continue;
    changed += 1;
    const { hashes } = batchRecords(left, line, new Set());
    expect(treeOf(hashes).root.equals(root)).toBe(true);
  }
  expect(changed).toBe(erasure.deliveries.changed);
  const bundle = join(folder, 'bundle');
  mkdirSync(join(bundle, 'proofs'), { recursive: true });
  writeFileSync(join(bundle, 'proofs/batches.jsonl'), [...roots].map(([batch, { records, root }]) => `${JSON.stringify({ batch, records, record_root: root.toString('hex') })}\n`).join(''));
  const manifest = { ...heads, files: new Map([['proofs/batches.jsonl', {}]]) } as unknown as Manifest;
  const checked = await checkAgainstData(bundle, manifest, data, recordRoot);
  expect([checked.faults, checked.not_checked.map(({ id }) => id)]).toEqual([[], ['data_removed']]);
  expect(checked.not_checked[0]?.text).toContain(`${changed} batches`);

  expect(erasure.costs.others_inferred).toBeGreaterThan(0);
  // Nobody else lost a proved or asserted task, and those that lost their owner say so as it was foretold.
  const reasons: Record<string, number> = {};
  const tasksAfter = await tasks();
  for (const [key, was] of tasksBefore) {
    const now = tasksAfter.get(key);
    // What was inferred from all sign-ins of a time cannot be, once some are gone.
    const isMoot = was.confidence === 'inferred' && now?.reason === 'source_gap';
    if (was.who_object_id !== erasure.object_id) expect([key, isMoot ? was.who_object_id : now?.who_object_id]).toEqual([key, was.who_object_id]);
    else reasons[now?.reason ?? 'gone'] = (reasons[now?.reason ?? 'gone'] ?? 0) + 1;
  }
  expect(reasons).toEqual(erasure.costs.tasks);
  expect(await query("select 1 as one from cor_sessions where reason = 'sign_in_absent' and opened_at <= (select min(first_at) from stg_sources where source = 'sign_ins')")).toEqual([]);
  expect(await query(`select sum(records_set_aside) as erased from stg_deliveries where form = 'erased'`)).toEqual([{ erased: erasure.deliveries.erased }]);
  // Once more there is nothing to do.
  expect((await previewErasure(data, { ...options, person, also: texts.slice(1) })).deliveries).toMatchObject({ changed: 0, erased: 0 });
});
