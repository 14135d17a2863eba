/**
 * Asking, with many events stored: real-shaped logs are ingested and correlated, then tasks, calls, keys, people and addresses
 * are asked for, warm in one process, and each in a process of its own, evidence cut out of landing included.
 *
 * `node dist/bench/ask.js [events]`; prints one JSON object. Times are milliseconds.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeBulkTrailObjects } from '../fixtures/world/bulk.ts';
import { ask } from '../src/answers/ask.ts';
import type { AnswerReader } from '../src/answers/reader.ts';
import { configSchema } from '../src/config/config.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';

/** Different ids of each kind that are asked for, once each; the first few only warm up. */
const IDS = 60;
const WARM_UP = 10;
const PROCESSES = 10;

/** Ids of each kind, spread over all that is stored. */
const SAMPLES = {
  task: 'select task_arn as id from cor_task_launchers where task_arn is not null order by hash(task_key) limit $n',
  call: "select event_id as id from stg_ecs_actions where event_name = 'RunTask' order by hash(event_id) limit $n",
  key: "select session_id as id from cor_sessions where session_kind in ('web_identity', 'role') order by hash(session_id) limit $n",
  person: "select object_id as id from cor_identities where kind = 'person' order by hash(object_id) limit $n",
  address: 'select source_ip as id from cor_sessions where is_issued and source_ip is not null group by 1 order by hash(source_ip) limit $n',
} as const;

async function build(folder: string, events: number): Promise<string> {
  const logs = join(folder, 'logs');
  const data = join(folder, 'data');
  await writeBulkTrailObjects(logs, { objects: Math.ceil(events / 2000), recordsPerObject: 2000, seed: 1, level: 1 });
  const writer = await openWriter(data);
  try {
    await ingest(writer, [logs]);
    await bringUpToDate(writer, configSchema.parse({}));
    await writer.publishAndClose();
  } finally {
    writer.close();
  }
  await rm(logs, { recursive: true });
  return data;
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0);
}

/** Asks for each id once; an id that isn't found would make the figure worthless. */
async function warm(reader: AnswerReader, ids: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  for (const id of ids) {
    const start = performance.now();
    const answer = await ask(reader, id);
    times.push(performance.now() - start);
    if (answer.schema === 'whoran.answer/1' && answer.reason === 'not_seen') throw new Error(`${id} is not seen`);
  }
  return times.slice(Math.min(WARM_UP, Math.floor(times.length / 2)));
}

async function wholeProcess(data: string, ids: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  for (const id of ids.slice(0, PROCESSES)) {
    const start = performance.now();
    await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../src/main.js'), 'ask', id, '--data', data]);
    times.push(performance.now() - start);
  }
  return times;
}

const events = Number(process.argv[2] ?? 10_000_000);
const folder = await mkdtemp(join(tmpdir(), 'whoran-bench-ask-'));
try {
  const data = await build(folder, events);
  const opened = await openReader(data);
  const reader: AnswerReader = {
    db: opened.db,
    landing: { readMember: async (batchSeq, member) => Promise.resolve(opened.landing.unpackMember(batchSeq, member)) },
  };
  const figures: Record<string, number | string> = { bench: 'ask', events };
  for (const [kind, sql] of Object.entries(SAMPLES)) {
    const ids = (await opened.db.all<{ id: string }>(sql, { n: IDS })).map((row) => row.id);
    const times = await warm(reader, ids);
    figures[`${kind}_warm_p50_ms`] = percentile(times, 0.5);
    figures[`${kind}_warm_p95_ms`] = percentile(times, 0.95);
    figures[`${kind}_process_p95_ms`] = percentile(await wholeProcess(data, ids), 0.95);
  }
  opened.close();
  figures['peak_rss_mib'] = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
