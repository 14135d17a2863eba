/**
 * Which stretches of time one query each asks for. All edges lie on a fixed grid, so that a stretch which is read again, and in
 * which nothing changed, is asked for in the same words and answered with the same bytes.
 */

/** From inclusive, to exclusive; milliseconds since 1970 UTC. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What one query asks for: a span, or the part of its rows whose id hashes to `index` modulo `of`. */
export interface Piece extends Span {
  readonly share?: { readonly index: number; readonly of: number };
}

/** A span to ask for, and whether its rows fit one answer; where they don't, `refine` divides it. */
export interface Division extends Span {
  readonly fits: boolean;
}

/** Rows and bytes within one slot of the grid that begins at `from`. */
export interface SlotCount {
  readonly from: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface AnswerLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** Least span: rows are ingested many at an instant, so that below this time divides nothing, and shares do. */
export const LEAST_SPAN_MS = 1000;
/** Most shares of a least span. */
export const MOST_SHARES = 256;
/** A slot is never shorter: a pull reads slot by slot what it read before and what is newest. */
const LEAST_SLOT_MS = 5 * 60_000;

/** The grid's unit: the window halved as long as it keeps whole seconds and five minutes. */
export function slotOf(windowMs: number): number {
  let slot = windowMs;
  while (slot / 2 >= LEAST_SLOT_MS && (slot / 2) % 1000 === 0) slot /= 2;
  return slot;
}

/** The last multiple of `unit` since 1970 at or before `at`. */
export function floorTo(at: number, unit: number): number {
  return Math.floor(at / unit) * unit;
}

/** The first multiple of `unit` since 1970 at or after `at`. */
export function ceilTo(at: number, unit: number): number {
  return Math.ceil(at / unit) * unit;
}

export interface Grid {
  /** Both since 1970. `windowMs` is `slotMs` times a power of two. */
  readonly windowMs: number;
  readonly slotMs: number;
}

/**
 * Divides `span` along the grid into stretches with rows, each a window, a half of one, a half of that, and so on down to a slot:
 * as long as its rows fit one answer. What does not lie wholly within `large` is divided into slots, few rows or many.
 * @param counts of `span`, by slot; a slot without rows may be absent
 * @returns in order of time; only a slot may hold more than `limits` allow
 */
export function divide(span: Span, counts: readonly SlotCount[], grid: Grid, large: Span, limits: AnswerLimits): Division[] {
  const divisions: Division[] = [];
  const visit = (from: number, to: number, within: readonly SlotCount[]): void => {
    if (within.length === 0) return;
    const fits = isWithin(within, limits);
    if (to - from <= grid.slotMs || (fits && from >= large.from && to <= large.to)) {
      divisions.push({ from: Math.max(from, span.from), to: Math.min(to, span.to), fits });
      return;
    }
    const middle = from + (to - from) / 2;
    visit(from, middle, within.filter((slot) => slot.from < middle));
    visit(middle, to, within.filter((slot) => slot.from >= middle));
  };
  const filled = counts.filter(({ rows }) => rows > 0);
  for (let from = floorTo(span.from, grid.windowMs); from < span.to; from += grid.windowMs) {
    const to = from + grid.windowMs;
    visit(from, to, filled.filter((slot) => slot.from >= from && slot.from < to));
  }
  return divisions;
}

/**
 * Divides a span that is too much for one answer by counts a second: halves of whole seconds until each fits, and what one second
 * holds too much of into shares.
 */
export function refine(span: Span, seconds: readonly SlotCount[], limits: AnswerLimits): Piece[] {
  const within = seconds.filter(({ from, rows }) => rows > 0 && from < span.to && from + LEAST_SPAN_MS > span.from);
  if (within.length === 0) return [];
  if (isWithin(within, limits)) return [{ from: span.from, to: span.to }];
  const halves = halvesOfTime(span);
  if (halves) return halves.flatMap((half) => refine(half, within, limits));
  const sum = total(within);
  const needed = Math.max(sum.rows / limits.rows, sum.bytes / limits.bytes);
  const of = Math.min(MOST_SHARES, 2 ** Math.ceil(Math.log2(needed)));
  return Array.from({ length: of }, (_, index) => ({ from: span.from, to: span.to, share: { index, of } }));
}

/** A piece's two halves, of time or else of ids; undefined for the least piece there is. The last half ends where the piece does. */
export function halvesOf(piece: Piece): [Piece, Piece] | undefined {
  const { from, to, share = { index: 0, of: 1 } } = piece;
  const halves = piece.share ? undefined : halvesOfTime(piece);
  if (halves) return halves;
  if (share.of >= MOST_SHARES) return undefined;
  const of = share.of * 2;
  return [{ from, to, share: { index: share.index, of } }, { from, to, share: { index: share.index + share.of, of } }];
}

/** Whether nothing of the piece's span is left once it and those before it are delivered. */
export function endsItsSpan({ share }: Piece): boolean {
  return share === undefined || share.index === share.of - 1;
}

function halvesOfTime({ from, to }: Span): [Span, Span] | undefined {
  if (to - from <= LEAST_SPAN_MS) return undefined;
  const middle = ceilTo(from + (to - from) / 2, LEAST_SPAN_MS);
  return middle < to ? [{ from, to: middle }, { from: middle, to }] : undefined;
}

function total(slots: readonly SlotCount[]): { rows: number; bytes: number } {
  return slots.reduce((sum, { rows, bytes }) => ({ rows: sum.rows + rows, bytes: sum.bytes + bytes }), { rows: 0, bytes: 0 });
}

function isWithin(slots: readonly SlotCount[], limits: AnswerLimits): boolean {
  const { rows, bytes } = total(slots);
  return rows <= limits.rows && bytes <= limits.bytes;
}
