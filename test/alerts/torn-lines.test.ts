/**
 * A last line without its line break is no line yet, however whole it looks: the next writer cuts it off, so whatever was made of it would
 * vanish again. Every query that reads one of landing's logs has to see what stands when the line is cut off.
 */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { channelRecords } from '../../src/answers/channels.ts';
import { loadFindingLife } from '../../src/answers/finding-life.ts';
import { insertRow, openCaseDatabase } from '../../src/catalog/run-case.ts';
import { configSchema } from '../../src/config/config.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import type { Database } from '../../src/engine/database.ts';
import { alertLogPath, openAlertLog, type AlertEntry } from '../../src/landing/alert-log.ts';
import { openLanding } from '../../src/landing/landing.ts';
import { PullLog } from '../../src/landing/pull-log.ts';
import { appendRun } from '../../src/landing/run-log.ts';
import { planAlerts } from '../../src/pipeline/alert-plan.ts';
import { fillWatch } from '../../src/pipeline/watch.ts';

const AT = '2026-01-15T09:00:00Z';
const config = configSchema.parse({ sources: [{ type: 'cloudtrail-lookup', id: 'trail', accounts: [{ account_id: '111122223333' }], regions: ['eu-west-1'] }] });

let data: string;
let db: Database;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'whoran-torn-'));
  db = await openCaseDatabase(packageRoot());
  await db.file(join(packageRoot(), 'queries/detections/tables.sql'));
  openLanding(data).close();
});
afterEach(async () => {
  db.close();
  await rm(data, { recursive: true, force: true });
});

/** `read` with the last line of the log whole, torn in several places, and cut off. */
async function readings(path: string, read: () => Promise<unknown>): Promise<{ whole: unknown; torn: unknown[]; cut: unknown }> {
  const bytes = readFileSync(path);
  const start = bytes.lastIndexOf('\n', bytes.length - 2) + 1;
  const whole = await read();
  const torn: unknown[] = [];
  // Without its line break alone, and in the middle.
  for (const end of [bytes.length - 1, (start + bytes.length) >> 1]) {
    writeFileSync(path, bytes.subarray(0, end));
    torn.push(await read());
  }
  truncateSync(path, start);
  return { whole, torn, cut: await read() };
}

function expectNotCounted({ whole, torn, cut }: { whole: unknown; torn: unknown[]; cut: unknown }): void {
  expect(whole).not.toEqual(cut);
  for (const one of torn) expect(one).toEqual(cut);
}

const planned: AlertEntry = { kind: 'planned', at: AT, key: 'k', channel: 'one', notice: 'fired', group_key: 'g', finding_ids: ['f'], openings: [1] };
const alerts = (...entries: AlertEntry[]): void => {
  const log = openAlertLog(data);
  log.append(entries);
  log.close();
};

test.each<[string, AlertEntry[]]>([
  ['planned', [planned, { ...planned, key: 'k2' }]],
  ['sending', [planned, { kind: 'sending', at: AT, key: 'k', attempt: 1 }]],
  ['sent', [planned, { kind: 'sending', at: AT, key: 'k', attempt: 1 }, { kind: 'sent', at: AT, key: 'k', attempt: 1, receipt: null }]],
  ['given up', [planned, { kind: 'sending', at: AT, key: 'k', attempt: 1 }, { kind: 'failed', at: AT, key: 'k', attempt: 1, message: 'no', retry_at: null }]],
])('a message\'s line: %s', async (_, entries) => {
  alerts(...entries);
  expectNotCounted(await readings(alertLogPath(data), async () => {
    await loadFindingLife(db, { dataDir: data, now: new Date(AT) });
    return db.all('select * from life_messages order by alert_key');
  }));
});

test('how a channel stands', async () => {
  alerts(planned, { kind: 'sending', at: AT, key: 'k', attempt: 1 }, { kind: 'failed', at: AT, key: 'k', attempt: 1, message: 'no', retry_at: null });
  expectNotCounted(await readings(alertLogPath(data), async () => channelRecords(db, data, new Date(AT))));
});

/** What is watched, of all logs. */
async function watched(): Promise<unknown> {
  // Opening the landing would cut the ledger's torn line off.
  await fillWatch(db, { folder: join(data, 'landing'), *faults() { yield* []; }, *batches() { yield* []; } }, config);
  return { dead: await db.all('select * from stg_dead_alerts'), sources: await db.all('select * from stg_source_watch'), rejects: await db.all('select * from stg_reject_days') };
}

test('a message that was given up is no finding before its line is whole', async () => {
  alerts(planned, { kind: 'sending', at: AT, key: 'k', attempt: 1 }, { kind: 'failed', at: AT, key: 'k', attempt: 1, message: 'no', retry_at: null });
  expectNotCounted(await readings(alertLogPath(data), watched));
});

const began = (id: string, at: string): void => { appendRun(data, { kind: 'began', run_id: id, trigger: 'command', at, schedule: null, version: '0', node: 'v20' }); };

test('the clock of what is watched: a run that began', async () => {
  began('1', AT);
  began('2', '2026-01-16T09:00:00Z');
  expectNotCounted(await readings(join(data, 'landing/runs.jsonl'), watched));
});

test('a delivery', async () => {
  began('1', AT);
  const landing = openLanding(data);
  for (const text of ['one', 'two']) await landing.land({ source: 'trail', form: 'file', origin: text, bytes: Buffer.from(text), stream: text });
  landing.close();
  await insertRow(db, 'stg_deliveries', { batch_seq: 2, member: 0, records_read: 5, records_rejected: 5 });
  expectNotCounted(await readings(join(data, 'landing/ledger.jsonl'), watched));
});

/** A stream's step: what a silent source would deliver. */
function pulled(stream: string): void {
  const log = PullLog.open(join(data, 'landing'), 0);
  log.append({
    at: AT, source: 'trail', stream, covers: [{ of: 'cloudtrail', tenant_id: null, sign_in_kind: null, account_id: '111122223333', region: stream }], window_from: null, window_to: null, cursor: 'c', complete_through: null,
    ledger_seq: 0, delivered: 0, landed: 0, bytes: 0,
  });
  log.close();
}

test('a pull: what is watched, and what a silence covers', async () => {
  began('1', AT);
  await db.run(
    `insert into findings select 's', 'source_silent', 'high', 'open', $at, 'source', 'trail', 'What', null, $dedup, [], [struct_pack(source := 'landing', owner_id := 'runs.jsonl', record_id := '1', record_at := null::timestamptz)], 'q'`,
    { at: new Date(AT), dedup: `source_silent/trail/${Date.parse(AT) / 1000}` },
  );
  pulled('eu-west-1');
  pulled('us-east-1');
  expectNotCounted(await readings(join(data, 'landing/pulls.jsonl'), async () => {
    await loadFindingLife(db, { dataDir: data, now: new Date(AT) });
    await planAlerts(db, config, { detections: [] }, [], new Date(AT), data);
    return { silences: await db.all('select * from plan_silences order by all'), watched: await watched() };
  }));
});
