/**
 * Planning on a real DuckDB, with the real logs: each opening is told once a channel, and what holds it back is said.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadFindingLife } from '../answers/finding-life.ts';
import { openCaseDatabase } from '../catalog/run-case.ts';
import { configSchema, type ConfigSpec } from '../config/config.ts';
import { packageRoot } from '../core/package-root.ts';
import type { Database } from '../engine/database.ts';
import { openAlertLog, type AlertEntry } from '../landing/alert-log.ts';
import { appendDecisions } from '../landing/journal.ts';
import { planAlerts, type AlertPlan } from './alert-plan.ts';
import { recordFindingChanges } from './finding-changes.ts';

const NOTICES = ['fired', 'reminder', 'acknowledged', 'resolved'] as const;
const at = (hours: number): Date => new Date(Date.parse('2026-01-15T08:00:00Z') + hours * 3_600_000);

let data: string;
let db: Database;
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'whoran-plan-'));
  mkdirSync(join(data, 'landing'));
  db = await openCaseDatabase(packageRoot());
  await db.file(join(packageRoot(), 'queries/detections/tables.sql'));
});
afterEach(() => {
  db.close();
  rmSync(data, { recursive: true, force: true });
});

interface Fields { detection?: string; severity?: string; who?: string; account?: string; cluster?: string; evidence?: string; status?: string; subject?: readonly [string, string]; occurred?: Date }

async function found(id: string, { detection = 'present', severity = 'high', who = 'ada', account = '111122223333', cluster = 'prod', evidence = 'e', status = 'open', subject = ['session', id], occurred = at(0) }: Fields = {}): Promise<void> {
  await gone(id);
  const [kind, name] = subject;
  await db.run(
    `insert into findings select $id, $detection, $severity, $status, $occurred, $kind, $name, 'What', null, $id, [],
       [struct_pack(source := 'cloudtrail', owner_id := '1', record_id := $evidence, record_at := null::timestamptz)], 'q'`,
    { id, detection, severity, status, occurred, kind, name, evidence },
  );
  await db.run('insert into finding_facts by name select $id as id, $who as who_object_id, $account as account_id, $cluster as cluster_name', { id, who, account, cluster });
}
async function gone(id: string): Promise<void> {
  for (const table of ['findings', 'finding_facts']) await db.run(`delete from ${table} where id = $id`, { id });
}

function configOf(alerts: ConfigSpec['alerts']): ReturnType<typeof configSchema.parse> {
  return configSchema.parse({ alerts: { channels: [{ id: 'one', type: 'file', path: 'x' }, { id: 'two', type: 'file', path: 'y' }], ...alerts } });
}
const PLAIN = configOf({ routes: [{ channels: ['one'], min_severity: 'low' }] });

/** A run: changes are recorded, what is due is planned and, unless told otherwise, sent. */
async function run(hours: number, config = PLAIN, outcome: 'sent' | 'dead' | 'pending' = 'sent'): Promise<AlertPlan> {
  const log = openAlertLog(data);
  try {
    await loadFindingLife(db, { dataDir: data, now: at(hours) });
    await recordFindingChanges(db, { log, now: at(hours), runId: null, provisionalAfterMinutes: 20 });
    await loadFindingLife(db, { dataDir: data, now: at(hours) });
    const plan = await planAlerts(db, config, { detections: [] }, config.alerts.channels.map(({ id }) => ({ id, notices: NOTICES })), at(hours), data);
    const time = at(hours).toISOString();
    const lines = plan.due.flatMap(({ alert_key: key, channel, notice, group_key, finding_ids, openings }): AlertEntry[] => [
      { kind: 'planned', at: time, key, channel, notice, group_key, finding_ids, openings },
      ...(outcome === 'pending' ? [] : [{ kind: 'sending', at: time, key, attempt: 1 } as const]),
      ...(outcome === 'sent' ? [{ kind: 'sent', at: time, key, attempt: 1, receipt: null } as const] : []),
      ...(outcome === 'dead' ? [{ kind: 'failed', at: time, key, attempt: 1, message: 'no', retry_at: null } as const] : []),
    ]);
    if (lines.length > 0) log.append(lines);
    return plan;
  } finally {
    log.close();
  }
}
const told = ({ due }: AlertPlan): string[] => due.map(({ channel, notice, finding_ids: ids }) => `${channel} ${notice} ${ids.join('+')}`);
const decide = (hours: number, id: string, decision: string, opening = 1, until?: string): void => {
  appendDecisions(data, at(hours).toISOString(), [{ by: 'ada', action: `finding.${decision}`, subject: id, reason: 'r', detail: { opening, evidence_sha256: null, ...(until === undefined ? {} : { until }) } }]);
};

describe('each opening once', () => {
  test('fired, and not again; over by itself: resolved, and not again; there again: fired again, under the same group', async () => {
    await found('a');
    const first = await run(1);
    expect(told(first)).toEqual(['one fired a']);
    expect(told(await run(2))).toEqual([]);
    await gone('a');
    expect(told(await run(3))).toEqual(['one resolved a']);
    expect(told(await run(4))).toEqual([]);
    await found('a');
    const again = await run(5);
    expect(told(again)).toEqual(['one fired a']);
    expect(again.due[0]?.group_key).toBe(first.due[0]?.group_key);
    expect(again.due[0]?.alert_key).not.toBe(first.due[0]?.alert_key);
    expect(told(await run(6))).toEqual([]);
  });

  test('a message that nobody took is not planned twice, dead or pending', async () => {
    await found('a');
    expect(told(await run(1, PLAIN, 'pending'))).toEqual(['one fired a']);
    expect(told(await run(30, PLAIN, 'pending'))).toEqual([]);
    await found('b', { who: 'ben' });
    expect(told(await run(31, PLAIN, 'dead'))).toEqual(['one fired b']);
    expect(told(await run(32))).toEqual([]);
  });

  test('provisional ones are told to nobody; once settled they are', async () => {
    await found('a', { status: 'provisional' });
    expect(told(await run(1))).toEqual([]);
    await found('a');
    expect(told(await run(2))).toEqual(['one fired a']);
  });
});

describe('groups', () => {
  test('one message for what detection and identity have in common; what comes later goes under the same key', async () => {
    await found('a', { severity: 'medium' });
    await found('b', { severity: 'critical' });
    await found('c', { who: 'ben' });
    const first = await run(1);
    expect(told(first)).toEqual(['one fired b+a', 'one fired c']);
    await found('d');
    const later = await run(2);
    expect(told(later)).toEqual(['one fired d']);
    expect(later.due[0]?.group_key).toBe(first.due[0]?.group_key);
    await gone('a');
    await gone('b');
    expect(told(await run(3))).toEqual([]);
    await gone('d');
    expect(told(await run(4))).toEqual(['one resolved b+d+a']);
  });

  // A group that was announced has no follow-up of its own: what joins it is told in its own right, so nothing of it can be left untold.
  test('a group that grows: each that joins is told once, whatever became of the group and its messages before', async () => {
    const config = configOf({ routes: [{ channels: ['one', 'two'], min_severity: 'low', repeat_hours: 0 }], quiet_hours: [{ from: '12:00', to: '14:00' }] });
    const times = new Map<string, number>();
    const keys = new Set<string>();
    const groups = new Set<string>();
    const step = async (hours: number, outcome?: 'sent' | 'dead' | 'pending'): Promise<void> => {
      for (const { channel, notice, group_key: group, alert_key: key, finding_ids: ids } of (await run(hours, config, outcome)).due) {
        expect(keys.has(key)).toBe(false);
        keys.add(key);
        if (notice !== 'fired') continue;
        groups.add(`${channel} ${group}`);
        for (const id of ids) times.set(`${channel} ${id}`, (times.get(`${channel} ${id}`) ?? 0) + 1);
      }
    };
    await found('first');
    await step(0.5);
    // One that joins while the message before waits, is given up, and while somebody has acknowledged all that was told.
    await found('after-pending');
    await step(1, 'pending');
    await found('after-dead');
    await step(1.5, 'dead');
    for (const id of ['first', 'after-pending', 'after-dead']) decide(2, id, 'acknowledge');
    await found('after-acknowledged', { severity: 'low' });
    await step(2.5);
    // More than a message shows, at once.
    for (let number = 0; number < 11; number += 1) await found(`many-${number}`);
    await step(3);
    // One that quiet hours hold back, while all of the group that was told comes to its end.
    await found('in-quiet-hours', { severity: 'low' });
    await step(4.5);
    expect(times.get('one in-quiet-hours')).toBeUndefined();
    for (const id of ['first', 'after-pending', 'after-dead', 'after-acknowledged']) await gone(id);
    for (let number = 0; number < 11; number += 1) await gone(`many-${number}`);
    await step(5);
    await step(6.5);
    await found('after-resolved');
    await step(7);
    await step(7.5);
    const all = ['first', 'after-pending', 'after-dead', 'after-acknowledged', ...Array.from({ length: 11 }, (_, number) => `many-${number}`), 'in-quiet-hours', 'after-resolved'];
    expect([...times].sort()).toEqual(['one', 'two'].flatMap((channel) => all.map((id): [string, number] => [`${channel} ${id}`, 1])).sort());
    // On each channel they had one group all along: a service that keeps an incident a group puts them there.
    expect(groups.size).toBe(2);
  });

  test('an empty list of keys: one message a finding', async () => {
    await found('a');
    await found('b');
    expect(told(await run(1, configOf({ routes: [{ channels: ['one'], group_by: [] }] }))).sort()).toEqual(['one fired a', 'one fired b']);
  });
});

describe('routes', () => {
  test('severity, detection, account and team; once a channel, by the first route that fits', async () => {
    await found('a', { severity: 'low' });
    await found('b', { severity: 'high', who: 'ben' });
    await found('c', { severity: 'critical', who: 'cy', account: '444455556666', detection: 'absent' });
    await db.run("insert into cfg_teams values (0, 'etl', 'account', '444455556666')");
    const config = configOf({
      routes: [
        { channels: ['one', 'one'], min_severity: 'high', accounts: ['111122223333'] }, { channels: ['one'], min_severity: 'high', group_by: [] },
        { channels: ['two'], min_severity: 'low', teams: ['etl'], detections: ['absent', 'present'] },
      ],
    });
    expect(told(await run(1, config)).sort()).toEqual(['one fired b', 'one fired c', 'two fired c']);
  });

  test('a channel that failed is not told so over itself', async () => {
    await found('dead', { detection: 'alert_undeliverable', subject: ['channel', 'one'] });
    expect(told(await run(1, configOf({ routes: [{ channels: ['one', 'two'] }] })))).toEqual(['two fired dead']);
  });
});

describe('people', () => {
  test('acknowledged: told once, no more reminders; resolved: told once', async () => {
    await found('a');
    await run(1);
    decide(2, 'a', 'acknowledge');
    expect(told(await run(3))).toEqual(['one acknowledged a']);
    expect(told(await run(60))).toEqual([]);
    decide(61, 'a', 'resolve');
    expect(told(await run(62))).toEqual(['one resolved a']);
    expect(told(await run(63))).toEqual([]);
  });

  test('nobody acknowledges: a reminder each day, while it stands', async () => {
    await found('a');
    await run(1);
    expect(told(await run(24))).toEqual([]);
    const first = await run(25);
    expect(told(first)).toEqual(['one reminder a']);
    expect(told(await run(48))).toEqual([]);
    const second = await run(49);
    expect(told(second)).toEqual(['one reminder a']);
    expect(second.due[0]?.alert_key).not.toBe(first.due[0]?.alert_key);
    await gone('a');
    expect(told(await run(80))).toEqual(['one resolved a']);
  });

  test('told, suppressed, and open again when that ends: over, and then told anew; and over once more', async () => {
    await found('a');
    const first = await run(1);
    decide(2, 'a', 'suppress', 1, at(10).toISOString());
    expect(told(await run(3))).toEqual(['one resolved a']);
    const again = await run(11);
    expect(told(again)).toEqual(['one fired a']);
    expect(again.due[0]?.alert_key).not.toBe(first.due[0]?.alert_key);
    expect(told(await run(12))).toEqual([]);
    await gone('a');
    expect(told(await run(13))).toEqual(['one resolved a']);
    expect(told(await run(14))).toEqual([]);
  });

  test('suppressed before it is told: nothing, until the suppression ends', async () => {
    await found('a');
    decide(0.5, 'a', 'suppress', 1, at(10).toISOString());
    expect(told(await run(1))).toEqual([]);
    expect(told(await run(10))).toEqual(['one fired a']);
  });
});

describe('held back', () => {
  test('quiet hours: what is less severe waits, and is told when they end', async () => {
    const config = configOf({ routes: [{ channels: ['one'] }], quiet_hours: [{ from: '09:00', to: '11:00' }] });
    await found('a', { severity: 'high' });
    await found('b', { severity: 'critical', who: 'ben' });
    const plan = await run(1, config);
    expect(told(plan)).toEqual(['one fired b']);
    expect(plan.held).toEqual([{ why: 'quiet hours until 2026-01-15T11:00:00Z', findings: 1, channels: ['one'] }]);
    expect(told(await run(3, config))).toEqual(['one fired a']);
  });

  test('planned work: what it is about waits, and what is over by then is never told', async () => {
    const config = configOf({
      routes: [{ channels: ['one'] }],
      maintenance: [{ from: '2026-01-15T08:30:00Z', to: '2026-01-15T12:00:00Z', clusters: ['prod'], owner: 'ada@example.com', reason: 'move' }],
    });
    await found('a');
    await found('b', { who: 'ben' });
    await found('c', { who: 'cy', cluster: 'dev' });
    const plan = await run(1, config);
    expect(told(plan)).toEqual(['one fired c']);
    expect(plan.held).toEqual([{ why: 'planned work until 2026-01-15T12:00:00Z (ada@example.com: move)', findings: 2, channels: ['one'] }]);
    await gone('b');
    expect(told(await run(5, config))).toEqual(['one fired a']);
  });
});
