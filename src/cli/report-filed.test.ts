import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendDecisions } from '../landing/journal.ts';
import { reportRemovalLine } from '../landing/report-removals.ts';
import { openWriter } from '../store/writer.ts';
import { ingest } from '../pipeline/ingest.ts';
import { main } from './program.ts';

let folder: string;
const ID = 'traceability_20260115T000000Z_20260116T000000Z_1';
const PERIOD = ['--from', '2026-01-15', '--to', '2026-01-15', '--format', 'json'];

async function whoran(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main([...argv, '--data', join(folder, 'data'), '--config', join(folder, 'whoran.yaml')], {
    out: (text) => { out += text; }, err: (text) => { err += text; }, env: {}, isOutTty: false, isErrTty: false, columns: 300,
  });
  return { code, out, err };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-report-filed-'));
  await writeFile(join(folder, 'whoran.yaml'), 'attribution: {}\n');
  const record = { eventVersion: '1.11', awsRegion: 'eu-central-1', recipientAccountId: '111122223333', sourceIPAddress: '198.51.100.7', eventID: 'aaaaaaaa-0000-4000-8000-000000000002', eventTime: '2026-01-15T09:05:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks', readOnly: true, userIdentity: { type: 'IAMUser', userName: 'deploy', arn: 'arn:aws:iam::111122223333:user/deploy', accountId: '111122223333', principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' } };
  await writeFile(join(folder, 'call.json'), JSON.stringify({ Records: [record] }));
  const writer = await openWriter(join(folder, 'data'), { now: () => new Date('2026-02-01T06:00:00Z') });
  await ingest(writer, [join(folder, 'call.json')]);
  await writer.publishAndClose();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a report is filed, listed, and made again by its id and by its time', async () => {
  expect((await whoran('report', 'filed')).out).toContain('No report is filed');
  const filed = await whoran('report', 'traceability', ...PERIOD, '--out', join(folder, 'first'), '--file', '--note', 'for the review');
  expect(filed).toMatchObject({ code: 0, out: expect.stringContaining(`Filed as ${ID}`) as string });
  const listed = JSON.parse((await whoran('report', 'filed', '--json')).out) as { schema: string; filings: { id: string; filed_at: string; note: string; files: Record<string, string> }[] };
  expect(listed).toMatchObject({ schema: 'whoran.filed-reports/1', filings: [{ id: ID, note: 'for the review' }] });
  const [name = ''] = Object.keys(listed.filings[0]?.files ?? {});
  const again = await whoran('report', 'traceability', '--filed', ID, '--out', join(folder, 'again'));
  expect(again).toMatchObject({ code: 0, out: expect.stringContaining('the same files, byte for byte') as string });
  expect(again.out).not.toContain('retention');
  // As `retain` does once they are due.
  const [sha256 = ''] = Object.values(listed.filings[0]?.files ?? {});
  appendDecisions(join(folder, 'data'), new Date().toISOString(), [reportRemovalLine([{ path: join(folder, 'first', name), sha256, isBundle: false }], { by: 'configuration', rules: '{}', bytes: 1 })]);
  const known = await whoran('report', 'traceability', ...PERIOD, '--known-at', listed.filings[0]?.filed_at ?? '', '--out', join(folder, 'known'));
  expect(known).toMatchObject({ code: 0, out: expect.stringContaining('byte for byte') as string });
  expect(known.out).toMatch(/Written then: 1; of these retention removed 1, the last of them at \S+ by configuration \(line 2 of the journal\)\. Their hashes stay/);
  for (const place of ['again', 'known']) expect(await readFile(join(folder, place, name))).toEqual(await readFile(join(folder, 'first', name)));
}, 120_000);

test('what makes no sense is refused', async () => {
  expect(await whoran('report', 'traceability', '--filed', 'nothing', '--out', folder)).toMatchObject({ code: 2, err: expect.stringContaining('no report is filed as') as string });
  expect(await whoran('report', 'traceability', ...PERIOD, '--out', folder, '--file', '--known-at', '2026-02-01')).toMatchObject({ code: 2, err: expect.stringContaining('only one of them') as string });
  expect(await whoran('report', 'traceability', ...PERIOD, '--out', folder, '--note', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('only with --file') as string });
  await writeFile(join(folder, 'a-file'), '');
  for (const out of ['a-file', 'a-file/below']) expect(await whoran('report', 'traceability', ...PERIOD, '--out', join(folder, out))).toMatchObject({ code: 2, err: expect.stringMatching(/the folder for the report, .* is a file\nName another folder with --out/) as string });
});
