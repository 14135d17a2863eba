/**
 * One bar, cut in proportion, with its legend.
 */
import { fillOf, legendHtml } from './charts/fills.ts';
import { escapeHtml } from './html-escape.ts';

export interface BarSegment {
  readonly label: string;
  readonly count: number;
}

const WIDTH = 1000;
const HEIGHT = 34;

/** The figure. Parts of no size are in the legend alone. */
export function barHtml(segments: readonly BarSegment[], title: string): string {
  const total = segments.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return '<p class="empty">Nothing to count in this period.</p>\n';
  let x = 0;
  const parts = segments.map(({ count }, index) => {
    const width = (count / total) * WIDTH;
    const part = count === 0 ? '' : `<rect class="part ${fillOf(index)}" x="${x.toFixed(2)}" y="1" width="${width.toFixed(2)}" height="${HEIGHT - 2}"/>`;
    x += width;
    return part;
  });
  const legend = segments.map(({ label, count }, index) => ({ fill: fillOf(index), label, count }));
  return (
    `<figure class="bar"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escapeHtml(title)}">${parts.join('')}</svg>\n` +
    `${legendHtml(legend, total)}</figure>\n`
  );
}
