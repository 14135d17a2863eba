import { mkdir, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile, appendFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { filesSchema } from '../config/sources/files.ts';
import { files } from './files.ts';
import { parseSeen, seenText } from './files/seen-files.ts';
import type { SourceError, CheckResult, SourceEvent, Step, Window } from './source.ts';

const NOW = Date.parse('2026-03-08T10:30:00Z');
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

interface Rig {
  readonly folder: string;
  /** Writes a file that changed so many seconds before now. */
  readonly write: (name: string, text: string | Buffer, age?: number) => Promise<string>;
  readonly pull: (options?: { stopAfter?: number; backfill?: Window; skipped?: string; path?: string }) => Promise<{ steps: Step[]; error: unknown; texts: Record<string, string> }>;
  readonly check: () => Promise<CheckResult[]>;
  readonly cursor: () => string | undefined;
  readonly told: SourceEvent[];
}

async function rig(): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'whoran-files-'));
  folders.push(folder);
  const cursors = new Map<string, string>();
  const told: SourceEvent[] = [];
  const effects = { now: () => new Date(NOW), sleep: async () => Promise.resolve(), random: () => 0.5, tell: (event: SourceEvent) => told.push(event), signal: new AbortController().signal };
  const config = filesSchema.parse({ id: 'inbox', type: 'files', path: folder });
  return {
    folder,
    told,
    cursor: () => cursors.get('files'),
    write: async (name, text, age = 3600) => {
      const path = join(folder, name);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, text);
      await utimes(path, (NOW - age * 1000) / 1000, (NOW - age * 1000) / 1000);
      return path;
    },
    pull: async ({ stopAfter = Infinity, backfill, skipped, path } = {}) => {
      const steps: Step[] = [];
      let error: unknown;
      try {
        for await (const step of files({ ...config, ...(path === undefined ? {} : { path }) }, skipped === undefined ? {} : { skipped }).pull({ ...effects, cursors: new Map(cursors), ...(backfill ? { backfill } : {}) })) {
          steps.push(step);
          if (steps.length > stopAfter) break;
          if (step.cursor !== undefined) cursors.set(step.stream, step.cursor);
        }
      } catch (thrown) {
        error = thrown;
      }
      const texts = Object.fromEntries(steps.flatMap(({ delivered }) => delivered.map(({ origin, bytes }) => [origin.slice(folder.length + 1), bytes.toString()])));
      return { steps, error, texts };
    },
    check: async () => {
      const results: CheckResult[] = [];
      for await (const result of files(config).check(effects)) results.push(result);
      return results;
    },
  };
}

describe('a watched folder', () => {
  it('delivers new and changed files once each', async () => {
    const { write, pull } = await rig();
    await write('a.json', 'one');
    await write('below/b.json', 'two');
    expect((await pull()).texts).toEqual({ 'a.json': 'one', 'below/b.json': 'two' });
    expect((await pull()).steps).toEqual([]);
    await write('a.json', 'One', 1800);
    await write('c.json', 'three', 86_400 * 365);
    expect((await pull()).texts).toEqual({ 'a.json': 'One', 'c.json': 'three' });
    expect((await pull()).steps).toEqual([]);
  });

  it('finds old files that are moved in, one by one and as a folder', async () => {
    const { write, pull, folder } = await rig();
    const elsewhere = await mkdtemp(join(tmpdir(), 'whoran-files-'));
    folders.push(elsewhere);
    await write('a.json', 'one');
    await mkdir(join(elsewhere, 'old'));
    await writeFile(join(elsewhere, 'old/x.json'), 'x');
    await utimes(join(elsewhere, 'old/x.json'), 1, 1);
    await pull();
    await rename(join(elsewhere, 'old'), join(folder, 'old'));
    expect((await pull()).texts).toEqual({ 'old/x.json': 'x' });
  });

  it('lets a file that is still being written wait', async () => {
    const { write, pull, told } = await rig();
    const path = await write('a.json', 'half', 2);
    expect((await pull()).steps).toEqual([]);
    expect(told).toContainEqual({ kind: 'progress', stream: 'files', message: '1 files are still being written, and wait for the next pull' });
    await appendFile(path, ' and whole');
    await utimes(path, NOW / 1000 - 6, NOW / 1000 - 6);
    expect((await pull()).texts).toEqual({ 'a.json': 'half and whole' });
  });

  it('takes a file from a clock that is ahead', async () => {
    const { write, pull } = await rig();
    await write('a.json', 'ahead', -3600);
    expect((await pull()).texts).toEqual({ 'a.json': 'ahead' });
    expect((await pull()).steps).toEqual([]);
  });

  it('reads a rotated file and the one that takes its place, and one that was cut', async () => {
    const { write, pull, folder } = await rig();
    const log = await write('app.log', 'first');
    const cut = await write('cut.log', 'long text');
    await pull();
    await rename(log, join(folder, 'app.log.1'));
    await write('app.log', 'second', 60);
    await truncate(cut, 4);
    await utimes(cut, NOW / 1000 - 60, NOW / 1000 - 60);
    // The rotated one has another name: its bytes are known, and land once.
    expect((await pull()).texts).toEqual({ 'app.log': 'second', 'app.log.1': 'first', 'cut.log': 'long' });
    expect((await pull()).steps).toEqual([]);
  });

  it('forgets deleted files, and reads no other for it', async () => {
    const { write, pull, folder, cursor } = await rig();
    for (let index = 0; index < 50; index += 1) await write(`${index}.json`, `text ${index}`);
    await pull();
    const before = cursor()!.length;
    for (let index = 0; index < 40; index += 1) await rm(join(folder, `${index}.json`));
    expect((await pull()).texts).toEqual({});
    expect(cursor()!.length).toBeLessThan(before / 3);
    expect((await pull()).steps).toEqual([]);
    await write('0.json', 'text 0');
    expect((await pull()).texts).toEqual({ '0.json': 'text 0' });
  });

  it('follows links to files, not to folders, and leaves out the data folder', async () => {
    const { write, pull, folder, told } = await rig();
    const elsewhere = await mkdtemp(join(tmpdir(), 'whoran-files-'));
    folders.push(elsewhere);
    await writeFile(join(elsewhere, 'x.json'), 'linked');
    await write('data/landing/y.json', 'own');
    await utimes(join(elsewhere, 'x.json'), NOW / 1000 - 60, NOW / 1000 - 60);
    await symlink(join(elsewhere, 'x.json'), join(folder, 'link.json'));
    await symlink(elsewhere, join(folder, 'out'));
    await symlink(folder, join(folder, 'round'));
    await symlink(join(elsewhere, 'gone'), join(folder, 'nowhere'));
    const { texts, error } = await pull({ skipped: join(folder, 'data') });
    expect(texts).toEqual({ 'link.json': 'linked' });
    expect(told.filter(({ kind }) => kind === 'warning')).toEqual([expect.objectContaining({ message: expect.stringContaining('/out;') as string })]);
    expect((error as SourceError).failures[0]!.message).toContain('nowhere (ENOENT)');
  });

  it.skipIf(process.getuid?.() === 0)('names what it may not read, reads the rest, and reads it once it may', async () => {
    const { write, pull } = await rig();
    const secret = await write('a.json', 'secret');
    await write('b.json', 'open');
    await chmod(secret, 0);
    const { texts, error } = await pull();
    expect(texts).toEqual({ 'b.json': 'open' });
    expect((error as SourceError).failures[0]).toMatchObject({ stream: 'files', message: expect.stringContaining('a.json (EACCES)') as string });
    await chmod(secret, 0o600);
    expect((await pull()).texts).toEqual({ 'a.json': 'secret' });
  });

  it('names what is no file and what is too large, harmlessly, and reads the rest', async () => {
    const { write, pull, folder, check } = await rig();
    await truncate(await write('la\u001b[31mrge.json', ''), 256 * 1024 * 1024 + 1);
    await utimes(join(folder, 'la\u001b[31mrge.json'), 1, 1);
    await write('b.json', 'open');
    const { texts, error } = await pull();
    expect(texts).toEqual({ 'b.json': 'open' });
    const [failure] = (error as SourceError).failures;
    expect(failure!.message).toContain('la\\u001b[31mrge.json (268435457 bytes: files of more than 268435456 are not pulled)');
    expect(failure!.hint).toContain('whoran ingest PATH');
    expect((await check()).map(({ outcome }) => outcome)).toEqual(['ok', 'failed']);
  });

  it('says what is wrong with the folder', async () => {
    const { pull, folder, write } = await rig();
    await write('file', 'x');
    expect(((await pull({ path: join(folder, 'nowhere') })).error as SourceError).failures[0]).toMatchObject({ hint: 'Make the folder, mount it, or correct `path`.' });
    expect(((await pull({ path: join(folder, 'file') })).error as SourceError).failures[0]).toMatchObject({ hint: 'Name a folder in `path`, not a file.' });
  });

  it('closes steps at 8 MiB, and a pull that is stopped at any of them loses nothing', async () => {
    const three = 3 * 1024 * 1024;
    const { write, folder } = await rig();
    for (let index = 0; index < 7; index += 1) await write(`${index}.bin`, Buffer.alloc(three, index + 1));
    for (let stopAfter = 0; stopAfter < 4; stopAfter += 1) {
      const { pull } = await rig();
      const first = await pull({ stopAfter, path: folder });
      const second = await pull({ path: folder });
      const kept = first.steps.slice(0, stopAfter);
      expect(first.steps.every(({ delivered }) => delivered.length <= 2)).toBe(true);
      const origins = new Set([...kept, ...second.steps].flatMap(({ delivered }) => delivered.map(({ origin }) => origin)));
      expect(origins.size).toBe(7);
      expect((await pull({ path: folder })).steps).toEqual([]);
    }
  });

  it('closes steps of many small files too, and writes few cursors for them', async () => {
    const { write, pull } = await rig();
    for (let index = 0; index < 1_700; index += 1) await write(`${index}.json`, '{}');
    const { steps } = await pull();
    expect(steps.map(({ delivered }) => delivered.length)).toEqual([500, 500, 500, 200]);
    expect(steps.at(-1)!.cursor).toBeDefined();
    expect((await pull()).steps).toEqual([]);
  });

  it('backfills what changed within a window, and says no cursor', async () => {
    const { write, pull, cursor } = await rig();
    await write('a.json', 'before', 7200);
    await write('b.json', 'within', 3600);
    await write('c.json', 'after', 1800);
    await pull();
    const kept = cursor();
    const { texts, steps } = await pull({ backfill: { from: new Date(NOW - 3_600_000), to: new Date(NOW - 1_800_000) } });
    expect(texts).toEqual({ 'b.json': 'within' });
    expect(steps.every((step) => step.cursor === undefined)).toBe(true);
    expect(cursor()).toBe(kept);
  });
});

describe('the cursor', () => {
  it('holds any set of identities', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 48 - 1 }), { maxLength: 200 }), (identities) => {
      expect([...parseSeen(seenText(new Set(identities)))!].sort((a, b) => a - b)).toEqual([...identities].sort((a, b) => a - b));
    }));
  });

  it('of 100,000 files is less than 700 kB, and is read in no time', () => {
    const identities = new Set(Array.from({ length: 100_000 }, (_, index) => (index * 2_654_435_761_123) % 2 ** 48));
    const text = seenText(identities);
    expect(text.length).toBeLessThan(700_000);
    expect(parseSeen(text)!.size).toBe(identities.size);
  });

  it('of another form begins anew', () => {
    expect(parseSeen('2:abc')).toBeUndefined();
    expect(parseSeen('1:ab{}')).toBeUndefined();
  });
});
