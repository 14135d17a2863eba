import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { doctorLines } from '../cli/print/doctor.ts';
import { styleFor } from '../cli/print/style.ts';
import { configSchema, type ConfigSpec } from '../config/config.ts';
import type { CheckResult, Source } from '../sources/source.ts';
import { openWriter } from '../store/writer.ts';
import { bringUpToDate } from './bring-up-to-date.ts';
import type { DoctorCheck } from './doctor-checks.ts';
import { runDoctor, type Doctor, type DoctorOptions } from './doctor.ts';
import { ingest } from './ingest.ts';

const GIB = 1024 ** 3;
const GROUPS = [{ name: '/whoran/ecs-events', holds: 'ecs_events' as const }];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-doctor-'));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

/** A source whose check is this. */
function checking(id: string, check: (signal: AbortSignal) => AsyncGenerator<CheckResult>): Source {
  return {
    id, type: 'double', streams: [],
    async *pull() { yield await Promise.reject(new Error('doctor pulls nothing')); },
    check: ({ signal }) => check(signal),
  };
}

async function examined(config: ConfigSpec, options: Partial<DoctorOptions> = {}, data = join(folder, 'data')): Promise<Doctor> {
  return runDoctor(data, configSchema.parse(config), {
    effects: { now: () => new Date(), sleep: async () => Promise.resolve(), random: () => 0.5 },
    signal: new AbortController().signal,
    folder: { freeBytes: async () => Promise.resolve(100 * GIB) },
    makeSource: async ({ id }) => Promise.resolve(checking(id, async function* () { yield await Promise.resolve({ what: 'be there', outcome: 'ok', found: 'it is' }); })),
    ...options,
  });
}

const of = (doctor: Doctor, area: DoctorCheck['area']): DoctorCheck[] => doctor.checks.filter((check) => check.area === area);

describe('the data folder', () => {
  test('one that is not there can be made, and isn\'t', async () => {
    const doctor = await examined({});
    expect(of(doctor, 'data').map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    expect(doctor.fit).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('one that others may read is unfit, and the command that closes it is named', async () => {
    chmodSync(folder, 0o755);
    const doctor = await examined({}, {}, folder);
    expect(doctor.fit).toBe(false);
    expect(of(doctor, 'data')[1]).toMatchObject({ outcome: 'missing', fix: `chmod -R go= ${folder}` });
    chmodSync(folder, 0o700);
    mkdirSync(join(folder, 'landing'), { mode: 0o700 });
    writeFileSync(join(folder, 'landing/ledger.jsonl'), '', { mode: 0o644 });
    writeFileSync(join(folder, 'writer.lock'), '', { mode: 0o644 });
    expect(of(await examined({}, {}, folder), 'data')[1]).toMatchObject({ outcome: 'warning', found: expect.stringContaining('ledger.jsonl') as string });
    rmSync(join(folder, 'landing'), { recursive: true });
    expect(of(await examined({}, {}, folder), 'data')[1]).toMatchObject({ outcome: 'ok' });
    expect(readdirSync(folder)).toEqual(['writer.lock']);
  });

  test('a file in its place is told', async () => {
    writeFileSync(join(folder, 'data'), '');
    expect(of(await examined({}), 'data')[0]).toMatchObject({ outcome: 'failed', found: expect.stringContaining('it is a file') as string });
  });

  test('a disk without room for twice the database and a GiB is told', async () => {
    const [, , room] = of(await examined({}, { folder: { freeBytes: async () => Promise.resolve(GIB / 2) } }, folder), 'data');
    expect(room).toMatchObject({ outcome: 'missing', found: '0.5 GiB free; a run may need 1.0 GiB (2 times the database, and 1.0 GiB)' });
  });
});

describe('sources', () => {
  const TWO: ConfigSpec = { sources: [{ type: 'files', id: 'first', path: '.' }, { type: 'files', id: 'second', path: '.' }, { type: 'files', id: 'off', path: '.', enabled: false }] };

  test('each is asked in turn, and what it says is repeated with its name', async () => {
    const asked: string[] = [];
    const doctor = await examined(TWO, {
      makeSource: async ({ id }) => Promise.resolve(checking(id, async function* () {
        asked.push(id);
        yield await Promise.resolve({ what: 'read objects', outcome: 'missing', found: 'AccessDenied', fix: 's3:GetObject on arn:aws:s3:::example/*' });
        yield { what: 'list objects', outcome: 'ok', found: '3' };
      })),
    });
    expect(asked).toEqual(['first', 'second']);
    expect(of(doctor, 'source').map(({ source, what, outcome, fix }) => [source, what, outcome, fix])).toEqual([
      ['first', 'read objects', 'missing', 's3:GetObject on arn:aws:s3:::example/*'],
      ['first', 'list objects', 'ok', null],
      ['second', 'read objects', 'missing', 's3:GetObject on arn:aws:s3:::example/*'],
      ['second', 'list objects', 'ok', null],
      ['off', 'try it', 'not_tried', 'whoran doctor --source off tries it all the same.'],
    ]);
    expect(doctor).toMatchObject({ fit: false, counts: { missing: 2 } });
  });

  test('one that hangs, obeys no signal and later fails, costs its deadline and no more', async () => {
    let wasTold = false;
    const doctor = await examined(TWO, {
      deadlineMs: 50,
      makeSource: async ({ id }) => Promise.resolve(id === 'second' ? checking(id, async function* () { yield await Promise.resolve({ what: 'be there', outcome: 'ok', found: '' }); }) : checking(id, async function* (signal) {
        yield await Promise.resolve({ what: 'begin', outcome: 'ok', found: '' });
        signal.addEventListener('abort', () => { wasTold = true; });
        await new Promise((resolve) => { setTimeout(resolve, 120); });
        throw new Error('too late to matter');
      })),
    });
    expect(of(doctor, 'source').map(({ source, what, outcome }) => [source, what, outcome]).slice(0, 3)).toEqual([
      ['first', 'begin', 'ok'], ['first', 'answer in time', 'failed'], ['second', 'be there', 'ok'],
    ]);
    expect(wasTold).toBe(true);
    await new Promise((resolve) => { setTimeout(resolve, 150); });
  });

  test('one that throws, or can\'t be made, does not stop the others', async () => {
    const doctor = await examined(TWO, {
      makeSource: async ({ id }) => (id === 'first' ? Promise.reject(new Error('no module')) : Promise.resolve(checking(id, async function* () { yield await Promise.reject(new Error('unlucky')); }))),
    });
    expect(of(doctor, 'source').map(({ outcome, found }) => [outcome, found])).toEqual([['failed', 'no module'], ['failed', 'unlucky'], ['not_tried', 'it is not enabled']]);
  });

  test('--source tries one, enabled or not, and leaves out what is landed', async () => {
    const doctor = await examined(TWO, { only: 'off' });
    expect(of(doctor, 'source')).toMatchObject([{ source: 'off', outcome: 'ok' }]);
    expect(of(doctor, 'landed')).toEqual([]);
  });

  test('an interrupt ends it', async () => {
    const controller = new AbortController();
    const hung = examined(TWO, { signal: controller.signal, makeSource: async ({ id }) => Promise.resolve(checking(id, async function* () { controller.abort(new Error('interrupted')); yield await new Promise<CheckResult>(() => undefined); })) });
    await expect(hung).rejects.toThrow('interrupted');
  });

  test('a source\'s hostile words are inert where they are shown', async () => {
    const doctor = await examined(TWO, { makeSource: async ({ id }) => Promise.resolve(checking(id, async function* () { yield await Promise.resolve({ what: 'read', outcome: 'failed', found: 'no \u001b[31m\n\u202e', fix: 'grant \u0007it' }); })) });
    const text = doctorLines(doctor, { style: styleFor(false), columns: 80, commandOptions: '' }).join('\n');
    expect(text).toContain('Source first\n  failed     read: no \\u001b[31m\\n\\u202e\n             → grant \\u0007it');
    expect(text).toContain('Not fit: 2 failed');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('the clock', () => {
  let server: Server;
  let ahead = 0;
  beforeEach(async () => {
    server = createServer((_request, response) => {
      if (Number.isNaN(ahead)) response.sendDate = false;
      else response.setHeader('date', new Date(Date.now() + ahead).toUTCString());
      response.writeHead(403).end();
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  });
  afterEach(async () => {
    await new Promise((resolve) => { server.close(resolve); });
  });
  const config = (): ConfigSpec => ({ sources: [{ type: 'cloudwatch-logs', id: 'logs', region: 'eu-central-1', groups: GROUPS, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }] });

  test.each([[0, 'ok'], [-60_000, 'warning'], [600_000, 'failed'], [Number.NaN, 'warning']] as const)('a service that is %d ms ahead: %s', async (ms, outcome) => {
    ahead = ms;
    const [clock] = of(await examined(config()), 'clock');
    expect(clock).toMatchObject({ outcome, what: expect.stringContaining('clock against 127.0.0.1') as string });
    if (ms === 600_000) expect(clock?.found).toMatch(/^(599|600)\.\d s behind it/);
    if (Number.isNaN(ms)) expect(clock?.found).toBe('its answer has no Date');
  });

  test('a service that can\'t be reached is a warning: the source itself says what that means', async () => {
    const doctor = await examined({ sources: [{ type: 'cloudwatch-logs', id: 'logs', region: 'eu-central-1', groups: GROUPS, endpoint: 'http://127.0.0.1:1' }] });
    expect(of(doctor, 'clock')).toMatchObject([{ outcome: 'warning', found: expect.stringContaining('it can\'t be reached') as string }]);
  });
});

describe('configuration', () => {
  test('detections that are not there are named, with the nearest', async () => {
    const doctor = await examined({ detections: { session_without_signin: { enabled: false } } });
    expect(of(doctor, 'configuration')[0]).toMatchObject({ outcome: 'failed', found: expect.stringContaining('session_without_sign_in') as string });
  });
});

describe('what is landed', () => {
  test('nothing yet is said, and is no fault', async () => {
    const doctor = await examined({});
    expect(of(doctor, 'landed')).toMatchObject([{ outcome: 'not_tried', found: expect.stringContaining('nothing is ingested yet') as string }]);
    expect(doctor.fit).toBe(true);
  });

  test('a folder that was ingested and correlated is looked at', async () => {
    const record = { eventVersion: '1.11', eventID: 'e1', eventTime: '2026-01-15T09:00:00Z', eventName: 'ListTasks', eventSource: 'ecs.amazonaws.com', awsRegion: 'eu-central-1', recipientAccountId: '111122223333', userIdentity: { type: 'Root', accountId: '111122223333' } };
    writeFileSync(join(folder, 'trail.json'), JSON.stringify({ Records: [record] }));
    const config = configSchema.parse({ expected: { accounts: ['111122223333', '444455556666'], regions: ['eu-central-1'] } });
    const writer = await openWriter(join(folder, 'data'));
    await ingest(writer, [join(folder, 'trail.json')]);
    await bringUpToDate(writer, config);
    await writer.publishAndClose();
    const doctor = await examined(config, { effects: { now: () => new Date('2026-01-16T00:00:00Z'), sleep: async () => Promise.resolve(), random: () => 0 } });
    expect(of(doctor, 'landed').map(({ what, outcome, found }) => [what, outcome, found])).toEqual(
      expect.arrayContaining([
        ['every expected account was heard of in 30 days', 'missing', 'nothing came from 444455556666'],
        ['every expected region was heard of in 30 days', 'ok', 'eu-central-1'],
        ['sign-ins of every kind are landed', 'missing', 'no sign-in is landed'],
      ]),
    );
    expect(doctor.exact_join.map(({ way }) => way)).toContain('registry');
  });
});
