/**
 * A schedule: when a run is due, and a loop that stays and runs it. Runs never overlap, since the loop waits for each; times
 * that pass meanwhile, or while the machine slept, are made up for by one run.
 */
import { Cron } from 'croner';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { RunTrigger } from '../landing/run-log.ts';
import { WriterBusyError } from '../store/writer-lock.ts';

export interface Schedule {
  /** The first time after `at`. */
  readonly next: (at: Date) => Date;
  /** The last time at or before `at`, or null. */
  readonly previous: (at: Date) => Date | null;
}

/**
 * Reads a cron pattern: five fields, or six with seconds first.
 * @param timezone IANA name; UTC where it is left out. Local times that a change of the clock skips or repeats come once.
 * @throws WhoranError (wrong use)
 */
export function readSchedule(pattern: string, timezone = 'UTC'): Schedule {
  const wrong = (what: string, hint: string, cause?: unknown): WhoranError => new WhoranError(what, { exitCode: EXIT.wrongUse, hint, cause });
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch (cause) {
    throw wrong(`--timezone: there is no time zone ${JSON.stringify(inert(timezone, 60))}`, 'Give its IANA name: UTC, Europe/Berlin, America/New_York.', cause);
  }
  const example = 'For example "30 2 * * *": every night at half past two.';
  // Croner takes a date for a pattern too: a run that comes once is no schedule.
  if (pattern.trim().split(/\s+/).length < 5 && !pattern.trim().startsWith('@')) throw wrong(`--schedule: ${JSON.stringify(inert(pattern, 60))} is no cron pattern`, example);
  let cron: Cron;
  try {
    cron = new Cron(pattern, { timezone });
  } catch (cause) {
    throw wrong(`--schedule: ${JSON.stringify(inert(pattern, 60))}: ${inert(cause instanceof Error ? cause.message.replace(/^CronPattern: /, '') : '', 200)}`, example, cause);
  }
  if (!cron.nextRun()) throw wrong(`--schedule: ${JSON.stringify(inert(pattern, 60))} never comes`, example);
  return {
    next: (at) => {
      const next = cron.nextRun(at);
      if (!next) throw wrong(`--schedule: ${JSON.stringify(inert(pattern, 60))} never comes again`, example);
      return next;
    },
    previous: (at) => cron.previousRuns(1, new Date(at.getTime() + 1000)).find((time) => time <= at) ?? null,
  };
}

export interface ScheduleLoop {
  readonly schedule: Schedule;
  /** When the last run that took place began; undefined where there was none: then one is made up for at once. */
  readonly lastBegan: Date | undefined;
  /** Runs the job. What it throws is told, and the loop goes on. */
  readonly run: (trigger: RunTrigger) => Promise<void>;
  readonly now: () => Date;
  /** Resolves after `ms`, or when the signal is aborted; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
  readonly tell: (event: ScheduleEvent) => void;
}

export type ScheduleEvent =
  | { readonly kind: 'waiting'; readonly until: Date }
  | { readonly kind: 'starting'; readonly trigger: RunTrigger }
  /** Another writer holds the data folder; it is tried again in so long. */
  | { readonly kind: 'locked'; readonly retryMs: number }
  /** The run threw. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** Timers drift, and stand still while a machine sleeps: the clock is looked at this often. */
const LOOK_MS = 30_000;
/** A run that begins later than this after its time makes up for it. */
const LATE_MS = 60_000;
const LOCKED_MS = 60_000;

/** Runs when it is due, until the signal is aborted. Never throws for what a run does. */
export async function runOnSchedule(loop: ScheduleLoop): Promise<void> {
  const { schedule, now, signal, tell } = loop;
  const missed = schedule.previous(now());
  let due = missed !== null && (loop.lastBegan === undefined || loop.lastBegan < missed) ? missed : schedule.next(now());
  while (!signal.aborted) {
    await waitUntil(due, loop);
    if (isAborted(signal)) return;
    const began = now();
    const trigger = began.getTime() - due.getTime() > LATE_MS ? 'catch_up' : 'schedule';
    tell({ kind: 'starting', trigger });
    const isLocked = await runOnce(trigger, loop);
    if (isLocked) {
      tell({ kind: 'locked', retryMs: LOCKED_MS });
      await loop.sleep(LOCKED_MS, signal);
    } else {
      due = schedule.next(began);
    }
  }
}

/** The compiler takes a signal that was not aborted for one that never is. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function waitUntil(due: Date, { now, sleep, signal, tell }: ScheduleLoop): Promise<void> {
  if (due > now()) tell({ kind: 'waiting', until: due });
  for (let left = due.getTime() - now().getTime(); left > 0 && !signal.aborted; left = due.getTime() - now().getTime()) {
    await sleep(Math.min(left, LOOK_MS), signal);
  }
}

/** Whether the folder was locked: then nothing was done. */
async function runOnce(trigger: RunTrigger, { run, tell }: ScheduleLoop): Promise<boolean> {
  try {
    await run(trigger);
  } catch (error) {
    if (error instanceof WriterBusyError) return true;
    tell({ kind: 'failed', error });
  }
  return false;
}
