import { createCipheriv } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWriter, type Writer } from '../store/writer.ts';
import { ingest, type IngestProgress } from './ingest.ts';

let folder: string;
let writer: Writer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-ingest-'));
  mkdirSync(join(folder, 'logs', 'deeper'), { recursive: true });
  writer = await openWriter(join(folder, 'data'));
});
afterEach(() => {
  writer.close();
  rmSync(folder, { recursive: true });
});

const event = (n: number, fields: object = {}): object => ({
  eventID: `aaaaaaaa-0000-4000-8000-${String(n).padStart(12, '0')}`, eventTime: '2026-01-15T09:00:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks',
  recipientAccountId: '111122223333', userIdentity: { type: 'Root', accountId: '111122223333' }, ...fields,
});

function put(name: string, ...events: object[]): string {
  const path = join(folder, 'logs', name);
  const text = JSON.stringify({ Records: events });
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

const origins = async (): Promise<unknown[]> => (await writer.db.all('select origin from stg_deliveries order by origin')).map((row) => row['origin']);

test('walks folders, tells progress file by file, and lands each file once however often it is named', async () => {
  const paths = [put('a.json.gz', event(1)), put('deeper/b.json', event(2)), put('deeper/c.json.gz', event(3))];
  const told: IngestProgress[] = [];
  const result = await ingest(writer, [join(folder, 'logs'), paths[0]!, join(folder, 'logs', 'deeper')], { progress: (progress) => told.push(progress) });
  expect(result).toMatchObject({ schema: 'whoran.ingest/1', files: 3, totals: { read: 3, new: 3, repeated: 0, rejected: 0, set_aside: 0 }, rejects: [], unreadable: [], repairs: [] });
  expect(told.map(({ files, totalFiles }) => [files, totalFiles])).toEqual([[1, 3], [2, 3], [3, 3]]);
  expect(told[2]!.bytes).toBe(told[2]!.totalBytes);
  expect(await origins()).toEqual(paths.toSorted());
});

test('the same bytes under two names, packed or plain, land once; the same record in other bytes is a repeat that lands', async () => {
  put('a.json.gz', event(1));
  put('b.json.gz', event(1));
  put('c.json', event(1));
  put('d.json', event(1));
  expect(await ingest(writer, [join(folder, 'logs')])).toMatchObject({ files: 4, forms: [{ form: 'cloudtrail_object', read: 4, new: 1, repeated: 3 }] });
  expect((await origins()).map((origin) => String(origin).slice(-9))).toEqual(['a.json.gz', 'gs/c.json']);
  put('e.json.gz', event(1), event(2));
  expect(await ingest(writer, [join(folder, 'logs')])).toMatchObject({ files: 5, forms: [{ form: 'cloudtrail_object', read: 6, new: 1, repeated: 5 }] });
  expect(writer.landing.lastSeq).toBe(3);
});

test('trail objects of one run share packs of at most 8 MiB, each cut out again', async () => {
  // Text that gzip can't shorten, so that three objects pass the limit.
  const noise = (seed: number): string => createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(3_500_000)).toString('base64');
  for (const n of [1, 2, 3]) put(`${n}.json.gz`, event(n, { requestParameters: { noise: noise(n) } }));
  await ingest(writer, [join(folder, 'logs')]);
  const lines = [...writer.landing.batches()];
  expect(lines.map(({ form, members }) => [form, members])).toEqual([['trail_objects', 2], ['trail_objects', 1]]);
  for (const { bytes } of lines) expect(bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
  const places = await writer.db.all<{ batch_seq: number; member: number; event_id: string }>('select batch_seq, member, event_id from stg_events order by event_id');
  expect(places).toHaveLength(3);
  for (const { batch_seq: seq, member, event_id: id } of places) expect(writer.landing.unpackMember(seq, member).bytes.toString()).toContain(id);
}, 30_000);

test('the hash of ids that Parquet files are searched by is the one that they were written with (manifest.ts, SCHEMA_VERSION)', async () => {
  expect(await writer.db.all(`select event_id_hash('aaaaaaaa-0000-4000-8000-000000000001') as hash, (hash('a', 1, null) % 1000003)::integer as content`)).toEqual([{ hash: 4172317612, content: 605151 }]);
});

test('a record dated ahead of its own landing does not make the source complete: every absence would become a true one', async () => {
  await ingest(writer, [put('a.json.gz', event(1), event(2, { eventTime: '2099-01-01T00:00:00Z' }))]);
  const sources = await writer.db.all("select first_at, complete_through, records from stg_sources where source = 'cloudtrail'");
  expect(sources).toEqual([{ first_at: '2026-01-15T09:00:00Z', complete_through: '2026-01-15T09:00:00Z', records: 2 }]);
});
