import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCaseDatabase } from '../catalog/run-case.ts';
import { configSchema } from '../config/config.ts';
import { packageRoot } from '../core/package-root.ts';
import type { Database } from '../engine/database.ts';
import { detect } from '../pipeline/detect.ts';
import { findings } from './findings.ts';
import type { AnswerReader } from './reader.ts';

/** A landed trail object with the call that a finding is about; its hash is not staged. */
const RECORD =
  '{"eventVersion":"1.08","eventID":"e-over","eventTime":"2026-01-15T10:05:00Z","eventName":"StopTask","eventSource":"ecs.amazonaws.com","recipientAccountId":"111122223333","userIdentity":{"type":"AssumedRole"}}';
const OBJECT = Buffer.from(`{"Records":[${RECORD}]}`);

let db: Database;
let reader: AnswerReader;
beforeEach(async () => {
  db = await openCaseDatabase(packageRoot());
  reader = { db, landing: { readMember: () => Promise.resolve({ bytes: OBJECT, origin: 'trail.json' }) } };
  await db.run(`insert into stg_events_new by name select '111122223333' as account_id, 'e-over' as event_id, timestamptz '2026-01-15 10:05:00Z' as event_at,
    'StopTask' as event_name, 'ecs.amazonaws.com' as event_source, 'ASIAOVER' as caller_key, 1 as source_rank, 1 as batch_seq, 0 as member`);
  await db.run(`insert into stg_events_new by name select '111122223333' as account_id, 'e-open' as event_id, timestamptz '2026-01-15 09:00:00Z' as event_at,
    'ASIAOVER' as caller_key, 4 as source_rank, 2 as batch_seq, 0 as member, repeat('a', 64) as record_sha256`);
  await db.run(`insert into cor_callers by name select 'ASIAOVER' as caller_key, 'ASIAOVER' as session_id, 'access_key' as session_method,
    timestamptz '2026-01-15 09:00:00Z' as first_used_at, timestamptz '2026-01-15 10:05:00Z' as last_used_at, 2 as calls`);
  await db.run(`insert into cor_sessions by name select * from (values
    ('ASIAOVER', 'web_identity', true, timestamptz '2026-01-15 09:00:00Z', timestamptz '2026-01-15 10:00:00Z', '111122223333', 'e-open', 't1', 'person', 'o1',
      'proved', 'proved', 'ran', 'exact', null, false, true),
    ('ASIAWAITS', 'web_identity', true, timestamptz '2026-01-15 11:00:00Z', null, '111122223333', 'e-never-landed', 't1', 'person', 'o1',
      'proved', 'proved', 'ran', 'none', 'sign_in_not_yet_due', true, false)
  ) as s (session_id, session_kind, is_issued, opened_at, expires_at, opened_by_account_id, opened_by_event_id, tenant_id, who_kind, who_object_id,
    identity_confidence, confidence, how, sign_in_grade, reason, is_provisional, is_traced)`);
  await db.run(`insert into stg_sources values ('cloudtrail', null, null, timestamptz '2026-01-15 08:00:00Z', timestamptz '2026-01-15 12:00:00Z', 2),
    ('sign_ins', 't1', 'interactive_user', timestamptz '2026-01-15 08:00:00Z', timestamptz '2026-01-15 11:30:00Z', 9),
    ('ecs_events', null, null, timestamptz '2026-01-15 08:00:00Z', timestamptz '2026-01-15 11:00:00Z', 9)`);
});
afterEach(() => {
  db.close();
});

test('the document has INTERFACE\'s shape, its evidence hashed out of landing where no hash is staged', async () => {
  await detect({ db }, configSchema.parse({}));
  const { schema, findings: list } = await findings(reader);
  expect(schema).toBe('whoran.findings/1');
  expect(list.map(({ subject }) => subject)).toEqual([{ kind: 'event', id: 'e-over' }, { kind: 'session', id: 'ASIAWAITS' }]);
  expect(Object.keys(list[0] ?? {})).toEqual([
    'id', 'detection', 'severity', 'status', 'occurred_at', 'subject', 'summary', 'reason', 'dedup_key', 'controls', 'evidence', 'query_sha256',
    'is_present', 'opening', 'status_since', 'who', 'role_arn', 'account_id', 'cluster', 'team', 'assignee', 'decision',
  ]);
  expect(list[0]).toMatchObject({ detection: 'activity_after_session_expiry', severity: 'critical', status: 'open', occurred_at: '2026-01-15T10:05:00Z', reason: null });
  expect(list[0]?.evidence).toEqual([
    { source: 'cloudtrail', record_id: 'e-over', sha256: createHash('sha256').update(RECORD).digest('hex') },
    { source: 'cloudtrail', record_id: 'e-open', sha256: 'a'.repeat(64) },
  ]);
});

test('a record that is not landed is no evidence', async () => {
  await detect({ db }, configSchema.parse({}));
  const { findings: list } = await findings(reader, { status: 'provisional' });
  expect(list).toMatchObject([{ subject: { id: 'ASIAWAITS' }, status: 'provisional', reason: 'sign_in_not_yet_due', evidence: [] }]);
});

test('the period includes its beginning and not its end; detection and status narrow', async () => {
  await detect({ db }, configSchema.parse({}));
  const ids = async (filter: Parameters<typeof findings>[1]): Promise<string[]> => (await findings(reader, filter)).findings.map(({ subject }) => subject.id);
  const [first, second] = [new Date('2026-01-15T10:05:00Z'), new Date('2026-01-15T11:00:00Z')];
  expect(await ids({ from: first, to: second })).toEqual(['e-over']);
  expect(await ids({ from: second })).toEqual(['ASIAWAITS']);
  expect(await ids({ to: first })).toEqual([]);
  expect(await ids({ detection: 'session_without_sign_in' })).toEqual(['ASIAWAITS']);
  expect(await ids({ status: 'open' })).toEqual(['e-over']);
});

test('as_of is the least of the sources that the detections asked for need', async () => {
  await detect({ db }, configSchema.parse({}));
  const asOf = async (detection?: string): Promise<string | null> => (await findings(reader, detection === undefined ? {} : { detection })).as_of;
  expect(await asOf()).toBe('2026-01-15T11:00:00Z');
  expect(await asOf('session_without_sign_in')).toBe('2026-01-15T11:30:00Z');
  expect(await asOf('activity_after_session_expiry')).toBe('2026-01-15T12:00:00Z');
});

test('a word that there is none of, and detections that never ran, are said so', async () => {
  await expect(findings(reader)).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('correlate') as string });
  await expect(findings(reader, { detection: 'session_without_signin' })).rejects.toMatchObject({ hint: expect.stringContaining('Did you mean session_without_sign_in?') as string });
  await expect(findings(reader, { status: 'opne' })).rejects.toMatchObject({ hint: expect.stringContaining('Did you mean open?') as string });
});
