import { afterEach, beforeEach, expect, test } from 'vitest';
import { insertRow, openCaseDatabase } from '../catalog/run-case.ts';
import { packageRoot } from '../core/package-root.ts';
import type { Database, SqlValue } from '../engine/database.ts';
import { coverage } from './coverage.ts';

let db: Database;
beforeEach(async () => {
  db = await openCaseDatabase(packageRoot());
});
afterEach(() => {
  db.close();
});

const ACCOUNT = '111122223333';

/** A session with an answer, and one ECS action of it at each time. */
async function actions(key: string, answer: Record<string, SqlValue>, times: readonly string[], action: Record<string, SqlValue> = {}): Promise<void> {
  await insertRow(db, 'cor_sessions', {
    session_id: key, session_kind: 'web_identity', is_issued: true, who_kind: 'person', identity_confidence: 'proved', confidence: 'proved', how: 'ran',
    sign_in_grade: 'exact', is_provisional: false, is_traced: true, ...answer,
  });
  await insertRow(db, 'cor_callers', { caller_key: key, session_id: key, session_method: 'access_key', first_used_at: times[0] ?? null, last_used_at: times.at(-1) ?? null, calls: times.length });
  for (const [index, at] of times.entries()) {
    await insertRow(db, 'stg_ecs_actions', {
      account_id: ACCOUNT, event_id: `${key}-${index}`, event_at: at, event_name: 'StopTask', is_read_only: false, caller_key: key, cluster_name: 'prod', batch_seq: 1, member: 0, ...action,
    });
  }
}

const UNTRACED = { confidence: 'none', is_traced: false };

async function population(): Promise<void> {
  await actions('proved', {}, ['2026-01-01T10:00:00Z', '2026-01-02T10:00:00Z']);
  await actions('asserted', { confidence: 'asserted' }, ['2026-01-01T11:00:00Z']);
  await actions('inferred', { confidence: 'inferred', reason: 'ambiguous_sign_in' }, ['2026-01-01T12:00:00Z'], { cluster_name: null });
  await actions('configured', { how: 'configured', is_traced: false }, ['2026-01-01T13:00:00Z'], { account_id: '444455556666' });
  await actions('unmapped', { ...UNTRACED, reason: 'subject_unmapped' }, ['2026-01-01T14:00:00Z', '2026-01-01T15:00:00Z']);
  await actions('due', { ...UNTRACED, reason: 'sign_in_not_yet_due', is_provisional: true }, ['2026-01-02T11:00:00Z']);
  await actions('failed', {}, ['2026-01-01T16:00:00Z'], { error_code: 'AccessDenied' });
  await actions('read', {}, ['2026-01-01T17:00:00Z'], { is_read_only: true });
  await insertRow(db, 'stg_sources', { source: 'cloudtrail', complete_through: '2026-01-03T00:00:00Z', records: 9 });
  await insertRow(db, 'stg_sources', { source: 'ecs_events', complete_through: '2026-01-02T23:00:00Z', records: 9 });
}

test('every action and task is counted once, and every number can be listed', async () => {
  await population();
  const found = await coverage({ db }, { list: true });
  expect(found).toMatchObject({
    schema: 'whoran.coverage/1', from: null, to: null, as_of: '2026-01-02T23:00:00Z', population: 8,
    traced: { proved: 2, asserted: 1, inferred: 1 }, configured: 1, not_traced: 2, not_yet_due: 1,
    reasons: { subject_unmapped: 2, sign_in_not_yet_due: 1 },
  });
  expect(found.by).toEqual([
    { account_id: ACCOUNT, cluster: 'prod', population: 6, traced: { proved: 2, asserted: 1, inferred: 0 }, configured: 0, not_traced: 2, not_yet_due: 1 },
    { account_id: ACCOUNT, cluster: null, population: 1, traced: { proved: 0, asserted: 0, inferred: 1 }, configured: 0, not_traced: 0, not_yet_due: 0 },
    { account_id: '444455556666', cluster: 'prod', population: 1, traced: { proved: 0, asserted: 0, inferred: 0 }, configured: 1, not_traced: 0, not_yet_due: 0 },
  ]);
  const rows = found.rows ?? [];
  expect(rows).toHaveLength(found.population);
  expect(rows[0]).toEqual({
    id: 'proved-0', kind: 'action', at: '2026-01-01T10:00:00Z', account_id: ACCOUNT, cluster: 'prod', outcome: 'traced', confidence: 'proved', reason: null,
  });
  for (const outcome of ['configured', 'not_traced', 'not_yet_due'] as const) expect(rows.filter((row) => row.outcome === outcome)).toHaveLength(found[outcome]);
});

test('a period holds its beginning and not its end', async () => {
  await population();
  const found = await coverage({ db }, { from: new Date('2026-01-01T11:00:00Z'), to: new Date('2026-01-02T10:00:00Z'), list: true });
  expect(found).toMatchObject({ from: '2026-01-01T11:00:00Z', to: '2026-01-02T10:00:00Z', population: 5 });
  expect(found.rows?.map((row) => row.id)).toEqual(['asserted-0', 'inferred-0', 'configured-0', 'unmapped-0', 'unmapped-1']);
});

test('nothing landed is nothing, not a share of it', async () => {
  expect(await coverage({ db })).toEqual({
    schema: 'whoran.coverage/1', from: null, to: null, as_of: null, population: 0, traced: { proved: 0, asserted: 0, inferred: 0 }, configured: 0, not_traced: 0,
    not_yet_due: 0, reasons: {}, by: [],
  });
});
