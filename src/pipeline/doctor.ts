/**
 * `doctor`: tries what is configured (folder, clock, credentials, permissions, settings), looks at what landed, and says what is
 * missing and what to do. It changes nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { answerRow } from '../answers/reader.ts';
import type { Config } from '../config/config.ts';
import type { SourceConfig } from '../config/sources/index.ts';
import { deadlineOf } from '../core/deadline.ts';
import { WhoranError } from '../core/errors.ts';
import { rfc3339 } from '../core/times.ts';
import { createSource } from '../sources/index.ts';
import { readServiceClock, serviceUrl } from '../sources/service-clock.ts';
import type { Source, SourceEffects } from '../sources/source.ts';
import { openReader } from '../store/reader.ts';
import { configurationFaults } from './configuration-faults.ts';
import { checkChannels, type ChannelChecks } from './doctor-channels.ts';
import { checksOf, type DoctorCheck } from './doctor-checks.ts';
import { checkDataFolder, type FolderProbe } from './doctor-folder.ts';
import { checkLanded, type ExactWay } from './doctor-landed.ts';
import { landingState } from './landing-faults.ts';

/** `whoran.doctor/1`. */
export interface Doctor {
  readonly schema: 'whoran.doctor/1';
  readonly checked_at: string;
  /** Nothing is missing, and nothing failed. */
  readonly fit: boolean;
  readonly counts: Readonly<Record<DoctorCheck['outcome'], number>>;
  readonly checks: readonly DoctorCheck[];
  /** Ways of making the join exact, as the landed sessions use them; empty where nothing is landed, or one source was asked for. */
  readonly exact_join: readonly ExactWay[];
}

export interface DoctorOptions {
  readonly effects: Pick<SourceEffects, 'now' | 'sleep' | 'random'>;
  readonly signal: AbortSignal;
  /** Makes a configured source; `createSource`, unless a test brings its own. */
  readonly makeSource?: (config: SourceConfig) => Promise<Source>;
  /** Only this source, by its id, also where it is not enabled. It has to be configured. */
  readonly only?: string | undefined;
  /** How long one source's checks may take together. */
  readonly deadlineMs?: number;
  /** Told what is tried next. */
  readonly progress?: (step: string) => void;
  readonly folder?: FolderProbe;
  /** What channels are made with, to try them too. */
  readonly channels?: Pick<ChannelChecks, 'around' | 'reach'>;
}

/** Credential chains ask one place after another, and some of them wait seconds for an answer. */
const DEADLINE_MS = 90_000;
/** Faults of landing that are listed. */
const MOST_FAULTS = 20;
const CLOCK_DEADLINE_MS = 10_000;
/** AWS refuses signatures that are five minutes off or more; findings allow a minute (RULINGS, `activity_after_session_expiry`). */
const SKEW_FAILED_MS = 300_000;
const SKEW_WARNING_MS = 30_000;

/** Tries everything, one thing after another. Never throws for what it finds. */
export async function runDoctor(dataDir: string, config: Config, options: DoctorOptions): Promise<Doctor> {
  const progress = options.progress ?? ((): void => undefined);
  const sources = config.sources.filter(({ id }) => options.only === undefined || id === options.only);
  const checks: DoctorCheck[] = [...(await configurationChecks(config))];
  progress('the data folder');
  checks.push(...(await checkDataFolder(dataDir, options.folder)));
  if (options.only === undefined) checks.push(...(await landingChecks(dataDir, progress)));
  progress('the clock');
  checks.push(...(await clockChecks(sources, options)));
  for (const source of sources) {
    progress(`source ${source.id}`);
    if (!source.enabled && options.only === undefined) checks.push(checksOf('source', source.id)('try it', 'not_tried', 'it is not enabled', `whoran doctor --source ${source.id} tries it all the same.`));
    else checks.push(...(await sourceChecks(dataDir, source, options)));
  }
  let ways: readonly ExactWay[] = [];
  if (options.only === undefined) {
    progress('what is landed');
    const landed = await landedChecks(dataDir, config, options.effects.now());
    checks.push(...landed.checks);
    ways = landed.ways;
    if (options.channels) {
      progress('channels');
      checks.push(...(await checkChannels(dataDir, config, { ...options.channels, signal: options.signal, now: options.effects.now() })));
    }
  }
  return { schema: 'whoran.doctor/1', checked_at: rfc3339(options.effects.now()), ...verdict(checks), checks, exact_join: ways };
}

function verdict(checks: readonly DoctorCheck[]): Pick<Doctor, 'fit' | 'counts'> {
  const counts = { ok: 0, warning: 0, missing: 0, failed: 0, not_tried: 0 };
  for (const { outcome } of checks) counts[outcome] += 1;
  return { fit: counts.missing + counts.failed === 0, counts };
}

async function configurationChecks(config: Config): Promise<DoctorCheck[]> {
  const check = checksOf('configuration');
  const faults = await configurationFaults(config);
  const { length } = config.sources;
  return [
    ...faults.map((fault) => check('detections are configured as they are', 'failed', fault, 'Correct it under `detections`; `whoran findings --help` and queries/detections have the ids and parameters.')),
    length === 0
      ? check('sources are configured', 'warning', 'there is none: only files that somebody ingests are seen', '`whoran init` writes a file with an example of each.')
      : check('sources are configured', 'ok', `${length} source${length === 1 ? '' : 's'}`),
  ];
}

async function clockChecks(sources: readonly SourceConfig[], options: DoctorOptions): Promise<DoctorCheck[]> {
  const check = checksOf('clock');
  const urls = new Set(sources.filter(({ enabled, id }) => enabled || id === options.only).flatMap((source) => serviceUrl(source) ?? []));
  const byHost = new Map([...urls].map((url) => [new URL(url).host, url]));
  const readings = await Promise.all(
    [...byHost.values()].map(async (url) => {
      const deadline = deadlineOf(CLOCK_DEADLINE_MS, options.signal);
      return readServiceClock(url, { now: options.effects.now, signal: deadline.signal }).finally(() => {
        deadline.end();
      });
    }),
  );
  return readings.map(({ host, aheadMs, uncertaintyMs, problem }) => {
    const what = `clock against ${host}`;
    if (aheadMs === undefined) return check(what, 'warning', problem ?? 'no answer', `See that this machine may reach ${host} (name resolution, proxy, firewall, VPC endpoint).`);
    const least = Math.max(0, Math.abs(aheadMs) - uncertaintyMs);
    const found = `${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? 'behind' : 'ahead of'} it, give or take ${(uncertaintyMs / 1000).toFixed(1)} s`;
    const fix = 'Let the machine follow a time service (chrony, Amazon Time Sync, the host\'s NTP).';
    return least >= SKEW_FAILED_MS ? check(what, 'failed', found, fix) : least >= SKEW_WARNING_MS ? check(what, 'warning', found, fix) : check(what, 'ok', found);
  });
}

/** What a source says of itself, within the deadline. One that hangs or throws says so by that. */
async function sourceChecks(dataDir: string, config: SourceConfig, options: DoctorOptions): Promise<DoctorCheck[]> {
  const { deadlineMs = DEADLINE_MS, makeSource = async (source: SourceConfig): Promise<Source> => createSource(source, { dataDir }) } = options;
  const check = checksOf('source', config.id);
  const results: DoctorCheck[] = [];
  const deadline = deadlineOf(deadlineMs, options.signal);
  const { signal } = deadline;
  const aborted = new Promise<'aborted'>((resolve) => {
    signal.addEventListener('abort', () => { resolve('aborted'); }, { once: true });
  });
  try {
    const source = await makeSource(config);
    const steps = source.check({ ...options.effects, signal, tell: () => undefined });
    for (;;) {
      const next = await Promise.race([steps.next(), aborted]);
      if (next === 'aborted' || signal.aborted) break;
      if (next.done === true) return results;
      const { what, outcome, found, fix } = next.value;
      results.push(check(what, outcome, found, fix));
    }
    options.signal.throwIfAborted();
    // What doesn't obey the signal is left behind; its rejection is nobody's.
    results.push(check('answer in time', 'failed', `it was not done after ${Math.round(deadlineMs / 1000)} s`, 'See that this machine can reach the service: name resolution, proxy, firewall, VPC endpoint.'));
  } catch (error) {
    options.signal.throwIfAborted();
    results.push(check('be tried', 'failed', error instanceof Error ? error.message : 'it failed', 'WHORAN_DEBUG=1 shows more; where it looks like a fault of whoran, tell us.'));
  } finally {
    deadline.end();
  }
  return results;
}

/** Whether landing is what was landed. The head of each log is told, so that it can be noted where nobody reaches who can write to the folder. */
async function landingChecks(dataDir: string, progress: (step: string) => void): Promise<DoctorCheck[]> {
  const folder = join(dataDir, 'landing');
  if (!existsSync(folder)) return [];
  const check = checksOf('data');
  const what = 'find landing as it was landed';
  const { faults, files, ends } = await landingState(folder, progress);
  const fix = 'Keep the folder as it is, copy it, and compare it with the newest backup from before (the runbook of log_integrity_broken).';
  if (faults.length > 0) return faults.slice(0, MOST_FAULTS).map(({ file, line, message }) => check(what, 'failed', `landing/${file}${line > 0 ? `, line ${line}` : ''}: ${message}${faults.length > MOST_FAULTS ? ` (one of ${faults.length})` : ''}`, fix));
  const heads = Object.entries(ends ?? {}).flatMap(([name, { seq, sha256 }]) => (sha256 === null ? [] : [`${name} ${seq} lines, head ${sha256}`]));
  return [check(what, 'ok', `${files} file(s) hash to what their logs say; ${heads.length > 0 ? heads.join('; ') : 'no log has a line'}`)];
}

async function landedChecks(dataDir: string, config: Config, now: Date): Promise<{ checks: DoctorCheck[]; ways: readonly ExactWay[] }> {
  const check = checksOf('landed');
  const nothing = (found: string, fix: string): { checks: DoctorCheck[]; ways: readonly ExactWay[] } => ({ checks: [check('look at what is landed', 'not_tried', found, fix)], ways: [] });
  try {
    const reader = await openReader(dataDir);
    try {
      const isCorrelated = (await answerRow<{ is_there: boolean }>(reader, 'has_correlated_tables'))?.is_there ?? false;
      return isCorrelated ? await checkLanded(reader, config, now) : nothing('records are landed, and nothing is correlated yet', 'Run `whoran correlate`.');
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof WhoranError) return nothing(error.message, error.hint ?? 'Run `whoran run`.');
    throw error;
  }
}
