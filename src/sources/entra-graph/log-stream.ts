/**
 * Sign-ins of one kind, or directory audits: short windows with shared edges (the filter knows only "at" and "from" and "to"), read
 * again while rows may still come late, and counted a second time before the cursor leaves them behind for good. The same query
 * has been seen to answer with 11,941 rows and then with 16,992 (microsoft-graph-docs issue 16188).
 */
import type { EntraGraphConfig } from '../../config/sources/entra-graph.ts';
import { withoutTokens } from '../_content.ts';
import { fixedWindows } from '../_time-stream.ts';
import type { Delivered, PullContext, Step, Window } from '../source.ts';
import { pagesOf } from './collection.ts';
import { GraphContradiction, isExpiredLink } from './failures.ts';
import { originOf, type GraphClient } from './graph-client.ts';
import { instant, windowQuery, type LogReport } from './reports.ts';

const DAY_MS = 86_400_000;
/** So many windows are counted with one query: a quiet tenant then spends a twelfth more requests on it, not twice as many. */
const COUNTED_TOGETHER = 12;
/** Or fewer, where they hold so many rows: their ids wait in memory. */
const COUNTED_ROWS = 50_000;
/** A long window of a backlog that takes more pages than this is the last long one: next links expire, and a kill costs the whole window. */
const BUSY_PAGES = 20;
/** A window that answers differently so often isn't left behind; the next pull begins with it. */
const MOST_COUNTS = 3;
/** A clock that is ahead by more counts, and is worth a word; less is how long an answer takes. */
const CLOCK_AHEAD_MS = 60_000;

/** When each row of a window happened, by its id. */
type Rows = Map<string, number>;
interface ReadWindow {
  readonly window: Window;
  rows: Rows;
  pages: number;
}

/**
 * Pulls a report from its cursor less its overlap to now, or a backfill's window. The cursor says through when windows were read;
 * windows older than the overlap are read for the last time, so they are counted before it passes.
 */
export async function* pullLog(report: LogReport, client: GraphClient, config: EntraGraphConfig, context: PullContext): AsyncGenerator<Step> {
  yield* new LogPull(report, client, config, context).steps();
}

class LogPull {
  readonly #report: LogReport;
  readonly #client: GraphClient;
  readonly #config: EntraGraphConfig;
  readonly #context: PullContext;
  readonly #overlapMs: number;
  /** The cursor as it stands: it never goes back. */
  #reached = -Infinity;

  constructor(report: LogReport, client: GraphClient, config: EntraGraphConfig, context: PullContext) {
    this.#report = report;
    this.#client = client;
    this.#config = config;
    this.#context = context;
    this.#overlapMs = config.overlap_minutes * 60_000;
  }

  async *steps(): AsyncGenerator<Step> {
    const { now, backfill, signal } = this.#context;
    const began = Math.floor(now().getTime() / 1000) * 1000;
    const to = backfill ? Math.min(backfill.to.getTime(), began) : began;
    const windowMs = this.#config.window_minutes * 60_000;
    const uncounted: ReadWindow[] = [];
    let isBusy = false;
    for (let from = backfill ? backfill.from.getTime() : this.#from(began); from < to; ) {
      signal.throwIfAborted();
      // By the service's clock: on a clock that is ahead, a window would seem closed while rows still come.
      const closed = (): number => began - this.#aheadMs() - this.#overlapMs;
      const [window] = fixedWindows(new Date(from), new Date(to), windowMs, new Date(isBusy ? 0 : closed()));
      if (!window) break;
      if (window.to.getTime() > closed() && uncounted.length > 0) yield* this.#leaveBehind(uncounted.splice(0));
      const read: ReadWindow = { window, rows: new Map(), pages: 0 };
      const isLong = window.to.getTime() - from > windowMs;
      try {
        yield* this.#read(read, backfill === undefined && window.to.getTime() > closed() ? began : undefined);
      } catch (error) {
        if (!isLong || !isExpiredLink(error)) throw error;
        // Too many pages for its links to last: asked for in short windows from here on.
        isBusy = true;
        continue;
      }
      isBusy ||= isLong && read.pages > BUSY_PAGES;
      from = window.to.getTime();
      if (from > closed()) continue;
      uncounted.push(read);
      if (uncounted.length >= COUNTED_TOGETHER || rowsOf(uncounted) >= COUNTED_ROWS) yield* this.#leaveBehind(uncounted.splice(0));
    }
    if (uncounted.length > 0) yield* this.#leaveBehind(uncounted);
    this.#tellClock();
  }

  /** Where a pull begins. A cursor that is no time, or lies ahead of the clock, is of no use. */
  #from(began: number): number {
    const text = this.#context.cursors.get(this.#report.stream);
    const cursor = Date.parse(text ?? '');
    const isUsable = cursor <= began + this.#overlapMs;
    if (text !== undefined && !isUsable) this.#warn('its cursor lies ahead of this machine\'s clock, or is no time: it is pulled anew');
    if (isUsable) this.#reached = cursor;
    const from = isUsable ? Math.min(cursor, began) - this.#overlapMs : began - this.#config.first_days * DAY_MS;
    const windowMs = this.#config.window_minutes * 60_000;
    return Math.floor(from / windowMs) * windowMs;
  }

  /** One window's pages. Where the window may still change, its last page moves the cursor (`openSince`: the pull's beginning). */
  async *#read(read: ReadWindow, openSince?: number): AsyncGenerator<Step> {
    const { stream, covers } = this.#report;
    const { window } = read;
    this.#context.tell({ kind: 'progress', stream, message: `${instant(window.from)} to ${instant(window.to)}` });
    const query = windowQuery(this.#report, window);
    for await (const { bytes, rows, number, nextLink } of pagesOf(this.#client, query, this.#context)) {
      if (number === 1) read.rows = new Map();
      read.pages = number;
      this.#collect(rows, read.rows);
      const page: Delivered = { origin: `${originOf(query)} page ${number}`, bytes, content: withoutTokens(bytes, ['@odata.nextLink']), tenantId: this.#config.tenant_id };
      const moved = openSince !== undefined && nextLink === undefined ? this.#cursor(Math.min(window.to.getTime(), openSince - this.#aheadMs())) : {};
      yield { stream, covers, window, delivered: [page], ...moved };
    }
  }

  /** Counts windows that are left behind, reads again those that differ, and moves the cursor past them all. */
  async *#leaveBehind(read: readonly ReadWindow[]): AsyncGenerator<Step> {
    const { stream, covers } = this.#report;
    const [first, last] = [read[0], read.at(-1)];
    if (!first || !last) return;
    const window = { from: first.window.from, to: last.window.to };
    for (let count = 1; ; count += 1) {
      const differing = differences(read, await this.#count(window));
      if (differing.length === 0) break;
      const spans = differing.map(({ read: { window: of }, counted, pulled }) => `${instant(of.from)} to ${instant(of.to)} (${pulled} rows at first, ${counted} when counted)`).join(', ');
      if (count === MOST_COUNTS) throw new GraphContradiction(`the service gave other rows each time it was asked for ${spans}: what it gave is kept, and the next pull asks again`);
      this.#warn(`the second count differs, and is read again: ${spans}`);
      for (const { read: one } of differing) yield* this.#read(one);
    }
    const moved = this.#context.backfill ? {} : this.#cursor(window.to.getTime());
    if ('cursor' in moved) yield { stream, covers, window, delivered: [], ...moved };
  }

  /** The ids and times of a span, asked for by themselves; nothing of this is landed. */
  async #count(window: Window): Promise<Rows> {
    const counted: Rows = new Map();
    for await (const { rows, number } of pagesOf(this.#client, windowQuery(this.#report, window, `id,${this.#report.timeField}`), this.#context)) {
      if (number === 1) counted.clear();
      this.#collect(rows, counted);
    }
    return counted;
  }

  #collect(rows: readonly unknown[], into: Rows): void {
    for (const row of rows) {
      const { id, [this.#report.timeField]: at } = (row ?? {}) as Readonly<Record<string, unknown>>;
      // A row without an id or a time is rejected when it is staged, with its reason.
      if (typeof id !== 'string' || typeof at !== 'string' || Number.isNaN(Date.parse(at))) continue;
      into.set(id, Date.parse(at));
    }
  }

  #cursor(through: number): Pick<Step, 'cursor' | 'completeThrough'> {
    if (through <= this.#reached) return {};
    this.#reached = through;
    return { cursor: new Date(through).toISOString(), completeThrough: new Date(through - this.#overlapMs) };
  }

  #aheadMs(): number {
    return this.#client.aheadMs > CLOCK_AHEAD_MS ? this.#client.aheadMs : 0;
  }

  #tellClock(): void {
    const aheadMs = this.#aheadMs();
    if (aheadMs > 0) this.#warn(`this machine's clock is ${Math.round(aheadMs / 1000)} s ahead of Graph's: windows are kept open for as much longer`);
  }

  #warn(message: string): void {
    this.#context.tell({ kind: 'warning', stream: this.#report.stream, message });
  }
}

function rowsOf(read: readonly ReadWindow[]): number {
  return read.reduce((sum, { rows }) => sum + rows.size, 0);
}

interface Difference {
  readonly read: ReadWindow;
  readonly pulled: number;
  readonly counted: number;
}

/** Windows of which the count has other rows than were read. Rows on an edge belong to the windows on both of its sides. */
function differences(read: readonly ReadWindow[], counted: Rows): Difference[] {
  return read.flatMap((one) => {
    const { from, to } = one.window;
    const within = [...counted].filter(([, at]) => at >= from.getTime() && at <= to.getTime());
    const isSame = within.length === one.rows.size && within.every(([id]) => one.rows.has(id));
    return isSame ? [] : [{ read: one, pulled: one.rows.size, counted: within.length }];
  });
}
