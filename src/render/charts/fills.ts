/**
 * How the parts of a figure are told apart: each is a shade and a texture of its own, so that a copy in grey, and a reader who sees no colours,
 * still tell them.
 */
import { countText, shareText } from '../html-cell.ts';
import { escapeHtml } from '../html-escape.ts';

/** Fills in order; what comes after the last takes it too. */
const FILLS = ['solid', 'stripes', 'light', 'dots', 'cross', 'open'] as const;
export type Fill = (typeof FILLS)[number] | 'gap';

/** The patterns that fills name. A page holds them once, before its first figure. */
export const FILL_PATTERNS = `<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>
<pattern id="fill-stripes" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="paper" width="8" height="8"/><rect class="ink" width="5" height="8"/></pattern>
<pattern id="fill-light" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="paper" width="8" height="8"/><rect class="ink" width="2" height="8"/></pattern>
<pattern id="fill-dots" width="7" height="7" patternUnits="userSpaceOnUse"><rect class="paper" width="7" height="7"/><circle class="ink" cx="3.5" cy="3.5" r="1.3"/></pattern>
<pattern id="fill-cross" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="alarm" width="8" height="8"/><path class="lines" d="M0 4H8M4 0V8"/></pattern>
<pattern id="fill-gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><rect class="paper" width="6" height="6"/><rect class="haze" width="1.6" height="6"/></pattern>
</defs></svg>
`;

/** The fill of the part at this place, from 0. */
export function fillOf(index: number): Fill {
  return FILLS[Math.min(index, FILLS.length - 1)] ?? 'open';
}

export interface LegendItem {
  readonly fill: Fill;
  readonly label: string;
  /** Null where the item is no part of a sum. */
  readonly count: number | null;
}

/** The key of a figure, with each part's count and its share of `total`. Parts of no size stand here alone. */
export function legendHtml(items: readonly LegendItem[], total: number): string {
  const shown = items.map(({ fill, label, count }) => {
    const key = `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><rect class="part ${fill}" x="1" y="1" width="14" height="14"/></svg>`;
    const amount = count === null ? '' : ` <b>${countText(count)}</b>${total === 0 ? '' : ` <span class="share">${shareText(count / total)}</span>`}`;
    return `<li>${key}<span>${escapeHtml(label)}</span>${amount}</li>`;
  });
  return `<figcaption><ul class="legend">${shown.join('')}</ul></figcaption>`;
}
