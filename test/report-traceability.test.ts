/**
 * The traceability report on a small fixed world: its bytes, its sums, its evidence, and what hostile values do to it.
 *
 * Golden files lie in test/golden/traceability. `UPDATE_GOLDEN=1 npx vitest run test/report-traceability.test.ts` writes
 * them anew: read the difference before it is committed. CI never writes them.
 */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AnswerReader } from '../src/answers/reader.ts';
import { loadCatalog } from '../src/catalog/catalog.ts';
import { loadReports } from '../src/catalog/reports.ts';
import { packageRoot } from '../src/core/package-root.ts';
import type { SqlRow } from '../src/engine/database.ts';
import { runsOf } from '../src/pipeline/report-runs.ts';
import { listReports, runReport, type ReportResult } from '../src/pipeline/report.ts';
import { chartsNamed, parseMarkdown, tablesNamed, termsDefined } from '../src/render/markdown.ts';
import { pageTags } from './html-structure.ts';
import { FORMULA_NAME, HIDDEN_NAME, landedSha256, MARKUP_NAME, PERIOD, traceabilityWorld } from './traceability-world.ts';

const GOLDEN = join(packageRoot(), 'test/golden/traceability');
const RUN = { ...PERIOD, now: new Date('2026-01-19T06:00:00Z'), runBy: 'auditor', version: '0.1.0' };
const BASE = 'traceability_20260112T000000Z_20260119T000000Z';

interface JsonReport {
  readonly as_of: string;
  readonly tables: Record<string, { row_count: number; columns: { name: string }[]; rows: SqlRow[] }>;
  readonly queries: { id: string; file: string; sql: string; sha256: string }[];
}

let outDir: string;
let world: Awaited<ReturnType<typeof traceabilityWorld>>;
let result: ReportResult;
let json: JsonReport;
let page: string;
const file = (suffix: string): Promise<string> => readFile(join(outDir, `${BASE}${suffix}`), 'utf8');
/** Of a table of its own, or of one that it shares with other reports. */
const rowsOf = (name: string): SqlRow[] => (json.tables[`rpt_traceability_${name}`] ?? json.tables[`rpt_${name}`])?.rows ?? [];

beforeAll(async () => {
  outDir = await mkdtemp(join(tmpdir(), 'whoran-report-'));
  world = await traceabilityWorld();
  result = await runReport(world, 'traceability', { ...RUN, outDir });
  json = JSON.parse(await file('.json')) as JsonReport;
  page = await file('.html');
}, 60_000);
afterAll(async () => {
  world.db.close();
  await rm(outDir, { recursive: true, force: true });
});

describe('the files', () => {
  test.each(['.html', '.csv', '_untraced.csv', '_findings.csv', '.csv.txt', '.json'])('%s is, byte for byte, the golden one', async (suffix) => {
    const golden = join(GOLDEN, `report${suffix}`);
    const text = await file(suffix);
    if (process.env['UPDATE_GOLDEN'] === '1') {
      expect(process.env['CI'], 'golden files are written by people, not in CI').toBeUndefined();
      await mkdir(GOLDEN, { recursive: true });
      await writeFile(golden, text);
    }
    expect(text).toBe(await readFile(golden, 'utf8'));
  });

  test('are named from the report and its period, and nothing else is left', async () => {
    expect((await readdir(outDir)).sort()).toEqual(result.files.map(({ name }) => name).sort());
    for (const { name } of result.files) expect(name).toMatch(/^traceability_20260112T000000Z_20260119T000000Z[a-z_.]*$/);
  });

  test('of a second run, with the rows stored in another order, are the same bytes', async () => {
    const again = await mkdtemp(join(tmpdir(), 'whoran-report-'));
    for (const table of ['cor_sessions', 'cor_callers', 'stg_ecs_actions', 'cor_task_launchers', 'stg_rejects', 'findings']) {
      await world.db.run(`create or replace temp table turned as select * from ${table} order by hash(rowid) desc`);
      await world.db.run(`delete from ${table}`);
      await world.db.run(`insert into ${table} select * from turned`);
    }
    const second = await runReport(world, 'traceability', { ...RUN, outDir: again });
    expect(second.files.map(({ sha256 }) => sha256)).toEqual(result.files.map(({ sha256 }) => sha256));
    await rm(again, { recursive: true });
  });
});

describe('the numbers', () => {
  const sum = (rows: readonly SqlRow[], ...columns: string[]): number => rows.reduce((total, row) => total + columns.reduce((part, name) => part + Number(row[name]), 0), 0);

  test('add up', () => {
    const [totals] = rowsOf('totals');
    const population = Number(totals?.['population']);
    expect(totals).toMatchObject({ population: 13, actions: 10, tasks: 3, traced: 7, configured: 1, not_traced: 4, not_yet_due: 1 });
    expect(sum([totals ?? {}], 'traced', 'configured', 'not_traced', 'not_yet_due')).toBe(population);
    expect(sum(rowsOf('outcomes'), 'actions', 'tasks')).toBe(population);
    expect(sum(rowsOf('outcomes'), 'population')).toBe(population);
    expect(sum(rowsOf('coverage'), 'population')).toBe(population);
    expect(sum(rowsOf('coverage'), 'proved', 'asserted', 'inferred', 'configured', 'not_traced', 'not_yet_due')).toBe(population);
    expect(rowsOf('rows')).toHaveLength(population);
    expect(rowsOf('untraced')).toHaveLength(5);
    expect(sum(rowsOf('reasons'), 'population')).toBe(rowsOf('rows').filter((row) => row['reason'] !== null).length);
    expect(rowsOf('checks').map((row) => row['holds'])).toEqual(Array(5).fill('yes'));
  });

  test('lead from the calls that were recorded to the population', () => {
    expect(rowsOf('population').map((row) => [row['step'], row['amount']])).toEqual([
      ['ECS calls recorded', 13],
      ['left out: the call failed', -1],
      ['left out: the call only reads', -1],
      ["left out: the container agent's own call", -1],
      ['ECS actions that change something', 10],
      ['and tasks', 3],
      ['population', 13],
    ]);
  });

  test('are seen not to add up where a join counts a call twice', async () => {
    await world.db.run('begin');
    await world.db.run("insert into cor_callers select * from cor_callers where caller_key = 'ASIAAIKOAAAAAAAAAAAA'");
    const { sql } = (await loadCatalog()).queries.find(({ id }) => id === 'rpt_traceability_checks') ?? { sql: '' };
    const checks = await world.db.all(sql, { from: PERIOD.from, to: PERIOD.to });
    await world.db.run('rollback');
    expect(checks.filter((row) => row['holds'] === 'NO').map((row) => row['what'])).toEqual(['each is listed once']);
  });

  test('say through when they hold, and what is missing', () => {
    expect(json.as_of).toBe('2026-01-18T21:00:00Z');
    const notes = rowsOf('limits').map((row) => row['note'] as string);
    expect(notes).toHaveLength(4);
    expect(notes[0]).toContain('Complete through 2026-01-18 21:00:00Z, before the period\'s end: sign-ins of tenant');
    expect(rowsOf('sources').map((row) => [row['source'], row['sign_in_kind'], row['records'], row['covers']])).toEqual([
      ['cloudtrail', null, 19, 'whole period'],
      ['cloudtrail', null, 1, 'whole period'],
      ['ecs_events', null, 3, 'begins late'],
      ['sign_ins', 'non_interactive_user', 2, 'ends early'],
      ['sign_ins', 'service_principal', 1, 'whole period'],
    ]);
    const silences = rowsOf('silences');
    expect(silences.every((row) => Number(row['silent_hours']) >= 24)).toBe(true);
    expect(silences).toContainEqual(
      expect.objectContaining({ source: 'cloudtrail', owner_id: '111122223333', silent_from: '2026-01-14T13:06:00Z', silent_to: '2026-01-17T02:10:00Z' }),
    );
    expect(silences).toContainEqual(expect.objectContaining({ source: 'ecs_events', what: 'before the first record of this source' }));
  });
});

describe('evidence', () => {
  const evidenceOf = (id: string): string[][] => {
    const row = rowsOf('rows').find((candidate) => candidate['id'] === id || (candidate['id'] as string).endsWith(`/${id}`));
    return (row?.['evidence'] as { hop: string; source: string; record_id: string; sha256: string }[]).map(({ hop, source, record_id: record, sha256 }) => [hop, source, record, sha256]);
  };

  test('of an action by a task runs from the sign-in through session, task and its role session, hashed from landing', () => {
    const hops = evidenceOf('a0000000-0000-4000-8000-000000000003');
    expect(hops).toEqual([
      ['sign_in', 'sign_ins', '5e55a1b2-0000-4000-8000-000000000001', expect.stringMatching(/^[0-9a-f]{64}$/)],
      ['session', 'cloudtrail', 'sts-ASIAAIKOAAAAAAAAAAAA', landedSha256('sts-ASIAAIKOAAAAAAAAAAAA')],
      ['task', 'cloudtrail', 'a0000000-0000-4000-8000-000000000001', landedSha256('a0000000-0000-4000-8000-000000000001')],
      ['session', 'cloudtrail', 'sts-ASIATASKROLEAAAAAAAA', landedSha256('sts-ASIATASKROLEAAAAAAAA')],
      ['action', 'cloudtrail', 'a0000000-0000-4000-8000-000000000003', landedSha256('a0000000-0000-4000-8000-000000000003')],
    ]);
  });

  test('of a configured task names the registry and the call that configured it', () => {
    expect(evidenceOf('1123456789abcdef0123456789abcdef').map((parts) => parts.slice(0, 3))).toEqual([
      ['sign_in', 'sign_ins', '5e55a1b2-0000-4000-8000-000000000004'],
      ['identity', 'identity_registry', 'sts.windows.net/0b1f6b0a-4d0e-4c55-9d3f-2a6d5b8c7e10 api://jobs pairwise-subject'],
      ['session', 'cloudtrail', 'sts-ASIADEPLOYERAAAAAAAA'],
      ['task', 'cloudtrail', 'd0000000-0000-4000-8000-000000000001'],
      ['task', 'ecs_events', 'state-1123456789abcdef0123456789abcdef'],
    ]);
  });

  test('is there for every row, each with a hash, and a landed member is unpacked once a query', () => {
    for (const row of rowsOf('rows')) {
      const evidence = row['evidence'] as { sha256: string | null }[];
      expect(evidence.length).toBeGreaterThan(0);
      for (const { sha256 } of evidence) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(result.missing_evidence).toBe(0);
  });
});

describe('hostile values', () => {
  test('are on the page as text and nothing else', () => {
    const { tags, text } = pageTags(page);
    expect(text).toContain('&lt;img src=x onerror=&quot;alert(&#39;x&#39;)&quot;&gt;&amp;amp;');
    expect(text).toContain('role/&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).toContain('\\u001b[2Jroot\\u202egnp.exe\\u200b');
    expect(page).not.toMatch(/[\u001b\u202e\u200b]/);
    expect(tags.map(({ name }) => name)).not.toContain('img');
    expect(tags.map(({ name }) => name)).not.toContain('script');
    for (const { attributes } of tags) {
      expect(Object.keys(attributes).filter((name) => name.startsWith('on') || name === 'src')).toEqual([]);
      if (attributes['href'] !== undefined) expect(attributes['href']).toMatch(/^#[a-z0-9_-]+$/);
    }
  });

  test('are in the CSV with an apostrophe where they might run', async () => {
    const rows = parse<Record<string, string>>(await file('.csv'), { columns: true });
    const cells = rows.flatMap((row) => Object.values(row));
    expect(cells.filter((cell) => /^\s*[=+\-@]/.test(cell))).toEqual([]);
    expect(rows.map((row) => row['who'])).toContain(`'${FORMULA_NAME}`);
    expect(rows.map((row) => row['cluster'])).toContain("'@SUM(1+1)*cmd|calc");
    expect(cells.join('')).not.toMatch(/[\u001b\u202e\u200b]/);
  });

  test('are in the JSON as they are', () => {
    const names = rowsOf('rows').map((row) => row['who']);
    expect(names).toEqual(expect.arrayContaining([MARKUP_NAME, FORMULA_NAME, HIDDEN_NAME]));
  });
});

describe('an auditor who has the page alone', () => {
  const VALUES = {
    outcome: ['traced', 'configured', 'not_traced', 'not_yet_due'],
    how: ['ran', 'configured'],
    confidence: ['proved', 'asserted', 'inferred', 'none'],
    sign_in: ['exact', 'window', 'ambiguous', 'none'],
    kind: ['person', 'workload', 'agent', 'iam_user', 'root', 'aws_service', 'unknown'],
    method: [
      'signed_tag', 'signed_source_identity', 'saml_subject', 'subject_is_object_id', 'registry', 'session_name', 'source_identity_unsigned',
      'time_and_address', 'issuer_subject', 'iam_user', 'root', 'aws_service', 'compute_role',
    ],
    reason: [
      'sign_in_not_yet_due', 'sign_in_absent', 'sign_in_too_old', 'source_gap', 'tenant_not_ingested', 'subject_unmapped', 'ambiguous_sign_in',
      'session_origin_missing', 'launcher_missing', 'configurer_missing', 'long_lived_key', 'iam_user', 'root', 'aws_service', 'compute_role',
    ],
  };

  test.each(Object.entries(VALUES))('finds every %s explained', async (_, values) => {
    const [definition] = await loadReports(await loadCatalog());
    const terms = termsDefined(parseMarkdown(definition?.markdown ?? ''));
    expect(values.filter((value) => !terms.includes(value))).toEqual([]);
    expect(terms.filter((term, index) => terms.indexOf(term) !== index)).toEqual([]);
  });

  test('finds every query that ran, whole, with the SHA-256 of its file', () => {
    const { text } = pageTags(page);
    expect(json.queries.map(({ id }) => id).sort()).toEqual(Object.keys(json.tables).sort());
    for (const query of json.queries) {
      expect(text).toContain(query.sha256);
      const escaped = query.sql.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
      expect(text).toContain(escaped);
    }
  });

  test('finds period, zone, run time, version and who ran it', () => {
    const { text } = pageTags(page);
    for (const fact of ['2026-01-12 00:00:00Z', '2026-01-19 00:00:00Z', 'UTC', '2026-01-19 06:00:00Z', 'auditor', 'whoran 0.1.0', '2026-01-18 21:00:00Z']) expect(text).toContain(fact);
  });
});

describe('definitions', () => {
  test('are listed', async () => {
    const listed = await listReports();
    expect(listed.map(({ id }) => id)).toEqual(['access-changes', 'completeness', 'control-index', 'exceptions', 'sign-in-to-session', 'token-expiry', 'traceability']);
    expect(listed.at(-1)).toMatchObject({ title: 'Who ran it', formats: ['html', 'pdf', 'csv', 'json', 'xlsx', 'oscal', 'ocsf'] });
  });

  test('describe every column that a query returns, and no other; show every query', async () => {
    const definitions = await loadReports(await loadCatalog());
    const definition = definitions.find(({ id }) => id === 'traceability');
    const returned = new Set(Object.values(json.tables).flatMap(({ columns }) => columns.map(({ name }) => name)));
    expect(Object.keys(definition?.columns ?? {}).filter((name) => !returned.has(name))).toEqual([]);
    for (const { markdown, queries, charts } of definitions) {
      const blocks = parseMarkdown(markdown);
      expect(chartsNamed(blocks).sort()).toEqual(Object.keys(charts).sort());
      const shown = new Set([...tablesNamed(blocks).map(({ table }) => table), ...Object.values(charts).map(({ query }) => query)]);
      expect(queries.map(({ id }) => id).filter((id) => !shown.has(id))).toEqual([]);
    }
  });
});

describe('what cannot be reported', () => {
  let empty: AnswerReader;
  beforeEach(async () => {
    empty = await traceabilityWorld();
  });
  afterEach(() => {
    empty.db.close();
  });

  test('an unknown report names those that there are', async () => {
    await expect(runReport(world, '../traceability', { ...RUN, outDir })).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('traceability') as string });
  });

  test('a query that may run in parts gives the same rows in many parts', async () => {
    const queries = (await loadCatalog()).queries.filter(({ header }) => header.parts !== undefined);
    expect(queries.map(({ id }) => id).sort()).toEqual(['rpt_sign_in_to_session_rows', 'rpt_traceability_rows']);
    for (const query of queries) {
      const period = { from: RUN.from, to: RUN.to };
      const runs = await runsOf(world.db, query, period, 2);
      const rows: SqlRow[] = [];
      for (const part of runs) rows.push(...(await world.db.all(query.sql, part)));
      const whole = await world.db.all(query.sql, period);
      expect(rows).toEqual(whole);
      expect(runs.length).toBeGreaterThan(1);
      expect([runs[0]?.['from'], runs.at(-1)?.['to']]).toEqual([RUN.from, RUN.to]);
    }
  });

  test('an empty period is refused', async () => {
    await expect(runReport(world, 'traceability', { ...RUN, to: RUN.from, outDir })).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('--from') as string });
  });

  test('without findings the way out is named, and files of an earlier run stay whole', async () => {
    await empty.db.run('drop table findings');
    await expect(runReport(empty, 'traceability', { ...RUN, outDir })).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('whoran correlate') as string });
    expect((await readdir(outDir)).sort()).toEqual(result.files.map(({ name }) => name).sort());
    expect(await file('.html')).toBe(page);
  });

  test('a record whose landed bytes are gone is said to be so, and counted', async () => {
    await empty.db.run("update stg_ecs_actions set event_id = 'gone' where event_id = 'a0000000-0000-4000-8000-000000000002'");
    const elsewhere = await mkdtemp(join(tmpdir(), 'whoran-report-'));
    const { missing_evidence: missing } = await runReport(empty, 'traceability', { ...RUN, outDir: elsewhere });
    expect(missing).toBe(1);
    expect(await readFile(join(elsewhere, `${BASE}.html`), 'utf8')).toContain('<code>gone</code> <code class="hash">not found in landing</code>');
    await rm(elsewhere, { recursive: true });
  });

  test('a period without anything has a report that says so', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'whoran-report-'));
    const { rows } = await runReport(empty, 'traceability', { ...RUN, from: new Date('2020-01-01Z'), to: new Date('2020-02-01Z'), outDir: elsewhere });
    expect(rows).toMatchObject({ rpt_traceability_rows: 0, rpt_traceability_totals: 1, rpt_traceability_outcomes: 6 });
    const text = await readFile(join(elsewhere, 'traceability_20200101T000000Z_20200201T000000Z.html'), 'utf8');
    expect(text).toContain('Nothing to count in this period.');
    await rm(elsewhere, { recursive: true });
  });
});
