import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configSchema } from '../config/config.ts';
import { evidenceConfigSchema } from '../config/evidence.ts';
import { newKeyFile } from '../evidence/key-file-signer.ts';
import { verifyPath } from '../evidence/verify-bundle.ts';
import { appendDecisions } from '../landing/journal.ts';
import { openLandedBatches } from '../landing/landed-batches.ts';
import { openWriter } from '../store/writer.ts';
import { bundleSigner } from './bundle-signer.ts';
import { replayCheck } from './bundle-replay-check.ts';
import { fileReport, filingOf, listFilings, makeFiled, reportKnownAt, type Filed } from './filing.ts';
import { ingest } from './ingest.ts';
import type { ReportResult } from './report.ts';

const CONFIG = configSchema.parse({});
const KEY = 'ASIAEXAMPLE000000001';
const PERIOD = { from: new Date('2026-01-15T00:00:00Z'), to: new Date('2026-01-16T00:00:00Z') };
const day = (number: number): Date => new Date(Date.UTC(2026, 1, number, 6));

const common = { eventVersion: '1.11', awsRegion: 'eu-central-1', recipientAccountId: '111122223333', sourceIPAddress: '198.51.100.7' };
const call = {
  ...common, eventID: 'aaaaaaaa-0000-4000-8000-000000000002', eventTime: '2026-01-15T09:05:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'RunTask', readOnly: false,
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
let signing: { dataDir: string; signer: Awaited<ReturnType<typeof bundleSigner>>; hasZip: boolean };
let first: Filed;
let second: Filed;
let third: Filed;

async function land(name: string, record: unknown, now: Date): Promise<void> {
  const file = join(folder, name);
  await writeFile(file, JSON.stringify({ Records: [record] }));
  const writer = await openWriter(data, { now: () => now });
  await ingest(writer, [file]);
  await writer.publishAndClose();
}

const file = async (out: string, now: Date, hasBundle = false): Promise<Filed> =>
  fileReport(data, CONFIG, 'traceability', { ...PERIOD, now, runBy: 'ada', note: 'quarterly', outDir: join(folder, out), ...(hasBundle ? { bundle: signing } : {}), sleep: async () => Promise.resolve() });
const bytesOf = async ({ files }: ReportResult): Promise<Record<string, string>> => Object.fromEntries(await Promise.all(files.map(async ({ name, path }) => [name, await readFile(path, 'latin1')] as const)));
const lineOf = (report: ReportResult, format: string): string => report.files.find((one) => one.format === format)?.path ?? '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-filing-'));
  data = join(folder, 'data');
  const keyFile = join(folder, 'key.pem');
  await newKeyFile(keyFile);
  signing = { dataDir: data, signer: await bundleSigner(evidenceConfigSchema.parse({ signing_key_file: keyFile })), hasZip: false };
  await land('call.json', call, day(1));
  first = await file('first', day(2));
  await land('issue.json', issue, day(3));
  appendDecisions(data, day(3).toISOString(), [{ by: 'ada', action: 'finding.note', subject: 'f', reason: 'late', detail: { opening: 1, evidence_sha256: null } }]);
  second = await file('second', day(4), true);
  third = await file('third', day(5));
}, 240_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the journal has what a filed report was made of, and its chain holds', async () => {
  expect(listFilings(data)).toEqual([first.filing, second.filing, third.filing]);
  expect(first.filing).toMatchObject({ id: 'traceability_20260115T000000Z_20260116T000000Z_1', filed_by: 'ada', filed_at: day(2).toISOString(), note: 'quarterly', journal_line: 1, corrects: null, positions: { ledger: 1, journal: 0 }, manifest_sha256: null });
  expect(first.filing.files).toEqual(Object.fromEntries(first.report.files.map(({ name, sha256 }) => [name, sha256])));
  expect(first.filing.ledger_head_sha256).toMatch(/^[0-9a-f]{64}$/);
  expect([...openLandedBatches(data).decisions()].map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  expect(() => filingOf(data, 'traceability_9')).toThrow(/no report is filed/);
  await Promise.resolve();
});

test('a filed report is made again byte for byte after late records, decisions and corrections', async () => {
  for (const filed of [first, second]) {
    const again = await makeFiled(data, CONFIG, filed.filing, { outDir: join(folder, `again-${filed.filing.id}`), ...(filed === second ? { bundle: signing } : {}) });
    expect(again).toMatchObject({ is_same: true, differing: [], causes: [] });
    expect(await bytesOf(again.report)).toEqual(await bytesOf(filed.report));
    expect(again.report.bundle?.manifest_sha256).toBe(filed.report.bundle?.manifest_sha256);
  }
}, 120_000);

test('where something is not as it was, that is said', async () => {
  const again = await makeFiled(data, configSchema.parse({ attribution: { settle_minutes: 1 } }), { ...first.filing, files: { ...first.filing.files, 'gone.csv': '0'.repeat(64) } }, { outDir: join(folder, 'other') });
  expect(again.is_same).toBe(false);
  expect(again.differing).toContain('gone.csv');
  expect(again.causes).toEqual(['the configuration is another']);
}, 120_000);

test('a second filing corrects the first: what changed stands in every format and in the journal', async () => {
  const corrects = second.report.filed_as?.corrects;
  expect(second.filing.corrects).toBe(first.filing.id);
  expect(corrects).toMatchObject({ filed: first.filing.id, filed_by: 'ada', is_filed_again: true });
  const totals = corrects?.tables.reduce((sum, { added, removed, changed }) => sum + added + removed + changed, 0) ?? 0;
  expect(totals).toBeGreaterThan(0);
  expect(second.filing.changes.length).toBeGreaterThan(0);
  expect(corrects?.changes.some(({ change, column, before, after }) => change === 'changed' && column !== null && before !== after)).toBe(true);
  for (const format of ['html', 'note', 'json']) expect(await readFile(lineOf(second.report, format), 'utf8')).toContain(first.filing.id);
  expect(JSON.parse(await readFile(lineOf(second.report, 'json'), 'utf8'))).toMatchObject({ filed_as: second.filing.id, corrects: { filed: first.filing.id } });
});

test('a correction’s bundle verifies and replays, and its manifest names what it corrects', async () => {
  const path = second.report.bundle?.path ?? '';
  const verification = await verifyPath({ path, further: [replayCheck] });
  expect(verification.faults).toEqual([]);
  expect(verification.proved.map(({ id }) => id)).toContain('replay');
  expect(JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'))).toMatchObject({ report: { filed_as: second.filing.id, known_at: day(4).toISOString() }, journal: { tree_size: 2 }, ledger: { tree_size: 2 }, corrects: { filed: first.filing.id, manifest_sha256: null } });
}, 60_000);

test('a filing that changes nothing says so', async () => {
  expect(third.filing.changes).toEqual([]);
  expect(third.report.filed_as?.corrects).toMatchObject({ filed: second.filing.id, manifest_sha256: second.filing.manifest_sha256, changes: [] });
  expect(await readFile(lineOf(third.report, 'html'), 'utf8')).toContain('every row is as it was filed');
});

test('a report known at a time leaves out what came later, and says so', async () => {
  const then = await reportKnownAt(data, CONFIG, 'traceability', day(2), { ...PERIOD, now: day(9), runBy: 'bob', outDir: join(folder, 'then') });
  expect(then.table_sha256).toEqual(first.report.table_sha256);
  expect(await readFile(lineOf(then, 'html'), 'utf8')).toMatch(/As known at/);
}, 60_000);
