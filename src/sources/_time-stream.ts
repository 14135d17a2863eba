/**
 * A stream that is asked for by time of event: windows on fixed boundaries, an overlap that is read again for what comes late,
 * and a cursor that says through when windows were read.
 */
import type { Coverage, Delivered, PullContext, Step, Window } from './source.ts';

const DAY_MS = 86_400_000;

export interface TimeStream {
  readonly stream: string;
  readonly covers: readonly Coverage[];
  readonly windowMinutes: number;
  readonly overlapMinutes: number;
  /** How many days back a pull begins where there is no cursor. */
  readonly firstDays: number;
  /** The service has nothing older. */
  readonly keptDays?: number;
  /** Everything of a window, a page at a time: bounded in memory, and from the beginning each time it is called. */
  readonly pages: (window: Window) => AsyncGenerator<Delivered>;
}

/** Of `window_minutes` and the like. */
const minutes = (count: number): number => count * 60_000;

/** A backlog's windows are so many times as long: a week of half hours would be 336 requests, however little happened in it. */
const BACKLOG_WINDOWS = 12;

/**
 * The windows from `from` to `to`, ends at multiples of `windowMs` since the epoch and at `to`; so the same window is asked for
 * in the same words in every pull, but for the one that isn't over. Before `closed` nothing is read a second time: there
 * windows are longer.
 */
export function* fixedWindows(from: Date, to: Date, windowMs: number, closed: Date): Generator<Window> {
  const longMs = windowMs * BACKLOG_WINDOWS;
  for (let start = from.getTime(); start < to.getTime(); ) {
    const longEnd = (Math.floor(start / longMs) + 1) * longMs;
    const end = Math.min(longEnd <= closed.getTime() ? longEnd : (Math.floor(start / windowMs) + 1) * windowMs, to.getTime());
    yield { from: new Date(start), to: new Date(end) };
    start = end;
  }
}

/**
 * Pulls a stream from its cursor less its overlap to now (the run's start, which is kept to), or a backfill's window.
 *
 * The cursor moves with the last page of a window, and never back: windows of the overlap land what is new in them and leave
 * it where it is. A cursor that lies ahead of the clock by more than the overlap is one of a clock that was wrong: the stream
 * begins anew.
 */
export async function* pullTimeStream(of: TimeStream, context: PullContext): AsyncGenerator<Step> {
  const { stream, covers } = of;
  const warn = (message: string): void => {
    context.tell({ kind: 'warning', stream, message });
  };
  const now = Math.floor(context.now().getTime() / 1000) * 1000;
  const overlapMs = minutes(of.overlapMinutes);
  const windowMs = minutes(of.windowMinutes);
  const cursor = context.backfill ? undefined : knownCursor(context.cursors.get(stream), now + overlapMs, warn);
  const to = context.backfill ? Math.min(context.backfill.to.getTime(), now) : now;
  let from = context.backfill?.from.getTime() ?? floorTo(cursor === undefined ? now - of.firstDays * DAY_MS : Math.min(cursor, now) - overlapMs, windowMs);
  if (of.keptDays !== undefined) {
    // A minute's grace: what is exactly as old as the service keeps is gone by the time it is asked for.
    const oldest = now - of.keptDays * DAY_MS + 60_000;
    const wanted = context.backfill ? from : cursor;
    if (wanted !== undefined && wanted < oldest) {
      warn(`the service keeps ${of.keptDays} days: what happened from ${iso(wanted)} to ${iso(Math.min(oldest, to))} and was not pulled before can't be had from it any more`);
    }
    from = Math.max(from, oldest);
  }
  for (const window of pullWindows(new Date(from), new Date(to), windowMs, { cursor, closed: context.backfill ? to : now - overlapMs })) {
    context.signal.throwIfAborted();
    context.tell({ kind: 'progress', stream, message: `${iso(window.from.getTime())} to ${iso(window.to.getTime())}` });
    const through = window.to.getTime();
    const moved = context.backfill || (cursor !== undefined && through <= cursor) ? {} : { cursor: window.to.toISOString(), completeThrough: new Date(through - overlapMs) };
    let last: Delivered | undefined;
    for await (const page of of.pages(window)) {
      if (last) yield { stream, covers, window, delivered: [last] };
      last = page;
    }
    if (last || 'cursor' in moved) yield { stream, covers, window, delivered: last ? [last] : [], ...moved };
  }
}

/** What is read again, up to the cursor, is asked for as it was before: in short windows. What follows may be a backlog. */
function* pullWindows(from: Date, to: Date, windowMs: number, { cursor, closed }: { readonly cursor: number | undefined; readonly closed: number }): Generator<Window> {
  const known = Math.min(to.getTime(), cursor === undefined ? from.getTime() : Math.ceil(cursor / windowMs) * windowMs);
  yield* fixedWindows(from, new Date(known), windowMs, from);
  yield* fixedWindows(new Date(Math.max(known, from.getTime())), to, windowMs, new Date(closed));
}

function knownCursor(text: string | undefined, latest: number, warn: (message: string) => void): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (at <= latest) return at;
  warn(Number.isNaN(at) ? 'its cursor is no time: it is pulled anew' : `its cursor, ${iso(at)}, lies ahead of this machine's clock: it is pulled anew`);
  return undefined;
}

function floorTo(at: number, step: number): number {
  return Math.floor(at / step) * step;
}

function iso(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
