import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { graphDouble, type GraphDoubleOptions, type GraphObject } from '../../../fixtures/doubles/graph.ts';
import { managedIdentityDouble } from '../../../fixtures/doubles/managed-identity.ts';
import { entraGraphSchema } from '../../config/sources/entra-graph.ts';
import { graphCloud } from './clouds.ts';
import { wordsOf } from './failures.ts';
import { Bench, HOUR, NOON, TENANT, TOKEN, delivered, failuresOf, ids, rows, signIn } from '../../../test/graph-bench.ts';

/** Lets a process of Node 20 run TypeScript as it is. */
const COMPILER = `
  import { readFileSync } from 'node:fs';
  import ts from ${JSON.stringify(import.meta.resolve('typescript'))};
  export async function load(url, context, next) {
    if (!url.endsWith('.ts')) return next(url, context);
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true };
    return { format: 'module', shortCircuit: true, source: ts.transpileModule(readFileSync(new URL(url), 'utf8'), { compilerOptions }).outputText };
  }`;

let bench: Bench | undefined;
afterEach(async () => bench?.double.close());

const guid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const USERS: GraphObject[] = [1, 2, 3].map((number) => ({ id: guid(number), body: { displayName: `User ${number}`, userPrincipalName: `user${number}@example.com`, accountEnabled: number !== 3, jobTitle: 'not asked for' } }));
const PRINCIPALS: GraphObject[] = [{ id: guid(20), body: { displayName: 'deployer', appId: guid(21), accountEnabled: true } }];
const GROUPS: GraphObject[] = [
  { id: guid(31), body: { displayName: 'platform' }, members: [guid(1), guid(32)] },
  { id: guid(32), body: { displayName: 'on call' }, members: [guid(2), guid(20)] },
  { id: guid(33), body: { displayName: 'all of on call' }, members: [guid(2), guid(20)] },
];
const SNAPSHOTS = { sign_in_kinds: ['interactive_user'], snapshot_hours: 24 };

async function start(options: Omit<GraphDoubleOptions, 'now'> = {}, config: Readonly<Record<string, unknown>> = SNAPSHOTS): Promise<Bench> {
  bench = await Bench.start({ users: () => USERS, servicePrincipals: () => PRINCIPALS, groups: () => GROUPS, ...options }, config);
  return bench;
}

describe('snapshots', () => {
  test('hold the directory, page by page, with the time and the group in what they are called', async () => {
    await start({ pageSize: 2 });
    const { steps, error } = await bench!.pull();
    expect(error).toBeUndefined();
    const of = (stream: string): typeof steps => steps.filter((step) => step.stream === stream);
    expect(rows(of('directory/users'))).toEqual(USERS.map(({ id, body: { displayName, userPrincipalName, accountEnabled } }) => ({ id, displayName, userPrincipalName, accountEnabled })));
    expect(ids(of('directory/service_principals'))).toEqual([guid(20)]);
    expect(ids(of('directory/groups'))).toEqual([guid(31), guid(32), guid(33)]);
    const members = new Map<string, string[]>();
    for (const { origin, bytes } of delivered(of('directory/group_members'))) {
      const group = /groups\/([^/]+)\//.exec(origin)?.[1] ?? '';
      members.set(group, [...(members.get(group) ?? []), ...(JSON.parse(bytes.toString()) as { value: { id: string }[] }).value.map(({ id }) => id)]);
    }
    expect(members).toEqual(new Map([[guid(31), [guid(1), guid(32), guid(2), guid(20)]], [guid(32), [guid(2), guid(20)]], [guid(33), [guid(2), guid(20)]]]));
    expect(delivered(of('directory/users'))[1]).toMatchObject({ tenantId: TENANT, origin: 'v1.0/users?$select=id,displayName,userPrincipalName,accountEnabled&$top=999 page 2 snapshot 2026-03-10T12:00:00Z' });
    expect(of('directory/users')).toMatchObject([{ covers: [{ of: 'directory', tenantId: TENANT }], cursor: '2026-03-10T12:00:00.000Z', completeThrough: new Date(NOON) }]);
  });

  test('of two groups with the same members, and of a directory in which nothing changed, are told apart by content', async () => {
    await start();
    const first = (await bench!.pull()).steps;
    bench!.clock.ms = NOON + 24 * HOUR;
    const second = (await bench!.pull()).steps;
    const snapshots = delivered([...first, ...second]).filter(({ origin }) => origin.includes('snapshot'));
    expect(snapshots).toHaveLength(2 * (3 + 3));
    expect(new Set(snapshots.map(({ content }) => content?.toString())).size).toBe(snapshots.length);
    expect(new Set(snapshots.map(({ bytes }) => bytes.toString())).size).toBeLessThan(snapshots.length);
  });

  test('are taken once in each slot, not in a backfill, and never where the configuration says so', async () => {
    await start();
    const taken = async (options = {}): Promise<number> => delivered((await bench!.pull(options)).steps).filter(({ origin }) => origin.includes('snapshot')).length;
    expect(await taken({ backfill: { from: new Date(NOON - HOUR), to: new Date(NOON) } })).toBe(0);
    expect(await taken()).toBe(6);
    bench!.clock.ms = NOON + 11 * HOUR;
    expect(await taken()).toBe(0);
    bench!.clock.ms = NOON + 12 * HOUR;
    expect(await taken()).toBe(6);
    expect(await taken({ source: bench!.source({ snapshot_hours: 0 }) })).toBe(0);
    expect(bench!.source().streams.map(({ stream }) => stream)).toEqual(['sign_ins/interactive_user', 'directory/users', 'directory/service_principals', 'directory/groups', 'directory/group_members']);
    expect(bench!.source({ snapshot_hours: 0 }).streams).toHaveLength(1);
  });

  test('pass over a group that was deleted meanwhile; a page token that expired begins its list anew', async () => {
    let members = 0;
    await start({
      pageSize: 2,
      fault: ({ url }) => {
        if (url.pathname.includes(guid(32))) return { kind: 'status', status: 404 };
        return url.pathname.includes(guid(31)) && url.searchParams.has('$skiptoken') && ++members === 1 ? { kind: 'special', name: 'expired_next_link' } : undefined;
      },
    });
    const { steps, error } = await bench!.pull();
    expect(error).toBeUndefined();
    const origins = delivered(steps).map(({ origin }) => origin).filter((origin) => origin.includes('transitiveMembers'));
    expect(origins.filter((origin) => origin.includes(guid(32)))).toEqual([]);
    expect(origins.filter((origin) => origin.includes(guid(31))).map((origin) => /page \d/.exec(origin)?.[0])).toEqual(['page 1', 'page 1', 'page 2']);
  });

  test('that may not be read leave sign-ins alone', async () => {
    const people = [signIn(NOON - HOUR)];
    await start({ signIns: () => people, permissions: () => new Set(['AuditLog.Read.All'] as const) });
    const { steps, error } = await bench!.pull();
    expect(ids(steps)).toEqual([people[0]?.id]);
    expect(failuresOf(error).map(({ stream, hint }) => [stream, hint]).sort()).toEqual(
      ['directory/group_members', 'directory/groups', 'directory/service_principals', 'directory/users'].map((stream) => [stream, "grant the app Microsoft Graph's application permission Directory.Read.All, and an administrator's consent to it"]),
    );
  });
});

describe('check', () => {
  const ALL = { directory_audits: true, snapshot_hours: 24, sign_in_kinds: ['interactive_user', 'managed_identity'] };

  test('says what is there', async () => {
    const people = [signIn(NOON - HOUR)];
    await start({ signIns: () => people });
    expect((await bench!.check(ALL)).map(({ what, outcome, found }) => [what, outcome, found])).toEqual([
      ['get a token for Graph', 'ok', 'through Object'],
      ['read beta sign-ins (interactive_user)', 'ok', 'allowed, with rows in the last 24 hours'],
      ['read beta sign-ins (managed_identity)', 'ok', 'allowed; no row in the last 24 hours'],
      ['read directory audits', 'ok', 'allowed; no row in the last 24 hours'],
      ['read directory/users', 'ok', 'allowed'],
      ['read directory/service principals', 'ok', 'allowed'],
      ['read directory/groups', 'ok', 'allowed'],
      ['read directory/group members', 'ok', 'allowed'],
      ['clock', 'ok', 'within 1 s of Graph\'s'],
    ]);
    for (const { url } of bench!.requests) expect(url.searchParams.get('$top')).toBe('1');
  });

  test('names each permission that is missing', async () => {
    await start({ permissions: () => new Set() });
    const results = await bench!.check(ALL);
    expect(results.filter(({ outcome }) => outcome === 'missing').map(({ what, fix }) => [what, /permission ([\w.]+)/.exec(fix ?? '')?.[1]])).toEqual([
      ['read beta sign-ins (interactive_user)', 'AuditLog.Read.All'], ['read beta sign-ins (managed_identity)', 'AuditLog.Read.All'], ['read directory audits', 'AuditLog.Read.All'],
      ['read directory/users', 'Directory.Read.All'], ['read directory/service principals', 'Directory.Read.All'], ['read directory/groups', 'Directory.Read.All'], ['read directory/group members', 'Directory.Read.All'],
    ]);
  });

  test('tells a missing licence, missing beta fields and a clock that is off', async () => {
    const { body, ...rest } = signIn(NOON - HOUR);
    const plain = { ...rest, body: Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'uniqueTokenIdentifier')) };
    await start({ signIns: () => [plain] });
    bench!.aheadMs = 10 * 60_000;
    const results = await bench!.check(ALL);
    expect(results[1]).toMatchObject({ outcome: 'warning', found: 'rows come without uniqueTokenIdentifier, by which sessions are joined exactly' });
    expect(results.at(-1)).toMatchObject({ outcome: 'warning', found: "600 s ahead of Graph's", fix: expect.stringContaining('NTP') as string });
    await bench!.double.close();
    await start({ isLicensed: () => false });
    expect((await bench!.check(ALL))[1]).toEqual({
      what: 'read beta sign-ins (interactive_user)', outcome: 'missing', found: 'the tenant has no Entra ID P1 or P2',
      fix: 'reading sign-ins takes Entra ID P1 or P2: license the tenant, or leave sign-ins to entra-logs or files',
    });
  });

  test('without a token tries nothing else; a token of another tenant is told; neither quotes it', async () => {
    const failing = { getToken: async () => Promise.reject(new Error(`AADSTS7000215: Invalid client secret provided. ${TOKEN}`)) };
    bench = await Bench.start({}, {}, { credential: failing });
    const results = await bench.check(ALL);
    expect(results[0]).toMatchObject({ outcome: 'failed', found: 'no token for Graph: AADSTS7000215: Invalid client secret provided. graph-…', fix: expect.stringContaining('AZURE_CLIENT_ID') as string });
    expect(new Set(results.slice(1).map(({ outcome }) => outcome))).toEqual(new Set(['not_tried']));
    expect(bench.requests).toEqual([]);
    await bench.double.close();
    const claims = Buffer.from(JSON.stringify({ tid: guid(99), appid: guid(98), xms_mirid: '/subscriptions/x' })).toString('base64url');
    bench = await Bench.start({ token: () => 'valid' }, {}, { credential: { getToken: async () => Promise.resolve({ token: `eyJh.${claims}.c2VjcmV0`, expiresOnTimestamp: NOON + HOUR }) } });
    const [token, ...others] = await bench.check(ALL);
    expect(token).toMatchObject({ outcome: 'failed', found: `a managed identity, as app ${guid(98)} of tenant ${guid(99)}, through Object`, fix: `sign in to the tenant that tenant_id names, ${TENANT}, or correct tenant_id` });
    expect(others[0]?.outcome).toBe('not_tried');
    expect(JSON.stringify(token)).not.toContain('c2VjcmV0');
  });
});

describe('check of what cannot be reached', () => {
  test('is said once, and nothing more is tried', async () => {
    await start();
    const source = bench!.source();
    await bench!.double.close();
    const results = [];
    for await (const result of source.check(bench!.effects([]))) results.push(result);
    expect(results.map(({ outcome }) => outcome)).toEqual(['ok', 'failed', ...Array<string>(5).fill('not_tried')]);
    expect(results[1]?.found).toMatch(/gave up after \d+ attempts .*the connection failed \(ECONNREFUSED\)/);
    expect(results.at(-1)?.found).toBe('Graph could not be reached');
  });
});

describe('where it speaks to', () => {
  test('each cloud has its Graph, its authority and its scope; a stand-in takes only Graph’s place', () => {
    expect(graphCloud({ cloud: 'AzureCloud', endpoint: undefined })).toEqual({ origin: 'https://graph.microsoft.com', authority: 'https://login.microsoftonline.com', scope: 'https://graph.microsoft.com/.default' });
    expect(graphCloud({ cloud: 'AzureUSGovernmentDoD', endpoint: undefined })).toEqual({ origin: 'https://dod-graph.microsoft.us', authority: 'https://login.microsoftonline.us', scope: 'https://dod-graph.microsoft.us/.default' });
    expect(graphCloud({ cloud: 'AzureUSGovernment', endpoint: undefined }).origin).toBe('https://graph.microsoft.us');
    expect(graphCloud({ cloud: 'AzureChinaCloud', endpoint: 'https://127.0.0.1:1/x/' })).toEqual({ origin: 'https://127.0.0.1:1', authority: 'https://login.chinacloudapi.cn', scope: 'https://microsoftgraph.chinacloudapi.cn/.default' });
  });

  test('the default chain’s managed identity, over a certificate out of NODE_EXTRA_CA_CERTS, in a process of its own', async () => {
    const identity = await managedIdentityDouble({ now: Date.now });
    const now = Date.now();
    const row = signIn(Math.floor(now / 1000) * 1000 - HOUR);
    const double = await graphDouble({ now: Date.now, signIns: () => [row], token: (token) => (identity.accepts(`Bearer ${token}`, 'https://graph.microsoft.com') ? 'valid' : 'unknown') });
    const folder = mkdtempSync(join(tmpdir(), 'whoran-graph-'));
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, double.certificate);
    const compiler = join(folder, 'compiler.mjs');
    writeFileSync(compiler, COMPILER);
    const script = `
      import { register } from 'node:module';
      register(${JSON.stringify(pathToFileURL(compiler).href)});
      const { entraGraph } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
      const source = entraGraph(${JSON.stringify(entraGraphSchema.parse({ type: 'entra-graph', id: 'entra', tenant_id: TENANT, endpoint: double.url, sign_in_kinds: ['interactive_user'], directory_audits: false, snapshot_hours: 0 }))});
      const context = { now: () => new Date(), sleep: async () => {}, random: () => 0, tell: () => {}, signal: new AbortController().signal, cursors: new Map(), backfill: { from: new Date(${now - 2 * HOUR}), to: new Date(${now}) } };
      const ids = [];
      for await (const step of source.pull(context)) for (const { bytes } of step.delivered) ids.push(...JSON.parse(bytes.toString()).value.map(({ id }) => id));
      console.log(JSON.stringify([...new Set(ids)]));`;
    try {
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env: { PATH: process.env['PATH'] ?? '', NODE_EXTRA_CA_CERTS: ca, ...identity.environment } });
      expect(JSON.parse(stdout)).toEqual([row.id]);
      expect(identity.given()).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
      await double.close();
      await identity.close();
    }
  });

  test('what a credential says is told without what may be a secret, and can do nothing', () => {
    const words = wordsOf(new Error(`line one\nline two \u001b[31m ${'k'.repeat(41)} eyJhbGciOiJub25lIn0.eyJ0aWQiOiJ4In0.`));
    expect(words).toBe('line one line two \\u001b[31m … ….');
  });
});
