import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divide, endsItsSpan, halvesOf, LEAST_SPAN_MS, MOST_SHARES, refine, slotOf, type Piece, type SlotCount } from './spans.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const EVERYWHERE = { from: -Infinity, to: Infinity };
const LIMITS = { rows: 100, bytes: 10_000 };

describe('slotOf', () => {
  it('halves the window down to five minutes, in whole seconds', () => {
    expect(slotOf(360 * MINUTE)).toBe(675_000);
    expect(slotOf(60 * MINUTE)).toBe(450_000);
    expect(slotOf(7 * MINUTE)).toBe(7 * MINUTE);
    expect(slotOf(MINUTE)).toBe(MINUTE);
  });
});

describe('divide', () => {
  const grid = { windowMs: 4 * HOUR, slotMs: slotOf(4 * HOUR) };
  const slot = grid.slotMs;

  it('takes a whole window where its rows fit, and leaves empty ones out', () => {
    const counts = [{ from: 0, rows: 60, bytes: 1 }, { from: 3 * slot, rows: 40, bytes: 1 }, { from: 2 * grid.windowMs, rows: 1, bytes: 1 }];
    expect(divide({ from: 0, to: 3 * grid.windowMs }, counts, grid, EVERYWHERE, LIMITS)).toEqual([
      { from: 0, to: grid.windowMs, fits: true }, { from: 2 * grid.windowMs, to: 3 * grid.windowMs, fits: true },
    ]);
  });

  it('halves by rows and by bytes, and says which slot is still too much', () => {
    const counts = [{ from: 0, rows: 101, bytes: 1 }, { from: slot, rows: 1, bytes: 10_000 }, { from: 8 * slot, rows: 1, bytes: 1 }];
    const parts = divide({ from: 0, to: grid.windowMs }, counts, grid, EVERYWHERE, LIMITS);
    expect(parts).toEqual([{ from: 0, to: slot, fits: false }, { from: slot, to: 2 * slot, fits: true }, { from: 8 * slot, to: 16 * slot, fits: true }]);
  });

  it('cuts at the edges of what was asked for', () => {
    const parts = divide({ from: 10, to: slot - 10 }, [{ from: 0, rows: 1, bytes: 1 }], grid, EVERYWHERE, LIMITS);
    expect(parts).toEqual([{ from: 10, to: slot - 10, fits: true }]);
  });

  it('reads again in the very pieces in which it read first, wherever a pull ended', () => {
    const overlap = 30 * MINUTE;
    fc.assert(
      fc.property(fc.integer({ min: overlap, max: 40 * HOUR }), fc.integer({ min: 1, max: 20 * HOUR }), (firstNow, later) => {
        const counts: SlotCount[] = Array.from({ length: 500 }, (_, index) => ({ from: index * slot, rows: 1, bytes: 1 }));
        const pull = (from: number, cursor: number, now: number): Piece[] => {
          const span = { from: Math.floor(from / slot) * slot, to: Math.ceil((now + 1) / slot) * slot };
          const within = counts.filter((one) => one.from >= span.from && one.from < span.to);
          return divide(span, within, grid, { from: cursor, to: now - overlap }, LIMITS);
        };
        const first = pull(0, -Infinity, firstNow);
        const second = pull(firstNow - overlap, firstNow, firstNow + later);
        const again = second.filter(({ from }) => from < firstNow);
        expect(again.length).toBeGreaterThan(0);
        for (const piece of again) expect(first).toContainEqual(piece);
        // And together they leave nothing out.
        const covered = [...first, ...second].sort((a, b) => a.from - b.from);
        let reached = 0;
        for (const { from, to } of covered) {
          expect(from).toBeLessThanOrEqual(reached);
          reached = Math.max(reached, to);
        }
        expect(reached).toBeGreaterThan(firstNow + later);
      }),
      { numRuns: 200 },
    );
  });
});

describe('refine', () => {
  it('halves to the second, then shares the rows of one second by id', () => {
    const seconds = [{ from: 1000, rows: 80, bytes: 1 }, { from: 2000, rows: 30, bytes: 1 }, { from: 5000, rows: 350, bytes: 1 }];
    const pieces = refine({ from: 0, to: 8000 }, seconds, LIMITS);
    expect(pieces.slice(0, 2)).toEqual([{ from: 0, to: 2000 }, { from: 2000, to: 4000 }]);
    expect(pieces.slice(2)).toEqual([0, 1, 2, 3].map((index) => ({ from: 5000, to: 6000, share: { index, of: 4 } })));
  });

  it('counts a second that begins before the span, where a backfill begins within it', () => {
    expect(refine({ from: 1500, to: 1700 }, [{ from: 1000, rows: 1, bytes: 1 }], LIMITS)).toEqual([{ from: 1500, to: 1700 }]);
  });
});

describe('halvesOf', () => {
  it('leaves nothing out and nothing twice, down to the least there is, and ends its span once', () => {
    const leaves = (piece: Piece, depth: number): Piece[] => {
      const halves = depth === 0 ? undefined : halvesOf(piece);
      return halves ? halves.flatMap((half) => leaves(half, depth - 1)) : [piece];
    };
    const pieces = leaves({ from: 0, to: 2 * LEAST_SPAN_MS }, 20);
    expect(pieces).toHaveLength(2 * MOST_SHARES);
    const last = pieces.slice(MOST_SHARES);
    expect(last.every(({ from, to }) => from === LEAST_SPAN_MS && to === 2 * LEAST_SPAN_MS)).toBe(true);
    expect(new Set(last.map(({ share }) => share?.index)).size).toBe(MOST_SHARES);
    expect(last.map(endsItsSpan).filter(Boolean)).toHaveLength(1);
    expect(endsItsSpan(last.at(-1) ?? { from: 0, to: 0, share: { index: 0, of: 2 } })).toBe(true);
  });

  it('splits a share into those two whose hashes made it', () => {
    expect(halvesOf({ from: 0, to: 1000, share: { index: 1, of: 4 } })).toEqual([
      { from: 0, to: 1000, share: { index: 1, of: 8 } }, { from: 0, to: 1000, share: { index: 5, of: 8 } },
    ]);
  });
});
