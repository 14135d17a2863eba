/**
 * Copies of one record that say different things, and records that amend others: what is staged follows from the set of
 * what was delivered (ATTRIBUTION 1, RULINGS 20), never from the order.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database, SqlRow } from '../src/engine/database.ts';
import { recordSha256 } from '../src/landing/record-bytes.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openWriter } from '../src/store/writer.ts';
import { ACCOUNT, guid, linesText, logsText, lookupText, put, record, trailText, type Fields } from './cloudtrail-files.ts';
import { doubled } from './staged-outcome.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-copies-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

type File = readonly [name: string, content: string];

/** All orders of some things. */
function orders<T>(things: readonly T[]): T[][] {
  if (things.length < 2) return [[...things]];
  return things.flatMap((first, at) => orders(things.toSpliced(at, 1)).map((rest) => [first, ...rest]));
}

/** What `look` sees after the files were ingested in this order, so many at a time. */
async function seen<T>(files: readonly File[], filesARun: number, look: (db: Database) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(folder, 'run-'));
  const writer = await openWriter(join(home, 'data'));
  try {
    for (let from = 0; from < files.length; from += filesARun) {
      // Files of a run are read in the order of their paths.
      await ingest(writer, files.slice(from, from + filesARun).map(([name, content], n) => put(home, `${from + n}/${name}`, content)));
    }
    expect(await doubled(writer.db)).toEqual([]);
    return await look(writer.db);
  } finally {
    writer.close();
  }
}

/** Expects the same to be seen in every order, one file a run and all in one. */
async function expectAlways<T>(files: readonly File[], look: (db: Database) => Promise<T>, expected: T): Promise<void> {
  for (const order of orders(files)) {
    for (const filesARun of [1, files.length]) {
      expect(await seen(order, filesARun, look), `${order.map(([name]) => name).join(', ')}, ${filesARun} a run`).toEqual(expected);
    }
  }
}

const agents = async (db: Database): Promise<SqlRow[]> => db.all('select event_id, user_agent from stg_events order by all');
const copyRanks = async (db: Database): Promise<SqlRow[]> =>
  db.all(`select distinct source_rank as rank from (select source_rank from stg_events union all select source_rank from stg_event_copies) order by all`);

describe('copies that differ', () => {
  const told = (agent: string): Fields => record(1, { userAgent: agent });

  test('the best source counts, also where it comes last; all copies are kept', async () => {
    const files: File[] = [
      ['logs.json', logsText(told('logs'))], ['lookup.json', lookupText(told('lookup'))], ['lines.jsonl', linesText(told('lines'))],
    ];
    await expectAlways(files, async (db) => [await agents(db), await copyRanks(db)], [
      [{ event_id: guid(1), user_agent: 'logs' }], [{ rank: 2 }, { rank: 4 }, { rank: 5 }],
    ]);
  });

  test('a trail object counts before everything else', async () => {
    const files: File[] = [['trail.json.gz', trailText(told('trail'))], ['logs.json', logsText(told('logs'))], ['plain.json', trailText(record(2), told('trail'))]];
    await expectAlways(files, async (db) => (await agents(db))[0], { event_id: guid(1), user_agent: 'trail' });
  });

  test('of one source, the copy with the least SHA-256 counts', async () => {
    const copies = ['one', 'two', 'three'].map(told);
    const least = copies.toSorted((a, b) => (shaOf(a) < shaOf(b) ? -1 : 1))[0]!;
    const files = copies.map((copy, n): File => [`${n}.json.gz`, trailText(copy)]);
    await expectAlways(files, agents, [{ event_id: guid(1), user_agent: String(least['userAgent']) }]);
  });

  test('what every later table took from the losing copy goes with it', async () => {
    const launch = (task: string): Fields => record(1, {
      eventName: 'RunTask', readOnly: false, responseElements: { tasks: [{ taskArn: `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/prod/${task}` }], failures: [] },
    });
    const files: File[] = [['lines.jsonl', linesText(launch('0000000000000000000000000000000a'))], ['trail.json.gz', trailText(launch('0000000000000000000000000000000b'))]];
    const look = async (db: Database): Promise<SqlRow[]> =>
      db.all('select l.task_key, a.event_name, (select count(*) from stg_ecs_actions) as actions from stg_task_launches l join stg_ecs_actions a using (account_id, event_id)');
    await expectAlways(files, look, [{ task_key: `${ACCOUNT}/0000000000000000000000000000000b`, event_name: 'RunTask', actions: 1 }]);
  });

  test('a copy with another time of the same day is found, however far its time is from what is stored', async () => {
    const files: File[] = [
      ['true.json.gz', trailText(told('true'), record(2, { eventTime: '2026-01-15T09:30:00Z' }))],
      ['altered.jsonl', linesText({ ...told('altered'), eventTime: '2026-01-15T21:00:00Z' })],
    ];
    await expectAlways(files, agents, [{ event_id: guid(1), user_agent: 'true' }, { event_id: guid(2), user_agent: 'aws-cli/2' }]);
  });

  test('the same id in two accounts is two records', async () => {
    const files: File[] = [['a.json.gz', trailText(told('a'))], ['b.json.gz', trailText({ ...told('b'), recipientAccountId: '444455556666' })]];
    await expectAlways(files, agents, [{ event_id: guid(1), user_agent: 'a' }, { event_id: guid(1), user_agent: 'b' }]);
  });
});

describe('addenda', () => {
  const base = record(1, { eventName: 'RunTask', readOnly: false, userAgent: 'first', responseElements: null });
  const amend = (n: number, at: string, fields: Fields): Fields => ({
    ...base, ...fields, eventID: guid(n), eventTime: at, addendum: { reason: 'UPDATED_DATA', updatedFields: 'userAgent', originalEventID: guid(1) },
  });
  const look = async (db: Database): Promise<unknown> => ({
    events: await db.all('select event_id, event_at, user_agent, source_rank from stg_events order by all'),
    launches: (await db.all('select task_key from stg_task_launches order by all')).map((row) => row['task_key']),
    addenda: (await db.all('select distinct event_id from stg_addenda order by all')).map((row) => row['event_id']),
    // Where evidence is taken from: the record's own copies.
    evidence: await db.all('select source_rank, record_sha256 from stg_event_copies order by all'),
  });

  test('amend the record that they name in the order of (time, id), whichever comes first', async () => {
    const tasks = { tasks: [{ taskArn: `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/prod/0000000000000000000000000000000c` }] };
    const files: File[] = [
      ['base.jsonl', linesText(base)],
      ['early.jsonl', linesText(amend(3, '2026-01-15T10:00:00Z', { userAgent: 'early', responseElements: tasks }))],
      ['late.jsonl', linesText(amend(2, '2026-01-15T11:00:00Z', { userAgent: 'late', responseElements: tasks }))],
    ];
    await expectAlways(files, look, {
      events: [{ event_id: guid(1), event_at: '2026-01-15T09:00:00Z', user_agent: 'late', source_rank: 9 }],
      launches: [`${ACCOUNT}/0000000000000000000000000000000c`],
      addenda: [guid(2), guid(3)],
      evidence: [{ source_rank: 5, record_sha256: shaOf(base) }],
    });
  });

  test('of one time go by their ids; what one doesn\'t say stays', async () => {
    const files: File[] = [
      ['a.json.gz', trailText(base)],
      ['b.json.gz', trailText({ ...amend(3, '2026-01-15T10:00:00Z', { userAgent: 'third' }), sourceIPAddress: undefined })],
      ['c.json.gz', trailText(amend(2, '2026-01-15T10:00:00Z', { userAgent: 'second', sourceIPAddress: '203.0.113.9' }))],
    ];
    await expectAlways(files, async (db) => db.all('select user_agent, source_ip from stg_events'), [{ user_agent: 'third', source_ip: '203.0.113.9' }]);
  });

  test('amend no other record, and stand by themselves until it comes', async () => {
    const late = linesText(amend(2, '2026-01-15T11:00:00Z', { userAgent: 'late' }));
    const events = async (db: Database): Promise<SqlRow[]> => db.all('select event_id, user_agent from stg_events order by all');
    expect(await seen([['late.jsonl', late]], 1, events)).toEqual([]);
    await expectAlways([['late.jsonl', late], ['other.jsonl', linesText(record(4))]], events, [{ event_id: guid(4), user_agent: 'aws-cli/2' }]);
  });
});

function shaOf(one: Fields): string {
  return recordSha256(Buffer.from(JSON.stringify(one)));
}
