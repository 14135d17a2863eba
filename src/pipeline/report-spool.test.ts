import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RecordHashes } from '../answers/record-hashes.ts';
import { inertJson } from '../core/inert.ts';
import { packageRoot } from '../core/package-root.ts';
import { Database, type SqlParameters, type SqlRow } from '../engine/database.ts';
import { csvTable } from '../render/csv.ts';
import { writeText } from './report-files.ts';
import { LandedHashes, type EvidenceHashes } from './evidence-hashes.ts';
import { ReportSpool, type Spooled } from './report-spool.ts';

let db: Database;
let folder: string;
beforeEach(async () => {
  db = await Database.open({ path: ':memory:', memoryLimit: '300MB' });
  folder = await mkdtemp(join(tmpdir(), 'whoran-spool-'));
});
afterEach(async () => {
  db.close();
  await rm(folder, { recursive: true, force: true });
});

const nothing: EvidenceHashes = { add: () => Promise.reject(new Error('no evidence here')) };
async function run(sql: string, runs: readonly SqlParameters[] = [{}]): Promise<Spooled> {
  return (await ReportSpool.open(db, nothing)).add({ sql, runs, evidenceColumns: [] }, join(folder, 'rows'));
}
async function collect<Item>(rows: AsyncIterable<Item>): Promise<Item[]> {
  const held: Item[] = [];
  for await (const row of rows) held.push(row);
  return held;
}

test('rows come back as they were, also with line breaks of every kind in them, and may be read again', async () => {
  await db.run('create table t as select unnest($texts) as text', { texts: ['a\nb\r\nc', 'd\u2028e\u2029f', '\u001b[2J\u{1f600}\u202e'] });
  const spooled = await run('select text, 1 as n, null as nothing from t order by text');
  expect(spooled).toMatchObject({ columns: ['text', 'n', 'nothing'], rowCount: 3 });
  const rows = await collect(spooled.rows());
  expect(rows.map((row) => row['text'])).toEqual(['\u001b[2J\u{1f600}\u202e', 'a\nb\r\nc', 'd\u2028e\u2029f']);
  expect(await collect(spooled.rows())).toEqual(rows);
});

test('the engine’s JSON is the text that JavaScript gives for the driver’s values, whatever they hold', async () => {
  const texts = Array.from({ length: 0x500 }, (_, code) => `"\\/${String.fromCharCode(code)}é`);
  await db.run('create table t as select unnest($texts) as text', { texts: [...texts, '', ' ', '\u2028', 'x\ufeff', '\u{1f600}', '</script>'] });
  await db.run(`create table v as select * from (values
    (timestamptz '2026-01-15 09:00:00Z', 1, 0.1::double, 9007199254740993, true, 1.5::decimal(21,1), ['a', null]),
    (timestamptz '2026-01-15 09:00:00.000999Z', -1, 1e300::double, -9007199254740991, false, 2.0::decimal(21,1), []),
    (timestamptz '2026-01-15 09:00:00.05Z', null, 3.0::double, 9007199254740992, null, null, null),
    (timestamptz '1969-12-31 23:59:58.5Z', 2, -0.0::double, -9223372036854775808, null, -0.1::decimal(21,1), null),
    (null, 0, 'nan'::double, null, null, 0.1::decimal(21,1), ['\u001b[2J'])) as v ("at", i, d, b, flag, dec, list)`);
  for (const sql of ['select text, text as again from t order by text', 'select * from v order by i']) {
    const spooled = await run(sql);
    const driver = (await db.all(sql)).map((row) => inertJson(row, 0));
    expect(await collect(spooled.lines())).toEqual(driver);
    expect(await collect(spooled.rows())).toEqual(driver.map((line) => JSON.parse(line) as SqlRow));
    await rm(join(folder, 'rows'));
  }
  await expect(run("select date '2026-01-15' as day")).rejects.toThrow('column day: no JSON is known for type DATE');
});

test('a query that runs in parts gives their rows one after another', async () => {
  const spooled = await run('select i from range(10) as r (i) where i >= $from and i < $to order by i', [{ from: 0, to: 4 }, { from: 4, to: 4 }, { from: 4, to: 10 }]);
  expect(spooled.rowCount).toBe(10);
  expect((await collect(spooled.rows())).map((row) => row['i'])).toEqual(Array.from({ length: 10 }, (_, i) => i));
});

test('on a writer’s connection, which gives up the order of what it fills, a spool keeps it', async () => {
  await db.run('set preserve_insertion_order = false');
  const kept = "select current_setting('preserve_insertion_order') as is_kept";
  expect(await collect((await run(kept)).rows())).toEqual([{ is_kept: true }]);
  expect(await db.get(kept)).toEqual({ is_kept: false });
});

test('columns are known without a row', async () => {
  expect(await run("select 1 as a, 'x' as b where false")).toMatchObject({ columns: ['a', 'b'], rowCount: 0 });
});

test('evidence of many rows is hashed, and every row is there, though hashing asks the same connection', async () => {
  const rows = 45_000;
  await db.run("create table stg_events as select '111122223333' as account_id, 'e' || i as event_id, timestamptz '2026-01-15 09:00:00Z' as event_at, 1 as source_rank, 1 as batch_seq, 0 as member, 1 as record_number, sha256('e' || i) as record_sha256 from range(45000) as r (i)");
  await db.file(join(packageRoot(), 'queries/staging/tables.sql'));
  await db.run('create table cor_sign_ins as select * from stg_sign_ins');
  const reader = { db, landing: { readMember: () => Promise.reject(new Error('every hash is staged')) } };
  const sql = `select event_id, [{'hop': 'action', 'source': 'cloudtrail', 'owner_id': account_id, 'record_id': event_id, 'record_at': event_at}] as evidence
    from stg_events order by event_id`;
  const spooled = await (await ReportSpool.open(db, new LandedHashes(new RecordHashes(reader)))).add({ sql, runs: [{}], evidenceColumns: ['evidence'] }, join(folder, 'rows'));
  expect(spooled).toMatchObject({ rowCount: rows, missingEvidence: 0 });
  const seen = new Set<string>();
  for await (const row of spooled.rows()) {
    const [piece] = row['evidence'] as { record_id: string; sha256: string }[];
    expect(piece?.sha256).toBe(createHash('sha256').update(piece?.record_id ?? '').digest('hex'));
    seen.add(row['event_id'] as string);
  }
  expect(seen.size).toBe(rows);
});

test('300,000 rows go through spool and CSV without being held', async () => {
  const rows = 300_000;
  let most = 0;
  const before = process.memoryUsage();
  const watch = setInterval(() => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    most = Math.max(most, heapUsed + arrayBuffers);
  }, 5);
  try {
    const spooled = await run(`select i, repeat('x', 200) || i as text, 'arn:aws:ecs:eu-central-1:111122223333:task/' || i as id from range(${rows}) as r (i) order by i`);
    expect(spooled.rowCount).toBe(rows);
    const columns = spooled.columns.map((name) => ({ name, title: name, kind: 'text' as const, about: '', under: null, isDetail: false, isData: false }));
    const table = { id: 'rpt_long', title: 'Long', description: '', columns, rowCount: rows, rows: () => spooled.rows(), lines: () => spooled.lines() };
    const written = await writeText(join(folder, 'long.csv'), csvTable(table));
    expect((await stat(join(folder, 'long.csv'))).size).toBe(written.bytes);
    expect(written.bytes).toBeGreaterThan(rows * 250);
  } finally {
    clearInterval(watch);
  }
  // Held as objects, or as one string, the rows are well above 150 MB.
  expect(most - before.heapUsed - before.arrayBuffers).toBeLessThan(100e6);
});
