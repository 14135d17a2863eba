/**
 * `detections test --against` and `detections list` on a real data folder: three days of an IAM user's calls, one of them denied.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configSchema } from '../config/config.ts';
import { packageRoot } from '../core/package-root.ts';
import { bringUpToDate } from '../pipeline/bring-up-to-date.ts';
import type { Against } from '../pipeline/detection-against.ts';
import { ingest } from '../pipeline/ingest.ts';
import { openWriter } from '../store/writer.ts';
import { main } from './program.ts';

const ID = 'ecs_action_by_long_lived_key';
const SQL = readFileSync(join(packageRoot(), `queries/detections/ecs/${ID}.sql`), 'utf8');

let folder: string;
let data: string;

async function whoran(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main(argv, { out: (text) => { out += text; }, err: (text) => { err += text; }, env: {}, isOutTty: false, isErrTty: false, columns: 200 });
  return { code, out, err };
}

/** Runs a changed text of the query over the folder. */
async function against(change: (sql: string) => string, ...argv: string[]): Promise<Against> {
  const file = join(folder, 'changed.sql');
  writeFileSync(file, change(SQL));
  const { out, err } = await whoran('detections', 'test', ID, '--against', data, '--sql', file, '--json', ...argv);
  expect(err).toBe('');
  return JSON.parse(out) as Against;
}

const call = (day: number, error?: string): object => ({
  eventVersion: '1.11', eventID: `aaaaaaaa-0000-4000-8000-00000000000${day}`, eventTime: `2026-01-1${day}T09:00:00Z`, eventSource: 'ecs.amazonaws.com', eventName: 'StopTask', awsRegion: 'eu-central-1',
  recipientAccountId: '111122223333', sourceIPAddress: '198.51.100.7', readOnly: false, requestParameters: { cluster: 'prod', task: '0f9de17a6465404e8b1b2356dc13c2f8' }, responseElements: null,
  ...(error === undefined ? {} : { errorCode: error }),
  userIdentity: { type: 'IAMUser', userName: 'deploy', arn: 'arn:aws:iam::111122223333:user/deploy', accountId: '111122223333', principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' },
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-against-'));
  data = join(folder, 'data');
  writeFileSync(join(folder, 'trail.json'), JSON.stringify({ Records: [call(5), call(6), call(7, 'AccessDeniedException')] }));
  const writer = await openWriter(data);
  await ingest(writer, [join(folder, 'trail.json')]);
  await bringUpToDate(writer, configSchema.parse({}));
  await writer.publishAndClose();
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const bytesOf = (): string[] => readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== 'writer.lock')
  .map(({ parentPath, name }) => `${name} ${createHash('sha256').update(readFileSync(join(parentPath, name))).digest('hex')}`).sort();

test('the same query finds the same, and says that it is the same', async () => {
  expect(await against((sql) => sql)).toMatchObject({ counts: { stored: 2, now: 2, found: 0, lost: 0, changed: 0, same: 2 } });
  const { out } = await whoran('detections', 'test', ID, '--against', data);
  expect(out).toContain('The stored findings are of this very query.');
});

test('what it would find, no longer find, and find in another form; nothing is written', async () => {
  const before = bytesOf();
  const looser = await against((sql) => sql.replace('where error_code is null and not', 'where not'));
  expect(looser).toMatchObject({ counts: { stored: 2, now: 3, found: 1, lost: 0, changed: 0, same: 2 }, found: [{ finding_id: null, occurred_at: '2026-01-17T09:00:00Z', status_before: null, status_now: 'open' }] });
  const stricter = await against((sql) => sql.replace('where error_code is null', "where event_at >= timestamp with time zone '2026-01-16 00:00:00Z' and error_code is null"));
  expect(stricter).toMatchObject({ counts: { stored: 2, now: 1, found: 0, lost: 1, changed: 0, same: 1 }, lost: [{ subject_id: 'aaaaaaaa-0000-4000-8000-000000000005', status_before: 'open', status_now: null }] });
  const worded = await against((sql) => sql.replace("' called '", "' made the call '").replace('false as is_provisional', 'true as is_provisional'));
  expect(worded).toMatchObject({ counts: { changed: 2, same: 0 }, changed: [{ status_before: 'open', status_now: 'provisional', what_differs: ['status', 'summary'] }, {}] });
  expect(bytesOf()).toEqual(before);
});

test('--since leaves out what occurred before, of both', async () => {
  expect(await against((sql) => sql.replace('where error_code is null', 'where false and error_code is null'), '--since', '2026-01-16')).toMatchObject({ since: '2026-01-16T00:00:00Z', counts: { stored: 1, now: 0, lost: 1 } });
});

test('as a person reads it', async () => {
  writeFileSync(join(folder, 'changed.sql'), SQL.replace('where error_code is null and not', 'where event_at >= timestamp with time zone \'2026-01-16 00:00:00Z\' and not'));
  const { code, out } = await whoran('detections', 'test', ID, '--against', data, '--sql', join(folder, 'changed.sql'));
  expect(code).toBe(0);
  expect(out.split('\n')).toEqual([
    `${ID} over ${data}: 2 stored, 2 now.`,
    expect.stringMatching(/^The stored findings are of another query \(SHA-256 [0-9a-f]{12}; this one [0-9a-f]{12}\)\.$/) as string,
    '', 'It would now find:',
    '  2026-01-17T09:00:00Z  event aaaaaaaa-0000-4000-8000-000000000007',
    expect.stringContaining('IAM user deploy') as string,
    '', 'It would no longer find:',
    expect.stringMatching(/^ {2}2026-01-15T09:00:00Z {2}event aaaaaaaa-0000-4000-8000-000000000005, finding [0-9a-f]{12}$/) as string,
    expect.stringContaining('IAM user deploy') as string,
    '', '1 more, 1 fewer, 0 changed, 1 the same. Nothing was written.', '',
  ]);
});

test('what may not run, is another detection, or makes no sense is refused', async () => {
  const refused = async (change: (sql: string) => string, words: string, ...argv: string[]): Promise<void> => {
    writeFileSync(join(folder, 'changed.sql'), change(SQL));
    expect(await whoran('detections', 'test', ID, '--against', data, '--sql', join(folder, 'changed.sql'), ...argv)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(words) as string });
  };
  await refused((sql) => sql.replace('from stg_ecs_actions', "from read_csv('/etc/passwd')"), 'changed.sql');
  await refused((sql) => sql.replace(`id: ${ID}`, 'id: other_thing'), 'is the detection other_thing, not');
  await refused((sql) => sql.replace('caller_key, identity_type\n', 'caller_key, no_such_column\n'), 'it does not run');
  expect(await whoran('detections', 'test', ID, '--since', '2026-01-01')).toMatchObject({ code: 2, err: expect.stringContaining('--since: only with --against') as string });
  expect(await whoran('detections', 'test', '--against', data)).toMatchObject({ code: 2, err: expect.stringContaining('expected one detection') as string });
  expect(await whoran('detections', 'test', ID, '--against', join(folder, 'none'))).toMatchObject({ code: 2, err: expect.stringContaining('nothing is ingested yet') as string });
});

test('the list counts the findings of the folder, and does without one', async () => {
  const { out } = await whoran('detections', 'list', '--data', data);
  expect(out).toMatch(new RegExp(`${ID} +medium +on +2 +0 `));
  const none = await whoran('detections', 'list', '--json', '--data', join(folder, 'none'));
  expect((JSON.parse(none.out) as { detections: { findings: unknown }[] }).detections.map(({ findings }) => findings)).toEqual(expect.arrayContaining([null]));
  const there = JSON.parse((await whoran('detections', 'list', '--json', '--data', data)).out) as { detections: { id: string; findings: unknown }[] };
  expect(there.detections.find(({ id }) => id === ID)?.findings).toEqual({ provisional: 0, open: 2, acknowledged: 0, suppressed: 0, resolved: 0 });
  expect(there.detections.find(({ id }) => id === 'identity_conflict')?.findings).toEqual({ provisional: 0, open: 0, acknowledged: 0, resolved: 0, suppressed: 0 });
});
