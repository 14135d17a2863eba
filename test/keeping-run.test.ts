/**
 * Retention as a run does it: its own step, deliveries and the reports that runs and filings wrote; what holds keep; what status, coverage,
 * doctor, rebuild and `verify --data` say afterwards. One small data folder, whose states follow from each other.
 */
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { main } from '../src/cli/program.ts';
import { configSchema, type Config, type ConfigSpec } from '../src/config/config.ts';
import { evidenceConfigSchema } from '../src/config/evidence.ts';
import { checkAgainstData } from '../src/evidence/check-data.ts';
import { newKeyFile } from '../src/evidence/key-file-signer.ts';
import { recordRoot } from '../src/evidence/record-tree.ts';
import { chainFaults } from '../src/landing/chain-log.ts';
import { openLandedBatches } from '../src/landing/landed-batches.ts';
import { previewRetention } from '../src/pipeline/apply-retention.ts';
import { bundleSigner } from '../src/pipeline/bundle-signer.ts';
import { fileReport, type Filed } from '../src/pipeline/filing.ts';
import { appendToJournal } from '../src/pipeline/journal.ts';
import { retainReports } from '../src/pipeline/retain-reports.ts';
import type { RunEvent, RunResult } from '../src/pipeline/run-job.ts';
import { runJob } from '../src/pipeline/run.ts';
import type { Source } from '../src/sources/source.ts';
import { readManifest } from '../src/verifier/manifest.ts';
import { Faults } from '../src/verifier/faults.ts';

vi.setConfig({ testTimeout: 60_000 });
const ACCOUNT = '111122223333';
const sleep = async (): Promise<void> => Promise.resolve();
let folder: string;
let data: string;
let reports: string;
let filed: Filed;
let filedBytes: Buffer;
/** A copy of the filed bundle, as somebody else has it. */
let handedOver: string;

/** A call of Ada's in January, or of the service's in March. */
function record(number: number, at: string, name: string): object {
  return {
    eventVersion: '1.11', eventID: `aaaaaaaa-0000-4000-8000-${String(number).padStart(12, '0')}`, eventTime: at, eventSource: 'ecs.amazonaws.com',
    eventName: 'StopTask', awsRegion: 'eu-central-1', recipientAccountId: ACCOUNT, sourceIPAddress: '198.51.100.7', readOnly: false,
    requestParameters: { cluster: 'prod', task: '0f9de17a6465404e8b1b2356dc13c2f8' }, responseElements: null,
    userIdentity: { type: 'IAMUser', userName: name, arn: `arn:aws:iam::${ACCOUNT}:user/${name}`, accountId: ACCOUNT, principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' },
  };
}

/** Delivers what is new at each run: number 1 is Ada's. */
const source: Source = {
  id: 'trail', type: 'files', streams: [],
  // eslint-disable-next-line @typescript-eslint/require-await -- a source of ready steps waits for nothing
  async *pull({ cursors }) {
    const last = Number(cursors.get('events') ?? 0);
    for (const number of [1, 2].filter((one) => one > last && one <= delivered)) {
      const bytes = Buffer.from(JSON.stringify({ Records: [record(number, number === 1 ? '2026-01-15T09:00:00Z' : '2026-03-05T09:00:00Z', number === 1 ? 'ada' : 'deploy')] }));
      yield { stream: 'events', covers: [{ of: 'cloudtrail', accountId: ACCOUNT, region: 'eu-central-1' }], delivered: [{ origin: `body ${number}`, bytes }], cursor: String(number), completeThrough: new Date(number === 1 ? '2026-02-03T02:00:00Z' : '2026-03-06T02:00:00Z') };
    }
  },
  // eslint-disable-next-line @typescript-eslint/require-await -- the contract's shape; nothing is checked here
  async *check() { yield* []; },
};
let delivered = 1;

function configOf(retention: ConfigSpec['retention'] = {}, hasReports = true): Config {
  return configSchema.parse({ sources: [{ type: 'files', id: 'trail', path: folder }], retention, run: { reports: !hasReports ? [] : [{ id: 'access-changes', period: 'previous_month', formats: ['html', 'json', 'csv'], out: reports }] } });
}

async function run(now: Date, retention: ConfigSpec['retention'] = {}, hasReports = true): Promise<RunResult & { said: string[] }> {
  const events: RunEvent[] = [];
  const result = await runJob({
    dataDir: data, config: configOf(retention, hasReports), sources: [source], trigger: 'command', schedule: null, version: '0.0.0', scrub: (text) => text, signal: new AbortController().signal,
    effects: { now: () => now, sleep, random: () => 0.5 }, tell: (event) => events.push(event),
  });
  return { ...result, said: events.flatMap((event) => (event.kind === 'note' ? [event.message] : [])) };
}

/** Adds a hold, as `hold add` does. */
let holds = 0;
async function withHold<Result>(scope: Record<string, string>, work: (id: string) => Promise<Result>): Promise<Result> {
  const id = `hold-${(holds += 1)}`;
  await appendToJournal(data, '2026-02-20T00:00:00.000Z', () => [{ by: 'counsel', action: 'hold.add', subject: id, reason: 'case 7', detail: scope }], sleep);
  try {
    return await work(id);
  } finally {
    await appendToJournal(data, '2026-02-21T00:00:00.000Z', () => [{ by: 'counsel', action: 'hold.release', subject: id, reason: 'closed', detail: {} }], sleep);
  }
}

async function whoran(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main([...argv, '--data', data, '--config', join(folder, 'whoran.yaml')], { out: (text) => { out += text; }, err: (text) => { err += text; }, env: {}, isOutTty: false, isErrTty: false, columns: 200 });
  return { code, out, err };
}

const names = (at: string): string[] => readdirSync(at).sort();
const JANUARY = 'access-changes_20260101T000000Z_20260201T000000Z';
const FEBRUARY = 'access-changes_20260201T000000Z_20260301T000000Z';
/** Deliveries after 20 days, reports after 20; on 6 March what is of January and what was written in February is due. */
const MARCH = new Date('2026-03-06T03:00:00Z');
const RETENTION = { landed: { days: 20 }, reports: { days: 20 }, filed_reports: { days: 25 } };
const preview = async (retention: ConfigSpec['retention'] = RETENTION): ReturnType<typeof previewRetention> => previewRetention(data, configOf(retention), { now: MARCH, by: 'configuration', sleep });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-keeping-run-'));
  data = join(folder, 'data');
  reports = join(folder, 'reports');
  writeFileSync(join(folder, 'whoran.yaml'), 'retention:\n  reports:\n    days: 20\n');
  mkdirSync(reports);
  // Somebody's own, by a name that reports have.
  writeFileSync(join(reports, `${JANUARY}_notes.csv`), 'mine');
  expect((await run(new Date('2026-02-03T02:30:00Z'))).ended).toMatchObject({ outcome: 'done' });
  const keyFile = join(folder, 'key.pem');
  await newKeyFile(keyFile);
  const signer = await bundleSigner(evidenceConfigSchema.parse({ signing_key_file: keyFile }));
  filed = await fileReport(data, configOf(), 'access-changes', {
    from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-02-01T00:00:00Z'), now: new Date('2026-02-05T00:00:00Z'), runBy: 'ada', outDir: join(folder, 'filed'), formats: ['json'], bundle: { dataDir: data, signer, hasZip: true }, sleep,
  });
  filedBytes = readFileSync(filed.report.files[0]?.path ?? '');
  mkdirSync(join(folder, 'proved/proofs'), { recursive: true });
  const landed = openLandedBatches(data);
  writeFileSync(join(folder, 'proved/proofs/batches.jsonl'), [...landed.batches()].map((line) => { const { records, root } = recordRoot(landed, line); return `${JSON.stringify({ batch: line.seq, records, record_root: root.toString('hex') })}\n`; }).join(''));
  handedOver = join(folder, 'handed-over.bundle');
  cpSync(filed.report.bundle?.path ?? '', handedOver, { recursive: true });
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('what runs and filings wrote is recorded with paths and hashes, and a dry run lists it', async () => {
  const written = names(reports).filter((name) => !name.endsWith('_notes.csv'));
  expect(await preview()).toMatchObject({
    layers: [{ layer: 'landed', batches: 1 }],
    reports: { layers: [{ layer: 'reports', reports: 1, files: written.length, by_report: { 'access-changes': 1 } }, { layer: 'filed_reports', reports: 1, files: 3 }], altered: 0, unhashed: 0, journal_seq: null },
  });
  expect(await preview({ reports: { days: 365, ids: { 'access-changes': 20 } } })).toMatchObject({ layers: [], reports: { layers: [{ layer: 'reports', files: written.length }] } });
  expect(await preview({ reports: { days: 20, ids: { 'access-changes': 365 } }, filed_reports: { ids: { other: 1 } } })).toMatchObject({ reports: { layers: [] } });
  expect(names(reports)).toHaveLength(written.length + 1);
  const said = await whoran('retain');
  expect(said).toMatchObject({ code: 0, out: expect.stringMatching(/Would go of reports that runs wrote: \d+ files .* of 1 report \(access-changes 1\)[^]*Nothing is removed yet/) as string });
});

test.each([
  ['identity', { identity: 'ADA' }, true], ['another identity', { identity: 'nobody@example.com' }, false], ['account', { account: ACCOUNT }, true], ['another account', { account: '444455556666' }, false],
  ['period', { from: '2026-01-10T00:00:00Z', to: '2026-01-20T00:00:00Z' }, true], ['an earlier period', { to: '2025-12-01T00:00:00Z' }, false], ['a later period', { from: '2026-02-10T00:00:00Z' }, false], ['source', { source: 'trail' }, true], ['everything', {}, true],
])('a hold by %s keeps the delivery, or does not', async (name, scope, isKept) => {
  await withHold(scope, async (id) => {
    const { layers, held, reports: files } = await preview();
    expect([layers.length, held]).toEqual(isKept ? [0, [{ hold: id, batches: 1 }]] : [1, []]);
    // Of a report only the period can be told for certain; by anything else it is kept.
    const isPeriod = name.endsWith('period') && !isKept;
    expect([files.layers.length, files.held]).toEqual(isPeriod ? [2, []] : [0, [{ hold: id, reports: 2 }]]);
  });
});

test('one file that was written under two paths stays as long as either', async () => {
  const again = join(folder, 'reports by another path');
  symlinkSync(reports, again);
  const log = join(data, 'landing/runs.jsonl');
  const before = readFileSync(log);
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { kind: string; at: string; reports?: { written?: { path: string }[] }[] });
  const ended = structuredClone(lines.find(({ reports: written }) => (written ?? []).length > 0));
  for (const one of ended?.reports?.[0]?.written ?? []) one.path = join(again, basename(one.path));
  // The line's place in its chain is not looked at here.
  writeFileSync(log, Buffer.concat([before, Buffer.from(`${JSON.stringify({ ...ended, at: new Date(MARCH.getTime() - 86_400_000).toISOString() })}\n`)]));
  try {
    expect((await preview()).reports.layers.map(({ layer }) => layer)).toEqual(['filed_reports']);
  } finally {
    writeFileSync(log, before);
    rmSync(again);
  }
});

test('under a hold a run removes nothing, and says what it would have', async () => {
  const before = [names(join(data, 'landing/batches')), names(reports)];
  const { ended, said } = await withHold({}, async () => run(new Date('2026-02-28T03:00:00Z'), RETENTION, false));
  expect(ended.steps[0]).toMatchObject({ step: 'retain', outcome: 'done' });
  expect(said.filter((text) => text.startsWith('retention'))).toEqual(['retention: 1 delivery due and kept by hold-10', 'retention: 1 report(s) due and kept by hold-10']);
  expect([names(join(data, 'landing/batches')), names(reports)]).toEqual(before);
});

test('a run removes what is due, and nothing else: the journal names it, no log is shortened', async () => {
  const mine = names(reports);
  const [altered = ''] = mine.filter((name) => name.startsWith(JANUARY) && name.endsWith('.csv') && !name.endsWith('_notes.csv'));
  writeFileSync(join(reports, altered), 'somebody wrote over it');
  const linked = mine.find((name) => name.startsWith(JANUARY) && name.endsWith('.json')) ?? '';
  renameSync(join(reports, linked), join(folder, 'elsewhere.json'));
  symlinkSync(join(folder, 'elsewhere.json'), join(reports, linked));
  const filedBundle = filed.report.bundle?.path ?? '';
  writeFileSync(join(filedBundle, 'report', 'added.txt'), 'mine');
  // Somebody keeps a part of the bundle elsewhere, byte for byte as it was.
  for (const part of ['proofs', 'statement.dsse.json']) {
    renameSync(join(filedBundle, part), join(folder, `archive of ${part}`));
    symlinkSync(join(folder, `archive of ${part}`), join(filedBundle, part));
  }
  const archived = readdirSync(join(folder, 'archive of proofs'));
  const runs = readFileSync(join(data, 'landing/runs.jsonl'), 'utf8');
  const publication = (await whoran('coverage', '--json')).out;
  delivered = 2;
  const { ended, said } = await run(MARCH, RETENTION);
  expect(ended).toMatchObject({ outcome: 'done', is_changed: true, steps: [{ step: 'retain', outcome: 'done' }, { step: 'pull' }, { step: 'stage' }, { step: 'correlate' }, { step: 'detect' }, { step: 'publish' }, { step: 'alert' }, { step: 'report', outcome: 'done' }] });
  expect(said.filter((text) => text.startsWith('retention'))).toEqual(['retention: 1 delivery removed (landed)', expect.stringMatching(/^retention: \d+ file\(s\) of 1 report\(s\) removed \(reports\)$/), 'retention: 3 file(s) of 1 report(s) removed (filed_reports)']);
  // Gone: what is as it was written. Left: what somebody changed, linked or put there.
  const january = names(reports).filter((name) => name.startsWith(JANUARY));
  expect(january).toEqual([`${JANUARY}_notes.csv`, altered, linked].sort());
  expect(existsSync(join(folder, 'elsewhere.json'))).toBe(true);
  expect(readdirSync(join(folder, 'archive of proofs'))).toEqual(archived);
  expect(readdirSync(join(folder, 'filed'), { recursive: true }).map(String).filter((name) => !lstatSync(join(folder, 'filed', name)).isDirectory() && !/[/\\]proofs[/\\]/.test(name)).sort()).toEqual([join('report', 'added.txt'), 'proofs', 'statement.dsse.json'].map((name) => join(`${JANUARY}.bundle`, name)).sort());
  expect(names(reports).some((name) => name.startsWith(FEBRUARY))).toBe(true);
  const decisions = [...openLandedBatches(data).decisions()].filter(({ action }) => action.endsWith('.retain'));
  expect(decisions).toMatchObject([{ action: 'report.retain', by: 'configuration' }, { action: 'landing.retain', by: 'configuration', detail: { landed_batches: 1 } }]);
  const removed = decisions[0]?.detail['files'] as string[];
  for (const [name, sha256] of Object.entries(filed.filing.files)) expect(removed).toContain(`${sha256}  ${join(folder, 'filed', name)}`);
  expect(decisions[0]?.detail['bundles']).toEqual([`${filed.filing.manifest_sha256 ?? ''}  ${filed.report.bundle?.path ?? ''}`]);
  expect(readFileSync(join(data, 'landing/runs.jsonl'), 'utf8').startsWith(runs)).toBe(true);
  for (const log of ['ledger.jsonl', 'journal.jsonl', 'runs.jsonl', 'removals.jsonl']) expect([...chainFaults(join(data, 'landing', log))]).toEqual([]);
  // The database is that of what is left.
  const after = (await whoran('coverage', '--json')).out;
  expect(JSON.parse(publication)).not.toHaveProperty('removed');
  expect(JSON.parse(after)).toMatchObject({ removed: { retained: 1, left_out: 0, erased: 0, erased_records: 0 } });
});

test('what an earlier command noted and did not do is done by the next, without a second line', async () => {
  const lines = [...openLandedBatches(data).decisions()].length;
  const path = join(folder, 'filed', Object.keys(filed.filing.files)[0] ?? '');
  // As after a kill between the line and the file: the bytes lie where they were written.
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, filedBytes);
  expect(await preview()).toMatchObject({ reports: { layers: [{ layer: 'filed_reports', files: 1 }], altered: 2 } });
  expect(await retainReports(data, () => openLandedBatches(data).decisions(), configOf(RETENTION), { now: MARCH, by: 'ada', sleep })).toMatchObject({ layers: [{ files: 1 }], failed: [], journal_seq: null });
  expect(existsSync(path)).toBe(false);
  expect([...openLandedBatches(data).decisions()]).toHaveLength(lines);
});

test('status, coverage, doctor, rebuild and the list of filed reports say what went', async () => {
  const json = async (...argv: string[]): Promise<unknown> => JSON.parse((await whoran(...argv, '--json')).out);
  const counts = { retained: 1, left_out: 0, erased: 0, erased_records: 0 };
  const status = (await json('status')) as { removed_reports: { files: number } };
  expect(status).toMatchObject({ batches: 2, removed: counts, removed_reports: { bundles: 1 } });
  expect(status.removed_reports.files).toBeGreaterThan(2);
  const text = (await whoran('status')).out;
  expect(text).toContain('Of 1 batch retention took the bytes; their hashes stay.');
  expect(text).toContain(`Retention removed ${status.removed_reports.files} files and 1 bundle of reports`);
  expect((await whoran('coverage')).out.replace(/\s+/g, ' ')).toContain('Of 1 batch retention took the bytes; their hashes stay. Calls and tasks in what was taken are not counted.');
  expect(await json('doctor')).toMatchObject({ checks: expect.arrayContaining([expect.objectContaining({ what: 'removed deliveries are accounted for', outcome: 'ok' }), expect.objectContaining({ what: 'removed report files are accounted for', outcome: 'ok' })]) as unknown });
  const doctor = (await whoran('doctor')).out.replace(/\s+/g, ' ');
  expect(doctor).toContain('1 taken by retention, 0 left out of the database by it');
  expect(doctor).toContain(`${status.removed_reports.files} file(s) and 1 bundle(s) taken by retention`);
  expect(await json('rebuild')).toMatchObject({ batches: 2, removed: counts });
  expect(await json('report', 'filed')).toMatchObject({ filings: [{ id: filed.filing.id, removed: { by: 'configuration', removed: 3, written: 3, at: MARCH.toISOString() } }] });
  expect((await whoran('report', 'filed')).out).toContain('removed 2026-03-06');
});

test('a bundle that was handed over before still agrees with the data folder: by kept hashes, and it says so', async () => {
  expect([...openLandedBatches(data).batches()].map((line) => recordRoot(openLandedBatches(data), line).isKept)).toEqual([true, false]);
  // The heads of the bundle, and the record tree of Ada's delivery as it was before.
  const manifest = readManifest(readFileSync(join(handedOver, 'manifest.json')), new Faults());
  const checked = await checkAgainstData(join(folder, 'proved'), { ...manifest, files: new Map([['proofs/batches.jsonl', { path: '', bytes: 0, sha256: '' }]]) }, data, recordRoot);
  expect([checked.faults, checked.not_checked.map(({ id }) => id)]).toEqual([[], ['data_removed']]);
  expect((await whoran('verify', handedOver)).code).toBe(0);
});

test('every file of the data folder is its owner\'s alone; reports and bundles have what the umask gives', () => {
  const modes = (at: string): [string, string][] => readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isSymbolicLink()).map((entry) => [join(entry.parentPath, entry.name).slice(folder.length), (statSync(join(entry.parentPath, entry.name)).mode & 0o777).toString(8)]);
  const own = modes(data);
  for (const kind of ['ledger.jsonl', 'journal.jsonl', 'pulls.jsonl', 'runs.jsonl', 'removals.jsonl', '.leaves', '.batch', 'manifest.json', '.parquet', '.lock']) expect([kind, own.some(([path]) => path.endsWith(kind))]).toEqual([kind, true]);
  expect(own.filter(([path, mode]) => mode !== (statSync(join(folder, path)).isDirectory() ? '700' : '600'))).toEqual([]);
  const given = (statSync(join(reports, `${JANUARY}_notes.csv`)).mode & 0o777).toString(8);
  const away = [...modes(reports), ...modes(handedOver)].filter(([path]) => statSync(join(folder, path)).isFile());
  expect(away.length).toBeGreaterThan(10);
  expect(away.filter(([, mode]) => mode !== given)).toEqual([]);
});
