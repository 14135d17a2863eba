/**
 * What people would be told in a quiet world: the living estate's files, taken in run by run as they arrive, correlated, judged and planned as
 * the job does it. Nothing is sent: what is planned counts as sent.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { periodName, writeLivingWorld, type LivingWritten } from '../fixtures/world/living/index.ts';
import { loadFindingLife } from '../src/answers/finding-life.ts';
import { loadCatalog } from '../src/catalog/catalog.ts';
import { configSchema } from '../src/config/config.ts';
import { openAlertLog, type AlertEntry } from '../src/landing/alert-log.ts';
import { planAlerts, type AlertPlan } from '../src/pipeline/alert-plan.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { recordFindingChanges } from '../src/pipeline/finding-changes.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openWriter, type Writer } from '../src/store/writer.ts';

/** What one detection did in all the time. */
export interface QuietCount {
  /** Findings that stand in the end, open or waiting; and those that an exception or a decision suppresses. */
  readonly findings: number;
  readonly provisional: number;
  readonly suppressed: number;
  /** Openings that were told: a finding that fired twice is told twice. */
  readonly told: number;
  /** Messages that said so: findings of one detection and identity in one run share one. */
  readonly alerts: number;
}
export interface QuietWorld {
  readonly written: LivingWritten;
  readonly detections: ReadonlyMap<string, QuietCount>;
  /** Messages of each day, by the day of the run: `2026-01-12`. */
  readonly alertsOfDay: ReadonlyMap<string, number>;
  /** What each message was about, for whoever wonders. */
  readonly said: readonly { readonly day: string; readonly detection: string; readonly summary: string }[];
  readonly rejected: number;
  readonly seconds: { readonly write: number; readonly ingest: number; readonly correlate_and_detect: number; readonly plan: number };
  readonly peak_rss_mib: number;
}

/** Everything of every severity goes to one channel, grouped as it is by default. */
const ALERTS = { channels: [{ id: 'people', type: 'file' as const, path: 'unused.jsonl' }], routes: [{ channels: ['people'], min_severity: 'low' as const }] };
const NOTICES = ['fired', 'resolved'] as const;
/** How long after a period's end its run begins. */
const RUN_AFTER_MS = 60_000;

/** Makes the world, runs the job for each of its periods, and counts. Each period's files are removed once they are landed. */
export async function quietWorld(events: number, seed: number, progress: (line: string) => void): Promise<QuietWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'whoran-living-'));
  const seconds = { write: 0, ingest: 0, correlate_and_detect: 0, plan: 0 };
  const timed = async <Result>(phase: keyof typeof seconds, work: () => Promise<Result>): Promise<Result> => {
    const began = performance.now();
    const result = await work();
    seconds[phase] += (performance.now() - began) / 1000;
    return result;
  };
  try {
    const logs = join(folder, 'logs');
    const written = await timed('write', async () => writeLivingWorld(logs, { events, seed }));
    const config = configSchema.parse({ ...written.config, alerts: ALERTS });
    let clock = written.start;
    const data = join(folder, 'data');
    const writer = await openWriter(data, { now: () => new Date(clock) });
    try {
      const plans: Planned[] = [];
      let rejected = 0;
      for (let period = 0; period < written.periods; period += 1) {
        clock = Math.min(written.end, written.start + (period + 1) * written.periodHours * 3_600_000) + RUN_AFTER_MS;
        const files = join(logs, periodName(period));
        rejected += (await timed('ingest', async () => ingest(writer, [files]))).totals.rejected;
        rmSync(files, { recursive: true });
        await timed('correlate_and_detect', async () => bringUpToDate(writer, config));
        const planned = await timed('plan', async () => plan(writer, data, config, new Date(clock)));
        plans.push(...planned);
        progress(`${new Date(clock).toISOString()}: ${planned.length} message(s)`);
      }
      const catalog = await loadCatalog();
      return {
        written, rejected, seconds, peak_rss_mib: Math.round(process.resourceUsage().maxRSS / 1024),
        detections: await countAll(writer, catalog.detections.map(({ id }) => id), plans), alertsOfDay: byDay(written, plans),
        said: plans.flatMap(({ day, findings }) => findings.map((finding) => ({ day, ...finding }))),
      };
    } finally {
      writer.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A message that says that something fired. */
interface Planned {
  readonly day: string;
  readonly findings: readonly { readonly detection: string; readonly summary: string }[];
}

/** The alert phase without its channels: what changed is recorded, what is due is planned and counts as sent. */
async function plan(writer: Writer, dataDir: string, config: ReturnType<typeof configSchema.parse>, now: Date): Promise<Planned[]> {
  const { db } = writer;
  const log = openAlertLog(dataDir);
  try {
    await loadFindingLife(db, { dataDir, now });
    await recordFindingChanges(db, { log, now, runId: null, provisionalAfterMinutes: config.alerts.provisional_after_minutes });
    await loadFindingLife(db, { dataDir, now });
    const { due }: AlertPlan = await planAlerts(db, config, await loadCatalog(), [{ id: 'people', notices: NOTICES }], now);
    const at = now.toISOString();
    const lines = due.flatMap(({ alert_key: key, channel, notice, group_key, finding_ids, openings }): AlertEntry[] => [
      { kind: 'planned', at, key, channel, notice, group_key, finding_ids, openings }, { kind: 'sending', at, key, attempt: 1 }, { kind: 'sent', at, key, attempt: 1, receipt: null },
    ]);
    if (lines.length > 0) log.append(lines);
    const rows = await db.all<{ id: string; detection: string; summary: string }>('select id, detection, summary from finding_life');
    const known = new Map(rows.map((row) => [row.id, row]));
    return due.filter(({ notice }) => notice === 'fired').map(({ finding_ids: ids }) => ({ day: at.slice(0, 10), findings: ids.flatMap((id) => known.get(id) ?? []).map(({ detection, summary }) => ({ detection, summary })) }));
  } finally {
    log.close();
  }
}

async function countAll(writer: Writer, detections: readonly string[], plans: readonly Planned[]): Promise<ReadonlyMap<string, QuietCount>> {
  const rows = await writer.db.all<{ detection: string; findings: number; provisional: number; suppressed: number }>(
    `select detection, count(*) as findings, count(*) filter (where status = 'provisional') as provisional,
       count(*) filter (where status = 'suppressed') as suppressed
     from finding_life where is_present group by detection order by detection`,
  );
  const counts = new Map(rows.map((row) => [row.detection, row]));
  return new Map(detections.map((id) => [id, {
    findings: counts.get(id)?.findings ?? 0, provisional: counts.get(id)?.provisional ?? 0, suppressed: counts.get(id)?.suppressed ?? 0,
    told: plans.reduce((sum, one) => sum + one.findings.filter(({ detection }) => detection === id).length, 0),
    alerts: plans.filter((one) => one.findings.some(({ detection }) => detection === id)).length,
  }]));
}

/** Every day of the world, also those on which nothing was told. */
function byDay(written: LivingWritten, plans: readonly Planned[]): ReadonlyMap<string, number> {
  const days = new Map<string, number>();
  for (let day = written.start; day < written.end; day += 86_400_000) days.set(new Date(day).toISOString().slice(0, 10), 0);
  for (const { day } of plans) days.set(day, (days.get(day) ?? 0) + 1);
  return days;
}
