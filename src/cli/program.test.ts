import { chmodSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openWriter } from '../store/writer.ts';
import { main } from './program.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(argv: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await main(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isOutTty: false,
    isErrTty: false,
    columns: 80,
    env,
  });
  return { code, out, err };
}

const KEY = 'ASIAEXAMPLE000000001';
const EVENT = 'aaaaaaaa-0000-4000-8000-000000000001';
const record = {
  eventVersion: '1.11', eventID: EVENT, eventTime: '2026-01-15T09:00:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'StopTask', awsRegion: 'eu-central-1',
  recipientAccountId: '111122223333', sourceIPAddress: '198.51.100.7', readOnly: false, requestParameters: { cluster: 'prod', task: '0f9de17a6465404e8b1b2356dc13c2f8' }, responseElements: null,
  userIdentity: { type: 'IAMUser', userName: 'deploy', arn: 'arn:aws:iam::111122223333:user/deploy', accountId: '111122223333', principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' },
};

let shared: string;
beforeAll(async () => {
  shared = mkdtempSync(join(tmpdir(), 'whoran-cli-'));
  writeFileSync(join(shared, 'trail.json'), JSON.stringify({ Records: [record] }));
  const ran = await run(['ingest', join(shared, 'trail.json'), '--data', join(shared, 'data')]);
  expect(ran.code).toBe(0);
}, 60_000);
afterAll(() => {
  rmSync(shared, { recursive: true });
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-cli-'));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

describe('help', () => {
  test.each(['ask', 'coverage', 'findings', 'ingest', 'correlate', 'rebuild', 'report', 'run', 'status', 'demo'])('%s --help has examples and the global options', async (command) => {
    const { code, out, err } = await run([command, '--help']);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out).toMatch(new RegExp(`\\$ whoran ${command}`));
    expect(out).toContain('--data <folder>');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('--version is the package\'s', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});

describe('wrong use: a message with what to do, exit code 2, nothing on standard output', () => {
  test.each<[string, string[], RegExp[]]>([
    ['an unknown command', ['ingset', 'x'], [/unknown command 'ingset'/, /Did you mean ingest\?/]],
    ['an unknown option', ['ask', '--jsno', 'x'], [/unknown option '--jsno'/, /Did you mean --json\?/]],
    ['a missing argument', ['ask'], [/missing required argument 'id'/]],
    ['an empty id', ['ask', ' '], [/the id is empty/]],
    ['a cluster without a time', ['ask', '--cluster', 'prod'], [/--cluster: it needs --at/]],
    ['a cluster and an id', ['ask', 'x', '--cluster', 'prod', '--at', '2026-01-15'], [/--cluster: not together with an id/]],
    ['an account that is none', ['ask', '--cluster', 'prod', '--at', '2026-01-15', '--account', '12'], [/--account: "12" is no account id/]],
    ['a time zone without a schedule', ['run', '--timezone', 'UTC'], [/--timezone: only with --schedule/]],
    ['a bad time', ['coverage', '--from', 'yesterday'], [/--from: "yesterday" is not a time/, /2026-01-15T09:00:00Z/]],
    ['a time without a zone', ['ask', 'x', '--known-at', '2026-01-15T09:00:00'], [/--known-at: .* has no time zone/]],
    ['an empty period', ['findings', '--from', '2026-02-01', '--to', '2026-01-01'], [/--from is not before --to/]],
    ['an unknown detection', ['findings', '--detection', 'session_without_sign_out'], [/Did you mean session_without_sign_in\?/]],
    ['an unknown report', ['report', 'tracebility', '--from', '2026-01-01', '--to', '2026-01-31', '--out', 'out'], [/there is no report "tracebility"/, /traceability/]],
    ['a report without its period', ['report', 'traceability'], [/needs --from, --to and --out/]],
    ['a missing configuration', ['correlate', '--config', 'none.yaml'], [/none\.yaml: there is no such file/]],
    ['a missing configuration, for a command that only reads', ['coverage', '--config', 'none.yaml'], [/none\.yaml: there is no such file/]],
    ['a hostile word', ['\u001b[31mask\u202e'], [/unknown command '\\u001b\[31mask\\u202e'/]],
  ])('%s', async (_name, argv, messages) => {
    const { code, out, err } = await run([...argv, '--data', join(shared, 'data')]);
    expect(code).toBe(2);
    expect(out).toBe('');
    for (const message of messages) expect(err).toMatch(message);
    expect(err).not.toContain('\u001b');
    expect(err).not.toMatch(/\n {4}at /);
  });

  test('no command shows the help', async () => {
    const { code, err } = await run([]);
    expect(code).toBe(2);
    expect(err).toContain('Usage: whoran');
  });

  test('a folder that holds nothing', async () => {
    const { code, err } = await run(['ask', 'x', '--data', join(folder, 'none')]);
    expect(code).toBe(2);
    expect(err).toContain('nothing is ingested yet');
    expect(err).toContain('whoran ingest');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a folder that was ingested and never correlated', async () => {
    const data = join(folder, 'data');
    const ingested = await run(['ingest', join(shared, 'trail.json'), '--no-correlate', '--data', data]);
    expect(ingested.out).toContain('whoran correlate');
    expect(await run(['ask', EVENT, '--data', data])).toMatchObject({ code: 2, err: expect.stringContaining('nothing is correlated yet') as string });
    expect((await run(['correlate', '--data', data])).code).toBe(0);
    expect((await run(['ask', EVENT, '--data', data])).code).toBe(0);
  });

  test('a folder of another version', async () => {
    const data = join(folder, 'data');
    cpSync(join(shared, 'data'), data, { recursive: true });
    const manifest = join(data, 'store', 'manifest.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"schema_version":\d+/, '"schema_version":999'));
    expect(await run(['ask', EVENT, '--data', data])).toMatchObject({ code: 2, err: expect.stringMatching(/version 999[^]*whoran rebuild/) as string });
    expect((await run(['rebuild', '--data', data])).code).toBe(0);
    expect((await run(['ask', EVENT, '--data', data])).code).toBe(0);
  });

  test('faults of the configuration, all of them, before anything is done', async () => {
    writeFileSync(join(folder, 'whoran.yaml'), 'tenant: []\nattribution: { settle_minutes: soon }\n');
    const { code, err } = await run(['ingest', join(shared, 'trail.json'), '--config', join(folder, 'whoran.yaml'), '--data', join(folder, 'data')]);
    expect(code).toBe(2);
    expect(err).toMatch(/whoran\.yaml:1: tenant: there is no such key; did you mean tenants\?/);
    expect(err).toMatch(/whoran\.yaml:2: attribution\.settle_minutes/);
    expect(readdirSync(folder)).toEqual(['whoran.yaml']);
  });

  test('WHORAN_DEBUG shows where an error came from', async () => {
    const { err } = await run(['ask', 'x', '--data', join(folder, 'none')], { WHORAN_DEBUG: '1' });
    expect(err).toMatch(/\n {4}at /);
  });
});

test('a folder that another writer holds: exit code 3; reading works meanwhile', async () => {
  const data = join(shared, 'data');
  const writer = await openWriter(data);
  try {
    expect(await run(['correlate', '--data', data])).toMatchObject({ code: 3, out: '', err: expect.stringContaining('held by another writer') as string });
    expect((await run(['ask', EVENT, '--data', data])).code).toBe(0);
  } finally {
    writer.close();
  }
});

test('a path that is not there is named, exit code 1, and the others are in', async () => {
  const data = join(folder, 'data');
  const ran = await run(['ingest', join(folder, 'none'), join(shared, 'trail.json'), '--data', data]);
  expect(ran.code).toBe(1);
  expect(ran.out).toMatch(/none: there is no such file or folder/);
  expect((await run(['ask', EVENT, '--data', data])).code).toBe(0);
});

describe('ask', () => {
  const data = (): string => join(shared, 'data');

  test('an answer for a person: the sentence first', async () => {
    const { code, out, err } = await run(['ask', EVENT, '--data', data()]);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out.replaceAll(/\s+/g, ' ')).toMatch(/^IAM user deploy called StopTask \(event aaaaaaaa-0000-4000-8000-000000000001\) at 2026-01-15T09:00:00Z: proved by iam_user;/);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('--json is one document, before or after the command; WHORAN_DATA names the folder', async () => {
    const after = await run(['ask', EVENT, '--json', '--data', data()]);
    const before = await run(['--json', 'ask', EVENT], { WHORAN_DATA: data() });
    expect(before).toEqual(after);
    expect(JSON.parse(after.out)).toMatchObject({ schema: 'whoran.answer/1', asked: EVENT, who: { kind: 'iam_user', name: 'deploy' }, reason: 'long_lived_key' });
  });

  test('an id that nothing mentions: exit code 1', async () => {
    const { code, out } = await run(['ask', KEY, '--json', '--data', data()]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ reason: 'not_seen', who: { kind: 'unknown' }, as_of: '2026-01-15T09:00:00Z' });
  });

  test('as known before anything was landed, and now', async () => {
    expect(await run(['ask', EVENT, '--known-at', '2020-01-01', '--json', '--data', data()])).toMatchObject({ code: 1 });
    const now = await run(['ask', EVENT, '--known-at', new Date(Date.now() + 60_000).toISOString(), '--json', '--data', data()]);
    expect(now.code).toBe(0);
    const { known_at: knownAt, ...known } = JSON.parse(now.out) as Record<string, unknown>;
    expect(knownAt).toMatch(/^\d{4}-.*Z$/);
    const { known_at: _none, ...plain } = JSON.parse((await run(['ask', EVENT, '--json', '--data', data()])).out) as Record<string, unknown>;
    expect(known).toEqual(plain);
  });
});

describe('the other commands print for people and for programs', () => {
  test.each<[string, string[], string, RegExp]>([
    ['coverage', ['coverage', '--list'], 'whoran.coverage/1', /of \d+ ECS actions and tasks/],
    ['findings', ['findings'], 'whoran.findings/1', /findings?[.:]/],
    ['status', ['status', '--rejects'], 'whoran.status/1', /Every record could be read/],
    ['identities unmapped', ['identities', 'unmapped'], 'whoran.unmapped/1', /Every subject is mapped/],
    ['report list', ['report', 'list'], 'whoran.reports/1', /traceability/],
  ])('%s', async (_name, argv, schema, text) => {
    const data = ['--data', join(shared, 'data')];
    const plain = await run([...argv, ...data]);
    expect(plain).toMatchObject({ code: 0, err: '' });
    expect(plain.out).toMatch(text);
    for (const line of plain.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const json = await run([...argv, ...data, '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ schema });
  });

  test('status counts what was delivered, and names what never was', async () => {
    const { out } = await run(['status', '--json', '--data', join(shared, 'data')]);
    expect(JSON.parse(out)).toMatchObject({
      sources: [{ source: 'cloudtrail', complete_through: '2026-01-15T09:00:00Z', records: 1 }],
      gaps: [{ source: 'ecs_events', tenant_id: null, sign_in_kind: null, name: null }],
      totals: { rejected: 0, set_aside: 0 },
      store: { events: 1 },
    });
  });

  test('status names what the configuration expects and nobody delivered', async () => {
    const [config, data] = [join(folder, 'expecting.yaml'), join(folder, 'expecting')];
    writeFileSync(config, "expected:\n  accounts: ['111122223333', '999988887777']\n  clusters: [prod, batch]\n");
    expect(await run(['ingest', join(shared, 'trail.json'), '--config', config, '--data', data])).toMatchObject({ code: 0 });
    const { out } = await run(['status', '--data', data]);
    expect(out).toMatch(/Never landed[^]*expected account 999988887777\n[^]*expected cluster batch\n/);
    expect(out).not.toContain('expected account 111122223333');
  });

  test('ingest, again: everything repeated', async () => {
    const { out } = await run(['ingest', join(shared, 'trail.json'), '--json', '--data', join(shared, 'data')]);
    expect(JSON.parse(out)).toMatchObject({ schema: 'whoran.ingest/1', totals: { read: 1, new: 0, repeated: 1, rejected: 0, set_aside: 0 } });
  });

  test('identities import of something else says what a registry has', async () => {
    writeFileSync(join(folder, 'other.csv'), 'a,b\n1,2\n');
    const ran = await run(['identities', 'import', join(folder, 'other.csv'), '--data', join(folder, 'data')]);
    expect(ran.out).toContain('unknown_form');
    expect(ran.err).toMatch(/A registry has issuer, audience, subject, tenant_id and object_id/);
  });

  test('identities import lands a registry and brings answers up to date', async () => {
    const data = join(folder, 'data');
    cpSync(join(shared, 'data'), data, { recursive: true });
    const file = join(folder, 'registry.csv');
    writeFileSync(file, 'issuer,audience,subject,tenant_id,object_id,name,kind\nsts.windows.net/0d1e2f3a-4b5c-4d6e-8f90-a1b2c3d4e5f6/,app,sub,0d1e2f3a-4b5c-4d6e-8f90-a1b2c3d4e5f6,1f0e3dad-9990-4345-b743-9f8ffabdffc4,Aiko,person\n');
    const imported = await run(['identities', 'import', file, '--json', '--data', data]);
    expect(imported.code).toBe(0);
    expect(JSON.parse(imported.out)).toMatchObject({ totals: { read: 1, new: 1, rejected: 0 } });
    expect(JSON.parse((await run(['ask', '1f0e3dad-9990-4345-b743-9f8ffabdffc4', '--json', '--data', data])).out)).toMatchObject({
      schema: 'whoran.activity/1', who: { name: 'Aiko' },
    });
  });

  test('report writes its files', async () => {
    const out = join(folder, 'report');
    const ran = await run(['report', 'traceability', '--from', '2026-01-01', '--to', '2026-01-31', '--out', out, '--data', join(shared, 'data')]);
    expect(ran.code).toBe(0);
    expect(readdirSync(out).some((name) => name.endsWith('.html'))).toBe(true);
  });
});

describe('demo', () => {
  test('refuses a folder that holds something else', async () => {
    writeFileSync(join(folder, 'precious'), 'x');
    expect(await run(['demo', '--out', folder])).toMatchObject({ code: 2, err: expect.stringContaining('holds something else than a demo') as string });
    expect(readdirSync(folder)).toEqual(['precious']);
  });

  test('shows three jobs, the coverage, the findings and the report; an earlier demo is made anew', async () => {
    const out = join(folder, 'demo');
    await mkdir(join(out, 'data', 'store'), { recursive: true });
    for (const left of ['a-whoran-demo.txt', 'data/store/manifest.json', 'whoran.yaml']) writeFileSync(join(out, left), 'of an earlier demo');
    const { code, out: printed } = await run(['demo', '--out', out, '--json']);
    expect(code).toBe(0);
    const demo = JSON.parse(printed) as { jobs: { answer: { how: string; confidence: string; reason: string | null } }[]; report: { path: string }[]; findings: { findings: unknown[] } };
    expect(demo.jobs.map(({ answer: { how, confidence, reason } }) => [how, confidence, reason])).toEqual([
      ['ran', 'proved', null], ['configured', 'proved', null], ['ran', 'none', 'subject_unmapped'],
    ]);
    expect(demo.findings.findings.length).toBeGreaterThan(5);
    expect(readFileSync(demo.report[0]?.path ?? '', 'utf8')).toContain('<html');
    // What the demo leaves is what it knows again: the folder that is there now may be used once more.
    expect(readFileSync(join(out, 'a-whoran-demo.txt'), 'utf8')).toContain('whoran demo');
  }, 120_000);
});
