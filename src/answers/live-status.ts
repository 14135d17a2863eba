/**
 * Status of what runs by itself: how far each live source is pulled, what it last failed with, and how the last run ended.
 */
import { readPulls, type PulledStream } from '../landing/pull-log.ts';
import { readRuns, type Run, type RunFailure, type RunOutcome, type RunTrigger } from '../landing/run-log.ts';

export interface LiveStream {
  readonly stream: string;
  /** When its cursor last moved; null while it hasn't. What the cursor says only the source reads. */
  readonly cursor_at: string | null;
  readonly cursor_age_seconds: number | null;
  readonly complete_through: string | null;
}

export interface LiveSource {
  readonly source: string;
  /** The latest of its streams'. */
  readonly cursor_at: string | null;
  readonly cursor_age_seconds: number | null;
  /** The least of its streams'; null where one has none. */
  readonly complete_through: string | null;
  readonly lag_seconds: number | null;
  readonly streams: readonly LiveStream[];
  /** Of a run, as `run` records it; pulls by `ingest --source` count only for the cursor. */
  readonly last_success_at: string | null;
  readonly last_error: { readonly at: string; readonly stream: string | null; readonly message: string; readonly hint: string | null } | null;
}

export interface LastRun {
  readonly run_id: string;
  readonly trigger: RunTrigger;
  readonly began_at: string;
  readonly ended_at: string | null;
  /** `unfinished`: it goes on, or it was killed and the next run will say so. */
  readonly outcome: RunOutcome | 'unfinished';
  readonly is_changed: boolean;
  readonly failures: readonly RunFailure[];
  /** Why the dead man's URL was not pinged; null where it was, or there is none. */
  readonly ping_failure: string | null;
}

export interface LiveStatus {
  readonly live: readonly LiveSource[];
  readonly last_run: LastRun | null;
}

/** Reads the logs of pulls and of runs; nothing where there are none. Works beside a run that goes on. */
export function liveStatus(dataDir: string, now: Date): LiveStatus {
  const runs = readRuns(dataDir);
  const bySource = new Map<string, PulledStream[]>();
  for (const stream of readPulls(dataDir)) bySource.set(stream.source, [...(bySource.get(stream.source) ?? []), stream]);
  // A source that never got as far as a stream is known from its failures.
  for (const { ended } of runs) for (const { source } of ended?.sources ?? []) if (!bySource.has(source)) bySource.set(source, []);
  const live = [...bySource].map(([source, streams]) => liveSource(source, streams, runs, now));
  const last = runs.at(-1);
  return { live: live.sort((a, b) => (a.source < b.source ? -1 : 1)), last_run: last ? lastRun(last) : null };
}

function liveSource(source: string, pulled: readonly PulledStream[], runs: readonly Run[], now: Date): LiveSource {
  const age = (at: string | null): number | null => (at === null ? null : Math.max(0, Math.round((now.getTime() - Date.parse(at)) / 1000)));
  const times = pulled.map(({ complete_through: through }) => through);
  const through = times.length === 0 || times.includes(null) ? null : times.reduce((least, time) => (Date.parse(time ?? '') < Date.parse(least ?? '') ? time : least));
  const cursorAt = pulled.map(({ at }) => at).reduce((latest, at) => (at !== null && (latest === null || Date.parse(at) > Date.parse(latest)) ? at : latest), null);
  return {
    source,
    cursor_at: whole(cursorAt),
    cursor_age_seconds: age(cursorAt),
    complete_through: whole(through),
    lag_seconds: age(through),
    streams: pulled
      .map(({ stream, at, complete_through: reach }) => ({ stream, cursor_at: whole(at), cursor_age_seconds: age(at), complete_through: whole(reach) }))
      .sort((a, b) => (a.stream < b.stream ? -1 : 1)),
    last_success_at: whole(runs.findLast(({ ended }) => ended?.sources.some((one) => one.source === source && one.outcome === 'ok'))?.ended?.at ?? null),
    last_error: lastError(source, runs),
  };
}

function lastError(source: string, runs: readonly Run[]): LiveSource['last_error'] {
  const of = ({ what }: RunFailure): boolean => what === `source ${source}`;
  const ended = runs.findLast((run) => run.ended?.failures.some(of))?.ended;
  const failure = ended?.failures.find(of);
  return ended && failure ? { at: ended.at.replace('.000Z', 'Z'), stream: failure.stream, message: failure.message, hint: failure.hint } : null;
}

function lastRun({ run_id, trigger, began_at: began, ended, ping_failure }: Run): LastRun {
  return {
    run_id, trigger, began_at: began, ended_at: ended?.at ?? null, outcome: ended?.outcome ?? 'unfinished', is_changed: ended?.is_changed ?? false,
    failures: ended?.failures ?? [], ping_failure,
  };
}

function whole(at: string | null): string | null {
  return at === null ? null : at.replace('.000Z', 'Z');
}
