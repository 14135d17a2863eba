/**
 * `npm run bench [name…]`: every benchmark in a process of its own (so that its peak memory is its own), then one table with
 * versions and machine. Figures are ratios to a baseline of the same run; absolute ones are this machine's.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../src/core/package-root.ts';

/** A benchmark: its file in dist/bench and the arguments of each run. It prints one JSON object with figures. */
const BENCHES: readonly { readonly name: string; readonly runs: readonly (readonly string[])[] }[] = [
  { name: 'correlate', runs: [['2000000'], ['20000000']] },
];

const FIGURES = ['events', 'seconds', 'events_per_second', 'bare_group_by_seconds', 'ratio_to_bare', 'peak_rss_mib'];

function versions(): string {
  const { dependencies } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  const [cpu] = cpus();
  return `node ${process.version}, @duckdb/node-api ${dependencies['@duckdb/node-api'] ?? '?'}, ${cpus().length} × ${cpu?.model ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

const wanted = process.argv.slice(2);
process.stdout.write(`${versions()}\n`);
for (const { name, runs } of BENCHES.filter((bench) => wanted.length === 0 || wanted.includes(bench.name))) {
  for (const run of runs) {
    const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, `${name}.js`), ...run], { maxBuffer: 2 ** 24 });
    const result = JSON.parse(stdout) as Record<string, number | string>;
    const figures = FIGURES.map((figure) => `${figure} ${result[figure] ?? '-'}`).join(' | ');
    process.stdout.write(`| ${name} | ${figures} |\n`);
  }
}
