/**
 * Tampering with a data folder's landing: every kind of file in it, every class of change. By whom each is found: by `doctor`, which hashes everything; by each
 * run's `log_integrity_broken`, which doesn't; or, where whoever can write to the folder wrote it anew so that it follows from itself, by what
 * lies outside: a bundle (`verify --data`) or an export (`import` into the folder).
 */
import { hash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkAgainstData } from '../src/evidence/check-data.ts';
import { LogTree } from '../src/evidence/log-tree.ts';
import { batchRecords, treeOf } from '../src/evidence/record-tree.ts';
import { openAlertLog, type AlertEntry } from '../src/landing/alert-log.ts';
import { chainFaults, chainLineHash } from '../src/landing/chain-log.ts';
import { filingLine } from '../src/landing/filings.ts';
import { appendDecisions } from '../src/landing/journal.ts';
import { LandedBatches } from '../src/landing/landed-batches.ts';
import { LOGS, type LogName } from '../src/landing/landing-files.ts';
import { Landing } from '../src/landing/landing.ts';
import { readPulls } from '../src/landing/pull-log.ts';
import { RemovalRecord } from '../src/landing/removal-log.ts';
import { remove } from '../src/landing/removals.ts';
import { appendRun } from '../src/landing/run-log.ts';
import { exportData } from '../src/pipeline/export.ts';
import { importData } from '../src/pipeline/import.ts';
import { landingState } from '../src/pipeline/landing-faults.ts';
import { integrityFaults } from '../src/pipeline/watch-integrity.ts';
import type { Manifest } from '../src/verifier/manifest.ts';
import { altered, below, beside, chosen, CONTENT_CHANGES, kindsOf, Matrix, pick, seeded, TAMPER_ROUNDS, TAMPER_SEED } from './tampering.ts';

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^ledger\.jsonl$/, 'ledger'], [/^journal\.jsonl$/, 'journal (decisions, holds, filings)'], [/^pulls\.jsonl$/, 'pulls (cursors)'], [/^runs\.jsonl$/, 'runs'], [/^alerts\.jsonl$/, 'alerts'], [/^removals\.jsonl$/, 'removals'],
  [/^batches\/\d{9}\.batch$/, 'batch'], [/^batches\/\d{9}\.pack\.gz$/, 'pack'], [/^batches\/\d{9}\.index\.jsonl$/, 'pack index'], [/^leaves\/\d{9}\.leaves$/, 'leaves'],
  [/^digests\.bin$/, 'digests.bin'], [/^pulls-newest\.json$/, 'pulls-newest.json'],
];
/** No evidence, since it is made anew from the logs; yet what is wrong in it could make deliveries be left out. */
const MADE_ANEW = ['digests.bin', 'pulls-newest.json'];

const random = seeded(TAMPER_SEED);
const matrix = new Matrix();
const made = mkdtempSync(join(tmpdir(), 'whoran-tampering-landing-'));
const dataDir = join(made, 'data');
const otherDir = join(made, 'other');
const landing = join(dataDir, 'landing');
const at = (path: string): string => join(landing, path);
/** Heads as a bundle states them, and as an export lists them. */
let bundle: Manifest;
let exported: Readonly<Record<LogName, { readonly lines: number; readonly head_sha256: string | null }>>;
let kinds: Map<string, string[]>;

const filesOf = (root: string): string[] => readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();

const record = (name: string, number: number): string => JSON.stringify({
  eventVersion: '1.11', eventTime: `2026-01-15T10:00:${String(number).padStart(2, '0')}Z`, eventSource: 'ecs.amazonaws.com', eventName: 'RunTask', awsRegion: 'eu-central-1', sourceIPAddress: '192.0.2.7',
  eventID: `${hash('sha256', name, 'hex').slice(0, 8)}-0000-4000-8000-${String(number).padStart(12, '0')}`, eventType: 'AwsApiCall', recipientAccountId: '111122223333', eventCategory: 'Management',
});

/** A landing with everything in it: packs, files, a registry, pulls, runs, messages, decisions, a hold, a filed report, a removal. */
async function makeLanding(data: string, name: string): Promise<void> {
  const folder = join(data, 'landing');
  let minute = 0;
  const now = (): Date => new Date(Date.UTC(2026, 0, 15, 10, (minute += 1)));
  const open = Landing.open(data, { now });
  const covers = [{ of: 'cloudtrail', tenant_id: null, sign_in_kind: null, account_id: '111122223333', region: 'eu-central-1' }];
  for (let step = 1; step <= 4; step += 1) {
    const member = (number: number): { bytes: Buffer; origin: string; sha256: Buffer; rawBytes: number } => {
      const raw = Buffer.from(`{"Records":[${record(name, step * 10 + number)},${record(name, step * 10 + number + 1)}]}`);
      const bytes = gzipSync(raw);
      return { bytes, origin: `AWSLogs/${name}/${step}-${number}.json.gz`, sha256: hash('sha256', bytes, 'buffer'), rawBytes: raw.length };
    };
    await open.landPack(open.reserve(1)[0] ?? 0, [member(0), member(3)], 'trail', 's3');
    await open.land({ source: 'files', form: 'file', origin: `logs/${name}-${step}.json`, bytes: Buffer.from(`${record(name, step + 100)}\n${record(name, step + 200)}\n`) });
    open.pulls.append({ at: now().toISOString(), source: 'trail', stream: 's3', covers, window_from: '2026-01-15T09:00:00Z', window_to: '2026-01-15T10:00:00Z', cursor: `${name}/${step}`, complete_through: '2026-01-15T10:00:00Z', ledger_seq: open.lastSeq, delivered: 2, landed: 2, bytes: 100 });
    const run = { run_id: `${name}-${step}`, trigger: 'command', version: '0.1.0' } as const;
    appendRun(data, { ...run, kind: 'began', at: now().toISOString(), schedule: null, node: 'v20' }, { ...run, kind: 'ended', began_at: now().toISOString(), at: now().toISOString(), outcome: 'done', is_changed: true, sources: [], steps: [], findings: null, reports: [], failures: [] });
    const alerts = openAlertLog(data);
    const sent: AlertEntry[] = [{ kind: 'sending', at: now().toISOString(), key: `${name}-${step}`, attempt: 1 }, { kind: 'sent', at: now().toISOString(), key: `${name}-${step}`, attempt: 1, receipt: null }];
    alerts.append(sent);
    alerts.close();
    appendDecisions(data, now().toISOString(), [
      { by: 'ada@example.com', action: 'finding.acknowledge', subject: `${name} ${step}`, reason: 'known', detail: {} },
      { by: 'ada@example.com', action: step % 2 === 1 ? 'hold.add' : 'hold.release', subject: `hold-${Math.ceil(step / 2)}`, reason: 'case', detail: { source: 'files' } },
    ]);
    // After the second step, a report is filed: it names where each log ended.
    if (step === 2) {
      const heads = { ledger_head_sha256: new LogTree(join(folder, 'ledger.jsonl')).head.head_sha256, journal_head_sha256: new LogTree(join(folder, 'journal.jsonl')).head.head_sha256 };
      appendDecisions(data, now().toISOString(), [filingLine({
        id: `${name}_1`, filed_by: 'ada', note: null, report: 'exceptions', from: '2026-01-15T00:00:00Z', to: '2026-01-16T00:00:00Z', as_of: null, formats: ['html'], positions: { ledger: open.lastSeq, pulls: 2, runs: 4, alerts: 4, journal: 4 },
        ...heads, program_version: '0.1.0', config_sha256: '', files: {}, folder: null, bundle: null, zip_sha256: null, tables: {}, queries: {}, time_zone: 'UTC', accounts: [], teams: [], manifest_sha256: null, corrects: null, changes: [],
      })]);
    }
  }
  await open.landFiles(open.reserve(1), [{ source: 'files', form: 'identity_registry', origin: `${name}.csv`, bytes: Buffer.from(`issuer,audience,subject,object_id\nhttps://example.com,${name},s,11111111-1111-4111-8111-111111111111\n`) }]);
  writeFileSync(join(folder, 'pulls-newest.json'), JSON.stringify({ bytes: readFileSync(join(folder, 'pulls.jsonl')).length, seq: 4, ledgerSeq: 8, streams: open.pulls.streams }));
  open.close();
  const landed = new LandedBatches(folder);
  for (const batch of [1, 2]) {
    const line = landed.batch(batch);
    const { hashes } = batchRecords(landed, line, new Set());
    const [decided] = appendDecisions(data, now().toISOString(), [{ by: 'configuration', action: 'landing.retain', subject: 'landing', reason: 'retention', detail: {} }]);
    await remove(folder, new RemovalRecord(folder), [{
      removal: { at: now().toISOString(), cause: 'retention', journal_seq: decided?.seq ?? 0, layer: 'landed', batch, batch_sha256: line.sha256, records: hashes.length / 32, record_root: treeOf(hashes).root.toString('hex'), now: null, records_removed: hashes.length / 32, spans: [] },
      leaves: hashes,
    }]);
  }
}

beforeAll(async () => {
  await makeLanding(dataDir, 'one');
  await makeLanding(otherDir, 'two');
  const head = (name: string): Manifest['ledger'] => new LogTree(at(name)).head;
  bundle = { report: {}, ledger: head('ledger.jsonl'), journal: head('journal.jsonl'), redaction: null, corrects: null, tables: new Map(), files: new Map() };
  exported = (await exportData(dataDir, join(made, 'export'), { now: new Date('2026-01-16T00:00:00Z'), version: '0.1.0' })).logs;
  kinds = kindsOf(filesOf(landing), KINDS);
});
afterAll(() => {
  rmSync(made, { recursive: true, force: true });
});

/** Who finds something wrong with the folder as it is now, the cheapest first. */
async function finders(): Promise<string[]> {
  const landed = new LandedBatches(landing);
  const chains = function* (): Generator<string> {
    for (const name of LOGS) for (const fault of chainFaults(at(name))) yield `${name}, ${fault}`;
  };
  const found: string[] = [];
  if (integrityFaults({ folder: landing, batches: () => landed.batches(), faults: chains }).length > 0) found.push('detect');
  if ((await landingState(landing, () => undefined)).faults.length > 0) found.push('doctor');
  if ((await checkAgainstData(made, bundle, dataDir, undefined)).faults.length > 0) found.push('bundle');
  if (LOGS.some((name) => chainLineHash(at(name), exported[name].lines) !== exported[name].head_sha256)) found.push('export');
  return found;
}

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
const joined = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''));
const backdated = (line: string): string => line.replace(/"(at|landed_at)":"2026-01-15T/, '"$1":"2026-01-12T');
/** The lines with a chain that holds, whatever was done to them. */
function rechained(lines: readonly string[]): string[] {
  let previous: string | null = null;
  return lines.map((line, index) => {
    const text = JSON.stringify({ ...(JSON.parse(line) as object), seq: index + 1, previous_sha256: previous });
    previous = hash('sha256', text, 'hex');
    return text;
  });
}

/** Changes to a log by somebody who knows what it is. */
const LOG_CHANGES: Readonly<Record<string, (lines: readonly string[]) => string[]>> = {
  'roll back': (lines) => lines.slice(0, lines.length - 1 - below(random, lines.length - 1)),
  backdate: (lines) => { const one = below(random, lines.length); return lines.map((line, index) => (index === one ? backdated(line) : line)); },
  'backdate and re-chain': (lines) => { const one = below(random, lines.length); return rechained(lines.map((line, index) => (index === one ? backdated(line) : line))); },
  'drop and re-chain': (lines) => { const one = below(random, lines.length); return rechained(lines.filter((_, index) => index !== one)); },
};

test('landing as it was made: nobody finds anything, and every file is of a kind', async () => {
  expect((await landingState(landing, () => undefined)).faults).toEqual([]);
  expect(await finders()).toEqual([]);
  expect([...kinds.keys()].sort()).toEqual(KINDS.map(([, kind]) => kind).sort());
});

const byFinder = new Map<string, number>();
/** Notes who found it first, and how far it takes: by the folder itself, or from outside alone. */
function note(kind: string, change: string, found: readonly string[], what: string): void {
  matrix.add(kind, change, found.length > 0, what);
  const first = found[0] ?? 'nobody';
  byFinder.set(first, (byFinder.get(first) ?? 0) + 1);
}

test('each change to each kind of file is found', async () => {
  for (const [kind, paths] of kinds) {
    if (MADE_ANEW.includes(kind)) continue;
    const isLog = kind !== 'pack index' && (paths[0] ?? '').endsWith('.jsonl');
    for (const path of chosen(random, paths)) {
      const bytes = readFileSync(at(path));
      const look = async (change: string, content: Buffer | undefined | { readonly link: string }, target = path): Promise<string[]> => {
        const found = await altered(at(target), content, finders);
        note(kind, change, found, target);
        return found;
      };
      for (const [change, alter] of Object.entries(CONTENT_CHANGES)) {
        const content = alter(bytes, random, path.endsWith('.jsonl'));
        if (!content) continue;
        const found = await look(change, content);
        // What no chain binds yet is the last line alone, and what was cut off with it.
        const isBound = !isLog || (change !== 'truncate' && content.indexOf(bytes.subarray(0, bytes.lastIndexOf('\n', bytes.length - 2) + 1)) !== 0);
        if (isBound) expect(found, `${path}, ${change}`).toContain('doctor');
      }
      const gone = await look('delete', undefined);
      if (!isLog) expect(gone).toContain('doctor');
      expect(await look('add', bytes, beside(path))).toContain('doctor');
      expect(await look('link', { link: join(otherDir, 'landing', path) })).toContain('doctor');
      await look('swap', readFileSync(join(otherDir, 'landing', path)));
      if (!isLog) continue;
      const lines = linesOf(bytes.toString());
      for (const [change, alter] of Object.entries(LOG_CHANGES)) {
        const content = joined(alter(lines));
        if (!content.equals(bytes)) await look(change, content);
      }
    }
  }
  expect(matrix.missed).toEqual([]);
}, 300_000 * TAMPER_ROUNDS);

/** What is done to every log at once, as by somebody who has the whole folder. */
async function withLogs<Result>(change: (lines: readonly string[], name: LogName) => string[], look: () => Promise<Result>): Promise<Result> {
  const [name, ...rest] = LOGS;
  const nested = (names: readonly LogName[]): (() => Promise<Result>) => {
    const [next, ...others] = names;
    return next === undefined ? look : async () => altered(at(next), joined(change(linesOf(readFileSync(at(next), 'utf8')), next)), nested(others));
  };
  return altered(at(name), joined(change(linesOf(readFileSync(at(name), 'utf8')), name)), nested(rest));
}

test('all logs at once, rolled back or written anew: only what lies outside can tell, and does', async () => {
  const ledger = linesOf(readFileSync(at('ledger.jsonl'), 'utf8'));
  // Back to a state that was true once: before the last batch, which no log but the ledger speaks of.
  const isRemoval = (name: LogName, line: string): boolean => name === 'removals.jsonl' || line.includes('landing.retain');
  const earlier = await withLogs((lines, name) => (name === 'ledger.jsonl' ? lines.slice(0, -1) : name === 'alerts.jsonl' || name === 'runs.jsonl' ? lines.slice(0, -2) : [...lines]), finders);
  note('all logs', 'roll back', earlier, 'before the last batch');
  expect(earlier).toEqual(['bundle', 'export']);
  // Another history with chains that hold: times moved, and the filing and the kept cursors that would contradict it left out.
  const rewritten = await altered(at('pulls-newest.json'), undefined, async () => withLogs((lines, name) => rechained(lines.filter((line) => !line.includes('"report.file"')).map((line) => (isRemoval(name, line) ? line.replace(/"journal_seq":(\d+)/, (_, seq: string) => `"journal_seq":${Number(seq) - 1}`) : backdated(line)))), finders));
  note('all logs', 'backdate and re-chain', rewritten, 'every line');
  expect(rewritten).toEqual(['bundle', 'export']);
  // With the filing left in, the folder contradicts itself.
  expect(await withLogs((lines) => rechained(lines.map(backdated)), finders)).toEqual(['detect', 'doctor', 'bundle', 'export']);
  // The whole of another folder in its place.
  const swapped = await withLogs((_, name) => linesOf(readFileSync(join(otherDir, 'landing', name), 'utf8')), finders);
  note('all logs', 'swap', swapped, 'another folder');
  expect(matrix.missed).toEqual([]);
  expect(ledger.length).toBe(bundle.ledger.tree_size);
});

test('an export held against a folder that was rolled back or written anew: `import` into it refuses', async () => {
  const changed = join(made, 'changed');
  for (const [name, change] of [['runs.jsonl', (lines: string[]) => rechained(lines.map(backdated))], ['journal.jsonl', (lines: string[]) => rechained([...lines.slice(0, -1), backdated(lines.at(-1) ?? '')])]] as const) {
    cpSync(dataDir, changed, { recursive: true });
    const path = join(changed, 'landing', name);
    writeFileSync(path, joined(change(linesOf(readFileSync(path, 'utf8')))));
    await expect(importData(join(made, 'export'), changed)).rejects.toThrow(`its ${name} is no beginning of the export's`);
    matrix.add('all logs', 'import', true, name);
    rmSync(changed, { recursive: true });
  }
});

test('what is made anew: found by doctor, or without effect', async () => {
  const pulls = readPulls(dataDir);
  const rounds = 8 * TAMPER_ROUNDS;
  for (let round = 0; round < rounds; round += 1) {
    for (const path of MADE_ANEW) {
      const bytes = readFileSync(at(path));
      const change = pick(random, Object.keys(CONTENT_CHANGES));
      const content = CONTENT_CHANGES[change]?.(bytes, random, false);
      if (!content) continue;
      await altered(at(path), content, async () => {
        const found = await finders();
        // What is cut off at the end of digests.bin is added at start; a pulls-newest.json that is no longer the log's is not read.
        const hasNoEffect = path === 'digests.bin' ? content.length - (content.length % 40) <= bytes.length && bytes.indexOf(content.subarray(0, content.length - (content.length % 40))) === 0 : JSON.stringify(readPulls(dataDir)) === JSON.stringify(pulls);
        note(path, change, found.length > 0 ? found : hasNoEffect ? ['without effect'] : [], path);
      });
    }
  }
  expect(matrix.missed).toEqual([]);
  // A forged entry: the bytes would count as landed when they come, and never land.
  const forged = Buffer.concat([hash('sha256', 'a delivery to come', 'buffer'), Buffer.of(9, 0, 0, 0, 0, 0, 0, 0)]);
  note('digests.bin', 'forge', await altered(at('digests.bin'), Buffer.concat([readFileSync(at('digests.bin')), forged]), finders), 'a delivery to come');
  const kept = readFileSync(at('pulls-newest.json'), 'utf8');
  expect(kept).toContain('one/4');
  note('pulls-newest.json', 'forge', await altered(at('pulls-newest.json'), Buffer.from(kept.replace('one/4', 'one/9')), finders), 'a cursor ahead');
  expect(matrix.missed).toEqual([]);
});

test('files that are being landed are none of a forger: the next writer takes them away, and says so', () => {
  const changed = join(made, 'unfinished');
  cpSync(dataDir, changed, { recursive: true });
  mkdirSync(join(changed, 'landing/batches'), { recursive: true });
  writeFileSync(join(changed, 'landing/batches/000000099.batch'), 'x');
  const opened = Landing.open(changed);
  expect(opened.repairs.join()).toContain('removed 1 file(s)');
  opened.close();
  expect(existsSync(join(changed, 'landing/batches/000000099.batch'))).toBe(false);
});

test('tried and caught', () => {
  matrix.note(`found first by: ${[...byFinder].map(([who, count]) => `${who} ${count}`).join(', ')}`);
  matrix.note('A log’s last line, lines cut off its end, and a log written anew with its chain are found from outside alone: by a bundle (ledger, journal) or an export (every log).');
  process.stdout.write(`${matrix.text(`landing, seed ${TAMPER_SEED}, rounds ${TAMPER_ROUNDS}`)}\n`);
  expect(matrix.caught).toBe(matrix.tried);
  expect(byFinder.get('nobody') ?? 0).toBe(0);
  expect(matrix.tried).toBeGreaterThan(100);
});
