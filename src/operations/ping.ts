/**
 * Pinging a dead man's URL: a service that raises the alarm when nobody pings it. By healthchecks.io's convention
 * (https://healthchecks.io/docs/http_api/): the URL itself for success, with `/fail` behind it for failure, and a few words in
 * the body. Who knows the URL can ping it, so it is told to nobody.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { deadlineOf } from '../core/deadline.ts';

export interface PingTarget {
  readonly url: string;
  /** Put behind the URL's path for a failure; empty: failures aren't pinged. */
  readonly failureSuffix: string;
}

export interface PingOptions {
  readonly signal: AbortSignal;
  /** For each attempt. Default 10 s. */
  readonly timeoutMs?: number;
  /** Default 3. */
  readonly attempts?: number;
  /** Before the second attempt; then it doubles. Default 2 s. */
  readonly waitMs?: number;
}

/**
 * Pings, and says how that went. Never throws.
 * @param summary one line for people: no secrets, no records
 * @returns null where it was taken (2xx), or where failures aren't pinged; else what went wrong, without the URL
 */
export async function ping(target: PingTarget, isSuccess: boolean, summary: string, options: PingOptions): Promise<string | null> {
  const { signal, timeoutMs = 10_000, attempts = 3, waitMs = 2000 } = options;
  if (!isSuccess && target.failureSuffix === '') return null;
  const url = addressOf(target, isSuccess);
  if (url === undefined) return 'the dead man’s URL is not a URL';
  let failure = '';
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    try {
      if (attempt > 1) await sleep(waitMs * 2 ** (attempt - 2), undefined, { signal });
      const answer = await post(url, summary, timeoutMs, signal);
      if (answer.ok) return null;
      failure = `HTTP ${answer.status}`;
      // The service has understood and refused; only these may go well next time.
      if (answer.status < 500 && answer.status !== 429 && answer.status !== 408) return `${url.host} answered ${failure}`;
    } catch (error) {
      if (signal.aborted) return `the ping of ${url.host} was stopped`;
      failure = wordsOf(error, timeoutMs);
    }
  }
  return `${url.host} did not take the ping in ${attempts} attempts: ${failure}`;
}

async function post(url: URL, summary: string, timeoutMs: number, signal: AbortSignal): Promise<Response> {
  const deadline = deadlineOf(timeoutMs, signal, new DOMException('no answer in time', 'TimeoutError'));
  try {
    const answer = await fetch(url, {
      method: 'POST', body: summary, redirect: 'error', signal: deadline.signal, headers: { 'content-type': 'text/plain; charset=utf-8', 'user-agent': 'whoran' },
    });
    // The answer's text is of no use, and its connection is to be free again.
    await answer.body?.cancel();
    return answer;
  } finally {
    deadline.end();
  }
}

function addressOf({ url: text, failureSuffix }: PingTarget, isSuccess: boolean): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!isSuccess) url.pathname = url.pathname.replace(/\/$/, '') + failureSuffix;
  return url;
}

/** The error's code and no more: its message may hold the URL. */
function wordsOf(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return code === '' ? 'it could not be reached' : `it could not be reached (${code})`;
}
