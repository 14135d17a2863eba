/**
 * One step of the bench of bundles, in a process of its own, so that its peak memory is its own. Prints one JSON object, and on standard error what
 * it is at.
 *
 * `node dist/bench/bundle-step.js STEP FOLDER ROWS`: see `STEPS`.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { spillingInto, withReaderOf } from '../src/cli/data.ts';
import { REPORT_FORMATS, type ReportFormat } from '../src/core/report-formats.ts';
import { replayCheck } from '../src/pipeline/bundle-replay-check.ts';
import { newKeyFile } from '../src/evidence/key-file-signer.ts';
import { bundleSigner } from '../src/pipeline/bundle-signer.ts';
import { loadReportRelations } from '../src/pipeline/report-relations.ts';
import { runReport, type ReportOptions, type ReportResult } from '../src/pipeline/report.ts';
import { verifyPath } from '../src/evidence/verify-bundle.ts';
import { publicKeyOfPem } from '../src/verifier/dsse.ts';
import { makeReportWorld, worldPeriod } from './report-world.ts';

const REPORT = 'traceability';
const ROWS_QUERY = 'rpt_traceability_rows';

type Figures = Record<string, unknown>;

/** Where things lie in a bench's folder. */
const data = (folder: string): string => join(folder, 'data');
const out = (folder: string): string => join(folder, 'out');
const keyOf = (folder: string): string => join(folder, 'key.pem');
const bundleOf = (folder: string): string => join(out(folder), readdirSync(out(folder)).find((name) => name.endsWith('.bundle')) ?? 'no.bundle');

/** Tells each step, and remembers how long it took and by how much it raised the peak of memory. */
class Steps {
  readonly #began = performance.now();
  #name = 'open';
  #at = performance.now();
  #cpu = process.cpuUsage();
  readonly #done = new Map<string, { seconds: number; cpu_seconds: number; peak_mib: number }>();

  readonly step = (text: string): void => {
    process.stderr.write(`  ${((performance.now() - this.#began) / 1000).toFixed(1)} s ${text}\n`);
    this.#end();
    // What only counts on belongs to the step before it.
    this.#name = text.replace(/:.*| of batch.*/, '').replace(/\d{8}T\d{6}Z_?/g, '');
  };

  figures(): Figures {
    this.#end();
    return Object.fromEntries([...this.#done].map(([name, { seconds, cpu_seconds: cpu, peak_mib: peak }]) => [name, { seconds: rounded(seconds), cpu_seconds: rounded(cpu), peak_mib: peak }]));
  }

  #end(): void {
    const { user, system } = process.cpuUsage(this.#cpu);
    const before = this.#done.get(this.#name) ?? { seconds: 0, cpu_seconds: 0 };
    this.#done.set(this.#name, { seconds: before.seconds + (performance.now() - this.#at) / 1000, cpu_seconds: before.cpu_seconds + (user + system) / 1e6, peak_mib: peakMib() });
    this.#at = performance.now();
    this.#cpu = process.cpuUsage();
  }
}

let highest = 0;

/** Some systems give the peak since a moment ago instead of the process's, so the highest that was seen counts. */
function peakMib(): number {
  highest = Math.max(highest, Math.round(process.resourceUsage().maxRSS / 1024), Math.round(process.memoryUsage.rss() / 2 ** 20));
  return highest;
}

setInterval(peakMib, 500).unref();

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

async function report(folder: string, rows: number, wish: Partial<ReportOptions>, steps: Steps): Promise<ReportResult> {
  await rm(out(folder), { recursive: true, force: true });
  const options = { ...worldPeriod(rows), outDir: out(folder), now: new Date('2026-06-01T00:00:00Z'), dataDir: data(folder), progress: steps.step, ...wish };
  return withReaderOf(data(folder), async (reader) => runReport(reader, REPORT, options), spillingInto(out(folder)));
}

async function inFormat(format: ReportFormat, folder: string, rows: number): Promise<Figures> {
  const steps = new Steps();
  const result = await report(folder, rows, { formats: [format] }, steps);
  return { rows: result.rows[ROWS_QUERY], bytes: result.files.reduce((sum, { bytes }) => sum + bytes, 0), steps: steps.figures() };
}

async function world(folder: string, rows: number): Promise<Figures> {
  await mkdir(folder, { recursive: true });
  await newKeyFile(keyOf(folder));
  const steps = new Steps();
  return { ...(await makeReportWorld(folder, rows, steps.step)), steps: steps.figures() };
}

/** What the engine alone takes to write the same rows as CSV, evidence unhashed. */
async function bareCsv(folder: string, rows: number): Promise<Figures> {
  const { loadCatalog } = await import('../src/catalog/catalog.ts');
  const query = (await loadCatalog()).queries.find(({ id }) => id === ROWS_QUERY);
  return withReaderOf(data(folder), async ({ db }) => {
    await loadReportRelations(db, { dataDir: data(folder), now: new Date('2026-06-01T00:00:00Z') });
    const path = join(folder, 'bare.csv');
    await db.run(`copy (${query?.sql ?? ''}) to '${path.replaceAll("'", "''")}' (format csv)`, worldPeriod(rows));
    const bytes = statSync(path).size;
    await rm(path);
    return { bytes };
  });
}

async function build(folder: string, rows: number): Promise<Figures> {
  const steps = new Steps();
  const signer = await bundleSigner({ signing_key_file: keyOf(folder) });
  const { rows: counts, bundle } = await report(folder, rows, { bundle: { dataDir: data(folder), signer, hasZip: true } }, steps);
  if (!bundle) throw new Error('no bundle was written');
  const at = bundleOf(folder);
  const sizes = Object.fromEntries(['inputs', 'tables', 'records', 'proofs', 'report'].map((part) => [part, bytesIn(join(at, part))]));
  return { rows: counts[ROWS_QUERY], bytes: bundle.bytes, zip_bytes: bundle.zip === null ? null : statSync(bundle.zip).size, records: bundle.records, missing_records: bundle.missing_records, sizes, steps: steps.figures() };
}

function bytesIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

async function verify(folder: string, isReplayed: boolean, path = bundleOf(folder)): Promise<Figures> {
  const steps = new Steps();
  const key = publicKeyOfPem(readFileSync(`${keyOf(folder)}.pub`, 'utf8'));
  const { verdict, counts, faults } = await verifyPath({ path, key, progress: steps.step, further: isReplayed ? [replayCheck] : [] });
  if (verdict !== 'intact') throw new Error(`the bundle is ${verdict}: ${JSON.stringify(faults[0])}`);
  return { verdict, ...counts, steps: steps.figures() };
}

/** What reading and hashing the bundle's files alone takes. */
async function bareHash(folder: string): Promise<Figures> {
  let bytes = 0;
  for (const entry of readdirSync(bundleOf(folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const sum = createHash('sha256');
    for await (const piece of createReadStream(join(entry.parentPath, entry.name), { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      sum.update(piece);
      bytes += piece.length;
    }
    sum.digest();
  }
  return { bytes };
}

const STEPS: Readonly<Record<string, (folder: string, rows: number) => Promise<Figures>>> = {
  world,
  'bare-csv': bareCsv,
  ...Object.fromEntries(REPORT_FORMATS.map((format) => [format, async (folder: string, rows: number) => inFormat(format, folder, rows)])),
  build,
  'bare-hash': bareHash,
  verify: async (folder) => verify(folder, false),
  'verify-zip': async (folder) => verify(folder, false, `${bundleOf(folder)}.zip`),
  replay: async (folder) => verify(folder, true),
};

const [step = '', folder = '', rows = ''] = process.argv.slice(2);
const work = STEPS[step];
if (!work) throw new Error(`no such step: ${step}; there are ${Object.keys(STEPS).join(', ')}`);
const began = performance.now();
const figures = await work(folder, Number(rows));
const { userCPUTime, systemCPUTime } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({ step, seconds: rounded((performance.now() - began) / 1000), cpu_seconds: rounded((userCPUTime + systemCPUTime) / 1e6), peak_mib: peakMib(), ...figures })}\n`);
