/**
 * `whoran findings` on a real data folder: what is listed, what stops a pipeline, what is held back, and what was known earlier.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configSchema } from '../config/config.ts';
import { bringUpToDate } from '../pipeline/bring-up-to-date.ts';
import { ingest } from '../pipeline/ingest.ts';
import { openWriter } from '../store/writer.ts';
import { main } from './program.ts';

let folder: string;
let config: string;

async function whoran(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main([...argv, '--data', join(folder, 'data'), '--config', config], {
    out: (text) => { out += text; }, err: (text) => { err += text; }, env: {}, isOutTty: false, isErrTty: false, columns: 300,
  });
  return { code, out, err };
}

interface Listed {
  findings: { id: string; detection: string; status: string; subject: { id: string } }[];
  counts: Record<string, number>;
  standing: Record<string, number>;
  held_back: { why: string; findings: number; channels: string[] }[];
  known_at?: string;
}
async function list(...argv: string[]): Promise<Listed> {
  return JSON.parse((await whoran('findings', '--json', ...argv)).out) as Listed;
}

/** A change of ECS with an IAM user's key: a finding of medium severity. */
const call = (eventID: string, eventTime: string): object => ({
  eventVersion: '1.11', eventID, eventTime, eventSource: 'ecs.amazonaws.com', eventName: 'StopTask', awsRegion: 'eu-central-1', recipientAccountId: '111122223333', sourceIPAddress: '198.51.100.7',
  readOnly: false, requestParameters: { cluster: 'prod', task: '0f9de17a6465404e8b1b2356dc13c2f8' }, responseElements: null,
  userIdentity: { type: 'IAMUser', userName: 'deploy', arn: 'arn:aws:iam::111122223333:user/deploy', accountId: '111122223333', principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' },
});

async function land(name: string, record: object, now: string): Promise<void> {
  writeFileSync(join(folder, name), JSON.stringify({ Records: [record] }));
  const writer = await openWriter(join(folder, 'data'), { now: () => new Date(now) });
  await ingest(writer, [join(folder, name)]);
  await bringUpToDate(writer, configSchema.parse({}));
  await writer.publishAndClose();
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-findings-'));
  config = join(folder, 'whoran.yml');
  writeFileSync(config, '{}\n');
  await land('one.json', call('aaaaaaaa-0000-4000-8000-000000000001', '2026-01-15T09:00:00Z'), '2026-02-01T00:00:00Z');
  await land('two.json', call('aaaaaaaa-0000-4000-8000-000000000002', '2026-01-16T09:00:00Z'), '2026-02-02T00:00:00Z');
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('--fail-on looks at what stands, whatever --status lists; period and detection narrow both', async () => {
  const of = async (...argv: string[]): Promise<number> => (await whoran('findings', ...argv)).code;
  expect(await of('--fail-on', 'medium')).toBe(1);
  expect(await of('--fail-on', 'high')).toBe(0);
  const other = await whoran('findings', '--status', 'suppressed', '--fail-on', 'low');
  expect(other).toMatchObject({ code: 1, out: expect.stringContaining('No findings.') as string, err: expect.stringContaining('2 findings of severity low or medium or high or critical stand') as string });
  expect(await of('--fail-on', 'low', '--from', '2026-01-17')).toBe(0);
  expect(await of('--fail-on', 'low', '--detection', 'identity_conflict')).toBe(0);
  expect((await list()).standing).toEqual({ low: 0, medium: 2, high: 0, critical: 0 });
});

test('what is acknowledged still stops a pipeline, what is resolved does not; an empty name is refused', async () => {
  const [first, second] = (await list()).findings.map(({ id }) => id);
  await whoran('alerts', 'ack', first ?? '', '--reason', 'on it', '--as', 'ada');
  await whoran('alerts', 'resolve', second ?? '', '--reason', 'done', '--as', 'ada');
  expect(await list('--all')).toMatchObject({ standing: { medium: 1 }, counts: { acknowledged: 1, resolved: 1, open: 0 } });
  for (const wrong of [['ack', '--as', ' '], ['assign', '--to', '', '--as', 'ada']]) {
    const [verb = '', ...options] = wrong;
    expect(await whoran('alerts', verb, first ?? '', '--reason', 'x', ...options)).toMatchObject({ code: 2, err: expect.stringMatching(/--(as|to) is empty/) as string });
  }
});

test('--known-at: nothing landed or decided since then', async () => {
  const first = await list('--all', '--known-at', '2026-02-01T12:00:00Z');
  expect(first).toMatchObject({ known_at: '2026-02-01T12:00:00Z', counts: { open: 1, acknowledged: 0, resolved: 0 }, findings: [{ status: 'open', subject: { id: 'aaaaaaaa-0000-4000-8000-000000000001' } }] });
  const second = await list('--known-at', '2026-02-02T12:00:00Z');
  expect(second.findings.map(({ status }) => status)).toEqual(['open', 'open']);
  expect((await whoran('findings', '--known-at', '2026-02-01T12:00:00Z')).out).toContain('as known at 2026-02-01T12:00:00Z');
});

test('what is open and not told is named, with what holds it back', async () => {
  const [first] = (await list()).findings.map(({ id }) => id);
  await whoran('alerts', 'reopen', first ?? '', '--reason', 'again', '--as', 'ada');
  expect((await list()).held_back).toEqual([]);
  writeFileSync(config, `
alerts:
  channels: [{ type: slack, id: ops, webhook_url: "\${NOBODY_SETS_THIS}" }]
  routes: [{ channels: [ops] }]
  maintenance: [{ from: 2000-01-01T00:00:00Z, to: 2100-01-01T00:00:00Z, owner: ada, reason: moving, clusters: [prod] }, { from: 2000-01-01T00:00:00Z, to: 2100-01-01T00:00:00Z, owner: ada, reason: moving, accounts: ["111122223333"] }]
`);
  const held = { why: 'planned work until 2100-01-01T00:00:00Z (ada: moving)', findings: 1, channels: ['ops'] };
  expect((await list()).held_back).toEqual([held]);
  expect((await whoran('findings')).out).toContain(`Held back: 1 finding for ops: ${held.why}.`);
});

test("a key's day that was resolved opens again for a later call, and not for a late record in between", async () => {
  const day = async (): Promise<string | undefined> => (await list('--all', '--from', '2026-01-16', '--to', '2026-01-16')).findings[0]?.status;
  expect(await day()).toBe('resolved');
  await land('later.json', call('aaaaaaaa-0000-4000-8000-000000000003', '2026-01-16T12:00:00Z'), '2026-02-03T00:00:00Z');
  const [one] = (await list('--from', '2026-01-16')).findings;
  expect(one).toMatchObject({ status: 'open', opening: 2 });
  await whoran('alerts', 'resolve', one?.id ?? '', '--reason', 'done', '--as', 'ada');
  await land('between.json', call('aaaaaaaa-0000-4000-8000-000000000004', '2026-01-16T10:00:00Z'), '2026-02-04T00:00:00Z');
  expect(await day()).toBe('resolved');
});
