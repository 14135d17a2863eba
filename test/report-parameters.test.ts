/**
 * Accounts, teams and time zones of reports: one small world of two accounts, over the night in which Berlin's clocks go forward. What is in
 * scope is counted here from the records as they were written, and never by the SQL that reports run.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as streamText } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPromise } from 'yauzl';
import { configSchema } from '../src/config/config.ts';
import { evidenceConfigSchema } from '../src/config/evidence.ts';
import { reportParameters, type ReportParameters } from '../src/core/report-parameters.ts';
import { startOfDay } from '../src/core/time-zone.ts';
import type { SqlRow } from '../src/engine/database.ts';
import { newKeyFile } from '../src/evidence/key-file-signer.ts';
import type { BundleManifest } from '../src/evidence/manifest.ts';
import { verifyPath } from '../src/evidence/verify-bundle.ts';
import { verificationLines } from '../src/verifier/lines-of.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { bundleSigner } from '../src/pipeline/bundle-signer.ts';
import { replayCheck } from '../src/pipeline/bundle-replay-check.ts';
import { fileReport, listFilings, makeFiled, sameReport } from '../src/pipeline/filing.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { runReport, type ReportResult } from '../src/pipeline/report.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';

const [ONE, TWO] = ['111122223333', '444455556666'] as const;
const ZONE = 'Europe/Berlin';
/** A team that hopes to be markup, a formula, SQL and a path. */
const HOSTILE = '=cmd|\'/../<b onclick="x">\u202e';
/** One day there, of 23 hours. */
const DAY = { from: startOfDay(ZONE, 2026, 3, 29), to: startOfDay(ZONE, 2026, 3, 30) };
const CONFIG = configSchema.parse({
  reports: { due_days: { high: 2 } },
  alerts: { teams: [{ id: 'batch', clusters: ['batch'] }, { id: HOSTILE, accounts: [TWO], clusters: ['web'] }, { id: 'operators', accounts: [TWO], roles: ['Operator'] }] },
});

/** Sessions, each with calls to ECS at these minutes after it: who makes them, where. */
const SESSIONS = [
  { key: 'ASIAONE0000000000001', account: ONE, role: 'Operator', at: '2026-03-28T23:10:00Z', federated: true, calls: [[1, 'batch'], [2, 'web'], [3, 'batch']] },
  { key: 'ASIAONE0000000000002', account: ONE, role: 'Deployer', at: '2026-03-29T00:50:00Z', federated: false, calls: [[5, 'batch'], [20, 'web']] },
  { key: 'ASIATWO0000000000001', account: TWO, role: 'Operator', at: '2026-03-29T10:00:00Z', federated: true, calls: [[1, 'batch'], [2, 'web'], [3, 'other']] },
  { key: 'ASIATWO0000000000002', account: TWO, role: 'Reader', at: '2026-03-29T21:30:00Z', federated: true, calls: [[1, 'other'], [29, 'other'], [45, 'web']] },
] as const;
/** Calls with the long-lived key of an IAM user, which a detection finds: no role, and no session that anything issued. */
const KEY_CALLS = [
  { account: ONE, cluster: 'batch', at: '2026-03-29T05:00:00Z' },
  { account: TWO, cluster: 'web', at: '2026-03-29T06:00:00Z' },
] as const;
/** The team by the configuration, worked out by hand: the first that fits. */
const teamOf = (account: string, cluster: string | null, role: string): string | null =>
  cluster === 'batch' ? 'batch' : account === TWO && cluster === 'web' ? HOSTILE : account === TWO && role === 'Operator' ? 'operators' : null;

interface Thing { readonly at: number; readonly account: string; readonly team: string | null }
const SESSION_THINGS = SESSIONS.map(({ account, role, at, federated }) => ({ at: Date.parse(at), account, team: teamOf(account, null, role), federated }));
const FINDINGS: Thing[] = KEY_CALLS.map(({ account, cluster, at }) => ({ at: Date.parse(at), account, team: teamOf(account, cluster, '') }));
const ACTIONS: Thing[] = [...FINDINGS, ...SESSIONS.flatMap(({ account, role, at, calls }) => calls.map(([minutes, cluster]) => ({ at: Date.parse(at) + minutes * 60_000, account, team: teamOf(account, cluster, role) })))];

function records(): object[] {
  let count = 0;
  const common = (account: string, at: number): object => ({
    eventVersion: '1.11', awsRegion: 'eu-central-1', recipientAccountId: account, sourceIPAddress: '198.51.100.7', userAgent: 'aws-cli/2',
    eventID: `aaaaaaaa-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`, eventTime: new Date(at).toISOString().replace('.000Z', 'Z'),
  });
  const byKey = KEY_CALLS.map(({ account, cluster, at }) => ({
    ...common(account, Date.parse(at)), eventSource: 'ecs.amazonaws.com', eventName: 'UpdateService', readOnly: false, requestParameters: { cluster, service: 's' },
    userIdentity: { type: 'IAMUser', userName: 'deploy', arn: `arn:aws:iam::${account}:user/deploy`, accountId: account, principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' },
  }));
  const bySession = SESSIONS.flatMap(({ key, account, role, at, federated, calls }) => {
    const opened = Date.parse(at);
    const assumed = { assumedRoleId: `AROAEXAMPLE${role}:x`, arn: `arn:aws:sts::${account}:assumed-role/${role}/x` };
    const issuer = 'https://token.example.com';
    const issue = {
      ...common(account, opened), eventSource: 'sts.amazonaws.com', readOnly: true, eventName: federated ? 'AssumeRoleWithWebIdentity' : 'AssumeRole',
      userIdentity: federated
        ? { type: 'WebIdentityUser', principalId: `${issuer}:aud:subject`, userName: 'subject', identityProvider: `arn:aws:iam::${account}:oidc-provider/token.example.com` }
        : { type: 'IAMUser', userName: 'deploy', arn: `arn:aws:iam::${account}:user/deploy`, accountId: account, principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' },
      requestParameters: { roleArn: `arn:aws:iam::${account}:role/${role}`, roleSessionName: 'x' },
      responseElements: { credentials: { accessKeyId: key, expiration: 'Mar 30, 2026, 10:00:00 AM' }, assumedRoleUser: assumed, ...(federated ? { provider: `arn:aws:iam::${account}:oidc-provider/token.example.com`, audience: 'aud', subjectFromWebIdentityToken: 'subject' } : {}) },
    };
    return [issue, ...calls.map(([minutes, cluster]) => ({
      ...common(account, opened + minutes * 60_000), eventSource: 'ecs.amazonaws.com', eventName: 'UpdateService', readOnly: false, requestParameters: { cluster, service: 's' },
      userIdentity: { type: 'AssumedRole', principalId: assumed.assumedRoleId, arn: assumed.arn, accountId: account, accessKeyId: key, sessionContext: { sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${account}:role/${role}`, accountId: account, userName: role } } },
    }))];
  });
  return [...byKey, ...bySession];
}

let folder: string;
let data: string;
let reader: Awaited<ReturnType<typeof openReader>>;
let keyFile: string;

type Tables = Record<string, { rows: SqlRow[] }>;
const tablesOf = async ({ files }: ReportResult): Promise<Tables> => (JSON.parse(await readFile(files.find(({ format }) => format === 'json')?.path ?? '', 'utf8')) as { tables: Tables }).tables;

async function run(id: string, parameters: ReportParameters, more: Partial<Parameters<typeof runReport>[2]> = {}): Promise<ReportResult> {
  const landing = { readMember: async (batch: number, member: number) => Promise.resolve(reader.landing.unpackMember(batch, member)) };
  return runReport({ db: reader.db, landing }, id, { ...DAY, parameters, now: new Date('2026-04-10T00:00:00Z'), runBy: 'ada', version: '0.1.0', outDir: join(folder, 'out'), dataDir: data, formats: ['json'], ...more });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-parameters-'));
  data = join(folder, 'data');
  await writeFile(join(folder, 'trail.json'), JSON.stringify({ Records: records() }));
  keyFile = join(folder, 'key.pem');
  await newKeyFile(keyFile);
  const writer = await openWriter(data, { now: () => new Date('2026-04-01T00:00:00Z') });
  await ingest(writer, [join(folder, 'trail.json')]);
  await bringUpToDate(writer, CONFIG);
  await writer.publishAndClose();
  reader = await openReader(data);
}, 120_000);
afterAll(async () => {
  reader.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a scope holds of some things of the day, counted by hand. */
function counted(things: readonly Thing[], { accounts, teams }: ReportParameters): { in_period: number; in_scope: number; out_of_scope: number; not_assignable: number } {
  const all = things.filter(({ at }) => at >= DAY.from.getTime() && at < DAY.to.getTime());
  const standing = ({ account, team }: Thing): 'in' | 'out' | 'unknown' => {
    if (accounts.length > 0 && !accounts.includes(account)) return 'out';
    if (teams.length === 0) return 'in';
    return team === null ? 'unknown' : teams.includes(team) ? 'in' : 'out';
  };
  const count = (wanted: string): number => all.filter((thing) => standing(thing) === wanted).length;
  return { in_period: all.length, in_scope: count('in'), out_of_scope: count('out'), not_assignable: count('unknown') };
}

const SCOPES: [string, ReportParameters][] = [
  ['an account', reportParameters({ accounts: [ONE], timeZone: ZONE })],
  ['a team', reportParameters({ teams: ['batch'], timeZone: ZONE })],
  ['a team with a hostile name, of one account', reportParameters({ teams: [HOSTILE], accounts: [TWO], timeZone: ZONE })],
  ['all teams', reportParameters({ teams: ['batch', HOSTILE, 'operators'], timeZone: ZONE })],
];

describe('scope', () => {
  test.each(SCOPES)('%s: counts what is listed and what is left out, in every table alike', async (_, parameters) => {
    const actions = counted(ACTIONS, parameters);
    const federated = counted(SESSION_THINGS.filter((one) => one.federated), parameters);
    const sessions = counted(SESSION_THINGS, parameters);
    const traceability = await run('traceability', parameters);
    expect(traceability.scope.slice(0, 4)).toEqual([
      { what: 'ECS actions that change something', ...actions }, { what: 'tasks', in_period: 0, in_scope: 0, out_of_scope: 0, not_assignable: 0 },
      { what: 'federated sessions, each with its sign-in', ...federated }, { what: 'sessions of every kind', ...sessions },
    ]);
    for (const { in_period: all, in_scope: listed, out_of_scope: others, not_assignable: unknown } of traceability.scope) expect((listed ?? 0) + (others ?? 0) + (unknown ?? 0)).toBe(all ?? 0);
    const tables = await tablesOf(traceability);
    const sum = (table: string, column: string): number => (tables[table]?.rows ?? []).reduce((total: number, row) => total + Number(row[column]), 0);
    expect(tables['rpt_traceability_rows']?.rows).toHaveLength(actions.in_scope);
    for (const table of ['totals', 'outcomes', 'coverage']) expect(sum(`rpt_traceability_${table}`, 'population')).toBe(actions.in_scope);
    expect(['traced', 'configured', 'not_traced', 'not_yet_due'].reduce((total, column) => total + sum('rpt_traceability_over_time', column), 0)).toBe(actions.in_scope);
    expect(tables['rpt_traceability_checks']?.rows.every((row) => row['holds'] === 'yes')).toBe(true);
    expect(tables['rpt_traceability_population']?.rows.find((row) => row['step'] === 'population')?.['amount']).toBe(actions.in_scope);
    expect(tables['rpt_traceability_chain']?.rows.find((row) => row['hop'] === 'action')?.['things']).toBe(actions.in_scope);
    const sought = await tablesOf(await run('sign-in-to-session', parameters));
    expect(sought['rpt_sign_in_to_session_rows']?.rows).toHaveLength(federated.in_scope);
    expect(sought['rpt_sign_in_to_session_totals']?.rows[0]?.['sessions']).toBe(federated.in_scope);
    const lived = await tablesOf(await run('token-expiry', parameters));
    expect((lived['rpt_token_expiry_lifetimes']?.rows ?? []).reduce((total, row) => total + Number(row['sessions']), 0)).toBe(sessions.in_scope);
    const found = await tablesOf(await run('exceptions', parameters));
    expect(found['rpt_exceptions_rows']?.rows.filter((row) => row['detection'] === 'ecs_action_by_long_lived_key')).toHaveLength(counted(FINDINGS, parameters).in_scope);
    const findings = traceability.scope.find(({ what }) => what === 'findings')?.in_scope;
    expect(found['rpt_exceptions_rows']?.rows).toHaveLength(findings ?? -1);
    expect((found['rpt_dispositions']?.rows ?? []).reduce((total, row) => total + Number(row['findings']), 0)).toBe(findings);
  });

  test('two accounts are the whole, row by row, and what is whole for the folder stays whole', async () => {
    for (const id of ['traceability', 'exceptions']) {
      const tables: Tables[] = [];
      for (const accounts of [[], [ONE], [TWO]]) tables.push(await tablesOf(await run(id, reportParameters({ accounts }))));
      const [whole, first, second] = tables;
      const table = `rpt_${id.replaceAll('-', '_')}_rows`;
      const lines = (given: Tables | undefined): string[] => (given?.[table]?.rows ?? []).filter((row) => row['account_id'] !== null).map((row) => JSON.stringify(row)).sort();
      expect([...lines(first), ...lines(second)].sort()).toEqual(lines(whole));
      expect(lines(whole).length).toBeGreaterThan(0);
      for (const shared of ['rpt_sources', 'rpt_deliveries', 'rpt_reconciliation', 'rpt_gaps']) expect(first?.[shared]).toEqual(whole?.[shared]);
    }
  });

  test.each([
    [{ accounts: ['111122223334'] }, /no landed record is of account "111122223334"/, 'Did you mean "111122223333"?'],
    [{ teams: ['bach'] }, /the configuration has no team "bach"/, 'Did you mean "batch"?'],
    [{ timeZone: 'Europe/Berln' }, /there is no time zone "Europe\/Berln"/, 'Did you mean Europe/Berlin?'],
  ])('refuses %j', async (wish, message, hint) => {
    const error = await run('traceability', reportParameters(wish)).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ message: expect.stringMatching(message) as string, hint: expect.stringContaining(hint) as string, exitCode: 2 });
  });

  test('due days are the configuration’s', async () => {
    const { rpt_exceptions_due: due, rpt_exceptions_rows: rows } = await tablesOf(await run('exceptions', reportParameters({})));
    expect(due?.rows.map((row) => [row['severity'], row['due_days']])).toEqual([['critical', 1], ['high', 2], ['medium', 30], ['low', 90]]);
    const days: Record<string, number> = { critical: 1, high: 2, medium: 30, low: 90 };
    expect(rows?.rows.length).toBeGreaterThan(0);
    for (const row of rows?.rows ?? []) expect((Date.parse(row['due_at'] as string) - Date.parse(row['occurred_at'] as string)) / 86_400_000).toBe(days[row['severity'] as string]);
  });
});

describe('time zone', () => {
  test('the day of the change has 23 hours, each counted in its own bar', async () => {
    expect((DAY.to.getTime() - DAY.from.getTime()) / 3_600_000).toBe(23);
    const { rpt_traceability_over_time: bars } = await tablesOf(await run('traceability', reportParameters({ timeZone: ZONE })));
    expect(bars?.rows).toHaveLength(23);
    const expected = new Map<number, number>();
    for (const { at } of ACTIONS.filter(({ at }) => at >= DAY.from.getTime() && at < DAY.to.getTime())) expected.set(Math.floor(at / 3_600_000), (expected.get(Math.floor(at / 3_600_000)) ?? 0) + 1);
    for (const row of bars?.rows ?? []) expect(['traced', 'configured', 'not_traced', 'not_yet_due'].reduce((total, name) => total + Number(row[name]), 0)).toBe(expected.get(Date.parse(row['from_at'] as string) / 3_600_000) ?? 0);
  });

  test('bars are days of the zone, which no call falls between', async () => {
    const week = { from: startOfDay(ZONE, 2026, 3, 27), to: startOfDay(ZONE, 2026, 4, 1) };
    const { rpt_traceability_over_time: bars } = await tablesOf(await run('traceability', reportParameters({ timeZone: ZONE }), week));
    expect(bars?.rows.map((row) => row['from_at'])).toEqual(['2026-03-26T23:00:00Z', '2026-03-27T23:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', '2026-03-30T22:00:00Z']);
    const counts = (bars?.rows ?? []).map((row) => ['traced', 'configured', 'not_traced', 'not_yet_due'].reduce((total, name) => total + Number(row[name]), 0));
    expect(counts.reduce((total, count) => total + count, 0)).toBe(ACTIONS.length);
    expect(counts[2]).toBe(counted(ACTIONS, reportParameters({})).in_period);
  });

  test('pages, CSV and workbooks show times with their offset; JSON holds UTC and names the zone; the engine is in UTC again', async () => {
    const { files } = await run('traceability', reportParameters({ timeZone: ZONE, teams: [HOSTILE] }), { formats: ['html', 'csv', 'json', 'xlsx'] });
    const text = async (end: string): Promise<string> => readFile(files.find(({ name }) => name.endsWith(end))?.path ?? '', 'utf8');
    const [html, csv, json, note] = [await text('.html'), await text('.csv'), await text('.json'), await text('.csv.txt')];
    expect(html).toContain('2026-03-29 00:00:00 +01:00 to 2026-03-30 00:00:00 +02:00');
    expect(html).toContain('2026-03-29 12:02:00 +02:00');
    expect(html).not.toContain('<b onclick');
    expect(html).not.toContain('\u202e');
    expect(csv).toContain('2026-03-29T12:02:00+02:00');
    expect(note).toContain(`with the offset of ${ZONE}`);
    expect(note).not.toContain('\u202e');
    expect(JSON.parse(json)).toMatchObject({ time_zone: ZONE, from: '2026-03-28T23:00:00Z', parameters: { teams: [HOSTILE] } });
    expect(json).toContain('"at":"2026-03-29T10:02:00Z"');
    for (const { name } of files) expect(name).toMatch(/^traceability_20260328T230000Z_20260329T220000Z_[0-9a-f]{8}[a-z_.]*$/);
    const parts = await partsOf(files.find(({ format }) => format === 'xlsx')?.path ?? '');
    const sheet = [...parts.values()].find((part) => part.includes('ASIATWO0000000000001') && part.includes('UpdateService')) ?? '';
    // 12:02 on the clock there, as a date that counts from 1899-12-30, in a format that ends in the offset.
    const style = new RegExp(`<c r="[A-Z]+\\d+" s="(\\d+)"><v>${(Date.parse('2026-03-29T12:02:00Z') / 86_400_000 + 25_569).toString().replace('.', '\\.').slice(0, 12)}`).exec(sheet)?.[1];
    const format = [...(parts.get('xl/styles.xml') ?? '').matchAll(/<xf numFmtId="(\d+)" fontId/g)][Number(style) + 1]?.[1] ?? '';
    expect(parts.get('xl/styles.xml')).toContain(`numFmtId="${format}" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss\\ &quot;+02:00&quot;"`);
    expect(await reader.db.get("select current_setting('TimeZone') as zone")).toEqual({ zone: 'UTC' });
  });
});

async function partsOf(path: string): Promise<Map<string, string>> {
  const parts = new Map<string, string>();
  const zip = await openPromise(path);
  for await (const entry of zip.eachEntry()) parts.set(entry.fileName, await streamText(await zip.openReadStreamPromise(entry)));
  return parts;
}

describe('what is handed over', () => {
  const PARAMETERS = reportParameters({ accounts: [TWO], teams: [HOSTILE, 'operators'], timeZone: ZONE });

  test('a bundle with a scope and a zone says them, verifies and replays', async () => {
    const signer = await bundleSigner(evidenceConfigSchema.parse({ signing_key_file: keyFile }));
    const { bundle } = await run('traceability', PARAMETERS, { formats: ['html', 'csv', 'json'], bundle: { dataDir: data, signer, hasZip: false } });
    const manifest = JSON.parse(await readFile(join(bundle!.path, 'manifest.json'), 'utf8')) as BundleManifest;
    expect(manifest.report).toMatchObject({ time_zone: ZONE, parameters: { accounts: [TWO], teams: [HOSTILE, 'operators'].sort() } });
    const verification = await verifyPath({ path: bundle!.path, further: [replayCheck] });
    expect(verification.proved.map(({ id }) => id)).toContain('replay');
    expect(verification).toMatchObject({ verdict: 'intact' });
    expect(verificationLines(verification).find((line) => line.startsWith('  asked for:'))).toMatch(new RegExp(`accounts ${TWO}; teams .*operators.*; time zone ${ZONE}$`));
  });

  test('filed twice it is a correction of the same parameters, and made again the same bytes', async () => {
    const request = { ...DAY, runBy: 'ada', formats: ['html', 'json'] as const, sleep: async (): Promise<void> => Promise.resolve() };
    const file = async (parameters: ReportParameters, day: number) => fileReport(data, CONFIG, 'traceability', { ...request, parameters, now: new Date(Date.UTC(2026, 3, day)), outDir: join(folder, `filed-${day}`) });
    const first = await file(PARAMETERS, 12);
    const second = await file(PARAMETERS, 13);
    expect(first.filing).toMatchObject({ corrects: null, time_zone: ZONE, accounts: [TWO], teams: PARAMETERS.teams });
    expect(second.filing).toMatchObject({ corrects: first.filing.id, changes: [] });
    expect(sameReport(listFilings(data), { report: 'traceability', ...DAY, parameters: reportParameters({}) })).toEqual([]);
    const again = await makeFiled(data, CONFIG, first.filing, { outDir: join(folder, 'again') });
    expect(again).toMatchObject({ is_same: true, differing: [], report: { time_zone: ZONE, teams: PARAMETERS.teams } });
  });
});
