/**
 * One bar, cut in proportion, with its legend: SVG without colour alone, so that a copy in grey still tells the parts.
 */
import { countText, shareText } from './html-cell.ts';
import { escapeHtml } from './html-escape.ts';

export interface BarSegment {
  readonly label: string;
  readonly count: number;
}

/** Fills in order; a seventh part and later take the last. Each is a shade and a texture of its own. */
const FILLS = ['solid', 'stripes', 'light', 'dots', 'cross', 'open'] as const;
const WIDTH = 1000;
const HEIGHT = 34;

const PATTERNS = `<defs>
<pattern id="fill-stripes" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="paper" width="8" height="8"/><rect class="ink" width="5" height="8"/></pattern>
<pattern id="fill-light" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="paper" width="8" height="8"/><rect class="ink" width="2" height="8"/></pattern>
<pattern id="fill-dots" width="7" height="7" patternUnits="userSpaceOnUse"><rect class="paper" width="7" height="7"/><circle class="ink" cx="3.5" cy="3.5" r="1.3"/></pattern>
<pattern id="fill-cross" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="alarm" width="8" height="8"/><path class="lines" d="M0 4H8M4 0V8"/></pattern>
</defs>`;

function fillOf(index: number): string {
  return FILLS[Math.min(index, FILLS.length - 1)] ?? 'open';
}

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
  const legend = segments.map(
    ({ label, count }, index) =>
      `<li><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><rect class="part ${fillOf(index)}" x="1" y="1" width="14" height="14"/></svg>` +
      `<span>${escapeHtml(label)}</span> <b>${countText(count)}</b> <span class="share">${shareText(count / total)}</span></li>`,
  );
  return (
    `<figure class="bar"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escapeHtml(title)}">${PATTERNS}${parts.join('')}</svg>\n` +
    `<figcaption><ul>${legend.join('')}</ul></figcaption></figure>\n`
  );
}
