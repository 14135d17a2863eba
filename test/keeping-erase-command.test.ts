/**
 * `erase` as it is typed, over two deliveries that two people share: what it refuses, what it says, what a stopped one leaves, a second person
 * in the same deliveries, and what other commands say afterwards.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { main } from '../src/cli/program.ts';
import { configSchema } from '../src/config/config.ts';
import { checkAgainstData } from '../src/evidence/check-data.ts';
import { LogTree } from '../src/evidence/log-tree.ts';
import { recordRoot } from '../src/evidence/record-tree.ts';
import { openLandedBatches } from '../src/landing/landed-batches.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { applyErasure } from '../src/pipeline/erasure.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { stage } from '../src/pipeline/stage.ts';
import { openWriter } from '../src/store/writer.ts';
import type { Manifest } from '../src/verifier/manifest.ts';

vi.setConfig({ testTimeout: 60_000 });
const TENANT = '11111111-0000-4000-8000-000000000000';
const ADA = '22222222-0000-4000-8000-00000000000a';
const BOB = '22222222-0000-4000-8000-00000000000b';
const EVE = '22222222-0000-4000-8000-00000000000e';
const REASON = ['--apply', '--reason', 'request 2026-17', '--by', 'privacy officer'];
let folder: string;
let data: string;
let config: string;
/** Before anything was erased: record trees and heads, as a bundle of then has them. */
let proved: { readonly bundle: string; readonly manifest: Manifest };
let roots: string[];

const signIn = (number: number, id: string, name: string): object => ({
  id: `aaaaaaaa-0000-4000-8000-00000000000${number}`, createdDateTime: `2026-01-15T09:0${number}:00Z`, resourceTenantId: TENANT, signInEventTypes: ['interactiveUser'], userId: id, userPrincipalName: `${name}@example.com`,
  userDisplayName: `${name} Stone`, appId: TENANT, ipAddress: '192.0.2.7', resourceId: TENANT, status: { errorCode: 0 }, isInteractive: true,
});
const call = (number: number, session: string, requestParameters: object | null = null): object => ({
  eventVersion: '1.11', eventID: `bbbbbbbb-0000-4000-8000-00000000000${number}`, eventTime: `2026-01-15T09:1${number}:00Z`, eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks', awsRegion: 'eu-central-1', recipientAccountId: '111122223333',
  sourceIPAddress: '192.0.2.7', readOnly: true, requestParameters, responseElements: null,
  userIdentity: { type: 'AssumedRole', principalId: `AROAEXAMPLE00000001:${session}`, arn: `arn:aws:sts::111122223333:assumed-role/Operator/${session}`, accountId: '111122223333', accessKeyId: 'ASIAEXAMPLE000000001' },
});
/** A token's body that names Ada, in a call of somebody else's. */
const token = Buffer.from(JSON.stringify({ preferred_username: 'Ada@example.com' })).toString('base64url');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-erase-'));
  data = join(folder, 'data');
  config = join(folder, 'whoran.yaml');
  writeFileSync(config, 'attribution: {}\n');
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  writeFileSync(join(logs, 'sign-ins.jsonl'), [signIn(1, ADA, 'ada'), signIn(2, BOB, 'bob'), signIn(3, EVE, 'eve')].map((row) => `${JSON.stringify(row)}\n`).join(''));
  writeFileSync(join(logs, 'trail.json'), JSON.stringify({ Records: [call(1, 'ada@example.com'), call(2, 'bob@example.com'), call(3, 'eve@example.com'), call(4, 'service', { token: `eyJhbGciOiJub25lIn0.${token}.x` })] }));
  const writer = await openWriter(data);
  await ingest(writer, [logs], {});
  await bringUpToDate(writer, configSchema.parse({}));
  await writer.publishAndClose();
  const landed = openLandedBatches(data);
  const trees = [...landed.batches()].map((line) => ({ batch: line.seq, ...recordRoot(landed, line) }));
  roots = trees.map(({ root }) => root.toString('hex'));
  const bundle = join(folder, 'proved');
  mkdirSync(join(bundle, 'proofs'), { recursive: true });
  writeFileSync(join(bundle, 'proofs/batches.jsonl'), trees.map(({ batch, records, root }) => `${JSON.stringify({ batch, records, record_root: root.toString('hex') })}\n`).join(''));
  const heads = { ledger: new LogTree(join(data, 'landing/ledger.jsonl')).head, journal: new LogTree(join(data, 'landing/journal.jsonl')).head };
  proved = { bundle, manifest: { ...heads, files: new Map([['proofs/batches.jsonl', {}]]) } as unknown as Manifest };
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function whoran(at: string, ...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main([...argv, '--data', at, '--config', config], { out: (text) => { out += text; }, err: (text) => { err += text; }, env: {}, isOutTty: false, isErrTty: false, columns: 200 });
  return { code, out, err };
}
const json = async (...argv: string[]): Promise<unknown> => JSON.parse((await whoran(data, ...argv, '--json')).out);
const batches = (at: string): string[] => readdirSync(join(at, 'landing/batches')).sort();
const bytesOf = (at: string): Record<string, string> => Object.fromEntries(batches(at).map((name) => [name, readFileSync(join(at, 'landing/batches', name), 'hex')]));

test('a dry run says who is meant, what goes and what it costs, and changes nothing', async () => {
  const before = bytesOf(data);
  const { code, out } = await whoran(data, 'erase', '--person', 'ADA@example.com');
  expect(code).toBe(0);
  for (const text of [`ADA@example.com is ${ADA}.`, 'looked for: ada stone (display name)', 'Would go: 3 records in 2 deliveries', '4 others in these deliveries stay', 'counts as complete only after 2026-01-15T09:01:00', 'What stays:', 'Nothing is erased yet: give --apply']) expect(out).toContain(text);
  expect(await json('erase', '--person', ADA)).toMatchObject({ schema: 'whoran.erasure/1', is_dry_run: true, object_id: ADA, deliveries: { changed: 2, erased: 3, left: 4, taken_along: 0, unreadable: [] }, held: [], journal_seq: null });
  expect(bytesOf(data)).toEqual(before);
  expect(existsSync(join(data, 'landing/journal.jsonl'))).toBe(false);
});

test('a person whom nobody knows, a name that is too short, no reason: said, and nothing is done', async () => {
  const unknown = await whoran(data, 'erase', '--person', 'mallory@example.com', ...REASON);
  expect(unknown).toMatchObject({ code: 0, out: expect.stringMatching(/No record ties mallory@example\.com to an identity[^]*No delivery names this person\./) as string });
  expect(await whoran(data, 'erase', '--person', 'ada')).toMatchObject({ code: 2, err: expect.stringContaining('too short') as string });
  expect(await whoran(data, 'erase', '--person', ADA, '--apply')).toMatchObject({ code: 2, err: expect.stringContaining('--apply takes a --reason') as string });
  expect(await whoran(data, 'erase', '--person', ADA, '--dry-run', ...REASON)).toMatchObject({ code: 2, err: expect.stringContaining('exclude each other') as string });
  expect(existsSync(join(data, 'landing/removals.jsonl'))).toBe(false);
});

test('a hold refuses it, until it is released', async () => {
  const before = bytesOf(data);
  expect((await whoran(data, 'hold', 'add', '--reason', 'case 7', '--identity', 'bob@example.com')).code).toBe(0);
  expect((await whoran(data, 'erase', '--person', ADA)).out).toContain('Would be refused: hold-1 keeps 2 of these deliveries.');
  expect(await whoran(data, 'erase', '--person', ADA, ...REASON)).toMatchObject({ code: 2, err: expect.stringMatching(/hold-1 keeps 2 deliveries that name this person: nothing was erased[^]*hold release hold-1/) as string });
  expect(bytesOf(data)).toEqual(before);
  expect((await whoran(data, 'hold', 'release', 'hold-1', '--reason', 'closed')).code).toBe(0);
});

test('stopped before its lines, it is undone by the next command that writes; stopped after them, it is finished', async () => {
  const before = bytesOf(data);
  const torn = join(folder, 'torn');
  cpSync(data, torn, { recursive: true });
  // Each place at which nothing is noted yet: one delivery is prepared, all of them are and the journal has its line.
  const stopped = new Error('stopped');
  const options = { now: new Date(), by: 'privacy officer', reason: 'request 2026-17', person: ADA, sleep: async (): Promise<void> => Promise.resolve() };
  await expect(applyErasure(data, configSchema.parse({}), { ...options, progress: (step) => { if (step === 'erasing in batch 2') throw stopped; } })).rejects.toBe(stopped);
  expect(batches(data)).toHaveLength(Object.keys(before).length + 1);
  expect((await whoran(data, 'correlate')).code).toBe(0);
  expect(bytesOf(data)).toEqual(before);
  await expect(applyErasure(data, configSchema.parse({}), { ...options, receipt: () => { throw stopped; } })).rejects.toBe(stopped);
  expect(batches(data)).toHaveLength(Object.keys(before).length + 2);
  const done = await whoran(data, 'erase', '--person', 'ada@example.com', ...REASON);
  expect(done).toMatchObject({ code: 0, out: expect.stringContaining('Gone: 3 records in 2 deliveries') as string, err: expect.stringMatching(/Key of line 4 of the journal, to keep with the request: [0-9a-f]{64}/) as string });
  // As after a kill right behind the lines: what takes the deliveries' place lies beside them.
  for (const name of ['journal.jsonl', 'removals.jsonl', 'leaves']) cpSync(join(data, 'landing', name), join(torn, 'landing', name), { recursive: true });
  for (const name of batches(data)) copyFileSync(join(data, 'landing/batches', name), join(torn, 'landing/batches', `${name}.new`));
  expect((await whoran(torn, 'correlate')).code).toBe(0);
  expect(bytesOf(torn)).toEqual(bytesOf(data));
  const said = async (at: string): Promise<string> => (await whoran(at, 'identities', 'list', '--json')).out;
  expect(await said(torn)).toBe(await said(data));
});

test('a second person in the same deliveries: what is left proves what it proved, and everything says what went', async () => {
  const first = await json('status');
  expect(first).toMatchObject({ batches: 2, removed: { retained: 0, left_out: 0, erased: 2, erased_records: 3 } });
  expect(await json('erase', '--person', 'bob@example.com', ...REASON)).toMatchObject({ is_dry_run: false, deliveries: { changed: 2, erased: 2, left: 2, taken_along: 0 }, receipt: { key: expect.stringMatching(/^[0-9a-f]{64}$/) as string, journal_seq: 5 } });
  const counts = { retained: 0, left_out: 0, erased: 2, erased_records: 5 };
  const sentence = 'An erasure cut 5 records out of 2 batches; their hashes stay.';
  expect(await json('status')).toMatchObject({ removed: counts });
  expect((await whoran(data, 'status')).out).toContain(sentence);
  expect(await json('coverage')).toMatchObject({ removed: counts });
  expect((await whoran(data, 'coverage')).out.replace(/\s+/g, ' ')).toContain(sentence);
  expect(await json('rebuild')).toMatchObject({ removed: counts });
  expect((await whoran(data, 'doctor')).out.replace(/\s+/g, ' ')).toContain('2 that an erasure cut 5 record(s) out of: each by a decision in the journal');
  const doctor = (await json('doctor')) as { checks: { what: string; outcome: string }[] };
  expect(doctor.checks.filter(({ what }) => what.includes('landing') || what.includes('removed')).map(({ outcome }) => outcome)).not.toContain('failed');
  expect(doctor.checks).toContainEqual(expect.objectContaining({ what: 'removed deliveries are accounted for', outcome: 'ok' }));
  const landed = openLandedBatches(data);
  expect([...landed.batches()].map((line) => recordRoot(landed, line).root.toString('hex'))).toEqual(roots);
  const checked = await checkAgainstData(proved.bundle, proved.manifest, data, recordRoot);
  expect([checked.faults, checked.not_checked.map(({ id }) => id)]).toEqual([[], ['data_removed']]);
  const left = Object.values(bytesOf(data)).map((hex) => Buffer.from(hex, 'hex').toString('latin1')).join('\n');
  for (const text of ['ada', 'bob', token, ADA, BOB]) expect([text, left.toLowerCase().includes(text.toLowerCase())]).toEqual([text, false]);
  expect(left).toContain('eve@example.com');
  // What took the place of deliveries is as private as they were.
  const open = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => (statSync(join(entry.parentPath, entry.name)).mode & 0o077) !== 0);
  expect(open.map(({ name }) => name)).toEqual([]);
});

test('a name that only the newest delivery tells, which nobody staged yet, is looked for too', async () => {
  const late = join(folder, 'late');
  const writer = await openWriter(late);
  const land = async (origin: string, records: readonly object[]): Promise<unknown> => writer.landing.land({ source: 'files', form: 'file', origin, bytes: Buffer.from(records.map((one) => `${JSON.stringify(one)}\n`).join('')) });
  await land('first.jsonl', [signIn(1, EVE, 'eve'), call(2, 'eve.stone@example.com'), call(3, 'eve.admin@example.com')]);
  await stage(writer);
  await writer.publishAndClose();
  expect(await whoran(late, 'erase', '--person', EVE)).toMatchObject({ code: 2, err: expect.stringMatching(/nothing is correlated yet[^]*whoran correlate/) as string });
  expect((await whoran(late, 'correlate')).code).toBe(0);
  expect((await whoran(late, 'erase', '--person', EVE)).out).toContain('Would go: 1 record in 1 delivery');
  const again = await openWriter(late);
  const initiator = { id: EVE, userPrincipalName: 'eve.admin@example.com', displayName: 'Admin' };
  const audit = { id: 'Directory_1', category: 'UserManagement', result: 'success', activityDisplayName: 'Disable account', activityDateTime: '2026-01-15T09:20:00Z', correlationId: ADA, initiatedBy: { user: initiator, app: null }, targetResources: [] };
  const records = [signIn(3, EVE, 'eve.stone'), { category: 'AuditLogs', tenantId: TENANT, properties: audit }];
  await again.landing.land({ source: 'files', form: 'file', origin: 'second.jsonl', bytes: Buffer.from(records.map((one) => `${JSON.stringify(one)}\n`).join('')) });
  again.close();
  expect((await whoran(late, 'erase', '--person', EVE, ...REASON)).out).toContain('Gone: 5 records in 2 deliveries');
  expect(Object.values(bytesOf(late)).map((hex) => Buffer.from(hex, 'hex').toString('latin1')).join('')).not.toMatch(/eve/i);
});
