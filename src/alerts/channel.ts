/**
 * The promise between a channel and the pipeline. A channel turns an alert into its service's message and hands it over once a call;
 * retries across runs, the record of deliveries, routing and grouping are the pipeline's (`src/pipeline/alert*.ts`).
 */
import type { Alert, Notice } from './alert.ts';

export interface SendContext {
  /** Aborted when the time for this call is over, or the run is to stop. Also ends a request in flight. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Counts from 1. From 2 on the service may already have this alert: the same `alert.key` goes with it. */
  readonly attempt: number;
}

/** What the service said when it took the message. */
export interface Receipt {
  /** The service's own id of it, where it gives one, and who of several receivers was refused: what the record of deliveries keeps. Nothing secret. */
  readonly id: string | null;
}

/** A message as it would be sent. */
export interface RenderedMessage {
  readonly content_type: string;
  /** The body; for e-mail the whole message without its transport. Holds no secret. */
  readonly body: string;
  /** Headers beside the content type that carry meaning (a subject, an idempotency key); secrets and signatures are not among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** What was left out or cut to keep the service's limits, a sentence each. */
  readonly cuts: readonly string[];
}

export interface Channel {
  readonly id: string;
  readonly type: string;
  /** What it can be told; other notices are not sent to it. */
  readonly notices: readonly Notice[];
  /** Whether the service keeps to one message a key, however often and however late it is sent again. */
  readonly honoursKey: boolean;
  /** Where it forgets keys: for how long it keeps to one message a key, in ms. A repeat after that is shown twice. */
  readonly keyHeldMs?: number;
  /** Where it sends to, for people: a host, an address, a topic. Nothing secret. */
  readonly target: string;
  /** What `send` would hand over. Speaks to nobody; `--dry-run` and the docs show it. Never throws for odd values in an alert. */
  render(alert: Alert): RenderedMessage | Promise<RenderedMessage>;
  /**
   * Hands over one message: one attempt, within `context.signal`.
   * @throws ChannelError; anything else is a fault of ours
   */
  send(alert: Alert, context: SendContext): Promise<Receipt>;
}

/** A message was not taken, or nobody knows whether it was. */
export class ChannelError extends Error {
  /** Whether the same may succeed later: time-outs, resets, 408, 429, 5xx. Otherwise a person must change something first. */
  readonly isTransient: boolean;
  /** How long the service asks to be left alone, in ms. */
  readonly retryAfterMs: number | undefined;
  /** What to do about it: names the setting or permission. */
  readonly hint: string | undefined;

  /** @param message what was asked and what came back; never a URL with a secret in it, a key or a password */
  constructor(message: string, options: { isTransient: boolean; retryAfterMs?: number; hint?: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ChannelError';
    this.isTransient = options.isTransient;
    this.retryAfterMs = options.retryAfterMs;
    this.hint = options.hint;
  }
}
