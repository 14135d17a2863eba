import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCaseDatabase } from '../catalog/run-case.ts';
import { packageRoot } from '../core/package-root.ts';
import type { Database, SqlParameter } from '../engine/database.ts';
import { RecordHashes, type RecordRef } from './record-hashes.ts';

const ACCOUNT = '111122223333';
const AT = '2026-01-15T09:00:00.123Z';
const record = (id: string, note = ''): string => JSON.stringify({ eventID: id, eventTime: AT, eventName: 'RunTask', recipientAccountId: ACCOUNT, note });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const object = (...records: string[]): Buffer => Buffer.from(`{"Records":[${records.join(', ')}]}`);

let db: Database;
let members: Map<string, Buffer>;
let read: string[];
let hashes: RecordHashes;
beforeEach(async () => {
  db = await openCaseDatabase(packageRoot());
  members = new Map();
  read = [];
  const readMember = (batchSeq: number, member: number): Promise<{ bytes: Buffer; origin: string }> => {
    const key = `${batchSeq}/${member}`;
    read.push(key);
    const bytes = members.get(key);
    return bytes ? Promise.resolve({ bytes, origin: `${key}.json` }) : Promise.reject(new Error(`nothing landed as ${key}`));
  };
  hashes = new RecordHashes({ db, landing: { readMember } });
});
afterEach(() => {
  db.close();
});

async function insert(table: string, fields: Record<string, SqlParameter>): Promise<void> {
  await db.run(`insert into ${table} by name select ${Object.keys(fields).map((name) => `$${name} as ${name}`).join(', ')}`, fields);
}
const staged = (id: string, batch: number, rank = 1, more: Record<string, SqlParameter> = {}): Promise<void> =>
  insert('stg_events_new', { account_id: ACCOUNT, event_id: id, event_at: AT, caller_key: 'k', source_rank: rank, batch_seq: batch, member: 0, ...more });
const copy = (id: string, batch: number, rank = 1, more: Record<string, SqlParameter> = {}): Promise<void> =>
  insert('stg_event_copies', { account_id: ACCOUNT, event_id: id, source_rank: rank, batch_seq: batch, member: 0, ...more });
const ref = (id: string, more: Partial<RecordRef> = {}): RecordRef => ({ source: 'cloudtrail', owner_id: ACCOUNT, record_id: id, record_at: AT, ...more });

test.each([1, 2, 5])('%i records of one object are hashed with one look at it, over their bytes as they stand', async (count) => {
  const ids = Array.from({ length: count }, (_, index) => `e${index}`);
  members.set('1/0', object(...ids.map((id) => record(id)), record('other')));
  for (const id of ids) await staged(id, 1);
  expect(await hashes.of(ids.map((id) => ref(id)))).toEqual(ids.map((id) => sha256(record(id))));
  expect(read).toEqual(['1/0']);
});

test('of two copies in trail objects the least hash counts, and a copy from elsewhere not at all', async () => {
  members.set('1/0', object(record('e1', 'one')));
  members.set('2/0', object(record('e1', 'two')));
  await staged('e1', 1);
  await copy('e1', 2);
  await copy('e1', 3, 2, { record_number: 1, record_sha256: '0'.repeat(64) });
  const least = [sha256(record('e1', 'one')), sha256(record('e1', 'two'))].sort()[0];
  expect(await hashes.of([ref('e1')])).toEqual([least]);
});

test('a trail object that came later than another form of the record is the evidence', async () => {
  members.set('2/0', object(record('e1')));
  await staged('e1', 1, 2, { record_number: 1, record_sha256: 'f'.repeat(64) });
  await copy('e1', 2);
  expect(await hashes.of([ref('e1')])).toEqual([sha256(record('e1'))]);
});

test('ids of two accounts are two records, in the order asked for; what is not landed is null', async () => {
  await staged('e1', 1, 3, { record_number: 1, record_sha256: 'a'.repeat(64) });
  await staged('e1', 1, 3, { account_id: '444455556666', record_number: 2, record_sha256: 'b'.repeat(64) });
  const asked = [ref('e1', { owner_id: '444455556666' }), ref('nowhere'), ref('e1'), ref('e1', { owner_id: '444455556666' })];
  expect(await hashes.of(asked)).toEqual(['b'.repeat(64), null, 'a'.repeat(64), 'b'.repeat(64)]);
  expect(read).toEqual([]);
});

test('a record whose time is not known is found all the same', async () => {
  await staged('e1', 1, 3, { event_at: '2031-01-01T00:00:00Z', record_number: 1, record_sha256: 'a'.repeat(64) });
  expect(await hashes.of([ref('e1', { record_at: null })])).toEqual(['a'.repeat(64)]);
});

test('what was hashed is kept', async () => {
  members.set('1/0', object(record('e1')));
  await staged('e1', 1);
  await hashes.of([ref('e1')]);
  expect(await hashes.of([ref('e1')])).toEqual([sha256(record('e1'))]);
  expect(read).toEqual(['1/0']);
});

test('a landed member that cannot be read is an error, not a missing record', async () => {
  await staged('e1', 9);
  await expect(hashes.of([ref('e1')])).rejects.toThrow('nothing landed as 9/0');
});
