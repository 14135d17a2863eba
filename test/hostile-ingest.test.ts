/**
 * Files as nobody wants them, through the whole ingest: each record is read or rejected with file, number and reason, the
 * counts add up, and nothing else is lost.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../src/cli/program.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import type { IngestResult } from '../src/pipeline/ingest-result.ts';
import { openWriter, type Writer } from '../src/store/writer.ts';
import { ACCOUNT, assumeRole, guid, linesText, logsText, lookupText, put, record, trailText } from './cloudtrail-files.ts';

const gz = (text: string): Buffer => gzipSync(text);
const good = (n: number): Record<string, unknown> => record(n);
const twice = (text: string, from: string, to: string): string => text.replace(from, `${from},${to}`);

interface File {
  readonly name: string;
  readonly content: string | Buffer;
  /** Ids of the records that go in. */
  readonly kept: readonly number[];
  /** `record number: reason`, as patterns. */
  readonly rejects?: readonly (readonly [number, RegExp])[];
  readonly setAside?: number;
}

const insight = { eventVersion: '1.08', eventTime: '2026-01-15T09:00:00Z', awsRegion: 'eu-central-1', eventID: guid(901), eventType: 'AwsCloudTrailInsight', recipientAccountId: ACCOUNT, insightDetails: { state: 'Start' }, eventCategory: 'Insight' };
const digest = { awsAccountId: ACCOUNT, digestStartTime: '2026-01-15T08:00:00Z', digestEndTime: '2026-01-15T09:00:00Z', digestS3Bucket: 'b', digestS3Object: 'o', logFiles: [] };
const s3Notification = { Records: [{ eventVersion: '2.1', eventSource: 'aws:s3', awsRegion: 'eu-central-1', eventTime: '2026-01-15T09:00:00.000Z', eventName: 'ObjectCreated:Put', userIdentity: { principalId: 'A' }, s3: { object: { key: 'x' } } }] };

const FILES: readonly File[] = [
  { name: 'truncated.json.gz', content: gz(trailText(good(1))).subarray(0, 150), kept: [], rejects: [[1, /^gzip data ends early, after 150 bytes/]] },
  { name: 'bomb.json.gz', content: gz('0'.repeat(80_000_000)), kept: [], rejects: [[1, /expands to more than 67108864 bytes: taken for a gzip bomb/]] },
  { name: 'corrupt.json.gz', content: Buffer.concat([gz(trailText(good(2))).subarray(0, 60), Buffer.from('nonsense'.repeat(20))]), kept: [], rejects: [[1, /not valid gzip data/]] },
  { name: 'followed.json.gz', content: Buffer.concat([gz(trailText(good(2))), Buffer.from('more')]), kept: [], rejects: [[1, /bytes that are not gzip follow/]] },
  { name: 'garbage.bin', content: Buffer.from(Array.from({ length: 300 }, (_, n) => (n * 37 + 11) % 256)), kept: [], rejects: [[1, /^unknown_form: neither JSON nor a CSV/]] },
  { name: 'empty.json', content: '', kept: [], rejects: [[1, /^empty file$/]] },
  { name: 'empty.json.gz', content: gz(''), kept: [], rejects: [[1, /^empty file$/]] },
  { name: 'no-records.json.gz', content: trailText(), kept: [] },
  { name: 'members.json.gz', content: Buffer.concat([gz(trailText(good(3))), gz(trailText(good(4)))]), kept: [3, 4] },
  { name: 'together.json', content: trailText(good(5)) + trailText(good(6)), kept: [5, 6] },
  { name: 'followed.json', content: `${trailText(good(7))} and more`, kept: [7], rejects: [[2, /^unknown_form: line 1: not JSON/]] },
  { name: 'cut-off.json', content: trailText(good(8), good(9)).slice(0, -200), kept: [8], rejects: [[2, /the record that begins here does not end/]] },
  { name: 'lines.jsonl', content: `${linesText(good(10))}{"eventID": broken}\n${linesText(good(11))}`, kept: [10, 11], rejects: [[2, /^line 2: not valid JSON/]] },
  { name: 'odd-elements.json.gz', content: trailText(good(12), null, 5, 'x', good(13)), kept: [12, 13], rejects: [[2, /expected a record as a JSON object/], [3, /expected a record as a JSON object/], [4, /.+/]] },
  // A key twice: the last one counts, as for every reader of JSON.
  { name: 'key-twice.json.gz', content: twice(trailText(good(14)), '"eventName":"ListTasks"', '"eventName":"ListServices"'), kept: [14] },
  { name: 'records-twice.json.gz', content: `{"Records":[${JSON.stringify(good(15))}],"Records":[${JSON.stringify(good(16))}]}`, kept: [15, 16] },
  // Names that staging itself puts beside `Records`.
  { name: 'forged-place.json.gz', content: `{"Records":[${JSON.stringify(good(17))}],"b":99999,"m":7,"a":"999999999999"}`, kept: [17] },
  { name: 'in-strings.json', content: JSON.stringify([JSON.stringify(good(18)), JSON.stringify(good(19))]), kept: [18, 19] },
  { name: 'lookup.json', content: lookupText(good(20)).replace('\\"eventName\\"', 'x\\"'), kept: [], rejects: [[1, /CloudTrailEvent/]] },
  { name: 'logs.json', content: logsText(good(21), { not: 'a record' }, good(22)), kept: [21, 22], rejects: [[2, /unknown_form/]] },
  {
    name: 'parameters.json.gz', kept: [23, 24, 25, 26],
    content: trailText(
      record(23, { requestParameters: null }), record(24, { requestParameters: 'HIDDEN_DUE_TO_SECURITY_REASONS' }),
      record(25, { requestParameters: { cluster: 'HIDDEN_DUE_TO_SECURITY_REASONS', tasks: 'not a list' }, responseElements: 'a string' }),
      record(26, { requestParameters: [1, 2], responseElements: { tasks: { not: 'a list' }, service: 5, session: [] } })),
  },
  {
    name: 'types.json', kept: [28, 29, 31],
    content: trailText(
      record(27, { userIdentity: 'root' }), record(28, { resources: { ARN: 'x' } }), record(29, { userAgent: 42, errorMessage: { why: 'x' }, sourceIPAddress: ['a'] }),
      record(30, { userIdentity: { type: 'AssumedRole', sessionContext: 'none' } }), record(31, { recipientAccountId: 111122223333 })),
    rejects: [[1, /^field userIdentity: expected an object, found varchar$/], [4, /^field userIdentity\.sessionContext: expected an object, found varchar$/]],
  },
  {
    name: 'identities.json.gz', kept: [32, 33, 34],
    content: trailText(record(32, { userIdentity: { invokedBy: 'autoscaling.amazonaws.com' } }), record(33, { userIdentity: null }), record(34, { userIdentity: undefined })),
  },
  {
    name: 'expirations.json.gz', kept: [35, 36, 37, 38],
    content: trailText(
      assumeRole(35, 'ASIAEXPIRES000000035', {}, { expiration: 'Jan 15, 2026 10:00:00 AM' }), assumeRole(36, 'ASIAEXPIRES000000036', {}, { expiration: 'Jan 15, 2026, 10:00:00 AM' }),
      assumeRole(37, 'ASIAEXPIRES000000037', {}, { expiration: 'Jan 15, 2026, 10:00:00\u202fAM' }), assumeRole(38, 'ASIAEXPIRES000000038', {}, { expiration: '2026-01-15T10:00:00Z' }),
      assumeRole(39, 'ASIAEXPIRES000000039', {}, { expiration: 'at ten' })),
    rejects: [[5, /^field responseElements\.credentials\.expiration: expected a time like Jan 15, 2026, 10:00:02 AM, found "at ten"$/]],
  },
  {
    name: 'times.jsonl', kept: [40, 41, 42, 43],
    content: linesText(
      record(40, { eventTime: undefined, '@timestamp': '2026-01-15T09:00:00Z' }), record(41, { eventTime: '2026-01-15 09:00:00.000000000' }),
      record(42, { eventTime: '2026-01-15T18:00:00.123456+09:00' }), record(43, { eventTime: '2026-01-15T09:00:00' }),
      record(44, { eventTime: 'yesterday' }), record(45, { eventTime: undefined }), record(46, { eventTime: '1999-01-01T00:00:00Z' }), record(47, { eventTime: 1768467600 })),
    rejects: [[5, /found "yesterday"$/], [6, /found nothing$/], [7, /between 2000 and 2100, found "1999-01-01T00:00:00Z"$/], [8, /found "1768467600"$/]],
  },
  {
    name: 'fields.jsonl', kept: [],
    content: linesText(record(48, { eventID: '' }), record(49, { eventID: '00000000-0000-0000-0000-000000000000' }), record(50, { eventName: undefined }), record(51, { recipientAccountId: undefined, userIdentity: { type: 'Root' } }), record(52, { readOnly: 'perhaps' })),
    rejects: [[1, /^field eventID: expected an id, found nothing/], [2, /^field eventID: .*found "00000000-/], [3, /^field eventName/], [4, /^field recipientAccountId/], [5, /^field readOnly: expected true or false, found "perhaps"/]],
  },
  { name: 'insight.json.gz', content: trailText(insight, { ...insight, eventID: guid(902) }), kept: [], setAside: 2 },
  { name: 'insight-among.json', content: trailText(good(53), insight, good(54)), kept: [53, 54], setAside: 1 },
  { name: 'digest.json.gz', content: JSON.stringify(digest), kept: [], setAside: 1 },
  { name: 's3-notification.json', content: JSON.stringify(s3Notification), kept: [], rejects: [[1, /S3 event notification/]] },
  { name: 's3-notification.json.gz', content: trailText(...s3Notification.Records, good(55)), kept: [55], rejects: [[1, /S3 event notification/]] },
  { name: 'name\nwith\u001b[31mcolours\u202e.json', content: trailText(good(56), { what: '\u001b[31m' }), kept: [56], rejects: [[2, /unknown_form/]] },
  { name: '\'; drop table stg_events; --.json', content: trailText(good(57)), kept: [57] },
  { name: 'utf16.json', content: Buffer.from(`\ufeff${trailText(good(58))}`, 'utf16le'), kept: [], rejects: [[1, /UTF-16/]] },
  { name: 'marked.json', content: `\ufeff${trailText(good(59))}\n`, kept: [59] },
  { name: 'half-pair.json.gz', content: trailText(record(60, { userAgent: 'x' })).replace('"x"', '"\\ud800"'), kept: [60] },
];

let folder: string;
let writer: Writer;
let result: IngestResult;
let again: IngestResult;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-hostile-'));
  const logs = join(folder, 'logs');
  // A packed name without a packed content is written as it is.
  for (const { name, content } of FILES) put(logs, name, content);
  writer = await openWriter(join(folder, 'data'));
  result = await ingest(writer, [logs]);
  again = await ingest(writer, [logs]);
}, 60_000);
afterAll(() => {
  writer.close();
  rmSync(folder, { recursive: true });
}, 60_000);

const path = (file: File): string => join(folder, 'logs', file.name);

describe.each(FILES.map((file) => [JSON.stringify(file.name), file] as const))('%s', (_name, file) => {
  test('what is wrong is named by record and reason', () => {
    const rejects = result.rejects.filter((reject) => reject.file === path(file));
    expect(rejects.map(({ record: number, reason }) => [number, reason])).toEqual((file.rejects ?? []).map(([number, reason]) => [number, expect.stringMatching(reason) as string]));
  });

  test('the rest is in, and the counts add up', async () => {
    const rows = await writer.db.all(
      `select sum(records_read)::integer as read, sum(records_new)::integer as new, sum(records_repeated)::integer as repeated,
         sum(records_rejected)::integer as rejected, sum(records_set_aside)::integer as set_aside
       from stg_deliveries where origin = $origin`, { origin: path(file) });
    const [rejected, setAside] = [(file.rejects ?? []).length, file.setAside ?? 0];
    const read = file.kept.length + rejected + setAside;
    const none = { read: null, new: null, repeated: null, rejected: null, set_aside: null };
    expect(rows).toEqual([read === 0 ? none : { read, new: file.kept.length, repeated: 0, rejected, set_aside: setAside }]);
    for (const id of file.kept) expect(await writer.db.all('select event_id from stg_events where event_id = $id', { id: guid(id) })).toEqual([{ event_id: guid(id) }]);
  });
});

test('nothing else went in', async () => {
  const ids = await writer.db.all<{ id: string }>('select event_id as id from stg_events order by event_id');
  expect(ids.map(({ id }) => id)).toEqual(FILES.flatMap(({ kept }) => kept).map(guid).sort());
});

test('the counts add up for each form and in total, and the same files again add nothing', () => {
  for (const { forms, totals } of [result, again]) {
    for (const counts of [...forms, totals]) expect(counts.new + counts.repeated + counts.rejected + counts.set_aside).toBe(counts.read);
    expect(totals.read).toBe(forms.reduce((sum, { read }) => sum + read, 0));
    expect(result.files).toBe(FILES.length);
  }
  expect(again.totals).toEqual({ ...result.totals, new: 0, repeated: result.totals.new });
  expect(again.rejects).toEqual(result.rejects);
});

test('the command says the same, inert, and leaves with 1 where a file could not be read', async () => {
  let out = '';
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      out += text;
    },
    isOutTty: false, isErrTty: false, columns: 80, env: {},
  };
  const data = ['--data', join(folder, 'command', 'data')];
  const hostile = path(FILES.find(({ name }) => name.includes('colours'))!);
  expect(await main(['ingest', hostile, ...data], terminal)).toBe(0);
  expect(out.replace(/\s+/g, ' ')).toContain('name\\nwith\\u001b[31mcolours\\u202e.json, record 2: ');
  expect(await main(['ingest', hostile, join(folder, 'no\u001bfile.json'), ...data], terminal)).toBe(1);
  expect(out.replace(/\s+/g, ' ')).toContain('no\\u001bfile.json: there is no such file or folder');
  expect(await main(['status', '--rejects', ...data], terminal)).toBe(0);
  expect(await main(['ingest', hostile, '--json', ...data], terminal)).toBe(0);
  expect(out).not.toMatch(/[\u001b\u202e]/);
});

test('values of the wrong type or hidden leave their columns empty, and join nothing', async () => {
  const rows = await writer.db.all('select event_id, cluster_name, task_key from stg_ecs_actions where event_id between $a and $b order by all', { a: guid(23), b: guid(26) });
  expect(rows.map((row) => [row['cluster_name'], row['task_key']])).toEqual([[null, null], [null, null], ['HIDDEN_DUE_TO_SECURITY_REASONS', null], [null, null]]);
  expect(await writer.db.all('select caller_key from stg_events where event_id in ($a, $b, $c) order by event_id', { a: guid(32), b: guid(33), c: guid(34) })).toEqual(
    [{ caller_key: 'service:autoscaling.amazonaws.com' }, { caller_key: 'other:?/?' }, { caller_key: 'other:?/?' }]);
  expect(await writer.db.all('select distinct expires_at, count(*) as keys from stg_sts_requests group by all')).toEqual([{ expires_at: '2026-01-15T10:00:00Z', keys: 4 }]);
  expect(await writer.db.all('select event_name from stg_events where event_id = $a', { a: guid(14) })).toEqual([{ event_name: 'ListServices' }]);
});

describe('what is no file', () => {
  test('is named, and the files beside it are in', async () => {
    const odd = join(folder, 'odd');
    const elsewhere = join(folder, 'elsewhere');
    put(odd, 'a/one.json', trailText(record(101)));
    put(odd, 'z.json', trailText(record(102)));
    put(elsewhere, 'two.json', trailText(record(103)));
    execFileSync('mkfifo', [join(odd, 'a', 'fifo')]);
    symlinkSync('b-self', join(odd, 'b-self'));
    symlinkSync('nowhere', join(odd, 'b-nowhere'));
    symlinkSync('..', join(odd, 'a', 'loop'));
    symlinkSync(elsewhere, join(odd, 'linked'));
    symlinkSync(join(elsewhere, 'two.json'), join(odd, 'two.json'));
    const server = createServer().listen(join(odd, 'socket'));
    mkdirSync(join(odd, 'empty'));
    try {
      const found = await ingest(writer, [odd, join(folder, 'none.json'), join(odd, 'a', 'fifo')]);
      expect(found).toMatchObject({ files: 3, totals: { read: 3, new: 3 } });
      expect(found.unreadable.map(({ path: at, reason }) => [at.slice(folder.length + 1), reason]).sort()).toEqual([
        ['none.json', 'ENOENT'],
        ['odd/a/fifo', 'not a regular file'],
        ['odd/a/fifo', 'not a regular file'],
        ['odd/b-nowhere', 'ENOENT'],
        ['odd/b-self', 'ELOOP'],
        ['odd/linked', 'a link to a folder is not followed: name that folder itself'],
        ['odd/socket', 'not a regular file'],
      ]);
    } finally {
      server.close();
    }
  }, 20_000);

  test('the data folder itself is left out', async () => {
    writeFileSync(join(folder, 'late.json'), trailText(record(104)));
    const all = await ingest(writer, [folder]);
    expect(all.rejects.filter(({ file }) => file.startsWith(join(folder, 'data')))).toEqual([]);
    expect(all.totals.new).toBe(1);
  });
});

