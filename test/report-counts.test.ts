/**
 * The numbers of the reports `completeness` and `control-index`, counted again without them: from landing's own files, from the records as
 * they were written, and from what `findings` gives.
 */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findings } from '../src/answers/findings.ts';
import { loadCatalog } from '../src/catalog/catalog.ts';
import { loadReports } from '../src/catalog/reports.ts';
import { runDemo } from '../src/pipeline/demo.ts';
import { runReport } from '../src/pipeline/report.ts';
import { openReader, type Reader } from '../src/store/reader.ts';

const PERIOD = { from: new Date('2026-01-12T00:00:00Z'), to: new Date('2026-01-15T00:00:00Z') };
const RUN = { ...PERIOD, now: new Date('2026-01-19T06:00:00Z'), runBy: 'auditor', version: '0.1.0', formats: ['json'] as const };

type ReportRow = Record<string, string | number | boolean | null>;
type Tables = Record<string, { rows: ReportRow[] }>;

interface LedgerLine {
  readonly seq: number;
  readonly members: number;
  readonly bytes: number;
  readonly sha256: string;
}

let folder: string;
let logs: string;
let dataDir: string;
let reader: Reader;
let completeness: Tables;
let index: Tables;

async function tablesOf(report: string): Promise<Tables> {
  const landing = { readMember: async (batch: number, member: number) => Promise.resolve(reader.landing.unpackMember(batch, member)) };
  const result = await runReport({ db: reader.db, landing }, report, { ...RUN, outDir: join(folder, 'out'), dataDir });
  return (JSON.parse(await readFile(result.files[0]?.path ?? '', 'utf8')) as { tables: Tables }).tables;
}

const rows = (tables: Tables, query: string): ReportRow[] => tables[query]?.rows ?? [];
const sum = (of: readonly ReportRow[], column: string): number => of.reduce((total, row) => total + Number(row[column] ?? 0), 0);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-counts-'));
  const made = await runDemo(join(folder, 'demo'), RUN.now, () => undefined);
  dataDir = made.data;
  logs = made.logs;
  reader = await openReader(dataDir);
  completeness = await tablesOf('completeness');
  index = await tablesOf('control-index');
}, 120_000);
afterAll(async () => {
  reader.close();
  await rm(folder, { recursive: true, force: true });
});

test('batches, files and bytes are those of the ledger, line by line', async () => {
  const ledger = (await readFile(join(dataDir, 'landing/ledger.jsonl'), 'utf8')).split('\n').filter(Boolean).map((line) => JSON.parse(line) as LedgerLine);
  const listed = rows(completeness, 'rpt_completeness_batches');
  expect(listed.map((row) => [row['batch_seq'], row['members'], row['bytes'], row['batch_sha256']])).toEqual(ledger.map(({ seq, members, bytes, sha256 }) => [seq, members, bytes, sha256]));
  const grouped = rows(completeness, 'rpt_completeness_deliveries');
  for (const [column, count] of [['batches', ledger.length], ['members', ledger.reduce((all, { members }) => all + members, 0)], ['bytes', ledger.reduce((all, { bytes }) => all + bytes, 0)]] as const) expect(sum(grouped, column)).toBe(count);
  expect(rows(completeness, 'rpt_completeness_logs').find((row) => row['log_file'] === 'ledger.jsonl')).toMatchObject({ lines: ledger.length, last_line: ledger.length, missing_lines: 0 });
});

test('what was read is what is new, repeated, rejected and set aside, and each rejected record is listed', () => {
  const grouped = rows(completeness, 'rpt_completeness_deliveries');
  expect(sum(grouped, 'records_read')).toBe(['records_new', 'records_repeated', 'records_rejected', 'records_set_aside'].reduce((all, column) => all + sum(grouped, column), 0));
  expect(rows(completeness, 'rpt_completeness_rejects')).toHaveLength(sum(grouped, 'records_rejected'));
});

test('records of trail files are those that the files as handed over hold', async () => {
  const names = (await readdir(logs, { recursive: true })).filter((name) => /_CloudTrail_.*\.json(\.gz)?$/.test(name));
  const held = new Map<string, number>();
  for (const name of names) {
    const bytes = await readFile(join(logs, name));
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    held.set(name.split('/').at(-1) ?? '', (JSON.parse(text) as { Records: unknown[] }).Records.length);
  }
  expect(held.size).toBeGreaterThan(10);
  const read = await reader.db.all<{ origin: string; records: number }>('select origin, cast(sum(records_read) as integer) as records from stg_deliveries group by origin');
  const counted = new Map(read.map(({ origin, records }) => [origin.split('/').at(-1) ?? '', records]));
  for (const [name, records] of held) expect([name, counted.get(name)]).toEqual([name, records]);
  const single = rows(completeness, 'rpt_completeness_batches').filter((row) => row['members'] === 1 && held.has(String(row['origin']).split('/').at(-1) ?? ''));
  expect(single.length).toBeGreaterThan(0);
  for (const row of single) expect(row['records_read']).toBe(held.get(String(row['origin']).split('/').at(-1) ?? ''));
});

test('silent hours are as many as their stretches hold', () => {
  const stretches = rows(completeness, 'rpt_completeness_silent_hours');
  const key = (row: ReportRow): string => [row['source'], row['owner_id'], row['stream_part']].join(' ');
  const hours = new Map<string, number>();
  for (const row of stretches) hours.set(key(row), (hours.get(key(row)) ?? 0) + Number(row['silent_hours']));
  const streams = rows(completeness, 'rpt_completeness_streams').filter((row) => row['complete_through'] !== null);
  expect(stretches.length).toBeGreaterThan(0);
  expect(streams.map((row) => [key(row), row['hours_without_record']])).toEqual(streams.map((row) => [key(row), hours.get(key(row)) ?? 0]));
});

test('a state of a task that is taken away is listed as the number that is missing', async () => {
  const [task] = await reader.db.all<{ task_key: string; task_arn: string; middle: number }>(
    'select task_key, min(task_arn) as task_arn, cast(min(task_version) + 1 as integer) as middle from stg_task_events group by task_key having max(task_version) - min(task_version) >= 2 order by task_key limit 1',
  );
  if (!task) throw new Error('the world has no task of three states');
  expect(rows(completeness, 'rpt_completeness_task_versions')).toEqual([]);
  await reader.db.run(`create temp table stg_task_events as select * from main.stg_task_events where not (task_key = $task_key and task_version = $middle)`, { task_key: task.task_key, middle: task.middle });
  try {
    expect(rows(await tablesOf('completeness'), 'rpt_completeness_task_versions')).toEqual([expect.objectContaining({ task_arn: task.task_arn, missing_states: 1, missing_versions: String(task.middle) })]);
  } finally {
    await reader.db.run('drop table temp.stg_task_events');
  }
});

test('the index of controls counts what `findings` gives', async () => {
  const landing = { readMember: async (batch: number, member: number) => Promise.resolve(reader.landing.unpackMember(batch, member)) };
  const { findings: all } = await findings({ db: reader.db, landing, dataDir }, { ...PERIOD, all: true, now: RUN.now });
  expect(all.length).toBeGreaterThan(20);
  for (const row of rows(index, 'rpt_control_index_controls')) {
    const named = all.filter(({ controls }) => controls.includes(String(row['control'])));
    expect([row['control'], row['findings'], row['open']]).toEqual([row['control'], named.length, named.filter(({ status }) => status === 'open').length]);
  }
  const detections = rows(index, 'rpt_control_index_things').filter((row) => row['thing_kind'] === 'detection');
  for (const row of detections) expect([row['thing'], row['findings']]).toEqual([row['thing'], all.filter(({ detection }) => detection === row['thing']).length]);
  expect(rows(index, 'rpt_control_index_coverage')).toMatchObject([{ findings: all.length }]);
});

test('every control is in the index, and so is whatever names one', async () => {
  const catalog = await loadCatalog();
  const reports = await loadReports(catalog);
  expect(rows(index, 'rpt_control_index_controls').map((row) => row['control'])).toEqual(catalog.controls.map(({ id }) => id));
  const listed = rows(index, 'rpt_control_index_things').map((row) => [row['control'], row['thing']].join(' '));
  const named = [...reports.map(({ id, controls }) => ({ id, controls })), ...catalog.detections.map(({ id, header }) => ({ id, controls: header.controls }))];
  expect(named.flatMap(({ id, controls }) => controls.map((control) => `${control} ${id}`)).filter((one) => !listed.includes(one))).toEqual([]);
});

test('each control says what shows it where something does, and nothing where nothing does', async () => {
  const catalog = await loadCatalog();
  const reports = await loadReports(catalog);
  const named = new Set([...reports, ...catalog.detections.map(({ header }) => header)].flatMap(({ controls }) => controls));
  expect(catalog.controls.filter(({ id, shows }) => named.has(id) !== (shows !== null)).map(({ id }) => id)).toEqual([]);
  expect(catalog.controls.length).toBe(24);
});
