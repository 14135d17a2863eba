/**
 * One HTTPS POST: no redirects, no retries, a bounded answer. What a status means to a sender is the same everywhere.
 */
import { ChannelError } from './channel.ts';
import { retryAfterMs } from './_retry-after.ts';

/** Answers are short; more is not read. */
const LARGEST_ANSWER = 64 * 1024;

export interface Post {
  /** May hold a secret: it is in no error. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Who was asked, for messages. */
  readonly who: string;
  /** What to do where the message is refused for good. */
  readonly hint?: string;
}

/**
 * Posts, and returns the answer's text of a 2xx.
 * @throws ChannelError for everything else: transient where the same may succeed later (no answer, 408, 425, 429, 5xx)
 */
export async function post({ url, headers, body, signal, now, who, hint }: Post): Promise<{ readonly status: number; readonly text: string }> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    text = await bounded(response);
  } catch (error) {
    if (error instanceof ChannelError) throw error;
    // The client's own message may quote the URL.
    throw new ChannelError(`${who} could not be reached: ${reasonOf(error, signal)}`, { isTransient: true });
  }
  if (response.ok) return { status: response.status, text };
  const { status } = response;
  if (status >= 300 && status < 400) throw new ChannelError(`${who} answered ${status}: it sends elsewhere, and a message with what we know goes nowhere but where it was sent`, { isTransient: false, hint: 'Configure the address that it points to, if that is meant.' });
  const isTransient = status === 408 || status === 425 || status === 429 || status >= 500;
  const wait = retryAfterMs(response.headers.get('retry-after'), now());
  throw new ChannelError(`${who} answered ${status}${excerpt(text)}`, { isTransient, ...(wait === undefined ? {} : { retryAfterMs: wait }), ...(isTransient || hint === undefined ? {} : { hint }) });
}

async function bounded(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (body === null) return '';
  for await (const piece of body) {
    pieces.push(piece);
    size += piece.length;
    if (size > LARGEST_ANSWER) break;
  }
  return Buffer.concat(pieces).subarray(0, LARGEST_ANSWER).toString('utf8');
}

/** The words of a cause that has some: undici says only "fetch failed". */
function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return signal.reason instanceof Error ? signal.reason.message : 'it was given up';
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.name : 'for no reason that it says';
}

/** The answer's beginning in one line of plain characters: services say what they dislike. */
function excerpt(text: string): string {
  const line = text.replace(/[^\x20-\x7e]+/g, ' ').trim().slice(0, 160);
  return line === '' ? '' : `: ${line}`;
}
