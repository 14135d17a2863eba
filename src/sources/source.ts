/**
 * What a source is: a cursor in, delivered bytes and the next cursor out. A source knows nothing of landing or the database;
 * whoever pulls it lands what it delivers, and moves its cursor only after the bytes are on disk.
 */
import type { SignInKind } from '../config/config.ts';

/** One thing that a source delivered: an object, or the body of one API response. */
export interface Delivered {
  /** Object key, or query and window: enough to ask the service for the same again. No secrets, no skip tokens. */
  readonly origin: string;
  /** As it came over the wire, transfer and content encoding of HTTP undone; a stored `.json.gz` object stays gzip. */
  readonly bytes: Buffer;
  /**
   * What of this delivery makes it new, where that is not its bytes: these without what differs from answer to answer though
   * nothing else does, the page's token (`withoutTokens`); or with the origin, where the same bytes mean another thing under
   * another one. What is landed already is not landed again, so that reading an overlap anew costs nothing.
   */
  readonly content?: Buffer;
  /** The Entra tenant of rows that name none (RULINGS 16). */
  readonly tenantId?: string;
  /** What the service says beside the bytes and integrity checks need: `etag`, `version-id`, `last-modified`, `x-amz-meta-…`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a stream's records are about, so that "everything up to here was delivered" can be said per tenant, kind, account and region. */
export interface Coverage {
  /** In the words of `stg_sources`, and the two that have no completeness of their own there. */
  readonly of: 'cloudtrail' | 'ecs_events' | 'sign_ins' | 'directory_audits' | 'directory';
  readonly tenantId?: string;
  readonly signInKind?: SignInKind;
  readonly accountId?: string;
  readonly region?: string;
}

/** From inclusive, to exclusive where the service can say so; UTC instants. */
export interface Window {
  readonly from: Date;
  readonly to: Date;
}

/**
 * One step of a pull. It is landed whole before the next one is asked for, and its cursor is kept after that; so after a kill
 * the pull goes on from the last whole step, and what was landed without its cursor comes again and lands once.
 */
export interface Step {
  /** A part of the source with a cursor of its own: a kind of sign-ins, an account and region, a log group. */
  readonly stream: string;
  readonly covers: readonly Coverage[];
  /** What was asked for, where that is a window of time. */
  readonly window?: Window;
  readonly delivered: readonly Delivered[];
  /** The stream's cursor from here on, as text that only the source reads; absent where it stays (a page amid a window, a backfill). */
  readonly cursor?: string;
  /**
   * The stream has delivered everything up to here, as far as can be known: its cursor's time less its overlap (ATTRIBUTION 4).
   * Only together with `cursor`.
   */
  readonly completeThrough?: Date;
}

/** What a source tells while it works; shown as progress, counted in metrics, logged. Holds no secret and no record. */
export type SourceEvent =
  | { readonly kind: 'progress'; readonly stream: string; readonly message: string }
  | { readonly kind: 'request'; readonly operation: string }
  | { readonly kind: 'retry'; readonly operation: string; readonly attempt: number; readonly waitMs: number; readonly reason: string }
  | { readonly kind: 'warning'; readonly stream: string | null; readonly message: string };

/** The world outside, as a source sees it: tests pass their own. */
export interface SourceEffects {
  readonly now: () => Date;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 (inclusive) to 1 (exclusive): jitter. */
  readonly random: () => number;
  readonly tell: (event: SourceEvent) => void;
}

export interface PullContext extends SourceEffects {
  /** The cursor of each stream that has one. */
  readonly cursors: ReadonlyMap<string, string>;
  /** A backfill: pull just this, say no cursor and no completeness. */
  readonly backfill?: Window;
  /** Aborted when the run ends: every request and every wait obeys it. */
  readonly signal: AbortSignal;
}

/** One thing that `doctor` tried. */
export interface CheckResult {
  /** What was tried, in a few words: `read beta sign-ins (nonInteractiveUser)`. */
  readonly what: string;
  readonly outcome: 'ok' | 'missing' | 'failed' | 'warning' | 'not_tried';
  /** What was found. */
  readonly found: string;
  /** What to do: the exact permission to grant, or setting to change; absent where all is well. */
  readonly fix?: string;
}

/** A stream that failed for good while others went on. `SourceError` is what a pull throws at its end. */
export interface StreamFailure {
  readonly stream: string;
  readonly message: string;
  readonly hint?: string;
}

/** One or more of a source's streams failed; the others' steps were yielded before this was thrown. */
export class SourceError extends Error {
  readonly failures: readonly StreamFailure[];

  constructor(failures: readonly StreamFailure[], cause?: unknown) {
    super(failures.map(({ stream, message }) => `${stream}: ${message}`).join('; '), cause === undefined ? undefined : { cause });
    this.name = 'SourceError';
    this.failures = failures;
  }
}

/** A configured source. */
export interface Source {
  /** The configuration's `id`. */
  readonly id: string;
  /** The configuration's `type`. */
  readonly type: string;
  /**
   * The streams that its configuration names, whether or not they were ever pulled: one that never delivers then holds back
   * how far all of them reach. Empty where streams are only found by looking (accounts under a prefix).
   */
  readonly streams: readonly { readonly stream: string; readonly covers: readonly Coverage[] }[];
  /**
   * Pulls from each stream's cursor on (or the backfill's window). One stream's failure doesn't stop the others.
   * @throws SourceError at the end, naming the streams that failed and why; the signal's reason when aborted
   */
  pull(context: PullContext): AsyncGenerator<Step>;
  /** Tries credentials, permissions and settings; changes nothing. Never throws: what fails is a result. */
  check(context: SourceEffects & { readonly signal: AbortSignal }): AsyncGenerator<CheckResult>;
}
