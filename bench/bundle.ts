/**
 * `node dist/bench/bundle.js ROWS [FOLDER]`: a report of `traceability` with about so many rows, in each of its long formats and as a bundle, which
 * is verified, also out of its zip, and replayed. Each step is a process of its own, so that its peak memory is its own. Prints one JSON line, and on
 * standard error each step's own. In a FOLDER that is named, what was made stays, and a world that is there is taken as it is.
 *
 * Baselines of the same run: the engine's own CSV of the same rows for what writes a report, reading and hashing the bundle's files for what checks it.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

interface StepFigures {
  readonly seconds: number;
  readonly cpu_seconds: number;
  readonly peak_mib: number;
  readonly rows?: number;
  readonly bytes?: number;
  readonly evidence?: number;
  /** Of a bundle that was built: enclosed, by source. */
  readonly records?: Readonly<Record<string, number>>;
}

const [rows = '1000000', given] = process.argv.slice(2);
const folder = given ?? (await mkdtemp(join(tmpdir(), 'whoran-bench-bundle-')));

async function step(name: string): Promise<StepFigures> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'bundle-step.js'), name, folder, rows], { maxBuffer: 2 ** 24 });
  process.stderr.write(`  ${stdout.trim()}\n`);
  return JSON.parse(stdout) as StepFigures;
}

try {
  if (!existsSync(join(folder, 'data'))) await step('world');
  const figures: Record<string, number | string> = { bench: 'bundle' };
  const note = (name: string, { seconds, cpu_seconds: cpu, peak_mib: peak }: StepFigures): void => {
    Object.assign(figures, { [`${name}_seconds`]: seconds, [`${name}_cpu_seconds`]: cpu, [`${name}_peak_mib`]: peak });
  };
  note('bare_csv', await step('bare-csv'));
  for (const format of ['csv', 'json', 'xlsx']) note(format, await step(format));
  const built = await step('build');
  note('build', built);
  Object.assign(figures, { rows: built.rows ?? 0, bytes: built.bytes ?? 0, records: Object.values<number>(built.records ?? {}).reduce((sum, count) => sum + count, 0) });
  note('bare_hash', await step('bare-hash'));
  const verified = await step('verify');
  note('verify', verified);
  figures['mentions'] = verified.evidence ?? 0;
  note('verify_zip', await step('verify-zip'));
  note('replay', await step('replay'));
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  if (given === undefined) await rm(folder, { recursive: true, force: true });
}
