/**
 * The identity registry: it lands and stages, a later import replaces what it names, a rebuild keeps that, and bad rows are
 * rejected by name.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SqlRow } from '../src/engine/database.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import type { IngestResult } from '../src/pipeline/ingest-result.ts';
import { rebuild } from '../src/pipeline/rebuild.ts';
import { openWriter } from '../src/store/writer.ts';
import { put, record, trailText } from './cloudtrail-files.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const ADA = '22222222-2222-4222-8222-222222222222';
const BEN = '44444444-4444-4444-8444-444444444444';
const HEADING = 'issuer,audience,subject,tenant_id,object_id,name,kind';
const csv = (...rows: string[]): string => [HEADING, ...rows, ''].join('\n');
const row = (subject: string, objectId: string, name = ''): string => `https://login.microsoftonline.com/${TENANT}/v2.0,app,${subject},${TENANT},${objectId},${name},`;

let folder: string;
let data: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-registry-'));
  data = join(folder, 'data');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Imports one file as a run of its own. */
async function imported(content: string, name = 'registry.csv', isRegistry = true): Promise<IngestResult> {
  const writer = await openWriter(data);
  try {
    return await ingest(writer, [put(folder, name, content)], { isRegistry });
  } finally {
    await writer.publishAndClose();
  }
}

/** Subject and object id of every entry, now and after a rebuild, which must be the same. */
async function entries(): Promise<Record<string, unknown>> {
  const query = 'select issuer, audience, subject, tenant_id, object_id, name, kind, batch_seq from stg_identity_registry order by subject';
  const now = await openWriter(data);
  const rows = await now.db.all<SqlRow & { subject: string }>(query);
  now.close();
  const again = await rebuild(data);
  const after = await again.db.all(query);
  again.close();
  expect(after).toEqual(rows);
  return Object.fromEntries(rows.map((one) => [one.subject, one['object_id']]));
}

const counts = (read: number, fresh: number, repeated: number, rejected: number): object => ({ totals: { read, new: fresh, repeated, rejected, set_aside: 0 } });

test('it lands and is staged, CSV or JSON', async () => {
  expect(await imported(csv(row('s1', ADA, 'Ada Ito'), row('s2', BEN)))).toMatchObject(counts(2, 2, 0, 0));
  const json = [{ issuer: `sts.windows.net/${TENANT}/`, audience: 'app', subject: 's3', tenant_id: TENANT.toUpperCase(), object_id: BEN.toUpperCase(), kind: 'Agent' }];
  expect(await imported(JSON.stringify(json), 'registry.json')).toMatchObject(counts(1, 1, 0, 0));
  const writer = await openWriter(data);
  expect(await writer.db.all('select * exclude (batch_seq, record_sha256) from stg_identity_registry order by subject')).toEqual([
    { issuer: `login.microsoftonline.com/${TENANT}/v2.0`, audience: 'app', subject: 's1', tenant_id: TENANT, object_id: ADA, name: 'Ada Ito', kind: null, record_number: 1 },
    { issuer: `login.microsoftonline.com/${TENANT}/v2.0`, audience: 'app', subject: 's2', tenant_id: TENANT, object_id: BEN, name: null, kind: null, record_number: 2 },
    { issuer: `sts.windows.net/${TENANT}`, audience: 'app', subject: 's3', tenant_id: TENANT, object_id: BEN, name: null, kind: 'agent', record_number: 1 },
  ]);
  expect([...writer.landing.batches()].map(({ form }) => form)).toEqual(['identity_registry', 'identity_registry']);
  writer.close();
});

test('a later import replaces what it names, and only that; going back to an older file works', async () => {
  const old = csv(row('s1', ADA), row('s2', ADA));
  await imported(old);
  expect(await imported(csv(row('s1', BEN), row('s2', ADA)))).toMatchObject(counts(2, 1, 1, 0));
  expect(await entries()).toEqual({ s1: BEN, s2: ADA });
  expect(await imported(csv(row('s3', BEN)))).toMatchObject(counts(1, 1, 0, 0));
  expect(await imported(old)).toMatchObject(counts(2, 1, 1, 0));
  expect(await entries()).toEqual({ s1: ADA, s2: ADA, s3: BEN });
  // The newest once more: nothing to land.
  expect(await imported(old)).toMatchObject(counts(2, 0, 2, 0));
  const writer = await openWriter(data);
  expect(writer.landing.lastSeq).toBe(4);
  writer.close();
});

test('of two entries of one file for one subject, the last counts', async () => {
  expect(await imported(csv(row('s1', ADA), row('s1', BEN)))).toMatchObject(counts(2, 2, 0, 0));
  expect(await entries()).toEqual({ s1: BEN });
});

test('bad rows are rejected by name, and the rest is in', async () => {
  const rows = [row('good', ADA), row('', ADA), row('s2', '00000000-0000-0000-0000-000000000000'), `,app,s3,${TENANT},${ADA},,`, `iss,app,s4,,${ADA},,`, `iss,,s5,${TENANT},${ADA},,`, `iss,app,s6,${TENANT},${ADA},,robot`, 'too,few'];
  const result = await imported(csv(...rows));
  expect(result).toMatchObject(counts(8, 1, 0, 7));
  expect(result.rejects.map(({ record: number, reason }) => [number, reason])).toEqual([
    [2, 'field subject: expected the token\'s subject, found none'],
    [3, 'field object_id: expected the id of the user or service principal, found none'],
    [4, 'field issuer: expected the token\'s issuer, found none'],
    [5, 'field tenant_id: expected the tenant\'s id, found none'],
    [6, 'field audience: expected the token\'s audience, found none'],
    [7, 'field kind: expected person, workload or agent, found "robot"'],
    [8, 'line 9: expected 7 fields, as the heading has, found 2'],
  ]);
  expect(await entries()).toEqual({ good: ADA });
});

test('the same bytes as a log and as a registry are two things', async () => {
  const registry = csv(row('s1', ADA));
  expect(await imported(registry, 'registry.csv', false)).toMatchObject(counts(1, 0, 0, 1));
  expect(await imported(registry)).toMatchObject(counts(1, 1, 0, 0));
  const log = trailText(record(1));
  await imported(log, 'trail.json', true);
  expect(await imported(log, 'trail.json', false)).toMatchObject(counts(1, 1, 0, 0));
  expect(await entries()).toEqual({ s1: ADA });
});
