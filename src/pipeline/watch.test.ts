import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configSchema } from '../config/config.ts';
import type { Database } from '../engine/database.ts';
import { openCaseDatabase } from '../catalog/run-case.ts';
import { packageRoot } from '../core/package-root.ts';
import { openAlertLog, type AlertEntry } from '../landing/alert-log.ts';
import { openLanding, type Landing } from '../landing/landing.ts';
import { appendRun } from '../landing/run-log.ts';
import { fillWatch } from './watch.ts';
import { detect } from './detect.ts';

const config = configSchema.parse({ sources: [{ type: 'cloudtrail-lookup', id: 'trail', accounts: [{ account_id: '111122223333' }], regions: ['eu-west-1'] }] });
let dataDir: string;
let db: Database;
let landing: Landing;
let clock: Date;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'whoran-watch-'));
  db = await openCaseDatabase(packageRoot());
  clock = new Date('2026-01-15T09:00:00Z');
  landing = openLanding(dataDir, { now: () => clock });
});
afterEach(async () => {
  landing.close();
  db.close();
  await rm(dataDir, { recursive: true, force: true });
});

const began = (id: string, at: string): void => {
  appendRun(dataDir, { kind: 'began', run_id: id, trigger: 'command', at, schedule: null, version: '0', node: 'v20' });
};
const ended = (id: string, at: string, failures: { what: string; stream: string | null; message: string; hint: null }[] = []): void => {
  appendRun(dataDir, {
    kind: 'ended', run_id: id, trigger: 'command', began_at: at, at, outcome: 'done', is_changed: true, steps: [], findings: null, reports: [], failures, version: '0',
    sources: [{
      source: 'trail', type: 'cloudtrail-lookup', outcome: 'ok', delivered: 0, landed: 0, repeated: 0, bytes: 0, requests: 0, retries: 0, warnings: 0, complete_through: null,
      records: { read: 0, new: 0, repeated: 0, rejected: 0, set_aside: 0 },
    }],
  });
};
const logAlerts = (...entries: AlertEntry[]): void => {
  const log = openAlertLog(dataDir);
  for (const entry of entries) log.append([entry]);
  log.close();
};
const land = (text: string): Promise<unknown> => landing.land({ source: 'trail', form: 'file', origin: 'x', bytes: Buffer.from(text), stream: 's' });
const found = async (of = config): Promise<string[]> => {
  await detect({ db, landing }, of);
  return (await db.all<{ dedup_key: string }>('select dedup_key from findings order by dedup_key')).map(({ dedup_key }) => dedup_key);
};

test('a source is silent once its limit has passed without anything new, one silence is one finding, and a delivery ends it', async () => {
  began('1', '2026-01-15T08:59:00Z');
  expect(await found()).toEqual([]);
  await land('one');
  ended('1', '2026-01-15T09:00:00Z');
  began('2', '2026-01-16T09:59:00Z');
  expect(await found()).toEqual([]);
  ended('2', '2026-01-16T09:59:00Z');
  began('3', '2026-01-16T10:00:00Z');
  const silent = await found();
  expect(silent).toEqual([`source_silent/trail/${Date.parse('2026-01-15T09:00:00Z') / 1000}`]);
  began('4', '2026-01-18T10:00:00Z');
  expect(await found()).toEqual(silent);
  clock = new Date('2026-01-18T10:00:01Z');
  await land('two');
  expect(await found()).toEqual([]);
});

test("a source's own limit takes the place of its type's, and 0 is none", async () => {
  const silentAfter = (minutes: number): typeof config => configSchema.parse({ sources: [{ ...config.sources[0], silent_after_minutes: minutes }] });
  began('1', '2026-01-15T09:00:00Z');
  await land('one');
  ended('1', '2026-01-15T09:00:00Z');
  began('2', '2026-01-15T09:59:00Z');
  expect(await found(silentAfter(60))).toEqual([]);
  ended('2', '2026-01-15T09:59:00Z');
  began('3', '2026-01-15T10:00:00Z');
  expect(await found(silentAfter(60))).toEqual([`source_silent/trail/${Date.parse('2026-01-15T09:00:00Z') / 1000}`]);
  expect(await found()).toEqual([]);
  began('4', '2027-01-15T10:00:00Z');
  expect(await found(silentAfter(0))).toEqual([]);
});

test('a source that only ever fails is silent from its first watched run on', async () => {
  const failure = { what: 'source trail', stream: null, message: 'refused', hint: null };
  began('1', '2026-01-15T09:00:00Z');
  ended('1', '2026-01-15T09:00:00Z', [failure]);
  began('2', '2026-01-17T09:00:00Z');
  expect(await found()).toEqual([`source_silent/trail/${Date.parse('2026-01-15T09:00:00Z') / 1000}`]);
});

test('a batch that is gone or shorter, and an altered line of each log, are findings', async () => {
  began('1', '2026-01-15T09:00:00Z');
  ended('1', '2026-01-15T09:00:00Z');
  await land('one');
  await land('two');
  const planned = { kind: 'planned', at: '2026-01-15T09:00:00Z', channel: 'ops', notice: 'fired', group_key: 'g', finding_ids: ['f'], openings: [1] } as const;
  logAlerts({ ...planned, key: 'a' }, { ...planned, key: 'b' });
  expect(await found()).toEqual([]);
  truncateSync(join(dataDir, 'landing/batches/000000001.batch'), 1);
  rmSync(join(dataDir, 'landing/batches/000000002.batch'));
  for (const name of ['ledger.jsonl', 'runs.jsonl', 'alerts.jsonl']) {
    const path = join(dataDir, 'landing', name);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"at":"2026', '"at":"2025').replace('"origin":"x"', '"origin":"y"'));
  }
  expect(await found()).toEqual(['alerts.jsonl/2', 'batches/000000001.batch/1', 'batches/000000002.batch/2', 'ledger.jsonl/2', 'runs.jsonl/2'].map((key) => `log_integrity_broken/${key}`));
});

test('a message that was given up, and rejects, are told; a rebuild of the tables gives the same rows', async () => {
  logAlerts(
    { kind: 'planned', at: '2026-01-15T09:00:00Z', key: 'k', channel: 'ops', notice: 'fired', group_key: 'g', finding_ids: ['f'], openings: [1] },
    { kind: 'planned', at: '2026-01-15T09:00:00Z', key: 'again', channel: 'ops', notice: 'fired', group_key: 'g', finding_ids: ['f'], openings: [1] },
    { kind: 'failed', at: '2026-01-15T09:01:00Z', key: 'again', attempt: 1, message: 'busy', retry_at: '2026-01-15T09:02:00Z' },
    { kind: 'failed', at: '2026-01-15T09:01:00Z', key: 'k', attempt: 3, message: 'gone', retry_at: null },
  );
  await land('bad');
  await db.run("insert into stg_deliveries values (1, 0, 'x', 'file', 100, 80, 0, 20, 0)");
  await db.run("insert into stg_rejects values (1, 0, 'x', 1, null, 'no JSON')");
  expect(await found()).toEqual(['alert_undeliverable/k', 'quarantine_growth/trail/2026-01-15']);
  const rows = (): Promise<unknown> => Promise.all(['stg_dead_alerts', 'stg_reject_days'].map((table) => db.all(`select * from ${table}`)));
  const before = await rows();
  await fillWatch(db, landing, config);
  expect(await rows()).toEqual(before);
});
