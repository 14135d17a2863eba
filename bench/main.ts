/**
 * `npm run bench [-- --quick] [name…]`: every benchmark in a process of its own (so that its peak memory is its own), then one
 * table with versions and machine. Ratios are to a baseline of the same run; absolute figures are this machine's, and worth
 * what its other load leaves of them: it is printed too. `--quick` runs small sizes, to see that all of it works.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../src/core/package-root.ts';
import { COLUMNS, accuracyRows, alertRows, askRows, bundleRows, correlateRows, ingestRows, oneMoreDayRows, sourceRows, type Figures, type Row } from './rows.ts';

/** A benchmark: its file in dist/bench, the arguments of each of its runs, and what the figures of all runs mean. */
interface Bench {
  readonly name: string;
  readonly runs: readonly (readonly string[])[];
  readonly quick: readonly (readonly string[])[];
  readonly rows: (runs: readonly Figures[]) => Row[];
}

const BENCHES: readonly Bench[] = [
  { name: 'ingest', runs: [['60'], ['2000']], quick: [['60', '60000'], ['2000', '60000']], rows: ingestRows },
  { name: 'correlate', runs: [['2000000'], ['20000000']], quick: [['200000'], ['2000000']], rows: correlateRows },
  { name: 'one-more-day', runs: [['2000000', '10000000']], quick: [['100000', '400000']], rows: oneMoreDayRows },
  { name: 'ask', runs: [['10000000']], quick: [['200000']], rows: askRows },
  {
    name: 'sources',
    runs: [['cloudtrail-s3', '500000'], ['cloudtrail-lookup', '20000'], ['cloudwatch-logs', '100000'], ['entra-graph', '100000'], ['entra-logs', '50000']],
    quick: [['cloudtrail-s3', '20000'], ['cloudtrail-lookup', '2000'], ['cloudwatch-logs', '20000'], ['entra-graph', '20000'], ['entra-logs', '5000']],
    rows: sourceRows,
  },
  { name: 'alerts', runs: [['300', '1000']], quick: [['30', '200']], rows: alertRows },
  { name: 'bundle', runs: [['1000000']], quick: [['4000']], rows: bundleRows },
  { name: 'accuracy', runs: [['3', '--json']], quick: [['1', '--json']], rows: accuracyRows },
];

function machine(): string[] {
  const { version, dependencies } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string; dependencies: Record<string, string> };
  const [cpu] = cpus();
  return [
    `whoran ${version}, node ${process.version}, @duckdb/node-api ${dependencies['@duckdb/node-api'] ?? '?'}`,
    `${cpus().length} × ${cpu?.model ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}; ${new Date().toISOString().slice(0, 10)}`,
  ];
}

/** Waiting processes over the last minute; above nought before a benchmark starts, something else runs on this machine. */
function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

async function run(name: string, parameters: readonly string[]): Promise<Figures> {
  process.stderr.write(`${name} ${parameters.join(' ')} (load ${load()})\n`);
  const file = join(import.meta.dirname, `${name}.js`);
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...parameters], { maxBuffer: 2 ** 24 });
  process.stderr.write(`  ${stdout.trim()}\n`);
  return JSON.parse(stdout) as Figures;
}

function line(row: Row): string {
  const met = row.met === null ? '' : row.met ? 'met' : 'MISSED';
  return `| ${COLUMNS.map((column) => (column === 'met' ? met : row[column])).join(' | ')} |`;
}

const wanted = process.argv.slice(2).filter((argument) => argument !== '--quick');
const isQuick = process.argv.includes('--quick');
const unknown = wanted.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) throw new Error(`no such benchmark: ${unknown.join(', ')}; there are ${BENCHES.map((bench) => bench.name).join(', ')}`);
const before = load();
const rows: Row[] = [];
for (const bench of BENCHES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const runs: Figures[] = [];
  for (const parameters of isQuick ? bench.quick : bench.runs) runs.push(await run(bench.name, parameters));
  rows.push(...bench.rows(runs));
}
const table = [`| ${COLUMNS.join(' | ')} |`, `|${COLUMNS.map(() => ' --- |').join('')}`, ...rows.map(line)];
process.stdout.write(`${[...machine(), `load before ${before}, after ${load()}${isQuick ? '; quick sizes: no figure to quote' : ''}`, '', ...table].join('\n')}\n`);
