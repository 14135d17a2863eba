/**
 * `--redact people`: no name of any person in any byte, the same pseudonyms in every report of a key, and what verify says of it.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as streamText } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { openPromise } from 'yauzl';
import { deliver, makeWorld } from '../fixtures/world/index.ts';
import { RecordHashes } from '../src/answers/record-hashes.ts';
import { loadCatalog } from '../src/catalog/catalog.ts';
import { loadReports } from '../src/catalog/reports.ts';
import { main } from '../src/cli/program.ts';
import { configSchema } from '../src/config/config.ts';
import { REPORT_FORMATS } from '../src/core/report-formats.ts';
import { Database } from '../src/engine/database.ts';
import { newKeyFile } from '../src/evidence/key-file-signer.ts';
import type { BundleManifest } from '../src/evidence/manifest.ts';
import { readPseudonymKey } from '../src/evidence/pseudonyms.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { replayBundle } from '../src/pipeline/bundle-replay.ts';
import { decide } from '../src/pipeline/decide.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { LandedHashes } from '../src/pipeline/evidence-hashes.ts';
import { personColumns } from '../src/pipeline/person-columns.ts';
import { scanForPeople, scanPage } from '../src/pipeline/redact-scan.ts';
import { withRedaction } from '../src/pipeline/redaction.ts';
import { loadControlRelations, loadReportRelations } from '../src/pipeline/report-relations.ts';
import { renderReport } from '../src/pipeline/report-render.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';
import type { Verification } from '../src/verifier/verification.ts';
import { reportOf, tableOfRows } from './report-sample.ts';

vi.setConfig({ testTimeout: 60_000 });
const world = makeWorld({ days: 2, eventsPerDay: 20 });
/** What would be markup, a formula, JSON and a second line, if anything took it for that. */
const HOSTILE = `<b onclick="x('y')">Zoë O'Malley & =1+1</b>\u2028\\u005a`;
const DECIDER = 'Carol Decider';
/** A team that somebody named after a person. */
const TEAM = `crew of ${DECIDER}`;
let folder: string;
let data: string;
let bundle: string;
let printed: { code: number; out: string; err: string };
let names: Set<string>;

async function whoran(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main([...argv, '--data', data, '--config', join(folder, 'whoran.yaml')], {
    out: (text) => { out += text; }, err: (text) => { err += text; }, env: {}, isOutTty: false, isErrTty: false, columns: 300,
  });
  return { code, out, err };
}

const config = (evidence: Record<string, string>): void => { writeFileSync(join(folder, 'whoran.yaml'), stringify({ ...world.config, evidence })); };
const evidence = (): Record<string, string> => ({ signing_key_file: join(folder, 'key.pem'), pseudonym_key_file: join(folder, 'pseudonyms') });
const verify = async (path: string, ...more: string[]): Promise<Verification> => JSON.parse((await whoran('verify', path, '--key', join(folder, 'key.pem.pub'), '--json', ...more)).out) as Verification;
const filesOf = (path: string): string[] => readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(path, file)).isFile()).sort();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-redacted-'));
  data = join(folder, 'data');
  const { batches } = await deliver(world, join(folder, 'logs'), { forms: 'trail', batches: 2 });
  writeFileSync(join(folder, 'registry.csv'), world.registry.csv());
  const writer = await openWriter(data);
  const [first = '', second = ''] = batches;
  await ingest(writer, [first]);
  // Whoever signed in most.
  const person = await writer.db.get<{ tenant_id: string; object_id: string; name: string }>(
    `select tenant_id, object_id, min(user_principal_name) as name from stg_sign_ins
     where sign_in_kind = 'interactive_user' and object_id is not null and user_principal_name is not null group by all order by count(*) desc, name limit 1`,
  );
  // Files that somebody exported: the ledger's lines say where they lay.
  const exported = join(folder, 'logs', `export by ${person?.name ?? ''}`);
  renameSync(second, exported);
  await ingest(writer, [exported]);
  writeFileSync(join(folder, 'renamed.jsonl'), `${JSON.stringify({
    id: 'aaaaaaaa-0000-4000-8000-00000000a001', createdDateTime: '2026-01-13T23:30:00Z', userDisplayName: HOSTILE, userPrincipalName: person?.name, userId: person?.object_id, userType: 'member',
    servicePrincipalId: '', appId: '2e534427-bb00-438c-9675-bc3708289f0a', appDisplayName: 'One &#x110000; &#99999999999; Outlook Web', ipAddress: '203.0.113.77', correlationId: 'aaaaaaaa-0000-4000-8000-00000000a002',
    isInteractive: true, status: { errorCode: 0 }, signInEventTypes: ['interactiveUser'], homeTenantId: person?.tenant_id, resourceTenantId: person?.tenant_id, uniqueTokenIdentifier: '',
  })}\n`);
  await ingest(writer, [join(folder, 'renamed.jsonl')]);
  await bringUpToDate(writer, configSchema.parse({ ...world.config, alerts: { teams: [{ id: TEAM, clusters: ['nothing'] }] } }));
  await writer.publishAndClose();
  const reader = await openReader(data);
  try {
    const finding = await reader.db.get<{ id: string }>(`select id from findings where status = 'open' order by occurred_at, id limit 1`);
    await decide({ db: reader.db, dataDir: data, landing: { readMember: async (batch, member) => Promise.resolve(reader.landing.unpackMember(batch, member)) } }, [finding?.id ?? ''], { decision: 'acknowledge', by: DECIDER, reason: `asked ${person?.name ?? ''} and them at unknown.person@example.org`, now: new Date('2026-01-14T06:00:00Z'), sleep: async (ms) => setTimeout(ms) });
    // Not by the program's own list: what the sources call people.
    const rows = await reader.db.all<{ name: string }>(
      `select unnest([user_principal_name, display_name, user_id, ip_address]) as name from stg_sign_ins where sign_in_kind in ('interactive_user', 'non_interactive_user')
       union select unnest([object_id, name, user_principal_name]) from stg_directory_objects where kind = 'person'
       union select unnest([role_session_name, source_identity, subject]) from cor_sessions where who_kind in ('person', 'iam_user') and session_kind <> 'task_role' and not exists (select 1 from cor_task_launchers t where split_part(t.task_key, '/', 2) = role_session_name)
       union select who_object_id from cor_sessions where who_kind = 'person'
       union select unnest([initiated_by_object_id, initiated_by_name]) from stg_directory_audits where contains(initiated_by_name, '@')
       union select identity_user_name from cor_callers where identity_type = 'IAMUser'
       union select unnest([t.user_principal_name, t.display_name]) from (select unnest(targets) as t from stg_directory_audits) where t.object_type = 'User'`,
    );
    names = new Set([...rows.flatMap(({ name }) => (name ? [name] : [])), HOSTILE, DECIDER, 'unknown.person@example.org', '203.0.113.77']);
  } finally {
    reader.close();
  }
  await newKeyFile(join(folder, 'key.pem'));
  config(evidence());
  expect((await whoran('keys', 'pseudonyms', '--out', join(folder, 'pseudonyms'))).code).toBe(0);
  printed = await whoran('report', 'traceability', '--from', '2026-01-12', '--to', '2026-01-13', '--out', join(folder, 'out'), '--bundle', '--no-zip', '--redact', 'people');
  bundle = join(folder, 'out', readdirSync(join(folder, 'out')).find((name) => name.endsWith('.bundle')) ?? '');
}, 120_000);
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

/** What each file of a folder holds, in lower case: Parquet and workbooks unpacked. */
async function textsOf(path: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const db = await Database.open({ path: ':memory:' });
  try {
    for (const file of filesOf(path)) {
      // SQL speaks of no person; a word of it may be an IAM user's name.
      if (file.startsWith('program/')) continue;
      const at = join(path, file);
      let text = file.endsWith('.parquet') ? JSON.stringify((await db.all(`select * from read_parquet('${at.replaceAll("'", "''")}')`)).map((row) => Object.values(row))) : file.endsWith('.xlsx') ? '' : readFileSync(at, 'utf8');
      // Packed bytes are other ones with each key, and some of them spell a short name by chance.
      if (file.endsWith('.xlsx')) {
        const zip = await openPromise(at);
        for await (const entry of zip.eachEntry()) text += `${entry.fileName}\n${await streamText(await zip.openReadStreamPromise(entry))}\n`;
      }
      texts.set(file, text.toLowerCase());
    }
  } finally {
    db.close();
  }
  return texts;
}

/** Names in the files of a folder, as `file: name`: whole words, as they stand or as JSON, CSV and markup write them. */
async function namesIn(path: string): Promise<string[]> {
  const wanted = new Map<string, string[]>();
  for (const name of names) {
    for (const one of [name, JSON.stringify(name).slice(1, -1), name.replaceAll('"', '""'), name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')]) {
      const [word = ''] = /[\p{L}\p{N}]+/u.exec(one.toLowerCase()) ?? [];
      wanted.set(word, [...(wanted.get(word) ?? []), one.toLowerCase()]);
    }
  }
  const found = new Set<string>();
  for (const [file, text] of await textsOf(path)) {
    for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}]+/gu)) {
      for (const name of wanted.get(word) ?? []) {
        const start = index - name.indexOf(word);
        if (text.startsWith(name, start) && !/[\p{L}\p{N}]/u.test(text[start + name.length] ?? '')) found.add(`${file}: ${name}`);
      }
    }
    if (text.includes('malley')) found.add(`${file}: a part of the hostile name`);
  }
  return [...found];
}

test('no name of any person stands in any byte, in any spelling', async () => {
  expect(printed).toMatchObject({ code: 0, out: expect.stringContaining('people stand under pseudonyms') as string });
  expect(names.size).toBeGreaterThan(150);
  expect(await namesIn(bundle)).toEqual([]);
});

test('services, roles, tasks and accounts keep their names, and a person is one pseudonym in all tables', () => {
  const rows = readFileSync(join(bundle, 'tables/rpt_traceability_rows.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, string | null>);
  const people = rows.filter((row) => row['who_kind'] === 'person');
  expect(people.length).toBeGreaterThan(20);
  for (const { who, who_object_id: id } of people) {
    expect(id).toMatch(/^person-[0-9a-f]{16}$/);
    expect(who === id || /^people-[0-9a-f]{16}$/.test(who ?? '')).toBe(true);
  }
  expect(rows.filter((row) => row['who_kind'] === 'workload' && /^[0-9a-f-]{36}$/.test(row['who_object_id'] ?? '')).length).toBeGreaterThan(0);
  expect(rows.every((row) => /^\d{12}$/.test(row['account_id'] ?? ''))).toBe(true);
  expect(new Set(people.map((row) => row['who_object_id'])).size).toBeGreaterThan(5);
});

test('it verifies and replays, and says how much is attested', async () => {
  const verification = await verify(bundle, '--replay');
  expect(verification.faults).toEqual([]);
  expect(verification.verdict).toBe('intact');
  expect(verification.proved.map(({ id }) => id)).toEqual(expect.arrayContaining(['replay', 'record_trees', 'ledger']));
  expect(verification.proved.map(({ id }) => id)).not.toContain('records');
  expect(verification.attested.map(({ id }) => id)).toEqual(expect.arrayContaining(['redacted_records', 'pseudonyms']));
  const { records, records_attested: attested, table_rows: rows, table_rows_attested: pseudonymised, journal_lines: decisions, journal_lines_attested: withheld } = verification.counts;
  expect(records).toBeGreaterThan(100);
  expect(attested).toBe(records);
  expect(pseudonymised).toBeGreaterThan(50);
  expect(pseudonymised).toBeLessThan(rows);
  expect(withheld).toBe(decisions);
  // Those of the files that lay in a folder with somebody's name, and no others.
  const proofs = readFileSync(join(bundle, 'proofs/batches.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { ledger_line: string | null; ledger_leaf?: string });
  const without = proofs.filter(({ ledger_line: line }) => line === null);
  expect(without.length).toBeGreaterThan(0);
  expect(without.length).toBeLessThan(proofs.length);
  expect(without.every(({ ledger_leaf: leaf }) => /^[0-9a-f]{64}$/.test(leaf ?? ''))).toBe(true);
  expect(verification.counts.ledger_lines_attested).toBe(without.length);
  const text = (await whoran('verify', bundle, '--key', join(folder, 'key.pem.pub'))).out;
  expect(text).toContain(`attested by the signer, not proved, are ${attested} of ${records} records, ${pseudonymised} of ${rows} rows`);
});

test('its numbers are those of the report with names', async () => {
  const read = (place: string): { tables: Record<string, { rows: Record<string, unknown>[] }> } => JSON.parse(readFileSync(join(folder, place, readdirSync(join(folder, place)).find((name) => name.endsWith('.json')) ?? ''), 'utf8')) as { tables: Record<string, { rows: Record<string, unknown>[] }> };
  expect((await whoran('report', 'traceability', '--from', '2026-01-12', '--to', '2026-01-13', '--out', join(folder, 'plain'), '--format', 'json')).code).toBe(0);
  const numbers = (place: string): unknown => Object.entries(read(place).tables).map(([id, { rows }]) => [id, rows.map((row) => JSON.stringify(Object.values(row).filter((value) => typeof value === 'number'))).sort()]);
  expect(numbers('out')).toEqual(numbers('plain'));
  const who = (place: string): Map<unknown, unknown> => new Map((read(place).tables['rpt_traceability_rows']?.rows ?? []).map((row) => [row['id'], row['who']]));
  const [first, plain] = [who('out'), who('plain')];
  // Named people are told apart as before.
  expect([...plain.keys()].filter((id) => !first.has(id))).toEqual([]);
  const byName = new Map<unknown, Set<unknown>>();
  for (const [id, name] of plain) byName.set(name, (byName.get(name) ?? new Set()).add(first.get(id)));
  expect([...byName.values()].filter((pseudonyms) => pseudonyms.size > 1)).toEqual([]);
});

test('a pseudonym that is changed is found: by its hash, and by replay where whoever signs changes it', async () => {
  const altered = join(folder, 'altered.bundle');
  cpSync(bundle, altered, { recursive: true });
  const path = join(altered, 'tables/rpt_traceability_rows.jsonl');
  const text = readFileSync(path, 'utf8');
  const [pseudonym = ''] = /person-[0-9a-f]{16}/.exec(text) ?? [];
  writeFileSync(path, text.replace(pseudonym, `person-${'0'.repeat(16)}`));
  expect((await verify(altered)).faults.map(({ file }) => file)).toContain('tables/rpt_traceability_rows.jsonl');
  const manifest = JSON.parse(readFileSync(join(altered, 'manifest.json'), 'utf8')) as BundleManifest;
  expect((await replayBundle(altered, manifest)).faults.map(({ file }) => file)).toContain('tables/rpt_traceability_rows.jsonl');
});

test('none of the seven reports names anybody in any format, and every column that they read is declared', async () => {
  const reader = await openReader(data);
  const made = join(folder, 'seven');
  mkdirSync(made);
  try {
    const catalog = await loadCatalog();
    const definitions = await loadReports(catalog);
    const period = { from: new Date('2026-01-13T00:00:00Z'), to: new Date('2026-01-14T00:00:00Z'), now: new Date('2026-01-15T00:00:00Z'), runBy: 'ada', version: '0.1.0', isRedacted: true };
    await loadReportRelations(reader.db, { dataDir: data, now: period.now });
    await loadControlRelations(reader.db, catalog, definitions);
    const [some] = definitions;
    // One redaction of all that the seven read.
    const union = { ...some!, queries: [...new Map(definitions.flatMap(({ queries }) => queries).map((query) => [query.id, query])).values()] };
    const landed = new RecordHashes({ db: reader.db, landing: { readMember: async (batch, member) => Promise.resolve(reader.landing.unpackMember(batch, member)) } });
    const columns = await withRedaction({ db: reader.db, hashes: new LandedHashes(landed), catalog, definition: union }, landed, period, readPseudonymKey(join(folder, 'pseudonyms')), folder, async (material, redaction) => {
      for (const definition of definitions) {
        const place = join(made, definition.id);
        mkdirSync(place);
        await renderReport({ ...material, definition: { ...definition, formats: REPORT_FORMATS.filter((format) => format !== 'pdf') } }, period, place);
        await scanForPeople(reader.db, place, redaction.names);
      }
      await refusals(reader.db, redaction.names);
      return material.db.all<{ place: string }>(`select table_name || '.' || column_name as place from duckdb_columns() where contains(data_type, 'VARCHAR') and table_name in (select unnest(cast($relations as varchar[]))) order by place`, { relations: redaction.inputs.relations });
    });
    expect(readdirSync(made)).toHaveLength(7);
    expect(await namesIn(made)).toEqual([]);
    // One person is one pseudonym in another report, of another period, as well.
    const whoOf = (place: string): Map<string, string> => new Map((JSON.parse(readFileSync(join(place, readdirSync(place).find((name) => /(?<!oscal)\.json$/.test(name)) ?? ''), 'utf8')) as { tables: Record<string, { rows: Record<string, string>[] }> }).tables['rpt_traceability_rows']?.rows.map((row) => [row['id'] ?? '', row['who'] ?? '']));
    const [later, before] = [whoOf(join(made, 'traceability')), whoOf(join(folder, 'out'))];
    expect(later.size).toBeGreaterThan(20);
    for (const [id, pseudonym] of later) expect(pseudonym).toBe(before.get(id));
    const declared = await personColumns();
    expect(columns.map(({ place }) => place)).toEqual([...declared.people, ...declared.others].sort());
    expect([...declared.people].filter((place) => declared.others.has(place))).toEqual([]);
  } finally {
    reader.close();
  }
});

/** The last look finds a name wherever one is left, and says where; the name itself is not repeated. */
async function refusals(db: Database, known: Parameters<typeof scanForPeople>[2]): Promise<void> {
  const place = join(folder, 'left-over');
  const left = async (file: string, write: (path: string) => unknown): Promise<unknown> => {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(join(place, 'tables'), { recursive: true });
    await write(join(place, file));
    return scanForPeople(db, place, known).catch((error: unknown) => error);
  };
  const line = JSON.stringify({ id: 1, reason: `by ${HOSTILE.slice(0, 3)}`, who: DECIDER });
  expect(await left('tables/one.jsonl', (path) => { writeFileSync(path, `{"id":0}\n${line}\n`); })).toMatchObject({ message: expect.stringMatching(/^a person's name stands in tables\/one\.jsonl, line 2, column who$/) as string, exitCode: 1 });
  expect(await left('tables/one.parquet', async (path) => db.run(`copy (select 1 as id, ['x', '${DECIDER}'] as whose) to '${path}' (format parquet)`))).toMatchObject({ message: expect.stringMatching(/one\.parquet, column whose$/) as string });
  expect(await left('report.xlsx', async (path) => {
    const { writeXlsx } = await import('../src/render/xlsx.ts');
    await writeXlsx(reportOf([tableOfRows([{ at: null, who: HOSTILE, population: 1, evidence: [] }])]), path);
  })).toMatchObject({ message: expect.stringMatching(/report\.xlsx, xl\/worksheets\/sheet3\.xml, row 2$/) as string });
  expect(await left(`tables/${DECIDER}.csv`, (path) => { writeFileSync(path, ''); })).toMatchObject({ message: expect.stringMatching(/in its name$/) as string });
  await expect(scanPage(join(place, 'page.html'), known).catch((error: unknown) => error)).resolves.toMatchObject({ code: 'ENOENT' });
  writeFileSync(join(place, 'page.html'), `<p>\n${DECIDER}`);
  await expect(scanPage(join(place, 'page.html'), known)).rejects.toThrow('a person\'s name stands in page.html, line 2');
}

test('a name that is asked for by name stops the bundle: nothing is signed, nothing is written', async () => {
  const out = join(folder, 'stopped');
  const asked = await whoran('report', 'token-expiry', '--from', '2026-01-13', '--to', '2026-01-13', '--out', out, '--redact', 'people', '--bundle', '--team', TEAM, '--format', 'json');
  expect(asked).toMatchObject({ code: 1, err: expect.stringMatching(/a person's name stands in [a-z/_0-9.-]*json, line \d+[^]*Nothing was signed or written/i) as string });
  expect(asked.err).not.toContain(DECIDER);
  expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
});

test('as known at a time, of one account and in a zone, also as a workbook', async () => {
  const out = join(folder, 'then');
  const asked = await whoran('report', 'sign-in-to-session', '--from', '2026-01-12', '--to', '2026-01-13', '--out', out, '--redact', 'people', '--account', '111122223333', '--time-zone', 'Europe/Berlin', '--known-at', new Date().toISOString(), '--format', 'json,xlsx');
  expect(asked).toMatchObject({ code: 0 });
  expect(filesOf(out)).toHaveLength(2);
  expect(await namesIn(out)).toEqual([]);
  const { tables, ...report } = JSON.parse(readFileSync(join(out, filesOf(out).find((file) => file.endsWith('.json')) ?? ''), 'utf8')) as { tables: Record<string, { rows: Record<string, string>[] }> };
  expect(report).toMatchObject({ time_zone: 'Europe/Berlin', parameters: { accounts: ['111122223333'] } });
  const rows = tables['rpt_sign_in_to_session_rows']?.rows ?? [];
  expect(rows.filter(({ who_object_id: id }) => /^person-[0-9a-f]{16}$/.test(id ?? '')).length).toBeGreaterThan(5);
});

test('without a key, with one that others may read, and where names would go out, it is refused', async () => {
  const ask = async (...more: string[]): Promise<{ code: number; err: string }> => whoran('report', 'traceability', '--from', '2026-01-12', '--to', '2026-01-13', '--out', join(folder, 'refused'), '--redact', 'people', ...more);
  expect(await ask('--file')).toMatchObject({ code: 2, err: expect.stringMatching(/not with --file,[^]*write the redacted one beside it/) as string });
  expect(await ask('--filed', 'traceability_20260112T000000Z_20260114T000000Z_1')).toMatchObject({ code: 2, err: expect.stringMatching(/not with --filed,[^]*write the redacted one beside it/) as string });
  expect(await ask('--known-at', '2999-01-01T00:00:00Z')).toMatchObject({ code: 2, err: expect.stringContaining('--known-at: 2999-01-01T00:00:00Z is in the future') as string });
  chmodSync(join(folder, 'pseudonyms'), 0o644);
  expect(await ask()).toMatchObject({ code: 2, err: expect.stringContaining('others may use it') as string });
  config({ signing_key_file: join(folder, 'key.pem') });
  expect(await ask()).toMatchObject({ code: 2, err: expect.stringContaining('whoran keys pseudonyms --out FILE') as string });
});
