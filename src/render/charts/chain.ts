/**
 * A chain as boxes and arrows: sign-in → session → action → task → task session → call. Either the records behind one row, or all chains
 * of a period, each box with how many there are and how sure it is who stands behind them.
 */
import { countText, instantText } from '../html-cell.ts';
import { FIGURE_WIDTH, at, rectMark, svgFigure, textMark } from './marks.ts';

/** A box, and the lines that stand below it. */
interface ChainBox {
  readonly title: string;
  readonly big: string;
  readonly small: string | null;
  readonly below: readonly string[];
}

interface Chain {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly boxes: readonly ChainBox[];
}

/** How sure, by shape; as in tables. */
const MARKS = { proved: '●', asserted: '◐', inferred: '○', none: '✕', not_yet_due: '…' } as const;

const PER_ROW = 6;
const BOX = 122;
const GAP = (FIGURE_WIDTH - PER_ROW * BOX) / (PER_ROW - 1);
const BOX_HEIGHT = 62;
const LINE = 16;
/** So many characters fit into a box. */
const FITS = 18;

/** `text` cut in its middle, where it is too long for a box. */
function cut(text: string): string {
  if (text.length <= FITS) return text;
  const half = Math.floor((FITS - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}

function arrow(x: number, y: number): string {
  const end = x + GAP - 3;
  return `<path class="edge" d="M${at(x + 2)} ${at(y)}H${at(end)}M${at(end - 5)} ${at(y - 4)}L${at(end)} ${at(y)}L${at(end - 5)} ${at(y + 4)}"/>`;
}

function chainHtml({ id, title, description, boxes }: Chain): string {
  const rows = Math.ceil(boxes.length / PER_ROW);
  const lines = Math.max(0, ...boxes.map(({ below }) => below.length));
  const rowHeight = BOX_HEIGHT + 10 + lines * LINE + 14;
  const marks = boxes.map((box, index) => {
    const x = (index % PER_ROW) * (BOX + GAP);
    const y = 2 + Math.floor(index / PER_ROW) * rowHeight;
    const isLastOfRow = index % PER_ROW === PER_ROW - 1;
    const parts = [
      rectMark('box', x + 1, y, BOX - 2, BOX_HEIGHT),
      textMark(x + 10, y + 18, box.title, { style: 'soft' }),
      textMark(x + 10, y + (box.small === null ? 45 : 37), cut(box.big), { style: box.small === null ? 'big' : 'id' }),
      ...(box.small === null ? [] : [textMark(x + 10, y + 53, box.small, { style: 'soft small' })]),
      ...box.below.map((line, place) => textMark(x + 3, y + BOX_HEIGHT + 16 + place * LINE, line, { style: 'small' })),
    ];
    if (index < boxes.length - 1 && !isLastOfRow) parts.push(arrow(x + BOX, y + BOX_HEIGHT / 2));
    // A long chain goes on in the next row, at the left.
    if (index < boxes.length - 1 && isLastOfRow) parts.push(textMark(FIGURE_WIDTH - 2, y + rowHeight - 8, '↩', { anchor: 'end' }));
    return parts.join('');
  });
  return `<figure class="chart">${svgFigure({ id, title, description, height: rows * rowHeight }, marks)}</figure>\n`;
}

/** Of one hop, how many of a period there are, and how sure it is who stands behind them. */
export interface HopCounts {
  /** As shown: `sign-in`, `session` … */
  readonly hop: string;
  readonly things: number;
  /** Null for a hop that is not graded: a sign-in is where a chain begins. */
  readonly who: { readonly proved: number; readonly asserted: number; readonly inferred: number; readonly nobody: number; readonly not_yet_due: number } | null;
}

/** All chains of a period. */
export function chainOfCounts({ id, title }: { readonly id: string; readonly title: string }, hops: readonly HopCounts[]): string {
  if (hops.every(({ things }) => things === 0)) return '<p class="empty">Nothing landed that would make a chain in this period.</p>\n';
  const boxes = hops.map(({ hop, things, who }): ChainBox => {
    if (who === null) return { title: hop, big: countText(things), small: null, below: [] };
    const lines: [string, number, string][] = [
      [MARKS.proved, who.proved, 'proved'],
      [MARKS.asserted, who.asserted, 'asserted'],
      [MARKS.inferred, who.inferred, 'inferred'],
      [MARKS.none, who.nobody, 'nobody named'],
      [MARKS.not_yet_due, who.not_yet_due, 'not yet due'],
    ];
    return { title: hop, big: countText(things), small: null, below: lines.filter(([, count]) => count > 0).map(([mark, count, word]) => `${mark} ${countText(count)} ${word}`) };
  });
  const description = hops
    .map(({ hop, things, who }) =>
      who === null
        ? `${hop}: ${countText(things)}`
        : `${hop}: ${countText(things)}, of which the identity is proved for ${countText(who.proved)}, asserted for ${countText(who.asserted)}, inferred for ${countText(who.inferred)}, named for nobody ${countText(who.nobody)}, not yet due ${countText(who.not_yet_due)}`,
    )
    .join('; ');
  return chainHtml({ id, title, description: `From hop to hop. ${description}. The table below holds every number.`, boxes });
}

/** A record of one chain, as a row's evidence names it. */
export interface ChainRecord {
  readonly hop: string;
  readonly source: string;
  readonly record_id: string;
  /** The record's own time, RFC 3339 UTC, where it is known. */
  readonly record_at: string | null;
}

/** The records of one row's chain, a box each, from the sign-in (or the root) to the thing itself. */
export function chainOfRecords({ id, title }: { readonly id: string; readonly title: string }, records: readonly ChainRecord[]): string {
  if (records.length === 0) return '<p class="empty">No landed record leads here from anywhere.</p>\n';
  const boxes = records.map(
    ({ hop, source, record_id: record, record_at: when }): ChainBox => ({
      title: hop.replaceAll('_', ' '),
      big: record,
      small: when === null ? 'time unknown' : instantText(when).replace(/\.\d+Z$/, 'Z'),
      below: [cut(source)],
    }),
  );
  const words = records.map(({ hop, source, record_id: record, record_at: when }) => `${hop} ${record} of ${source}${when === null ? '' : ` at ${when}`}`);
  return chainHtml({ id, title, description: `From record to record: ${words.join('; ')}.`, boxes });
}
