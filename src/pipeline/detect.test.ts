import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadCatalog } from '../catalog/catalog.ts';
import { openCaseDatabase } from '../catalog/run-case.ts';
import { configSchema } from '../config/config.ts';
import { packageRoot } from '../core/package-root.ts';
import type { Database, SqlRow } from '../engine/database.ts';
import { detect } from './detect.ts';

const config = configSchema.parse({});
let db: Database;
beforeEach(async () => {
  db = await openCaseDatabase(packageRoot());
});
afterEach(() => {
  db.close();
});

/** A session of `cor_sessions` with what its columns require. */
async function session(id: string, fields: Record<string, string | boolean | null>): Promise<void> {
  const row = {
    session_id: id, session_kind: 'web_identity', is_issued: true, opened_at: '2026-01-15T09:00:00Z', opened_by_account_id: '111122223333',
    opened_by_event_id: `open-${id}`, tenant_id: 't1', who_kind: 'person', who_tenant_id: 't1', who_object_id: 'o1', identity_confidence: 'proved',
    confidence: 'proved', how: 'ran', sign_in_grade: 'none', is_provisional: false, is_traced: false, ...fields,
  };
  await db.run(`insert into cor_sessions by name select ${Object.keys(row).map((name) => `$${name} as ${name}`).join(', ')}`, row);
}
const stored = (): Promise<SqlRow[]> => db.all('select * from findings order by id');

test('a finding carries its detection\'s header, a key of its own, and the records that show it', async () => {
  await session('ASIAABSENT', { reason: 'sign_in_absent' });
  const result = await detect({ db }, config);
  expect(result).toMatchObject({ findings: 1, open: 1, provisional: 0 });
  expect(result.detections).toContainEqual({ id: 'session_without_sign_in', findings: 1, provisional: 0 });
  expect(result.detections).toContainEqual({ id: 'task_without_launcher', findings: 0, provisional: 0 });
  const { detections } = await loadCatalog();
  const detection = detections.find(({ id }) => id === 'session_without_sign_in');
  const key = 'session_without_sign_in/ASIAABSENT';
  expect(await stored()).toEqual([
    {
      id: createHash('sha256').update(`session_without_sign_in\n${key}`).digest('hex').slice(0, 32),
      detection: 'session_without_sign_in',
      severity: 'high',
      status: 'open',
      occurred_at: '2026-01-15T09:00:00Z',
      subject_kind: 'session',
      subject_id: 'ASIAABSENT',
      summary: 'A session of an unknown role was opened with a token of o1, and no sign-in issued that token',
      reason: 'sign_in_absent',
      dedup_key: key,
      controls: [...(detection?.header.controls ?? [])].sort(),
      evidence: [{ source: 'cloudtrail', owner_id: '111122223333', record_id: 'open-ASIAABSENT', record_at: '2026-01-15T09:00:00Z' }],
      query_sha256: detection?.sha256,
    },
  ]);
});

describe('findings are a projection of what is correlated', () => {
  test('computed again they are the same, whatever the order of the rows', async () => {
    await session('ASIAONE', { reason: 'sign_in_absent' });
    await session('ASIATWO', { reason: 'sign_in_too_old', conflicts: null });
    await session('ASIATHREE', { reason: 'sign_in_not_yet_due', is_provisional: true });
    await detect({ db }, config);
    const first = await stored();
    expect(first).toHaveLength(3);
    await db.run('create temp table reversed as select * from cor_sessions order by session_id desc');
    await db.run('delete from cor_sessions');
    await db.run('insert into cor_sessions select * from reversed order by session_id');
    await detect({ db }, config);
    await detect({ db }, config);
    expect(await stored()).toEqual(first);
  });

  test('one whose condition no longer holds is gone, and a provisional one becomes open under the same id', async () => {
    await session('ASIAGOES', { reason: 'sign_in_not_yet_due', is_provisional: true });
    await session('ASIASTAYS', { reason: 'sign_in_not_yet_due', is_provisional: true });
    expect(await detect({ db }, config)).toMatchObject({ findings: 2, provisional: 2, open: 0 });
    const before = await stored();
    await db.run("update cor_sessions set reason = null, is_provisional = false, sign_in_grade = 'exact', sign_in_id = 's1' where session_id = 'ASIAGOES'");
    await db.run("update cor_sessions set reason = 'sign_in_absent', is_provisional = false where session_id = 'ASIASTAYS'");
    expect(await detect({ db }, config)).toMatchObject({ findings: 1, provisional: 0, open: 1 });
    const [after] = await stored();
    expect(after).toMatchObject({ subject_id: 'ASIASTAYS', status: 'open' });
    expect(after?.['id']).toBe(before.find((row) => row['subject_id'] === 'ASIASTAYS')?.['id']);
  });
});

describe('the configuration', () => {
  const configured = (detections: object): typeof config => configSchema.parse({ detections });

  test('turns a detection off', async () => {
    await session('ASIAABSENT', { reason: 'sign_in_absent' });
    const result = await detect({ db }, configured({ session_without_sign_in: { enabled: false } }));
    expect(result.findings).toBe(0);
    expect(result.detections.map(({ id }) => id)).not.toContain('session_without_sign_in');
  });

  test('sets a parameter', async () => {
    await session('ASIAOVER', { expires_at: '2026-01-15T10:00:00Z' });
    await db.run(`insert into cor_callers by name select 'ASIAOVER' as caller_key, 'ASIAOVER' as session_id, 'access_key' as session_method,
      timestamptz '2026-01-15 10:01:30Z' as first_used_at, timestamptz '2026-01-15 10:01:30Z' as last_used_at, 1 as calls`);
    await db.run(`insert into stg_events_new by name select '111122223333' as account_id, 'e1' as event_id, timestamptz '2026-01-15 10:01:30Z' as event_at,
      'ASIAOVER' as caller_key, 1 as source_rank, 1 as batch_seq, 1 as member`);
    expect(await detect({ db }, config)).toMatchObject({ findings: 1 });
    const wider = configured({ activity_after_session_expiry: { params: { margin_seconds: 90 } } });
    expect(await detect({ db }, wider)).toMatchObject({ findings: 0 });
  });

  test.each([
    [{ session_without_sing_in: {} }, 'there is no such detection'],
    [{ activity_after_session_expiry: { params: { margin: 1 } } }, 'expected margin_seconds'],
    [{ activity_after_session_expiry: { params: { margin_seconds: 'an hour' } } }, 'expected integer'],
    [{ task_without_launcher: { params: { margin_seconds: 1 } } }, 'expected no parameter'],
  ])('%j is refused, and the findings stay as they were', async (detections, message) => {
    await session('ASIAABSENT', { reason: 'sign_in_absent' });
    await detect({ db }, config);
    const before = await stored();
    await expect(detect({ db }, configured(detections))).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining(message) as string });
    expect(await stored()).toEqual(before);
  });
});
