/**
 * Correlation, with detections: everything at once, then one more day of 100,000 events on top of it. The baseline is the
 * least that any correlation has to do: DuckDB grouping the same events by caller, in the same run.
 *
 * `node dist/bench/correlate.js [events]` (default 2,000,000); prints one JSON object. Times are seconds.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema } from '../src/config/config.ts';
import type { Database } from '../src/engine/database.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { MEMORY_LIMIT } from '../src/store/writer.ts';
import { addDay, makeStagedWorld } from './staged-world.ts';

const EVENTS_A_DAY = 330_000;
const ONE_DAY = 100_000;
const GROUP_BY = 'create or replace temp table bare as select caller_key, min(event_at) as a, max(event_at) as b, count(*) as n from stg_events group by caller_key';

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return Number(((performance.now() - began) / 1000).toFixed(2));
}

async function stored(db: Database): Promise<Record<string, number | string | null>> {
  const counts = `select
    (select count(*) from stg_events) as events, (select count(*) from cor_sessions) as sessions,
    (select count(*) from cor_task_launchers) as tasks, (select count(*) from cor_sign_ins) as sign_ins,
    (select count(*) from cor_sessions where confidence = 'proved') as proved`;
  return (await db.get<Record<string, number>>(counts)) ?? {};
}

const events = Number(process.argv[2] ?? 2_000_000);
const days = Math.max(1, Math.round(events / EVENTS_A_DAY));
const config = configSchema.parse({});
const folder = await mkdtemp(join(tmpdir(), 'whoran-bench-'));
try {
  const db = await makeStagedWorld(folder, events, days, MEMORY_LIMIT);
  const bare = await seconds(() => db.run(GROUP_BY));
  await db.run('drop table bare');
  const before = process.cpuUsage();
  const full = await seconds(() => bringUpToDate({ db }, config, { all: true }));
  const { user, system } = process.cpuUsage(before);
  const rows = await stored(db);
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  await addDay(db, folder, { before: events, days, events: ONE_DAY });
  const day = await seconds(() => bringUpToDate({ db }, config));
  db.close();
  const figures = {
    bench: 'correlate', ...rows, bare_seconds: bare, seconds: full, cpu_seconds: Number(((user + system) / 1e6).toFixed(2)), events_per_second: Math.round(events / full), ratio_to_bare: Number((bare / full).toFixed(3)),
    peak_rss_mib: peak, memory_limit: MEMORY_LIMIT, one_more_day_events: ONE_DAY, one_more_day_seconds: day,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
