/**
 * The record of runs: a chained line when a run begins, and one when it ends. A run without an end was killed, or lost its
 * disk; the next one says so. Appended under the data folder's lock, read by anybody.
 *
 * Holds no secret: messages come in scrubbed, cursors stay in the log of pulls.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { ChainLog, chainLines, type ChainedLine } from './chain-log.ts';

/** Why a run began: somebody typed it, its time came, or its time had passed unused. */
export type RunTrigger = 'command' | 'schedule' | 'catch_up';
/** `partial`: something failed, named, and the rest is in. `interrupted`: told to stop. `crashed`: it never said how it ended. */
export type RunOutcome = 'done' | 'partial' | 'failed' | 'interrupted' | 'crashed';
export const RUN_OUTCOMES: readonly RunOutcome[] = ['done', 'partial', 'failed', 'interrupted', 'crashed'];

export const RUN_STEPS = ['open', 'retain', 'pull', 'stage', 'correlate', 'detect', 'publish', 'alert', 'report'] as const;
export type RunStepName = (typeof RUN_STEPS)[number];

export interface RunStep {
  readonly step: RunStepName;
  readonly outcome: 'done' | 'failed' | 'skipped' | 'interrupted';
  readonly seconds: number;
}

export interface RunFailure {
  /** A step, `source <id>`, `channel <id>`, `report <id>`, or `ping`. */
  readonly what: string;
  /** The source's stream that failed, where it is one. */
  readonly stream: string | null;
  readonly message: string;
  readonly hint: string | null;
}

/** Records of what a source delivered in the run: `read` is the sum of the others. */
export interface RunRecords {
  readonly read: number;
  readonly new: number;
  readonly repeated: number;
  readonly rejected: number;
  readonly set_aside: number;
}

/** What one source did in the run. */
export interface RunSource {
  readonly source: string;
  readonly type: string;
  /** `interrupted`: it was still pulling when the run's deadline came, or the run was told to stop. */
  readonly outcome: 'ok' | 'partial' | 'failed' | 'interrupted';
  /** Objects and response bodies; of them, those landed for the first time, and those whose bytes were landed before. */
  readonly delivered: number;
  readonly landed: number;
  readonly repeated: number;
  readonly bytes: number;
  readonly records: RunRecords;
  readonly requests: number;
  readonly retries: number;
  readonly warnings: number;
  /** The least of its streams'; null where one has none yet. */
  readonly complete_through: string | null;
}

export interface RunReport {
  readonly report: string;
  readonly from: string;
  readonly to: string;
  /** What tells its accounts, teams and time zone apart; left out where it has none, and in runs of older versions. */
  readonly parameters?: string;
  /** The publication that it was made from: while that stands, the same report needn't be made again. */
  readonly publication: number;
  readonly files: readonly string[];
  /** The same files by their absolute paths, with the SHA-256 of what was written, lower-case hex: retention removes nothing else. Left out in runs of older versions. */
  readonly written?: readonly { readonly path: string; readonly sha256: string }[];
  /** False where an earlier run had written it. */
  readonly is_new: boolean;
}

export interface RunAlerts {
  readonly sent: number;
  /** Left to a later run. */
  readonly pending: number;
  /** Given up. */
  readonly dead: number;
  /** Findings that are not told now, and why. */
  readonly held: readonly { readonly why: string; readonly findings: number; readonly channels: readonly string[] }[];
  /** By channel; left out in runs of older versions. */
  readonly channels?: readonly RunChannel[];
}

export interface RunChannel {
  readonly channel: string;
  readonly sent: number;
  readonly pending: number;
  readonly dead: number;
  /** Attempts that failed. */
  readonly failed: number;
  /** Why messages were left that this run could have tried; null where none were. */
  readonly left_because: string | null;
}

export interface RunBegan {
  readonly kind: 'began';
  readonly run_id: string;
  readonly trigger: RunTrigger;
  /** RFC 3339 UTC, as all instants here. */
  readonly at: string;
  /** The schedule that it stands in; null for a command. */
  readonly schedule: string | null;
  readonly version: string;
  readonly node: string;
}

export interface RunEnded {
  readonly kind: 'ended';
  readonly run_id: string;
  readonly trigger: RunTrigger;
  readonly began_at: string;
  readonly at: string;
  readonly outcome: RunOutcome;
  /** Whether anything that readers see came of it. */
  readonly is_changed: boolean;
  readonly sources: readonly RunSource[];
  readonly steps: readonly RunStep[];
  readonly findings: { readonly open: number; readonly provisional: number } | null;
  /** What was told in the run; null where that didn't come to pass, and in runs of older versions left out. */
  readonly alerts?: RunAlerts | null;
  readonly reports: readonly RunReport[];
  readonly failures: readonly RunFailure[];
  readonly version: string;
}

/** Said after the end, and only where the dead man's URL did not take the ping. */
export interface RunNotPinged {
  readonly kind: 'not_pinged';
  readonly run_id: string;
  readonly at: string;
  readonly message: string;
}

export type RunEntry = RunBegan | RunEnded | RunNotPinged;
export type RunLine = ChainedLine & RunEntry;

/** A run as the log tells it; `ended` is null while it goes on, or where it crashed and nobody has noticed yet. */
export interface Run {
  readonly run_id: string;
  readonly trigger: RunTrigger;
  readonly began_at: string;
  readonly ended: RunEnded | null;
  /** Why the dead man's URL was not pinged; null where it was, or there is none. */
  readonly ping_failure: string | null;
}

const NAME = 'runs.jsonl';
/** A run's two lines have a few kilobytes, so this is months of nightly runs. */
const TAIL_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

function pathOf(dataDir: string): string {
  return join(dataDir, 'landing', NAME);
}

/**
 * Appends entries; they are on disk when this returns. The caller holds the data folder's lock, and `landing/` is there. Each time
 * the file is opened anew: a line that a full disk cut off is dropped before the next.
 */
export function appendRun(dataDir: string, ...entries: readonly RunEntry[]): void {
  const log = ChainLog.open<RunLine>(pathOf(dataDir));
  try {
    log.append(entries);
  } finally {
    log.close();
  }
}

/** The runs in the log's last MiB, oldest first; none where there is no log. Safe beside a running one. */
export function readRuns(dataDir: string): Run[] {
  const runs = new Map<string, Run>();
  for (const line of tailLines(pathOf(dataDir))) {
    const before = runs.get(line.run_id);
    const { run_id: runId } = line;
    if (line.kind === 'began') runs.set(runId, { run_id: runId, trigger: line.trigger, began_at: line.at, ended: null, ping_failure: null });
    else if (line.kind === 'ended') runs.set(runId, { run_id: runId, trigger: line.trigger, began_at: line.began_at, ended: line, ping_failure: null });
    else if (before) runs.set(runId, { ...before, ping_failure: line.message });
  }
  return [...runs.values()];
}

/** Every report that a run wrote anew, of the whole log, oldest first, with the time at which its run ended. */
export function* writtenReports(dataDir: string): Generator<RunReport & { readonly written_at: string }> {
  for (const line of chainLines<RunLine>(pathOf(dataDir))) {
    if (line.kind !== 'ended') continue;
    for (const report of line.reports) if (report.is_new) yield { ...report, written_at: line.at };
  }
}

function* tailLines(path: string): Generator<RunLine> {
  if (!existsSync(path)) return;
  const fd = openSync(path, 'r');
  let tail: Buffer;
  let isCut: boolean;
  try {
    const { size } = fstatSync(fd);
    tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    isCut = tail.length < size;
    tail = tail.subarray(0, readSync(fd, tail, 0, tail.length, size - tail.length));
  } finally {
    closeSync(fd);
  }
  let start = isCut ? tail.indexOf(NEWLINE) + 1 : 0;
  // What stands after the last line break is being written, or was cut off.
  for (let end = tail.indexOf(NEWLINE, start); end !== -1; end = tail.indexOf(NEWLINE, start)) {
    yield parse(tail.toString('utf8', start, end), path);
    start = end + 1;
  }
}

function parse(text: string, path: string): RunLine {
  try {
    return JSON.parse(text) as RunLine;
  } catch (cause) {
    throw new WhoranError(`${path}: a line is damaged`, {
      exitCode: EXIT.wrongUse,
      hint: 'This file is only ever appended to. Restore it from a backup, or move it away: nothing but the history of runs is lost.',
      cause,
    });
  }
}

/** The last run that took place as far as a schedule cares: its work was done, whole or with parts named as failed. */
export function lastRunThatTookPlace(runs: readonly Run[]): RunEnded | undefined {
  return runs.map(({ ended }) => ended).findLast((ended) => ended?.outcome === 'done' || ended?.outcome === 'partial') ?? undefined;
}
