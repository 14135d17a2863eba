/**
 * Full correlation: events a second, and how memory and time grow from 2 to 20 million events. The baseline is the least that
 * any correlation has to do: DuckDB grouping the same events by caller. `node dist/bench/correlate.js [events…]`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema } from '../src/config/config.ts';
import { packageRoot } from '../src/core/package-root.ts';
import { correlate } from '../src/pipeline/correlate.ts';
import { makeStagedWorld } from './staged-world.ts';

const MEMORY_LIMIT = '900MB';

async function measure(events: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'whoran-bench-'));
  try {
    const db = await makeStagedWorld(folder, events, Math.max(1, Math.round(events / 330_000)), MEMORY_LIMIT);
    for (const file of ['configuration', 'tables', 'views']) await db.file(join(packageRoot(), 'queries/correlated', `${file}.sql`));
    const stored = Number((await db.get<{ n: number }>('select count(*) as n from stg_events'))?.n);
    const bareBegan = performance.now();
    await db.run('create or replace temp table bare as select caller_key, min(event_at) as a, max(event_at) as b, count(*) as n from stg_events group by caller_key');
    const bare = (performance.now() - bareBegan) / 1000;
    await db.run('drop table bare');
    const began = performance.now();
    const steps: [string, number][] = [];
    const result = await correlate(db, configSchema.parse({}), { all: true, progress: (step) => steps.push([step, performance.now() - began]) });
    const seconds = (performance.now() - began) / 1000;
    const answers = await db.all('select identity_method, reason, count(*) as sessions from cor_sessions group by all order by all');
    const figures = {
      bench: 'correlate', events: stored, sessions: result.sessions.stored, tasks: result.tasks.stored, seconds: Number(seconds.toFixed(2)),
      events_per_second: Math.round(stored / seconds), bare_group_by_seconds: Number(bare.toFixed(2)), ratio_to_bare: Number((bare / seconds).toFixed(2)),
      peak_rss_mib: Math.round(process.resourceUsage().maxRSS / 1024), memory_limit: MEMORY_LIMIT,
      steps: steps.map(([step, at]) => `${(at / 1000).toFixed(1)} s: ${step}`), answers,
    };
    process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
    db.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

for (const events of process.argv.slice(2).map(Number)) await measure(events);
