/**
 * Copies of one record that say different things, and records that amend others: what is staged follows from the set of
 * what was delivered (ATTRIBUTION 1, RULINGS 20), never from the order.
 *
 * Each case has up to three deliveries. All cases go through the same data folders, one for every order of the three, and
 * each is looked at in all of them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SqlRow } from '../src/engine/database.ts';
import { recordSha256 } from '../src/landing/record-bytes.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openWriter, type Writer } from '../src/store/writer.ts';
import { ACCOUNT, guid, linesText, logsText, lookupText, put, record, trailText, type Fields } from './cloudtrail-files.ts';
import { doubled } from './staged-outcome.ts';

type Delivery = readonly [name: string, content: string];
interface Case {
  readonly title: string;
  readonly deliveries: readonly Delivery[];
  /** `:events`, `:copies` … stand for the rows of the case. */
  readonly look: string;
  readonly expected: readonly SqlRow[];
}

const shaOf = (one: Fields): string => recordSha256(Buffer.from(JSON.stringify(one)));
const taskArn = (end: string): string => `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/prod/${end.padStart(32, '0')}`;
const taskKey = (end: string): string => `${ACCOUNT}/${end.padStart(32, '0')}`;

const CASES: ((id: (n: number) => number) => Case)[] = [
  (id) => ({
    title: 'the best source counts, and all copies are kept',
    deliveries: [
      ['logs.json', logsText(record(id(1), { userAgent: 'logs' }))],
      ['lookup.json', lookupText(record(id(1), { userAgent: 'lookup' }))],
      ['lines.jsonl', linesText(record(id(1), { userAgent: 'lines' }))],
    ],
    look: `select user_agent, (select list(distinct c.source_rank order by c.source_rank) from
      (select source_rank from :events union all select source_rank from :copies) as c) as ranks from :events`,
    expected: [{ user_agent: 'logs', ranks: [2, 4, 5] }],
  }),
  (id) => ({
    title: 'a trail object counts before everything else',
    deliveries: [
      ['trail.json.gz', trailText(record(id(1), { userAgent: 'trail' }))],
      ['logs.json', logsText(record(id(1), { userAgent: 'logs' }))],
      ['other.json.gz', trailText(record(id(2)))],
    ],
    look: 'select event_id, user_agent, source_rank from :events order by all',
    expected: [{ event_id: guid(id(1)), user_agent: 'trail', source_rank: 1 }, { event_id: guid(id(2)), user_agent: 'aws-cli/2', source_rank: 1 }],
  }),
  (id) => {
    const copies = ['one', 'two', 'three'].map((userAgent) => record(id(1), { userAgent }));
    const least = copies.toSorted((a, b) => (shaOf(a) < shaOf(b) ? -1 : 1))[0]!;
    return {
      title: 'of one source, the copy with the least SHA-256 counts',
      deliveries: copies.map((copy, n) => [`${n}.json.gz`, trailText(copy)] as const),
      look: 'select user_agent from :events',
      expected: [{ user_agent: String(least['userAgent']) }],
    };
  },
  (id) => {
    const launch = (task: string): Fields => record(id(1), { eventName: 'RunTask', readOnly: false, responseElements: { tasks: [{ taskArn: taskArn(task) }], failures: [] } });
    return {
      title: 'what every later table took from a losing copy goes with it',
      deliveries: [['lines.jsonl', linesText(launch('a'))], ['trail.json.gz', trailText(launch('b'))], ['logs.json', logsText(launch('c'))]],
      look: 'select task_key, (select count(*) from :actions) as actions from :launches',
      expected: [{ task_key: taskKey('b'), actions: 1 }],
    };
  },
  (id) => ({
    title: 'a copy with another time of the same day is found, however far that is from what is stored',
    deliveries: [
      ['true.json.gz', trailText(record(id(1), { userAgent: 'true' }), record(id(2), { eventTime: '2026-01-16T09:30:00Z' }))],
      ['altered.jsonl', linesText(record(id(1), { userAgent: 'altered', eventTime: '2026-01-15T21:00:00Z' }))],
    ],
    look: 'select user_agent, event_at from :events order by all',
    expected: [{ user_agent: 'aws-cli/2', event_at: '2026-01-16T09:30:00Z' }, { user_agent: 'true', event_at: '2026-01-15T09:00:00Z' }],
  }),
  (id) => ({
    title: 'one id in two accounts is two records',
    deliveries: [
      ['a.json.gz', trailText(record(id(1), { userAgent: 'a' }))],
      ['b.json.gz', trailText(record(id(1), { userAgent: 'b', recipientAccountId: '444455556666' }))],
    ],
    look: 'select account_id, user_agent from :events order by all',
    expected: [{ account_id: ACCOUNT, user_agent: 'a' }, { account_id: '444455556666', user_agent: 'b' }],
  }),
  (id) => {
    const base = record(id(1), { eventName: 'RunTask', readOnly: false, userAgent: 'first' });
    return {
      title: 'addenda amend the record that they name in the order of (time, id), and evidence stays the record\'s own',
      deliveries: [
        ['base.jsonl', linesText(base)],
        ['early.jsonl', linesText(amending(base, id(3), '2026-01-15T10:00:00Z', { userAgent: 'early', responseElements: { tasks: [{ taskArn: taskArn('d') }] } }))],
        ['late.json.gz', trailText(amending(base, id(2), '2026-01-15T11:00:00Z', { userAgent: 'late', responseElements: undefined }))],
      ],
      look: `select event_id, event_at, user_agent, source_rank, (select list(task_key) from :launches) as tasks,
        (select list({rank: source_rank, sha256: record_sha256}) from :copies) as evidence,
        (select list(distinct event_id order by event_id) from :addenda) as addenda from :events`,
      expected: [{
        event_id: guid(id(1)), event_at: '2026-01-15T09:00:00Z', user_agent: 'late', source_rank: 9, tasks: [taskKey('d')],
        evidence: [{ rank: 5, sha256: shaOf(base) }], addenda: [guid(id(2)), guid(id(3))],
      }],
    };
  },
  (id) => {
    const base = record(id(1), { userAgent: 'first' });
    return {
      title: 'addenda of one time go by their ids; what one doesn\'t say stays',
      deliveries: [
        ['a.json.gz', trailText(base)],
        ['b.json.gz', trailText(amending(base, id(3), '2026-01-15T10:00:00Z', { userAgent: 'third', sourceIPAddress: undefined }))],
        ['c.json.gz', trailText(amending(base, id(2), '2026-01-15T10:00:00Z', { userAgent: 'second', sourceIPAddress: '203.0.113.9' }))],
      ],
      look: 'select user_agent, source_ip from :events',
      expected: [{ user_agent: 'third', source_ip: '203.0.113.9' }],
    };
  },
  (id) => ({
    title: 'an addendum amends no other record, and is none by itself',
    deliveries: [
      ['late.jsonl', linesText(amending(record(id(1)), id(2), '2026-01-15T11:00:00Z', { userAgent: 'late' }))],
      ['other.jsonl', linesText(record(id(4)))],
      ['again.jsonl', linesText(record(id(4)), amending(record(id(1)), id(2), '2026-01-15T11:00:00Z', { userAgent: 'late' }))],
    ],
    look: 'select event_id, user_agent from :events',
    expected: [{ event_id: guid(id(4)), user_agent: 'aws-cli/2' }],
  }),
];

function amending(base: Fields, n: number, at: string, fields: Fields): Fields {
  return { ...base, ...fields, eventID: guid(n), eventTime: at, addendum: { reason: 'UPDATED_DATA', updatedFields: 'userAgent', originalEventID: base['eventID'] } };
}

/** Event ids of case `number`: 100 of them. */
const cases = CASES.map((make, number) => make((n) => (number + 1) * 100 + n));
const RELATIONS = { events: 'stg_events', copies: 'stg_event_copies', launches: 'stg_task_launches', actions: 'stg_ecs_actions', addenda: 'stg_addenda' };

function queryOf(one: Case): string {
  const number = cases.indexOf(one) + 1;
  const mine = `event_id >= '${guid(number * 100)}' and event_id < '${guid((number + 1) * 100)}'`;
  return one.look.replace(/:(\w+)\b(?!:)/g, (_, name: keyof typeof RELATIONS) => `(select * from ${RELATIONS[name]} where ${mine})`);
}

const ORDERS = ['0 1 2', '0 2 1', '1 0 2', '1 2 0', '2 0 1', '2 1 0'];
/** Each order one delivery a run; two orders also all in one run. */
const RUNS = [...ORDERS, '012', '210'];

let folder: string;
const writers = new Map<string, Writer>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-copies-'));
  for (const order of RUNS) {
    const writer = await openWriter(join(folder, order, 'data'), { threads: 1 });
    writers.set(order, writer);
    for (const run of order.split(' ')) {
      // Files of a run are read in the order of their paths.
      const paths = run.split('').flatMap((slot, place) => cases.flatMap(({ deliveries }, number) => {
        const delivery = deliveries[Number(slot)];
        return delivery ? [put(join(folder, order), `${place}/${run}/${number}/${delivery[0]}`, delivery[1])] : [];
      }));
      await ingest(writer, paths);
    }
  }
}, 120_000);
afterAll(() => {
  for (const writer of writers.values()) writer.close();
  rmSync(folder, { recursive: true });
}, 60_000);

test.each(cases.map((one) => [one.title, one] as const))('%s, in every order', async (_title, one) => {
  for (const [order, writer] of writers) expect(await writer.db.all(queryOf(one)), `order ${order}`).toEqual(one.expected);
});

test('nothing is doubled', async () => {
  for (const [order, writer] of writers) expect(await doubled(writer.db), `order ${order}`).toEqual([]);
});
