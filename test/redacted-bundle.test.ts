/**
 * `--redact people`: no name of any person in any byte, the same pseudonyms in every report of a key, and what verify says of it.
 */
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { deliver, makeWorld } from '../fixtures/world/index.ts';
import { main } from '../src/cli/program.ts';
import { configSchema } from '../src/config/config.ts';
import { Database } from '../src/engine/database.ts';
import { newKeyFile } from '../src/evidence/key-file-signer.ts';
import type { BundleManifest } from '../src/evidence/manifest.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { replayBundle } from '../src/pipeline/bundle-replay.ts';
import { decide } from '../src/pipeline/decide.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';
import type { Verification } from '../src/verifier/verification.ts';

vi.setConfig({ testTimeout: 60_000 });
const world = makeWorld({ days: 2, eventsPerDay: 20 });
/** What would be markup, a formula, JSON and a second line, if anything took it for that. */
const HOSTILE = `<b onclick="x('y')">Zoë O'Malley & =1+1</b>\u2028\\u005a`;
const DECIDER = 'Carol Decider';
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
  const { batches } = await deliver(world, join(folder, 'logs'), { forms: 'trail' });
  writeFileSync(join(folder, 'registry.csv'), world.registry.csv());
  const writer = await openWriter(data);
  for (const path of batches) await ingest(writer, [path]);
  await bringUpToDate(writer, configSchema.parse(world.config));
  // The latest name of somebody who ran tasks.
  const person = await writer.db.get<{ tenant_id: string; object_id: string; name: string }>(
    `select who_tenant_id as tenant_id, who_object_id as object_id, min(i.user_principal_name) as name from cor_tasks t
     inner join cor_identities i on i.tenant_id = t.who_tenant_id and i.object_id = t.who_object_id
     where t.who_kind = 'person' and i.user_principal_name is not null group by all order by count(*) desc, name limit 1`,
  );
  writeFileSync(join(folder, 'renamed.jsonl'), `${JSON.stringify({
    id: 'aaaaaaaa-0000-4000-8000-00000000a001', createdDateTime: '2026-01-13T23:30:00Z', userDisplayName: HOSTILE, userPrincipalName: person?.name, userId: person?.object_id, userType: 'member',
    servicePrincipalId: '', appId: '2e534427-bb00-438c-9675-bc3708289f0a', appDisplayName: 'One &#x110000; &#99999999999; Outlook Web', ipAddress: '203.0.113.77', correlationId: 'aaaaaaaa-0000-4000-8000-00000000a002',
    isInteractive: true, status: { errorCode: 0 }, signInEventTypes: ['interactiveUser'], homeTenantId: person?.tenant_id, resourceTenantId: person?.tenant_id, uniqueTokenIdentifier: '',
  })}\n`);
  await ingest(writer, [join(folder, 'renamed.jsonl')]);
  await bringUpToDate(writer, configSchema.parse(world.config));
  await writer.publishAndClose();
  const reader = await openReader(data);
  try {
    const finding = await reader.db.get<{ id: string }>(`select id from findings where status = 'open' order by occurred_at, id limit 1`);
    await decide({ db: reader.db, dataDir: data, landing: { readMember: async (batch, member) => Promise.resolve(reader.landing.unpackMember(batch, member)) } }, [finding?.id ?? ''], { decision: 'note', by: DECIDER, reason: `asked ${person?.name ?? ''} and them at unknown.person@example.org`, now: new Date('2026-01-14T06:00:00Z'), sleep: async (ms) => setTimeout(ms) });
    // Not by the program's own list: what the sources call people.
    const rows = await reader.db.all<{ name: string }>(
      `select unnest([user_principal_name, display_name, user_id, ip_address]) as name from stg_sign_ins where sign_in_kind in ('interactive_user', 'non_interactive_user')
       union select unnest([object_id, name, user_principal_name]) from stg_directory_objects where kind = 'person'
       union select unnest([role_session_name, source_identity, subject]) from cor_sessions where who_kind in ('person', 'iam_user') and session_kind <> 'task_role' and not exists (select 1 from cor_task_launchers t where split_part(t.task_key, '/', 2) = role_session_name)
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

test('no name of any person stands in any byte, in any spelling', async () => {
  expect(printed).toMatchObject({ code: 0, out: expect.stringContaining('people stand under pseudonyms') as string });
  expect(names.size).toBeGreaterThan(150);
  // SQL speaks of no person; a word of it may be an IAM user's name.
  const texts = new Map(filesOf(bundle).filter((file) => !file.startsWith('program/')).map((file) => [file, readFileSync(join(bundle, file), 'utf8').toLowerCase()]));
  const db = await Database.open({ path: ':memory:' });
  for (const file of texts.keys()) {
    if (file.endsWith('.parquet')) texts.set(file, JSON.stringify((await db.all(`select * from read_parquet('${join(bundle, file).replaceAll("'", "''")}')`)).map((row) => Object.values(row))).toLowerCase());
  }
  db.close();
  const found = new Set<string>();
  for (const name of names) {
    const spellings = [name, JSON.stringify(name).slice(1, -1), name.replaceAll('"', '""'), name.replaceAll('&', '&amp;').replaceAll('<', '&lt;')].map((one) => one.toLowerCase());
    const word = new RegExp(`(?<![\\p{L}\\p{N}])(?:${[...new Set(spellings)].map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})(?![\\p{L}\\p{N}])`, 'u');
    for (const [file, text] of texts) if (spellings.some((one) => text.includes(one)) && word.test(text)) found.add(`${file}: ${name}`);
  }
  expect([...found]).toEqual([]);
  expect([...texts.values()].join('')).not.toMatch(/malley/);
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
  const text = (await whoran('verify', bundle, '--key', join(folder, 'key.pem.pub'))).out;
  expect(text).toContain(`attested by the signer, not proved, are ${attested} of ${records} records, ${pseudonymised} of ${rows} rows`);
});

test('its numbers are those of the report with names, and another period has the same pseudonyms', async () => {
  const read = (place: string): { tables: Record<string, { rows: Record<string, unknown>[] }> } => JSON.parse(readFileSync(join(folder, place, readdirSync(join(folder, place)).find((name) => name.endsWith('.json')) ?? ''), 'utf8')) as { tables: Record<string, { rows: Record<string, unknown>[] }> };
  expect((await whoran('report', 'traceability', '--from', '2026-01-12', '--to', '2026-01-13', '--out', join(folder, 'plain'), '--format', 'json')).code).toBe(0);
  const numbers = (place: string): unknown => Object.entries(read(place).tables).map(([id, { rows }]) => [id, rows.map((row) => JSON.stringify(Object.values(row).filter((value) => typeof value === 'number'))).sort()]);
  expect(numbers('out')).toEqual(numbers('plain'));
  expect((await whoran('report', 'traceability', '--from', '2026-01-13', '--to', '2026-01-13', '--out', join(folder, 'later'), '--format', 'json', '--redact', 'people')).code).toBe(0);
  const who = (place: string): Map<unknown, unknown> => new Map((read(place).tables['rpt_traceability_rows']?.rows ?? []).map((row) => [row['id'], row['who']]));
  const [first, later, plain] = [who('out'), who('later'), who('plain')];
  expect(later.size).toBeGreaterThan(20);
  for (const [id, pseudonym] of later) expect(pseudonym).toBe(first.get(id));
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

test('without a key, with one that others may read, and where names would go out, it is refused', async () => {
  const ask = async (...more: string[]): Promise<{ code: number; err: string }> => whoran('report', 'traceability', '--from', '2026-01-12', '--to', '2026-01-13', '--out', join(folder, 'refused'), '--redact', 'people', ...more);
  expect(await ask('--format', 'xlsx')).toMatchObject({ code: 2, err: expect.stringContaining('not with xlsx') as string });
  expect(await ask('--file')).toMatchObject({ code: 2, err: expect.stringContaining('not with --file') as string });
  chmodSync(join(folder, 'pseudonyms'), 0o644);
  expect(await ask()).toMatchObject({ code: 2, err: expect.stringContaining('others may use it') as string });
  config({ signing_key_file: join(folder, 'key.pem') });
  expect(await ask()).toMatchObject({ code: 2, err: expect.stringContaining('whoran keys pseudonyms --out FILE') as string });
});
