/**
 * A session token is found nowhere but in the landed bytes: a marker stands in every token of a world, in every form, in
 * records that are read, rejected and broken; then everything runs, and everything that it leaves is searched.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SESSION_TOKEN_MARKER, deliver, makeWorld } from '../fixtures/world/index.ts';
import { main } from '../src/cli/program.ts';
import { Database } from '../src/engine/database.ts';
import { assumeRole, linesText, logsText, lookupText, put, trailText } from './cloudtrail-files.ts';

const TOKEN = `IQoJb3JpZ2luX2VjE${SESSION_TOKEN_MARKER}/${'Zm9yLXRlc3RzLW9ubHk'.repeat(12)}==`;
const world = makeWorld({ days: 2, eventsPerDay: 40 });

let folder: string;
let outputs = '';

const terminal = {
  out: (text: string): void => {
    outputs += text;
  },
  err: (text: string): void => {
    outputs += text;
  },
  isOutTty: false, isErrTty: false, columns: 80, env: { WHORAN_DEBUG: '1' },
};

/** The marker as it could lie in a file: plain, UTF-16, hex, and Base64 from each of three offsets, edges left out. */
function disguises(): Buffer[] {
  const marker = Buffer.from(SESSION_TOKEN_MARKER);
  const base64 = [0, 1, 2].map((shift) => Buffer.concat([Buffer.alloc(shift), marker]).toString('base64').slice(4, -4));
  const wide = Buffer.from(SESSION_TOKEN_MARKER, 'utf16le');
  return [marker, wide, Buffer.from(wide).swap16(), ...[marker.toString('hex'), marker.toString('hex').toUpperCase(), ...base64].map((text) => Buffer.from(text))];
}

/** Record 1 to 9: read; then rejected ones, and what is left of broken ones. */
function hostileFiles(logs: string): number {
  const sts = (n: number, fields = {}, credentials = {}): Record<string, unknown> => assumeRole(n, `ASIATOKEN00000000${String(n).padStart(3, '0')}`, fields, { sessionToken: TOKEN, ...credentials });
  const whole = JSON.stringify(sts(1));
  const at = whole.indexOf(TOKEN);
  const files: Record<string, string> = {
    'object.json.gz': trailText(sts(1)), 'lines.jsonl': linesText(sts(2), sts(3)), 'logs.json': logsText(sts(4)), 'lookup.json': lookupText(sts(5)),
    'strings.json': JSON.stringify([JSON.stringify(sts(6))]), 'escaped.json': trailText(sts(7)).replaceAll('/', '\\/'), 'named.json': trailText(sts(8)).replace('"sessionToken"', '"session\\u0054oken"'),
    'typed.json': trailText(sts(9, {}, { sessionToken: [TOKEN, { deep: TOKEN }] })),
    'rejected.json.gz': trailText(sts(11, { eventTime: 'never' }), sts(12, { eventID: null }), sts(13, {}, { expiration: 'soon' })),
    'wrong-place.jsonl': linesText(sts(14, { eventTime: TOKEN }), sts(15, { readOnly: TOKEN }), sts(16, {}, { expiration: TOKEN, sessionToken: TOKEN }), sts(17, { userIdentity: TOKEN })),
    'cut-in-token.json': trailText(sts(18)).slice(0, trailText(sts(18)).indexOf(TOKEN) + 60),
    'cut-line.jsonl': `${whole.slice(0, at + 80)}\n${linesText(sts(19))}`, 'tail.json': whole.slice(at - 30), 'tail-of-token.json': whole.slice(at + 10), 'tail-from-key.json': whole.slice(at - 17),
    'columns.csv': `sessionToken,${TOKEN},accessKeyId,x\n1,${TOKEN},3,4\n`, 'members.json': JSON.stringify({ [TOKEN]: TOKEN, Credentials: { SessionToken: TOKEN } }), 'string.json': JSON.stringify(TOKEN),
    'not-json.jsonl': whole.replace(`"${TOKEN}"`, TOKEN), 'logs-broken.json': logsText(whole.slice(0, at + 40), TOKEN), 'lookup-broken.json': lookupText(sts(20)).replace('\\"eventName\\"', TOKEN),
    'unknown.json': JSON.stringify({ eventSource: 'x', Credentials: { SessionToken: TOKEN } }), 'table.json': JSON.stringify({ tables: [{ columns: [{ name: TOKEN }, { name: 'b' }], rows: [[TOKEN, 'x']] }] }),
    'diagnostic.json': JSON.stringify({ category: TOKEN, properties: { sessionToken: TOKEN } }), 'eventbridge.json': JSON.stringify({ source: TOKEN, 'detail-type': TOKEN, detail: { sessionToken: TOKEN } }),
  };
  for (const [name, content] of Object.entries(files)) put(logs, name, content);
  return Object.keys(files).length;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-token-'));
  const config = put(folder, 'whoran.yaml', JSON.stringify(world.config));
  const registry = put(folder, 'registry.csv', world.registry.csv());
  await deliver(world, join(folder, 'logs'), { forms: 'all', duplicate: 0.2, recordsPerObject: 50 });
  hostileFiles(join(folder, 'hostile'));
  const run = async (...argv: string[]): Promise<void> => {
    expect(await main([...argv, '--data', join(folder, 'data'), '--config', config], terminal), argv.join(' ')).toBe(0);
  };
  await run('ingest', join(folder, 'logs'), join(folder, 'hostile'));
  await run('identities', 'import', registry);
  await run('ingest', join(folder, 'hostile'), '--json');
  const { sessions, tasks } = world.truth;
  const session = [...sessions.values()].find((one) => one.sign_in_id !== null)!;
  for (const id of [session.key_id, session.opened_by_event_id, 'ASIATOKEN00000000001', [...tasks.keys()][0]!, session.actor.object_id!]) {
    await run('ask', id);
    await run('ask', id, '--json');
  }
  await run('ask', session.key_id, '--known-at', new Date(Date.now() + 60_000).toISOString());
  for (const argv of [['coverage', '--list'], ['findings'], ['identities', 'unmapped'], ['status', '--rejects']]) {
    await run(...argv);
    await run(...argv, '--json');
  }
  await run('report', 'traceability', '--from', '2026-01-12', '--to', '2026-01-16', '--out', join(folder, 'report'));
  await run('rebuild');
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
}, 60_000);

/** Files below a folder: landed bytes, and everything else. */
function files(top: string): { landed: string[]; others: string[] } {
  const all = readdirSync(top, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const isLanded = (path: string): boolean => /(^|\/)landing\/batches\/[^/]+\.(batch|pack\.gz)$/.test(relative(top, path));
  return { landed: all.filter(isLanded), others: all.filter((path) => !isLanded(path)) };
}

const holdsToken = (bytes: Buffer): boolean => disguises().some((disguise) => bytes.includes(disguise));

test('the marker is in the landed bytes, so there is something to find', () => {
  const { landed } = files(join(folder, 'data'));
  const holding = landed.filter((path) => {
    const bytes = readFileSync(path);
    return holdsToken(bytes) || (bytes[0] === 0x1f && holdsToken(gunzipSync(bytes, { finishFlush: 2 })));
  });
  expect(holding.length).toBeGreaterThan(20);
  expect(holdsToken(Buffer.from(Buffer.from(`x${TOKEN}`).toString('base64')))).toBe(true);
});

test('no other file of the data folder or the report holds it', () => {
  const { others } = files(join(folder, 'data'));
  expect(others.some((path) => path.endsWith('.parquet'))).toBe(true);
  expect([...others, ...files(join(folder, 'report')).others].filter((path) => holdsToken(readFileSync(path)))).toEqual([]);
});

test('nor any column of any table or Parquet file, compressed as they are', async () => {
  const { others } = files(join(folder, 'data'));
  const db = await Database.open({ path: ':memory:' });
  let columns = 0;
  try {
    const search = async (relation: string, where: string): Promise<void> => {
      // A row as text: every column, nested ones too.
      columns += (await db.all(`describe select * from ${relation}`)).length;
      const row = await db.get<{ n: number }>(
        `select count(*) as n from ${relation} as t where contains(t::varchar, $marker) or regexp_matches(t::varchar, 'IQoJb3JpZ2luX2VjE|Zm9yLXRlc3Rz')`, { marker: SESSION_TOKEN_MARKER });
      expect(row?.n, where).toBe(0);
    };
    for (const path of others) {
      if (path.endsWith('.parquet')) await search(`read_parquet('${path}')`, path);
      if (!path.endsWith('.duckdb')) continue;
      await db.run(`attach '${path}' as searched (read_only)`);
      const tables = await db.all<{ name: string }>("select table_name as name from duckdb_tables() where database_name = 'searched'");
      for (const { name } of tables) await search(`searched.${name}`, `${path} ${name}`);
      await db.run('detach searched');
    }
  } finally {
    db.close();
  }
  expect(columns).toBeGreaterThan(500);
});

test('nor anything that was printed, the reasons of broken records among it', () => {
  expect(outputs).toContain('rejected');
  expect(outputs).toMatch(/cut-in-token\.json/);
  expect(holdsToken(Buffer.from(outputs))).toBe(false);
  expect(outputs).not.toContain('IQoJb3JpZ2luX2VjE');
});

test('nothing waits in temporary files', () => {
  expect(readdirSync(join(folder, 'data', 'tmp'))).toEqual([]);
  expect(files(folder).others.filter((path) => !/\/(logs|hostile|data|report)\//.test(path.slice(folder.length))).map((path) => relative(folder, path)).sort()).toEqual(['registry.csv', 'whoran.yaml']);
});
