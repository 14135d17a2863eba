/**
 * `whoran run` as a process of its own: once, on a schedule, told to stop, with sources that hang and that tell secrets. The
 * program is the real one; only its registry of sources is replaced by one that a test can steer.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readRuns } from '../src/landing/run-log.ts';
import { openWriter } from '../src/store/writer.ts';
import { buildProgram } from './built-program.ts';

const SECRET = 'planted-secret-value';

/** A source's id says what it does; its folder's files are what the well-behaved one delivers. */
const SOURCES = `
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
export async function createSource({ id, type, path }) {
  const step = (name, n) => ({ stream: 'events', covers: [{ of: 'cloudtrail' }], delivered: [{ origin: name, bytes: readFileSync(join(path, name)) }], cursor: String(n), completeThrough: new Date(Date.now() - 60_000) });
  return { id, type, streams: [], check: async function* () {}, pull: async function* ({ cursors, tell }) {
    const names = readdirSync(path).sort();
    for (const [index, name] of names.entries()) if (index >= Number(cursors.get('events') ?? 0)) yield step(name, index + 1);
    if (id === 'hanging') { setInterval(() => undefined, 1000); await new Promise(() => undefined); }
    if (id === 'telling') {
      tell({ kind: 'request', operation: 'GET https://example.com/x?$skiptoken=${SECRET}' });
      tell({ kind: 'retry', operation: 'list', attempt: 1, waitMs: 5, reason: 'Bearer ${SECRET}' });
      tell({ kind: 'warning', stream: 'events', message: 'client_secret=${SECRET} \\u001b[2J' });
      tell({ kind: 'progress', stream: 'events', message: process.env.AZURE_CLIENT_SECRET });
      throw new Error('Authorization: Bearer ${SECRET}; nextToken="${SECRET}"; key ' + process.env.AWS_SECRET_ACCESS_KEY);
    }
  } };
}
`;

let folder: string;
let program: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-process-'));
  program = buildProgram(join(folder, 'program'));
  writeFileSync(join(folder, 'program/dist/src/sources/index.js'), SOURCES);
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let work: string;
let data: string;
const children: ChildProcess[] = [];
let deadMan: Server;
let pings: string[];
beforeEach(async () => {
  work = mkdtempSync(join(folder, 'work-'));
  data = join(work, 'data');
  mkdirSync(join(work, 'inbox'));
  pings = [];
  deadMan = createServer((request, response) => {
    pings.push(request.url ?? '');
    request.resume();
    response.end();
  });
  await new Promise<void>((resolve) => { deadMan.listen(0, '127.0.0.1', resolve); });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  deadMan.closeAllConnections();
  await new Promise((resolve) => { deadMan.close(resolve); });
});

function deliver(number: number): void {
  const record = {
    eventVersion: '1.11', eventID: `aaaaaaaa-0000-4000-8000-${String(number).padStart(12, '0')}`, eventTime: '2026-01-15T09:00:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'StopTask',
    awsRegion: 'eu-central-1', recipientAccountId: '111122223333', sourceIPAddress: '198.51.100.7', readOnly: false, requestParameters: { cluster: 'prod' }, responseElements: null,
    userIdentity: { type: 'IAMUser', userName: 'deploy', accountId: '111122223333', arn: 'arn:aws:iam::111122223333:user/deploy', accessKeyId: 'AKIAEXAMPLE000000001' },
  };
  writeFileSync(join(work, 'inbox', `${number}.json`), JSON.stringify({ Records: [record] }));
}

interface Running {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

/** Starts `whoran run` with sources of these ids. */
function start(ids: readonly string[], args: readonly string[] = [], more = ''): Running {
  const config = join(work, 'whoran.yaml');
  const sources = ids.map((id) => `  - { type: files, id: ${id}, path: ${join(work, 'inbox')} }\n`).join('');
  writeFileSync(config, `sources:\n${sources}run:\n  dead_man_url: \${DEAD_MAN}\n${more}`);
  const child = spawn(process.execPath, [program, 'run', '--data', data, '--config', config, ...args], {
    cwd: work, stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '', DEAD_MAN: `http://127.0.0.1:${(deadMan.address() as AddressInfo).port}/${SECRET}`, AZURE_CLIENT_SECRET: SECRET, AWS_SECRET_ACCESS_KEY: `${SECRET}/aws`,
    },
  });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (piece: Buffer) => { out += piece.toString(); });
  child.stderr.on('data', (piece: Buffer) => { err += piece.toString(); });
  return { child, out: () => out, err: () => err, ended: new Promise((resolve) => child.on('close', (code) => { resolve(code); })) };
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    if (await isSo()) return;
    await sleep(50);
  }
  throw new Error(`never: ${what}`);
}

const isLockFree = async (): Promise<void> => {
  (await openWriter(data)).close();
};

test('once: exit code 0, a document, a log of JSON lines, the ping; again: nothing new', async () => {
  deliver(1);
  const first = start(['inbox'], ['--json']);
  expect(await first.ended, first.err()).toBe(0);
  expect(JSON.parse(first.out())).toMatchObject({ schema: 'whoran.run/1', trigger: 'command', outcome: 'done', is_changed: true, sources: [{ source: 'inbox', outcome: 'ok', landed: 1, records: { new: 1 } }] });
  const lines = first.err().trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(new Set(lines.map((line) => line['run_id'])).size).toBe(1);
  expect(lines).toContainEqual(expect.objectContaining({ message: 'source pulled', source: 'inbox', outcome: 'ok', landed: 1 }));
  expect(pings).toEqual([`/${SECRET}`]);
  const second = start(['inbox']);
  expect(await second.ended).toBe(0);
  expect(second.out()).toMatch(/Run done in .*: nothing new, nothing changed\./);
}, 60_000);

test('a part that failed: exit code 1, named; another writer: 3; nothing to pull, or a wrong schedule: 2', async () => {
  deliver(1);
  const partial = start(['inbox', 'telling']);
  expect(await partial.ended).toBe(1);
  expect(partial.out()).toMatch(/Run done in part.*1 new record, published/);
  expect(partial.out()).toMatch(/source telling/);
  expect(pings).toEqual([`/${SECRET}/fail`]);
  const status = JSON.parse(execFileSync(process.execPath, [program, 'status', '--json', '--data', data], { encoding: 'utf8' })) as Record<string, unknown>;
  expect(status).toMatchObject({ last_run: { outcome: 'partial' }, live: [{ source: 'inbox', last_error: null, cursor_age_seconds: expect.any(Number) as number }, { source: 'telling', last_error: { message: expect.stringContaining('[hidden]') as string } }] });
  const writer = await openWriter(data);
  const locked = start(['inbox']);
  expect(await locked.ended).toBe(3);
  writer.close();
  expect(await start(['inbox'], ['--schedule', '99 * * * *']).ended).toBe(2);
  expect(await start(['inbox'], ['--metrics', '0']).ended).toBe(2);
  expect(await start([], []).ended).toBe(2);
}, 90_000);

test('no secret gets out, whatever a source tells: not to a log, the record, or the terminal', async () => {
  deliver(1);
  for (const form of ['json', 'human']) {
    const run = start(['telling'], ['--log', form, '--log-level', 'debug', ...(form === 'json' ? ['--json'] : [])]);
    expect(await run.ended).toBe(1);
    expect(run.err().length).toBeGreaterThan(500);
    for (const text of [run.out(), run.err()]) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain('\u001b');
      expect(text).toContain('telling');
    }
  }
  for (const name of readdirSync(join(data, 'landing')).filter((one) => one.endsWith('.jsonl'))) expect(readFileSync(join(data, 'landing', name), 'utf8')).not.toContain(SECRET);
}, 60_000);

describe('SIGTERM', () => {
  test('while a source hangs: over in time, recorded as interrupted, the lock free, nothing lost', async () => {
    deliver(1);
    const run = start(['hanging'], ['--log-level', 'debug']);
    await until('the source hangs', () => run.err().includes('"landed"'));
    const began = Date.now();
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(1);
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(readRuns(data).at(-1)?.ended?.outcome).toBe('interrupted');
    expect(pings).toEqual([]);
    await isLockFree();
    const next = start(['inbox'], ['--json']);
    expect(await next.ended).toBe(0);
    expect(JSON.parse(next.out())).toMatchObject({ is_changed: true });
  }, 60_000);

  test('to a daemon that waits: exit code 0 at once', async () => {
    const daemon = start(['inbox'], ['--schedule', '0 0 1 1 *']);
    await until('it waits', () => daemon.err().includes('waiting for the next run'));
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(daemon.err()).toContain('"message":"stopped"');
  }, 60_000);
});

test('a daemon: makes up for what was missed, runs when it is due, serves metrics and health, survives a lock', async () => {
  deliver(1);
  const daemon = start(['inbox'], ['--schedule', '*/2 * * * * *', '--metrics', '0', '--json']);
  await until('it has run twice', () => daemon.out().split('\n').length > 2);
  const documents = daemon.out().trimEnd().split('\n').map((line) => JSON.parse(line) as { trigger: string; outcome: string; is_changed: boolean });
  expect(documents[0]).toMatchObject({ outcome: 'done', is_changed: true });
  expect(documents[1]).toMatchObject({ outcome: 'done' });
  const port = Number(/"port":(\d+)/.exec(daemon.err())?.[1]);
  const get = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
  const metrics = await (await get('/metrics')).text();
  expect(metrics).toMatch(/^whoran_source_lag_seconds\{source="inbox"\} \d+/m);
  expect(metrics).toMatch(/^whoran_source_landed_total\{source="inbox"\} 1$/m);
  expect(metrics).toMatch(/^whoran_runs_total\{outcome="done"\} [2-9]/m);
  expect(metrics).toMatch(/^whoran_store_bytes\{part="landing"\} [1-9]\d+$/m);
  expect((await get('/healthz')).status).toBe(200);
  expect(await (await get('/readyz')).json()).toMatchObject({ status: 'ready', last_run_outcome: 'done' });
  // Between two runs somebody else writes for a while.
  let writer: Awaited<ReturnType<typeof openWriter>> | undefined;
  await until('the folder is had', async () => {
    writer = await openWriter(data).catch(() => undefined);
    return writer !== undefined;
  });
  await until('the daemon says so', () => daemon.err().includes('held by another writer'));
  writer?.close();
  expect((await get('/healthz')).status).toBe(200);
  daemon.child.kill('SIGTERM');
  expect(await daemon.ended).toBe(0);
  expect(readRuns(data).every(({ ended }) => ended?.outcome === 'done')).toBe(true);
}, 90_000);
