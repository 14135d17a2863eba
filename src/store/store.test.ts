import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../core/package-root.ts';
import { ingest } from '../pipeline/ingest.ts';
import { rebuild } from '../pipeline/rebuild.ts';
import { SCHEMA_VERSION, readManifest, type Manifest } from './manifest.ts';
import { openReader, type Reader } from './reader.ts';
import { WriterBusyError } from './writer-lock.ts';
import { openWriter, type Writer } from './writer.ts';

let folder: string;
let data: string;
const toClose: { close(): void }[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-store-'));
  data = join(folder, 'data');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const one of toClose.splice(0)) one.close();
  rmSync(folder, { recursive: true });
});

async function writing(options = {}): Promise<Writer> {
  const writer = await openWriter(data, options);
  toClose.push(writer);
  return writer;
}

async function reading(): Promise<Reader> {
  const reader = await openReader(data);
  toClose.push(reader);
  return reader;
}

/** A file with one event on a day of January 2026. */
function trail(n: number, day = 15): string {
  const path = join(folder, `trail-${n}.json`);
  const event = {
    eventID: `aaaaaaaa-0000-4000-8000-${String(n).padStart(12, '0')}`, eventTime: `2026-01-${day}T09:00:00Z`, eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks',
    recipientAccountId: '111122223333', userIdentity: { type: 'Root', accountId: '111122223333' },
  };
  writeFileSync(path, JSON.stringify({ Records: [event] }));
  return path;
}

/** Ingests one file and publishes, with the writer left open where asked. */
async function published(n: number): Promise<void> {
  const writer = await openWriter(data);
  await ingest(writer, [trail(n)]);
  await writer.publishAndClose();
}

const events = async ({ db }: Reader): Promise<number> => (await db.get<{ n: number }>('select count(*) as n from stg_events'))?.n ?? -1;
const store = (): string[] => readdirSync(join(data, 'store'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name).sort();

describe('one writer at a time', () => {
  test('a second one in this process is refused, with what to do; reading works', async () => {
    await published(1);
    await writing();
    await expect(openWriter(data)).rejects.toThrow(WriterBusyError);
    await expect(openWriter(join(data, '..', 'data'))).rejects.toMatchObject({
      exitCode: 3, message: expect.stringContaining('is held by another writer (this process)') as string, hint: expect.stringMatching(/Wait until it ends.*ask, coverage, findings, status/) as string,
    });
    expect(await events(await reading())).toBe(1);
  });

  test('nor beside another process, whose number is told; its death lets go', async () => {
    mkdirSync(data);
    const script = `
      const { DuckDBInstance } = await import('@duckdb/node-api');
      const held = await DuckDBInstance.create(${JSON.stringify(join(data, 'writer.lock'))});
      console.log('held');
      setInterval(() => held, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: packageRoot(), stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await once(child.stdout, 'data');
    await expect(openWriter(data)).rejects.toMatchObject({ exitCode: 3, message: `${data} is held by another writer (process ${child.pid})` });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await writing()).repairs).toEqual([]);
  });

  test.each(['', 'half a head'])('a lock file that a crash cut short (%j) is made again', async (content) => {
    mkdirSync(data);
    writeFileSync(join(data, 'writer.lock'), content);
    await writing();
    await expect(openWriter(data)).rejects.toThrow(WriterBusyError);
  });

  test('what cannot be a data folder is no lock', async () => {
    writeFileSync(data, '');
    await expect(openWriter(data)).rejects.toMatchObject({ exitCode: 2, message: `${data}: it is a file, and a folder is needed` });
  });
});

describe('publishing', () => {
  test('shows everything at once, and nothing before', async () => {
    await expect(openReader(data)).rejects.toMatchObject({ exitCode: 2, message: `${data}: nothing is ingested yet` });
    const writer = await writing();
    await ingest(writer, [trail(1)]);
    await expect(openReader(data)).rejects.toMatchObject({ message: `${data}: nothing is ingested yet` });
    const first = await writer.publish();
    expect(first).toMatchObject({ schema_version: SCHEMA_VERSION, publication: 1, staged_through_seq: 1, state: 'state-1.duckdb' });
    const before = await reading();
    await ingest(writer, [trail(2, 16)]);
    expect(await events(await reading())).toBe(1);
    await writer.publish();
    expect(before.isCurrent()).toBe(false);
    expect(await events(before)).toBe(1);
    expect(await events(await reading())).toBe(2);
  });

  test('that is not done is dropped, and its landed batches are staged by the next run', async () => {
    await published(1);
    const writer = await openWriter(data);
    await ingest(writer, [trail(2)]);
    writer.close();
    expect(await events(await reading())).toBe(1);
    const next = await writing();
    const result = await ingest(next, [trail(3)]);
    expect(result.repairs).toEqual(['staged 1 batch(es) that a stopped run had landed']);
    expect(result.totals).toMatchObject({ read: 1, new: 1 });
    await next.publish();
    expect(await events(await reading())).toBe(3);
  });

  test('leaves the files of this publication and the one before, and nothing else', async () => {
    for (const n of [1, 2, 3]) await published(n);
    expect(store()).toEqual(['1-1.parquet', '2-1.parquet', '3-1.parquet', 'manifest.json', 'manifest.previous.json', 'state-2.duckdb', 'state-3.duckdb']);
    expect(readdirSync(join(data, 'tmp'))).toEqual([]);
  });

  test('removes what a killed run left, and says so', async () => {
    await published(1);
    const left = ['store/work.duckdb', 'store/work.duckdb.wal', 'store/state-2.duckdb', 'store/manifest.json.tmp', 'store/events/2026-01-15/2-1.parquet', 'store/events/2026-01-20/2-2.parquet', 'tmp/frames.ndjson'];
    mkdirSync(join(data, 'store/events/2026-01-20'));
    for (const name of left) writeFileSync(join(data, name), 'left');
    const writer = await writing();
    expect(writer.repairs).toEqual(['tmp: removed 1 file(s) of a stopped run', expect.stringContaining('dropped the unpublished work of a stopped run')]);
    for (const name of left.filter((one) => !one.includes('work'))) expect(existsSync(join(data, name)), name).toBe(false);
    expect(existsSync(join(data, 'store/events/2026-01-20'))).toBe(false);
    await writer.publishAndClose();
    expect(await events(await reading())).toBe(1);
  });

  test('keeps everybody else out of the folder', async () => {
    await published(1);
    for (const name of ['', 'landing', 'store', 'store/events', 'tmp']) expect((statSync(join(data, name)).mode & 0o777).toString(8), name).toBe('700');
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['writer.lock', 'manifest.json', 'state-1.duckdb', '1-1.parquet', 'ledger.jsonl']));
    for (const { parentPath, name } of files) expect((statSync(join(parentPath, name)).mode & 0o777).toString(8), name).toBe('600');
  });
});

describe('a data folder that is not as it should be', () => {
  const alter = (change: (manifest: Manifest) => string): void => {
    const path = join(data, 'store', 'manifest.json');
    writeFileSync(path, change(JSON.parse(readFileSync(path, 'utf8')) as Manifest));
  };

  test.each([
    ['of another version', (manifest: Manifest) => JSON.stringify({ ...manifest, schema_version: 99 }), /schema version 99; this program reads version \d+$/],
    ['with a damaged manifest', () => '{"publication":', /manifest\.json is damaged$/],
    ['with a manifest of something else', () => '[]', /manifest\.json is damaged$/],
  ])('%s is refused by readers and writers, and rebuilt', async (_what, change, message) => {
    await published(1);
    alter(change);
    for (const opening of [openReader(data), openWriter(data)]) {
      await expect(opening).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(message) as string, hint: expect.stringContaining('whoran rebuild') as string });
    }
    const writer = await rebuild(data);
    await writer.publishAndClose();
    expect(await events(await reading())).toBe(1);
    expect(readManifest(data)?.schema_version).toBe(SCHEMA_VERSION);
  });

  test('whose landed bytes were altered is not rebuilt from them', async () => {
    await published(1);
    const batch = join(data, 'landing/batches/000000001.batch');
    writeFileSync(batch, readFileSync(batch, 'utf8').replace('ListTasks', 'StopTasks'));
    await expect(rebuild(data)).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('000000001.batch is not what was landed') as string });
    expect(await events(await reading())).toBe(1);
  });
});
