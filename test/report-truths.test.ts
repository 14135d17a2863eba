/**
 * The numbers of the reports about sign-ins, exceptions, expiry and access, against a generated world's own truth: counted here, from what the
 * world says really happened and from its raw records, and never by the SQL that the reports run.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliver, makeWorld, type SessionTruth, type World } from '../fixtures/world/index.ts';
import { configSchema } from '../src/config/config.ts';
import type { SqlRow } from '../src/engine/database.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { runReport } from '../src/pipeline/report.ts';
import { openWriter } from '../src/store/writer.ts';

const REPORTS = ['sign-in-to-session', 'exceptions', 'token-expiry', 'access-changes'] as const;

let folder: string;
let world: World;
/** Rows of every table of every report, by the query's id. */
const tables = new Map<string, readonly SqlRow[]>();
const rowsOf = (query: string): readonly SqlRow[] => tables.get(query) ?? [];
/** The period, in milliseconds since 1970. */
let from: number;
let to: number;
const isIn = (instant: string | number): boolean => Date.parse(new Date(instant).toISOString()) >= from && Date.parse(new Date(instant).toISOString()) < to;
/** Truth of the sessions that a recorded call opened in the period, with the name of that call. */
let opened: (SessionTruth & { readonly via: string })[];
/** When each sign-in was, in milliseconds, as its first row says. */
const signedInAt = new Map<string, number>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-truths-'));
  world = makeWorld({ seed: 21, liars: false, days: 2, eventsPerDay: 300 });
  from = Date.parse(new Date(world.start).toISOString().slice(0, 10));
  to = from + 2 * 86_400_000;
  await deliver(world, join(folder, 'logs'), {});
  await writeFile(join(folder, 'registry.csv'), world.registry.csv());
  const writer = await openWriter(join(folder, 'data'));
  try {
    await ingest(writer, [join(folder, 'registry.csv')], { isRegistry: true });
    await ingest(writer, [join(folder, 'logs')]);
    await bringUpToDate(writer, configSchema.parse(world.config));
    const reader = { db: writer.db, landing: { readMember: async (batchSeq: number, member: number) => Promise.resolve(writer.landing.unpackMember(batchSeq, member)) } };
    for (const id of REPORTS) {
      const { files } = await runReport(reader, id, { from: new Date(from), to: new Date(to), now: new Date('2026-02-01T00:00:00Z'), outDir: join(folder, 'out'), formats: ['json'], dataDir: join(folder, 'data') });
      const report = JSON.parse(await readFile(files[0]?.path ?? '', 'utf8')) as { tables: Record<string, { rows: SqlRow[] }> };
      for (const [query, { rows }] of Object.entries(report.tables)) tables.set(query, rows);
    }
  } finally {
    writer.close();
  }
  // By which call each key was issued; of a pair across accounts one half may be all that is recorded.
  const issued = new Map<string, string>();
  for (const record of world.records()) {
    if (record.source === 'cloudtrail') {
      const response = record.body['responseElements'] as { credentials?: { accessKeyId?: string } } | null | undefined;
      if (response?.credentials?.accessKeyId !== undefined) issued.set(response.credentials.accessKeyId, record.truth.event_name);
    }
    if (record.source === 'sign_in' && record.version === 1) signedInAt.set(record.id, record.at);
  }
  opened = [...world.truth.sessions.values()].flatMap((session) => {
    const via = issued.get(session.key_id);
    return via !== undefined && isIn(session.opened_at) ? [{ ...session, via }] : [];
  });
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** How many of each. */
function tally(names: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The place of `value` among classes that end before these limits. */
const classOf = (value: number, limits: readonly number[]): number => limits.filter((limit) => value >= limit).length;
/** The same for classes that include their ends. */
const classThrough = (value: number, limits: readonly number[]): number => limits.filter((limit) => value > limit).length;

/** `counts[index]` is the number of values of that class. */
function histogram(values: readonly number[], classes: number): number[] {
  const counts: number[] = Array.from({ length: classes }, () => 0);
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

describe('sign-in-to-session', () => {
  const federated = (): typeof opened => opened.filter(({ via }) => via === 'AssumeRoleWithWebIdentity' || via === 'AssumeRoleWithSAML');

  test('lists every session that a token or an assertion opened, and no other', () => {
    expect(federated().length).toBeGreaterThan(50);
    expect(rowsOf('rpt_sign_in_to_session_rows').map((row) => row['session_id']).sort()).toEqual(federated().map((session) => session.key_id).sort());
    expect(rowsOf('rpt_sign_in_to_session_totals')[0]).toMatchObject({ sessions: federated().length });
    expect(rowsOf('rpt_sign_in_to_session_grades').reduce((sum, row) => sum + Number(row['sessions']), 0)).toBe(federated().length);
  });

  test('names the sign-in that there was, who it was, and how old the token', () => {
    const truths = new Map(federated().map((session) => [session.key_id, session]));
    let matched = 0;
    for (const row of rowsOf('rpt_sign_in_to_session_rows')) {
      const truth = truths.get(row['session_id'] as string)!;
      expect(row['length_seconds']).toBe((Date.parse(truth.expires_at) - Date.parse(truth.opened_at)) / 1000);
      if (row['confidence'] === 'proved') expect(row['who_object_id']).toBe(truth.actor.object_id);
      if (row['sign_in_grade'] !== 'exact' && row['sign_in_grade'] !== 'window') continue;
      matched += 1;
      expect(row['sign_in_id']).toBe(truth.sign_in_id);
      expect(row['age_seconds']).toBeCloseTo((Date.parse(truth.opened_at) - signedInAt.get(truth.sign_in_id!)!) / 1000, 2);
    }
    const [totals = {}] = rowsOf('rpt_sign_in_to_session_totals');
    expect(matched).toBe(Number(totals['exact']) + Number(totals['in_window']));
    expect(matched).toBeGreaterThan(30);
  });

  test('counts sessions over time, and ages of tokens, as they were', () => {
    const hours = tally(federated().map(({ opened_at: at }) => `${new Date(at).toISOString().slice(0, 13)}:00:00Z`));
    const bars = rowsOf('rpt_sign_in_to_session_over_time');
    expect(bars).toHaveLength(48);
    const sum = (row: SqlRow): number => ['exact', 'in_window', 'ambiguous', 'without_sign_in', 'not_yet_due'].reduce((total, name) => total + Number(row[name]), 0);
    expect(Object.fromEntries(bars.filter((row) => sum(row) > 0).map((row) => [row['from_at'], sum(row)]))).toEqual(hours);
    const grades = new Map(rowsOf('rpt_sign_in_to_session_rows').map((row) => [row['session_id'], row['sign_in_grade']]));
    const age = ({ opened_at: at, sign_in_id: id }: SessionTruth): number => classOf((Date.parse(at) - signedInAt.get(id!)!) / 1000, [0, 60, 300, 900, 1800, 3600, 5400, 86_400]);
    for (const [column, grade] of [['exact', 'exact'], ['in_window', 'window']] as const) {
      expect(rowsOf('rpt_token_age').map((row) => row[column])).toEqual(histogram(federated().filter(({ key_id: key }) => grades.get(key) === grade).map(age), 9));
    }
  });
});

describe('exceptions', () => {
  test('counts what each story must raise, by detection, and nothing more that is open', () => {
    const due = tally(world.stories.flatMap((story) => story.findings).flatMap(({ detection, status }) => (status === undefined || status === 'open' ? [detection] : [])));
    const found = Object.fromEntries(rowsOf('rpt_exceptions_by_detection').filter((row) => Number(row['open']) > 0).map((row): [string, number] => [row['detection'] as string, Number(row['open'])]));
    expect(Object.values(due).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(15);
    expect(found).toEqual(due);
    expect(tally(rowsOf('rpt_exceptions_rows').filter((row) => row['status'] === 'open').map((row) => row['detection'] as string))).toEqual(due);
  });
});

describe('token-expiry', () => {
  const KINDS: Readonly<Record<string, readonly string[]>> = {
    AssumeRoleWithWebIdentity: ['web_identity'], AssumeRoleWithSAML: ['saml'], AssumeRole: ['role', 'service_role', 'task_role'],
    GetFederationToken: ['federation_token'], GetSessionToken: ['session_token'],
  };

  test('counts every session that a recorded call opened, with its least and greatest length', () => {
    for (const [via, kinds] of Object.entries(KINDS)) {
      const rows = rowsOf('rpt_token_expiry_lifetimes').filter((row) => kinds.includes(row['session_kind'] as string));
      const truths = opened.filter((session) => session.via === via);
      const lengths = truths.map((session) => (Date.parse(session.expires_at) - Date.parse(session.opened_at)) / 1000);
      expect(rows.reduce((sum, row) => sum + Number(row['sessions']), 0), via).toBe(truths.length);
      if (truths.length === 0) continue;
      expect(Math.min(...rows.map((row) => Number(row['least_seconds']))), via).toBe(Math.min(...lengths));
      expect(Math.max(...rows.map((row) => Number(row['greatest_seconds']))), via).toBe(Math.max(...lengths));
    }
  });

  test('draws the lengths of sessions by token as they were', () => {
    const tooLong = new Set(world.stories.flatMap((story) => story.findings).flatMap(({ detection, subject }) => (detection === 'session_longer_than_policy' ? [subject.id] : [])));
    const lengths = opened
      .filter(({ via, key_id: key }) => ['AssumeRoleWithWebIdentity', 'AssumeRoleWithSAML'].includes(via) && !tooLong.has(key))
      .map((session) => classThrough((Date.parse(session.expires_at) - Date.parse(session.opened_at)) / 1000, [900, 3600, 7200, 14_400, 28_800, 43_200]));
    expect(rowsOf('rpt_token_expiry_lengths').map((row) => row['by_token'])).toEqual(histogram(lengths, 7));
    expect(rowsOf('rpt_token_expiry_lengths').reduce((sum, row) => sum + Number(row['longer_than_policy']), 0)).toBe(tooLong.size);
  });

  test('lists what was refused or accepted after an end, as the stories have it', () => {
    const words: Readonly<Record<string, string>> = {
      expired_token_refused: 'refused after expiry', activity_after_session_expiry: 'accepted after expiry',
      session_outside_token_lifetime: 'opened with a token older than one lives', session_longer_than_policy: 'longer than policy',
    };
    const due = tally(world.stories.flatMap((story) => story.findings).flatMap(({ detection }) => words[detection] ?? []));
    expect(tally(rowsOf('rpt_token_expiry_findings').map((row) => row['what'] as string))).toEqual(due);
  });

  test('lists every task that ended after the session that started it, with by how much', () => {
    const stopped = new Map<string, number>();
    for (const record of world.records()) {
      if (record.source !== 'ecs_event') continue;
      const detail = record.body['detail'] as { taskArn?: string; stoppedAt?: string } | undefined;
      if (detail?.taskArn !== undefined && detail.stoppedAt !== undefined) stopped.set(detail.taskArn, Date.parse(detail.stoppedAt));
    }
    const recorded = new Set([...world.truth.events.keys()]);
    const keys = new Set(opened.map((session) => session.key_id));
    const due = new Map<string, number>();
    for (const task of world.truth.tasks.values()) {
      const key = task.launch_event_id === null || !recorded.has(task.launch_event_id) ? null : (world.truth.events.get(task.launch_event_id)?.session_key_id ?? null);
      const session = key === null || !keys.has(key) ? undefined : world.truth.sessions.get(key);
      const end = stopped.get(task.task_arn);
      if (task.how !== 'ran' || session === undefined || end === undefined || end <= Date.parse(session.expires_at)) continue;
      due.set(task.task_arn, (end - Date.parse(session.expires_at)) / 1000);
    }
    const listed = new Map(rowsOf('rpt_token_expiry_long_tasks').filter((row) => row['is_end_unknown'] === false).map((row) => [row['id'] as string, Number(row['outlived_seconds'])]));
    expect(due.size).toBeGreaterThan(0);
    expect([...listed.keys()].sort()).toEqual([...due.keys()].sort());
    for (const [id, seconds] of due) expect(listed.get(id)).toBeCloseTo(seconds, 2);
    const classes = [...due.values()].map((seconds) => classThrough(seconds, [3600, 14_400, 86_400, 604_800]));
    expect(rowsOf('rpt_token_expiry_outlived').slice(1).map((row) => row['ended'])).toEqual(histogram(classes, 5));
  });
});

describe('access-changes', () => {
  test('has a row for everybody whom a directory change of the period is about, with the sessions that were open then and those opened later', () => {
    const due: string[] = [];
    const audits = new Set<string>();
    const sessions = [...world.truth.sessions.values()].filter((session) => world.truth.events.has(session.opened_by_event_id));
    const shown = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value));
    for (const record of world.records()) {
      if (record.source !== 'directory_audit' || !isIn(record.at) || audits.has(record.id)) continue;
      audits.add(record.id);
      for (const target of (record.row['targetResources'] as { id: string }[] | undefined) ?? []) {
        const own = sessions.filter((session) => session.actor.tenant_id === record.tenantId && session.actor.object_id === target.id);
        const open = own.filter((session) => Date.parse(session.opened_at) <= record.at && Date.parse(session.expires_at) > record.at);
        due.push(`${String(record.row['activityDisplayName'])} ${target.id}: ${open.length} open then, ${own.filter((session) => Date.parse(session.opened_at) > record.at).length} opened later`);
      }
    }
    expect(audits.size).toBeGreaterThan(0);
    expect(rowsOf('rpt_access_changes_rows').map((row) => `${shown(row['activity_name'])} ${shown(row['object_id'])}: ${shown(row['open_then'])} open then, ${shown(row['opened_later'])} opened later`).sort()).toEqual(due.sort());
  });
});
