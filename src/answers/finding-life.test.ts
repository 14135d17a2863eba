/**
 * The life of findings, as a table of cases: what is there, what was recorded, what people decided → where it stands. On a real DuckDB,
 * with real logs in a real folder.
 */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCaseDatabase } from '../catalog/run-case.ts';
import { packageRoot } from '../core/package-root.ts';
import type { Database, SqlRow } from '../engine/database.ts';
import { openAlertLog } from '../landing/alert-log.ts';
import { appendDecisions } from '../landing/journal.ts';
import { recordFindingChanges } from '../pipeline/finding-changes.ts';
import { loadFindingLife } from './finding-life.ts';

const ID = 'f'.repeat(32);
const at = (hours: number): Date => new Date(Date.parse('2026-01-15T00:00:00Z') + hours * 3_600_000);

let data: string;
let db: Database;

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'whoran-life-'));
  mkdirSync(join(data, 'landing'));
  db = await openCaseDatabase(packageRoot());
  await db.file(join(packageRoot(), 'queries/detections/tables.sql'));
});

afterEach(() => {
  db.close();
  rmSync(data, { recursive: true, force: true });
});

/** Puts the finding into the projection, or takes it away with null. */
async function found(status: 'open' | 'provisional' | null, evidence: readonly string[] = ['e1'], id = ID): Promise<void> {
  await db.run('delete from findings where id = $id', { id });
  await db.run('delete from finding_facts where id = $id', { id });
  if (status === null) return;
  await db.run(
    `insert into findings select $id, 'session_without_sign_in', 'high', $status, timestamptz '2026-01-15 00:00:00Z', 'session', 'ASIAONE', 'What happened', null,
       'session_without_sign_in/' || $id, ['soc2:CC6.1'], list_transform($evidence, lambda r: struct_pack(source := 'cloudtrail', owner_id := '111122223333', record_id := r, record_at := null::timestamptz)), 'q'`,
    { id, status, evidence },
  );
  await db.run("insert into finding_facts by name select $id as id, 'object-1' as who_object_id, 'arn:aws:iam::111122223333:role/etl' as role_arn, '111122223333' as account_id, 'prod' as cluster_name", { id });
}

/** A run at an hour: what changed is recorded. */
async function run(hours: number): Promise<Readonly<Record<string, number | undefined>>> {
  await loadFindingLife(db, { dataDir: data, now: at(hours) });
  const log = openAlertLog(data);
  try {
    return await recordFindingChanges(db, { log, now: at(hours), runId: null, provisionalAfterMinutes: 20 });
  } finally {
    log.close();
  }
}

async function life(hours: number, options: { knownAt?: Date } = {}): Promise<SqlRow | undefined> {
  await loadFindingLife(db, { dataDir: data, now: at(hours), ...options });
  return db.get('select status, opening, is_present, decided_by, decided_reason, suppressed_by, suppressed_until, team, assignee, summary from finding_life where id = $id', { id: ID });
}

/** Somebody decides, having seen the finding as it stands. */
async function decide(hours: number, decision: string, detail: Record<string, string> = {}, form: 'ids' | 'hash alone' = 'ids'): Promise<void> {
  await loadFindingLife(db, { dataDir: data, now: at(hours) });
  const seen = await db.get<{ opening: number; evidence_sha256: string | null; evidence_ids: string[] }>('select opening, evidence_sha256, evidence_ids from finding_life where id = $id', { id: ID });
  appendDecisions(data, at(hours).toISOString(), [{
    by: 'ada', action: `finding.${decision}`, subject: ID, reason: 'known',
    detail: { opening: seen?.opening ?? null, evidence_sha256: seen?.evidence_sha256 ?? null, ...(form === 'ids' ? { evidence_ids: seen?.evidence_ids ?? [] } : {}), ...detail },
  }]);
}

const lines = (): string[] => readFileSync(join(data, 'landing/alerts.jsonl'), 'utf8').trim().split('\n').filter((line) => line !== '').map((line) => {
  const { to, cause } = JSON.parse(line) as { to: string; cause: string };
  return `${cause} → ${to}`;
});

describe('by itself', () => {
  test('found open: open, before and after a run records it, and recorded once', async () => {
    await found('open');
    expect(await life(1)).toMatchObject({ status: 'open', opening: 1 });
    expect(await run(1)).toEqual({ found: 1 });
    expect(await run(2)).toEqual({});
    expect(await life(2)).toMatchObject({ status: 'open', opening: 1 });
  });

  test('provisional: recorded when it is 20 minutes old; then settled, then gone by a late record, with history', async () => {
    await found('provisional');
    expect(await run(0.2)).toEqual({});
    expect(await run(0.5)).toEqual({ found: 1 });
    await found('open');
    expect(await run(3)).toEqual({ settled: 1 });
    await found(null);
    expect(await life(4)).toMatchObject({ status: 'resolved', is_present: false, summary: 'What happened' });
    expect(await run(4)).toEqual({ gone: 1 });
    expect(await run(5)).toEqual({});
    expect(lines()).toEqual(['found → provisional', 'settled → open', 'gone → resolved']);
  });

  test('a provisional one that goes before it was recorded leaves nothing', async () => {
    await found('provisional');
    await run(0.1);
    await found(null);
    expect(await run(1)).toEqual({});
    expect(await life(1)).toBeUndefined();
  });

  test('there again after it was gone: open, in a second opening', async () => {
    await found('open');
    await run(1);
    await found(null);
    await run(2);
    await found('open');
    expect(await life(3)).toMatchObject({ status: 'open', opening: 2 });
    expect(await run(3)).toEqual({ found_again: 1 });
    expect(await life(3)).toMatchObject({ status: 'open', opening: 2 });
  });
});

describe('by people', () => {
  test('acknowledged and resolved hold while nothing new comes', async () => {
    await found('open');
    await run(1);
    await decide(2, 'acknowledge');
    expect(await life(2)).toMatchObject({ status: 'acknowledged', decided_by: 'ada', decided_reason: 'known' });
    await decide(3, 'resolve');
    await run(4);
    expect(await life(5)).toMatchObject({ status: 'resolved', is_present: true, opening: 1 });
  });

  test('resolved, and shown by a new record: open again, in a second opening, and the same a run later', async () => {
    await found('open');
    await run(1);
    await decide(2, 'resolve');
    await found('open', ['e1', 'e2']);
    expect(await life(3)).toMatchObject({ status: 'open', opening: 2 });
    expect(await run(3)).toEqual({ evidence_added: 1 });
    expect(await run(4)).toEqual({});
    expect(await life(4)).toMatchObject({ status: 'open', opening: 2 });
    await decide(5, 'resolve');
    expect(await life(6)).toMatchObject({ status: 'resolved', opening: 2 });
  });

  test('resolved, and its evidence only shrinks: it stays resolved, also when a record comes back that was there', async () => {
    await found('open', ['e1', 'e2']);
    await run(1);
    await decide(2, 'resolve');
    for (const evidence of [['e2'], [], ['e1', 'e2'], ['e2', 'e1']]) {
      await found('open', evidence);
      expect(await life(3)).toMatchObject({ status: 'resolved', opening: 1 });
      expect(await run(3)).toEqual({});
    }
    await found('open', ['e3']);
    expect(await life(4)).toMatchObject({ status: 'open', opening: 2 });
    expect(await run(4)).toEqual({ evidence_added: 1 });
  });

  test('a journal line of before, with a hash alone, holds while the evidence is the same', async () => {
    await found('open', ['e1', 'e2']);
    await run(1);
    await decide(2, 'resolve', {}, 'hash alone');
    expect(await life(3)).toMatchObject({ status: 'resolved', opening: 1 });
    await found('open', ['e1', 'e3']);
    expect(await life(3)).toMatchObject({ status: 'open', opening: 2 });
  });

  test('a decision before any run recorded the finding holds afterwards', async () => {
    await found('open');
    await decide(1, 'acknowledge');
    await run(2);
    expect(await life(2)).toMatchObject({ status: 'acknowledged', opening: 1 });
  });

  test('suppressed until its time, then open again; unsuppress ends it at once', async () => {
    await found('open');
    await decide(1, 'suppress', { until: at(10).toISOString() });
    expect(await life(9)).toMatchObject({ status: 'suppressed', suppressed_by: 'decision' });
    expect(await life(10)).toMatchObject({ status: 'open', suppressed_by: null });
    await decide(5, 'unsuppress');
    expect(await life(9)).toMatchObject({ status: 'open' });
  });

  test('assigned', async () => {
    await found('open');
    await decide(1, 'assign', { assignee: 'ben' });
    expect(await life(2)).toMatchObject({ status: 'open', assignee: 'ben' });
  });

  test('as it was known at an instant', async () => {
    await found('open');
    await run(1);
    await decide(2, 'resolve');
    expect(await life(3, { knownAt: at(1.5) })).toMatchObject({ status: 'open' });
  });
});

describe('by the configuration', () => {
  const except = async (fields: Record<string, string>): Promise<void> => {
    await db.run('delete from cfg_exceptions');
    await db.run(
      `insert into cfg_exceptions by name select ${Object.keys(fields).map((name) => `$${name} as ${name}`).join(', ')},
         'session_without_sign_in' as detection, 'ben' as owner, 'drill' as reason, timestamptz '2026-01-15 10:00:00Z' as expires_at`,
      fields,
    );
  };

  test.each([
    [{ subject_id: 'ASIAONE' }, 'suppressed'],
    [{ subject_id: 'ASIATWO' }, 'open'],
    [{ object_id: 'object-1', account_id: '111122223333' }, 'suppressed'],
    [{ object_id: 'object-1', account_id: '444455556666' }, 'open'],
    [{ role_arn: 'arn:aws:iam::111122223333:role/etl' }, 'suppressed'],
    [{ cluster_name: 'staging' }, 'open'],
  ])('an exception of %j makes it %s, until it ends', async (fields, status) => {
    await found('open');
    await except(fields);
    expect(await life(9)).toMatchObject({ status });
    if (status === 'suppressed') expect(await life(9)).toMatchObject({ decided_by: 'ben', decided_reason: 'drill', suppressed_by: 'exception' });
    expect(await life(10)).toMatchObject({ status: 'open' });
  });

  test('the first team that fits owns it: all kinds that it names, one of each', async () => {
    await found('open');
    await db.run("insert into cfg_teams values (0, 'other', 'account', '111122223333'), (0, 'other', 'cluster', 'staging'), (1, 'etl', 'role', 'tle'), (1, 'etl', 'role', 'etl'), (2, 'late', 'account', '111122223333')");
    expect(await life(1)).toMatchObject({ team: 'etl' });
  });
});

describe('logs', () => {
  test('a torn last line is no line yet', async () => {
    await found('open');
    await run(1);
    await decide(2, 'acknowledge');
    for (const name of ['journal.jsonl', 'alerts.jsonl']) appendFileSync(join(data, 'landing', name), '{"seq":2,"kind":"finding","at":"2026-01-15T0');
    expect(await life(3)).toMatchObject({ status: 'acknowledged' });
  });

  test('a last line without its line break is no line yet, however whole it looks', async () => {
    await found('open');
    await run(1);
    await decide(2, 'resolve');
    const paths = ['journal.jsonl', 'alerts.jsonl'].map((name) => join(data, 'landing', name));
    for (const path of paths) writeFileSync(path, readFileSync(path, 'utf8').replace(/\n$/, ''));
    expect(await life(3)).toMatchObject({ status: 'open', opening: 1 });
    expect(await db.all('select seq from life_changes')).toEqual([]);
    for (const path of paths) appendFileSync(path, '\n');
    expect(await life(3)).toMatchObject({ status: 'resolved', opening: 1 });
    expect(await db.all('select seq from life_changes')).toHaveLength(1);
  });

  test('a damaged last line hides none of the lines before it', async () => {
    await found('open');
    await decide(2, 'acknowledge');
    appendFileSync(join(data, 'landing/journal.jsonl'), 'no line of a journal\n');
    expect(await life(3)).toMatchObject({ status: 'acknowledged' });
  });

  test('hostile words of people and records stay words', async () => {
    await found('open');
    writeFileSync(join(data, 'landing/journal.jsonl'), '');
    appendDecisions(data, at(1).toISOString(), [{ by: "'; drop table findings; --", action: 'finding.acknowledge', subject: ID, reason: '"}\n{"seq":9}', detail: { opening: 1, evidence_sha256: null } }]);
    expect(await life(2)).toMatchObject({ status: 'acknowledged', decided_by: "'; drop table findings; --", decided_reason: '"}\n{"seq":9}' });
  });
});
