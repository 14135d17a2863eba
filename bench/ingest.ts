/**
 * Ingest of trail objects, end to end: read, hash, land and sync, unpack and check, stage, de-duplicate, write Parquet,
 * publish. The baseline is DuckDB alone reading the same objects: `create table as select … from read_json` of every field
 * that staging reads, into a file of its own, with no check, no landing and no de-duplication. Request and response are kept
 * as the JSON that DuckDB reads, whole: a tenth of its time, and about what taking the fields out that staging takes costs.
 *
 * `node dist/bench/ingest.js [records per object] [events]`; the two are run in turn, and of the rounds the median counts, of
 * the ratio too. Processor time is given beside time, since it suffers less from what else runs on the machine.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeBulkTrailObjects } from '../fixtures/world/bulk.ts';
import { Database } from '../src/engine/database.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';

export interface BenchRow {
  readonly bench: string;
  readonly events: number;
  readonly seconds: number;
  readonly events_per_second: number;
  readonly baseline_seconds: number;
  /** Baseline over ours, in time: 1 is as fast as DuckDB alone. */
  readonly ratio: number;
  /** The same in processor time. */
  readonly cpu_ratio: number;
  readonly cpu_seconds: number;
  readonly baseline_cpu_seconds: number;
  readonly peak_rss_mib: number;
}

const THREADS = 2;
/** Thousands of small gzip files keep more in DuckDB's hands at once. */
const BARE_MEMORY_LIMIT = '4GB';
const ROUNDS = 5;

const BARE = `create table bare as
select
  r."eventID" as event_id, try_cast(coalesce(r."eventTime", r."@timestamp") as timestamptz) as event_at, r."eventSource" as event_source,
  r."eventName" as event_name, r."awsRegion" as aws_region, r."sourceIPAddress" as source_ip, r."userAgent" as user_agent,
  r."errorCode" as error_code, r."errorMessage" as error_message, try_cast(r."readOnly" as boolean) as is_read_only,
  r."eventType" as event_type, r."eventCategory" as event_category, r."recipientAccountId" as account_id, r."sharedEventID" as shared_event_id,
  r."userIdentity"."type" as identity_type, r."userIdentity"."principalId" as principal_id, r."userIdentity"."arn" as principal_arn,
  r."userIdentity"."accountId" as identity_account_id, r."userIdentity"."accessKeyId" as access_key_id,
  r."userIdentity"."userName" as identity_user_name, r."userIdentity"."invokedBy" as invoked_by,
  r."userIdentity"."identityProvider" as identity_provider, r."userIdentity"."sessionContext"."sessionIssuer"."arn" as session_issuer_arn,
  try_cast(r."userIdentity"."sessionContext"."attributes"."creationDate" as timestamptz) as session_created_at,
  r."userIdentity"."sessionContext"."sourceIdentity" as source_identity, r."resources"[1]."ARN" as resource,
  r."requestParameters" as request_parameters, r."responseElements" as response_elements, r."addendum" as addendum
from (select unnest("Records") as r from read_json($glob, columns = {"Records": 'STRUCT(
  "eventID" VARCHAR, "eventTime" VARCHAR, "@timestamp" VARCHAR, "eventSource" VARCHAR, "eventName" VARCHAR, "awsRegion" VARCHAR,
  "sourceIPAddress" VARCHAR, "userAgent" VARCHAR, "errorCode" VARCHAR, "errorMessage" VARCHAR, "readOnly" VARCHAR, "eventType" VARCHAR,
  "eventCategory" VARCHAR, "recipientAccountId" VARCHAR, "sharedEventID" VARCHAR,
  "userIdentity" STRUCT("type" VARCHAR, "principalId" VARCHAR, "arn" VARCHAR, "accountId" VARCHAR, "accessKeyId" VARCHAR, "userName" VARCHAR,
    "invokedBy" VARCHAR, "identityProvider" VARCHAR, "sessionContext" STRUCT("sessionIssuer" STRUCT("arn" VARCHAR),
    "attributes" STRUCT("creationDate" VARCHAR), "sourceIdentity" VARCHAR)),
  "resources" STRUCT("ARN" VARCHAR)[], "requestParameters" JSON, "responseElements" JSON,
  "addendum" STRUCT("reason" VARCHAR, "updatedFields" VARCHAR, "originalEventID" VARCHAR))[]'}))`;

interface Timed {
  readonly seconds: number;
  readonly cpu: number;
}

async function timed(work: () => Promise<void>): Promise<Timed> {
  const began = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - began) / 1000, cpu: (user + system) / 1e6 };
}

async function bare(folder: string, objects: string): Promise<Timed> {
  await rm(folder, { recursive: true, force: true });
  const db = await Database.open({ path: `${folder}.duckdb`, threads: THREADS, memoryLimit: BARE_MEMORY_LIMIT, temporaryDirectory: `${folder}.spill` });
  try {
    return await timed(async () => {
      await db.run(BARE.replace('$glob', `'${join(objects, '**', '*.json.gz').replaceAll("'", "''")}'`));
      await db.run('checkpoint');
    });
  } finally {
    db.close();
    await rm(`${folder}.duckdb`);
  }
}

async function ours(folder: string, objects: string, events: number): Promise<Timed> {
  await rm(folder, { recursive: true, force: true });
  const time = await timed(async () => {
    const writer = await openWriter(folder, { threads: THREADS });
    const result = await ingest(writer, [objects]);
    await writer.publishAndClose();
    if (result.totals.new !== events) throw new Error(`${result.totals.new} of ${events} records are new`);
  });
  const reader = await openReader(folder);
  const stored = await reader.db.get<{ n: number }>('select count(*) as n from stg_events');
  reader.close();
  if (stored?.n !== events) throw new Error(`${stored?.n ?? 0} of ${events} records are stored`);
  return time;
}

/** Both object sizes of the target, 60 and 2,000 records, or the one given. */
export async function benchIngest(sizes: readonly number[] = [60, 2000], events = 480_000): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const recordsPerObject of sizes) {
    const folder = await mkdtemp(join(tmpdir(), 'whoran-bench-'));
    try {
      const { trail: objects } = await writeBulkTrailObjects(folder, { objects: events / recordsPerObject, recordsPerObject, seed: 7 });
      const rounds: { ours: Timed; bare: Timed }[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const alone = await bare(join(folder, 'bare'), objects);
        rounds.push({ bare: alone, ours: await ours(join(folder, 'data'), objects, events) });
      }
      const middle = (pick: (round: { ours: Timed; bare: Timed }) => number): number => median(rounds.map(pick));
      const seconds = middle(({ ours }) => ours.seconds);
      rows.push({
        bench: `ingest of objects of ${recordsPerObject}`, events, seconds: rounded(seconds), events_per_second: Math.round(events / seconds),
        baseline_seconds: rounded(middle(({ bare: alone }) => alone.seconds)),
        ratio: rounded(middle(({ ours, bare: alone }) => alone.seconds / ours.seconds)),
        cpu_seconds: rounded(middle(({ ours }) => ours.cpu)), baseline_cpu_seconds: rounded(middle(({ bare: alone }) => alone.cpu)),
        cpu_ratio: rounded(middle(({ ours, bare: alone }) => alone.cpu / ours.cpu)),
        peak_rss_mib: Math.round(process.resourceUsage().maxRSS / 1024),
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [size, events] = process.argv.slice(2).map(Number);
  const rows = await benchIngest(size === undefined ? undefined : [size], events);
  process.stdout.write(rows.map((row) => JSON.stringify(row)).join('\n') + '\n');
}
