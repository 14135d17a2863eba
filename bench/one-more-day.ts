/**
 * One more day of 100,000 events, as trail objects of 2,000 with their sign-ins and task events, on top of what is stored:
 * opening the data folder, ingest (read, hash, land, sync, stage, de-duplicate, Parquet), correlate, detect, publish.
 * Measured three times at each size, so that growth with what is stored shows.
 *
 * `node dist/bench/one-more-day.js [events…]` (default 2,000,000 and 10,000,000); prints one JSON object. Times are seconds.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBulkTrailObjects } from '../fixtures/world/bulk.ts';
import { configSchema } from '../src/config/config.ts';
import { correlate } from '../src/pipeline/correlate.ts';
import { detect } from '../src/pipeline/detect.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openWriter } from '../src/store/writer.ts';

const ONE_DAY = 100_000;
const RECORDS_PER_OBJECT = 2000;
const REPEATS = 3;
/** Events written as files at a time while the folder is filled. */
const FILL = 1_000_000;
const START = Date.parse('2025-01-01T00:00:00Z');
const DAY_MS = 86_400_000;
const PHASES = ['open', 'ingest', 'correlate', 'detect', 'publish'] as const;

type Phases = Record<(typeof PHASES)[number], number>;

/** A data folder and how many days lie in it. */
interface Stored {
  readonly folder: string;
  days: number;
}

/** Writes the next `events` events and brings them in, as a nightly run does. */
async function add(stored: Stored, events: number): Promise<Phases> {
  const logs = join(stored.folder, 'logs');
  const start = new Date(START + stored.days * DAY_MS).toISOString();
  await writeBulkTrailObjects(logs, { objects: events / RECORDS_PER_OBJECT, recordsPerObject: RECORDS_PER_OBJECT, seed: stored.days + 1, start, level: 1 });
  stored.days += events / ONE_DAY;
  const config = configSchema.parse({});
  const phases: Partial<Phases> = {};
  let last = performance.now();
  const lap = (phase: keyof Phases): void => {
    const now = performance.now();
    phases[phase] = (now - last) / 1000;
    last = now;
  };
  const writer = await openWriter(join(stored.folder, 'data'), { threads: 2 });
  try {
    lap('open');
    const { totals } = await ingest(writer, [logs]);
    if (totals.rejected + totals.repeated > 0) throw new Error(`${totals.rejected} records are rejected, ${totals.repeated} repeated`);
    lap('ingest');
    await correlate(writer.db, config);
    lap('correlate');
    await detect(writer, config);
    lap('detect');
    await writer.publishAndClose();
    lap('publish');
  } finally {
    writer.close();
  }
  await rm(logs, { recursive: true });
  return phases as Phases;
}

function total(phases: Phases): number {
  return PHASES.reduce((sum, phase) => sum + phases[phase], 0);
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [2_000_000, 10_000_000];
const folder = await mkdtemp(join(tmpdir(), 'whoran-bench-'));
try {
  const stored: Stored = { folder, days: 0 };
  const figures: Record<string, number>[] = [];
  for (const size of sizes) {
    while (stored.days * ONE_DAY < size) await add(stored, Math.min(FILL, size - stored.days * ONE_DAY));
    const runs: Phases[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) runs.push(await add(stored, ONE_DAY));
    const median = runs.sort((a, b) => total(a) - total(b))[Math.floor(REPEATS / 2)];
    if (!median) throw new Error('nothing was measured');
    figures.push({
      stored_events: size, seconds: rounded(total(median)),
      ...Object.fromEntries(PHASES.map((phase) => [`${phase}_seconds`, rounded(median[phase])])),
    });
  }
  const [first, last] = [figures[0], figures.at(-1)];
  if (!first || !last) throw new Error('give at least one size');
  process.stdout.write(`${JSON.stringify({
    bench: 'one-more-day', events: ONE_DAY, ...last, first_stored_events: first['stored_events'], first_seconds: first['seconds'],
    growth: rounded((last['seconds'] ?? Number.NaN) / (first['seconds'] ?? Number.NaN)),
    peak_rss_mib: Math.round(process.resourceUsage().maxRSS / 1024), sizes: figures,
  })}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
