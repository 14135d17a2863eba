import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Answer } from '../answers/answer.ts';
import { ask } from '../answers/ask.ts';
import { configSchema } from '../config/config.ts';
import { openLanding } from '../landing/landing.ts';
import { openReader } from '../store/reader.ts';
import { openWriter } from '../store/writer.ts';
import { correlate } from './correlate.ts';
import { ingest } from './ingest.ts';
import { buildKnownAt } from './known-at.ts';

const CONFIG = configSchema.parse({});
const KEY = 'ASIAEXAMPLE000000001';
const CALL = 'aaaaaaaa-0000-4000-8000-000000000002';
const FIRST = new Date('2026-02-01T00:00:00Z');
const LATER = new Date('2026-02-02T00:00:00Z');

const common = { eventVersion: '1.11', awsRegion: 'eu-central-1', recipientAccountId: '111122223333', sourceIPAddress: '198.51.100.7' };
const call = {
  ...common, eventID: CALL, eventTime: '2026-01-15T09:05:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks', readOnly: true,
  userIdentity: { type: 'AssumedRole', principalId: 'AROAEXAMPLE00000001:x', arn: 'arn:aws:sts::111122223333:assumed-role/Operator/x', accountId: '111122223333', accessKeyId: KEY },
};
const issue = {
  ...common, eventID: 'aaaaaaaa-0000-4000-8000-000000000001', eventTime: '2026-01-15T09:00:00Z', eventSource: 'sts.amazonaws.com', eventName: 'AssumeRole', readOnly: true,
  userIdentity: { type: 'IAMUser', userName: 'deploy', arn: 'arn:aws:iam::111122223333:user/deploy', accountId: '111122223333', principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' },
  requestParameters: { roleArn: 'arn:aws:iam::111122223333:role/Operator', roleSessionName: 'x' },
  responseElements: { credentials: { accessKeyId: KEY, expiration: 'Jan 15, 2026, 10:00:00 AM' }, assumedRoleUser: { assumedRoleId: 'AROAEXAMPLE00000001:x', arn: 'arn:aws:sts::111122223333:assumed-role/Operator/x' } },
};

let folder: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-known-at-'));
  data = join(folder, 'data');
  await land('call.json', call, FIRST);
  await land('issue.json', issue, LATER);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function land(name: string, record: unknown, now: Date): Promise<void> {
  const file = join(folder, name);
  await writeFile(file, JSON.stringify({ Records: [record] }));
  const writer = await openWriter(data, { now: () => now });
  await ingest(writer, [file]);
  await correlate(writer.db, CONFIG, {});
  await writer.publishAndClose();
}

async function answer(dataDir: string): Promise<Answer> {
  const opened = await openReader(dataDir);
  try {
    return (await ask({ db: opened.db, landing: { readMember: async (seq, member) => Promise.resolve(opened.landing.unpackMember(seq, member)) } }, CALL)) as Answer;
  } finally {
    opened.close();
  }
}

const knownAt = (at: string): Promise<string> => buildKnownAt(data, new Date(at), CONFIG);

test('a late record changes today\'s answer, and not what was known before it', async () => {
  expect(await answer(data)).toMatchObject({ who: { kind: 'iam_user', name: 'deploy' } });
  const before = await answer(await knownAt('2026-02-01T12:00:00Z'));
  expect(before).toMatchObject({ who: { kind: 'unknown' }, reason: 'session_origin_missing', as_of: '2026-01-15T09:05:00Z' });
  expect(before.chain.at(-1)?.evidence).toHaveLength(1);
  expect(await answer(await knownAt('2026-02-02T00:00:00Z'))).toEqual(await answer(data));
});

test('nothing was known before the first landing', async () => {
  expect(await answer(await knownAt('2026-01-31T00:00:00Z'))).toMatchObject({ reason: 'not_seen', as_of: null });
});

test('what is built is found again; a config of its own gets a folder of its own', async () => {
  const first = await knownAt('2026-02-01T12:00:00Z');
  const { ino } = await stat(join(first, 'store', 'manifest.json'));
  expect(await knownAt('2026-02-01T13:00:00Z')).toBe(first);
  expect((await stat(join(first, 'store', 'manifest.json'))).ino).toBe(ino);
  expect(await buildKnownAt(data, FIRST, configSchema.parse({ attribution: { settle_minutes: 1 } }))).not.toBe(first);
});

test('the cut-off ledger is a whole chain, and shares its batches with the real one', async () => {
  const cut = await knownAt('2026-02-01T12:00:00Z');
  const landing = openLanding(cut);
  expect([...landing.faults()]).toEqual([]);
  expect(landing.lastSeq).toBe(1);
  landing.close();
  const [name = ''] = (await readdir(join(cut, 'landing', 'batches'))).filter((one) => one.startsWith('000000001'));
  expect((await stat(join(cut, 'landing', 'batches', name))).ino).toBe((await stat(join(data, 'landing', 'batches', name))).ino);
});

test('only the latest few are kept', async () => {
  for (let minutes = 1; minutes <= 5; minutes += 1) await buildKnownAt(data, FIRST, configSchema.parse({ attribution: { settle_minutes: minutes } }));
  expect((await readdir(join(data, 'store', 'known-at'))).length).toBe(4);
});

test('a folder without landing is said', async () => {
  await expect(buildKnownAt(join(folder, 'none'), FIRST, CONFIG)).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('nothing is ingested') as string });
});
