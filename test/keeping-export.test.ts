/**
 * Export, backup and import: what comes out of an import answers as what went in; an export that is not what it says puts nothing in place;
 * and a copy made while somebody writes is a prefix, whole.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Landing } from '../src/landing/landing.ts';
import { appendDecisions } from '../src/landing/journal.ts';
import { exportData } from '../src/pipeline/export.ts';
import { importData } from '../src/pipeline/import.ts';
import { rebuild } from '../src/pipeline/rebuild.ts';
import { stage } from '../src/pipeline/stage.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';
import { stagedOutcome } from './staged-outcome.ts';

const NOW = new Date('2026-02-01T00:00:00Z');
const OPTIONS = { now: NOW, version: '0.0.0' };
let folder: string;
let data: string;

/** One CloudTrail record, made up. */
function record(number: number): string {
  return JSON.stringify({
    eventVersion: '1.11', userIdentity: { type: 'IAMUser', principalId: 'AIDAEXAMPLE', arn: 'arn:aws:iam::111122223333:user/ada', accountId: '111122223333', accessKeyId: 'AKIAEXAMPLEEXAMPLE00', userName: 'ada' },
    eventTime: `2026-01-15T10:${String(number % 60).padStart(2, '0')}:00Z`, eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks', awsRegion: 'eu-central-1', sourceIPAddress: '192.0.2.7', userAgent: 'test',
    requestParameters: null, responseElements: null, eventID: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`, readOnly: true, eventType: 'AwsApiCall', managementEvent: true, recipientAccountId: '111122223333', eventCategory: 'Management',
  });
}

async function landOne(landing: Landing, number: number): Promise<void> {
  await landing.land({ source: 'files', form: 'file', origin: `logs/${number}.json`, bytes: Buffer.from(`${record(number)}\n`) });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-export-'));
  data = join(folder, 'data');
  const writer = await openWriter(data, { threads: 1 });
  for (let number = 1; number <= 3; number++) await landOne(writer.landing, number);
  appendDecisions(data, NOW.toISOString(), [{ by: 'ada', action: 'finding.note', subject: 'f', reason: 'r', detail: {} }]);
  await stage(writer);
  await writer.publishAndClose();
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function outcomeOf(of: string): Promise<Record<string, string[]>> {
  const reader = await openReader(of);
  try {
    return await stagedOutcome(reader.db);
  } finally {
    reader.close();
  }
}

/** Every file of landing, by path, but those that are made again. */
function landingOf(of: string): Record<string, string> {
  const at = join(of, 'landing');
  const names = readdirSync(at, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && !['digests.bin', 'pulls-newest.json'].includes(entry.name));
  return Object.fromEntries<string>(names.map((entry): [string, string] => [join(entry.parentPath, entry.name).slice(at.length), readFileSync(join(entry.parentPath, entry.name), 'base64')]).filter(([, text]) => text !== '').sort());
}

describe.each(['export', 'export.zip'])('as %s', (name) => {
  test('what comes out is what went in, tightly kept', async () => {
    const out = join(folder, `whole-${name}`);
    const exported = await exportData(data, out, OPTIONS);
    expect(exported.logs['ledger.jsonl'].lines).toBe(3);
    const restored = join(folder, `restored-${name}`);
    expect(await importData(out, restored)).toMatchObject({ batches: 3, batches_before: 0 });
    expect(landingOf(restored)).toEqual(landingOf(data));
    const writer = await rebuild(restored, { threads: 1 });
    await writer.publishAndClose();
    expect(await outcomeOf(restored)).toEqual(await outcomeOf(data));
    for (const of of [restored, ...(statSync(out).isDirectory() ? [out] : [])]) {
      for (const entry of readdirSync(of, { recursive: true, withFileTypes: true })) {
        const { mode } = lstatSync(join(entry.parentPath, entry.name));
        expect([entry.name, mode & 0o077]).toEqual([entry.name, 0]);
      }
    }
    if (!statSync(out).isDirectory()) expect(statSync(out).mode & 0o077).toBe(0);
    await expect(exportData(data, out, OPTIONS)).rejects.toThrow('is there already');
  });
});

describe('an export that is not what it says', () => {
  const damages: Record<string, (out: string) => void> = {
    'a delivery changed': (out) => { flip(join(out, 'landing/batches/000000002.batch')); },
    'a delivery cut': (out) => { truncateSync(join(out, 'landing/batches/000000002.batch'), 5); },
    'a delivery gone': (out) => { rmSync(join(out, 'landing/batches/000000002.batch')); },
    'a file too many': (out) => { writeFileSync(join(out, 'landing/batches/000000009.batch'), 'x'); },
    'the ledger changed': (out) => { flip(join(out, 'landing/ledger.jsonl')); },
    'the journal gone': (out) => { rmSync(join(out, 'landing/journal.jsonl')); },
    'the list changed': (out) => { flip(join(out, 'files.jsonl')); },
    'a link for a file': (out) => {
      renameSync(join(out, 'landing/batches/000000002.batch'), join(folder, 'elsewhere'));
      symlinkSync(join(folder, 'elsewhere'), join(out, 'landing/batches/000000002.batch'));
    },
    'a link for a folder': (out) => {
      renameSync(join(out, 'landing/batches'), join(folder, 'elsewhere-batches'));
      symlinkSync(join(folder, 'elsewhere-batches'), join(out, 'landing/batches'));
    },
    'a path that leads out': (out) => { relist(out, (line) => line.replace('landing/batches/000000002.batch', 'landing/batches/../../../000000002.batch')); },
    'a delivery left out, list and all': (out) => {
      rmSync(join(out, 'landing/batches/000000002.batch'));
      relist(out, (line) => (line.includes('000000002.batch') ? '' : line));
    },
    'the ledger rolled back, list and all': (out) => {
      const path = join(out, 'landing/ledger.jsonl');
      const text = readFileSync(path, 'utf8').split('\n').slice(0, 2).join('\n') + '\n';
      writeFileSync(path, text);
      relist(out, (line) => (line.includes('ledger.jsonl') ? JSON.stringify({ path: 'landing/ledger.jsonl', bytes: text.length, sha256: sha256(text) }) : line));
    },
  };

  test.each(Object.keys(damages))('%s: nothing is put in place', async (what) => {
    const out = join(folder, `damaged ${what}`);
    await exportData(data, out, OPTIONS);
    damages[what]?.(out);
    const target = join(folder, `target ${what}`);
    await expect(importData(out, target)).rejects.toMatchObject({ exitCode: 1 });
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes('.importing-'))).toEqual([]);
  });

  test('no export at all', async () => {
    await expect(importData(data, join(folder, 'none'))).rejects.toMatchObject({ exitCode: 2 });
    await expect(importData(join(folder, 'nowhere'), join(folder, 'none'))).rejects.toMatchObject({ exitCode: 2 });
  });
});

test('a folder of the same beginning gets the rest; any other is refused and stays', async () => {
  const early = join(folder, 'early');
  await exportData(data, early, OPTIONS);
  const grown = join(folder, 'grown');
  cpSync(data, grown, { recursive: true });
  const landing = Landing.open(grown);
  await landOne(landing, 4);
  landing.close();
  const late = join(folder, 'late');
  await exportData(grown, late, OPTIONS);
  const target = join(folder, 'standby');
  await importData(early, target);
  expect(await importData(late, target)).toMatchObject({ batches: 4, batches_before: 3 });
  expect(landingOf(target)).toEqual(landingOf(grown));
  const before = landingOf(target);
  await expect(importData(early, target)).rejects.toMatchObject({ exitCode: 2 });
  const other = join(folder, 'other');
  const own = Landing.open(other);
  await landOne(own, 9);
  own.close();
  await expect(importData(late, other)).rejects.toMatchObject({ exitCode: 2 });
  expect(landingOf(target)).toEqual(before);
  mkdirSync(join(folder, 'home'));
  writeFileSync(join(folder, 'home', 'letter.txt'), 'x');
  await expect(importData(late, join(folder, 'home'))).rejects.toMatchObject({ exitCode: 2 });
});

test('made while somebody lands: a whole prefix, that answers as that prefix', async () => {
  const busy = join(folder, 'busy');
  cpSync(data, busy, { recursive: true });
  const landing = Landing.open(busy);
  const stop = new AbortController();
  const landed = (async (): Promise<void> => {
    for (let number = 100; !stop.signal.aborted; number++) await landOne(landing, number);
  })();
  for (let round = 1; round <= 2; round++) {
    const out = join(folder, `busy-${round}.zip`);
    const { logs } = await exportData(busy, out, OPTIONS);
    const restored = join(folder, `busy-restored-${round}`);
    await importData(out, restored);
    const { lines } = logs['ledger.jsonl'];
    expect(readFileSync(join(busy, 'landing/ledger.jsonl')).indexOf(readFileSync(join(restored, 'landing/ledger.jsonl')))).toBe(0);
    const writer = await rebuild(restored, { threads: 1 });
    const row = await writer.db.get<{ events: number }>('select count(*) as events from stg_events');
    writer.close();
    expect(row?.events).toBe(lines);
  }
  stop.abort();
  await landed;
  landing.close();
});

test('a delivery that is altered or gone ends an export, and nothing is left of it', async () => {
  const broken = join(folder, 'broken');
  cpSync(data, broken, { recursive: true });
  flip(join(broken, 'landing/batches/000000002.batch'));
  const out = join(folder, 'broken-out');
  await expect(exportData(broken, out, OPTIONS)).rejects.toMatchObject({ exitCode: 1 });
  rmSync(join(broken, 'landing/batches/000000002.batch'));
  await expect(exportData(broken, out, OPTIONS)).rejects.toMatchObject({ exitCode: 1 });
  expect(readdirSync(folder).filter((name) => name.startsWith('broken-out'))).toEqual([]);
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf('"') + 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Changes the list and makes the manifest agree, as whoever means harm would. */
function relist(out: string, change: (line: string) => string): void {
  const path = join(out, 'files.jsonl');
  const lines = readFileSync(path, 'utf8').split('\n').map(change).filter((line) => line !== '');
  const text = lines.map((line) => `${line}\n`).join('');
  writeFileSync(path, text);
  const manifest = JSON.parse(readFileSync(join(out, 'whoran-export.json'), 'utf8')) as object;
  writeFileSync(join(out, 'whoran-export.json'), JSON.stringify({ ...manifest, files: lines.length, files_sha256: sha256(text) }));
}
