/**
 * How long is waited for whom: within a run, and from run to run. A run holds the data folder's lock, so its time is bounded, whatever
 * a service does.
 */

/** Attempts on one message within one run, so that a hiccup costs no whole run's wait. */
export const ATTEMPTS_A_RUN = 3;
/** How long a run waits for one channel that fails, in all. */
export const PATIENCE_MS = 10_000;
/** What took longer than this to fail is not tried again within the run: the next would take as long. */
export const SLOW_MS = 2000;
/** How long one run sends on one channel, also where all goes well: a service's rate is no reason to hold the lock. */
export const LONGEST_SENDING_MS = 120_000;
/** So much a run has for alerts though its sources used up all its time: what is found has to be told. */
export const LEAST_SENDING_MS = 30_000;

const FIRST_WAIT_MS = 1000;
const RETRY_MS = 60_000;
const SLOWEST_RETRY_MS = 30 * 60_000;
/** No service decides to be left alone for longer: its word would outlast the time after which a message is given up. */
const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

/** How long a run's alert phase may send, where the run's deadline comes at `deadlineMs` (milliseconds since 1970). */
export function sendingBudgetMs(nowMs: number, deadlineMs: number): number {
  return Math.max(LEAST_SENDING_MS, Math.min(LONGEST_SENDING_MS, deadlineMs - nowMs));
}

/** The wait before the next attempt within a run: what the service asks for, else about 1 s, then 2 s. `tries` counts from 1. */
export function waitWithinRunMs(tries: number, retryAfterMs: number | undefined, random: number): number {
  return retryAfterMs ?? FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + random);
}

/** How long a message waits for a later run, after so many attempts in all. What only a person can mend is tried at the slow pace from the start. */
export function messageRestMs(attempts: number, isTransient: boolean): number {
  return isTransient ? doubled(Math.max(0, Math.ceil(attempts / ATTEMPTS_A_RUN) - 1)) : SLOWEST_RETRY_MS;
}

/** How long a channel that could not be reached is left alone, after so many runs in a row before this one that met with the same. */
export function channelRestMs(runsBefore: number, retryAfterMs: number | undefined): number {
  return Math.max(Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS), doubled(runsBefore));
}

function doubled(times: number): number {
  return Math.min(SLOWEST_RETRY_MS, RETRY_MS * 2 ** Math.min(times, 10));
}
