/**
 * A distribution as lying bars, one a class, cut by series.
 */
import { countText } from '../html-cell.ts';
import { escapeHtml } from '../html-escape.ts';
import { fillOf, legendHtml } from './fills.ts';
import { FIGURE_WIDTH, at, rectMark, roundSteps, svgFigure, textMark } from './marks.ts';

export interface Distribution {
  readonly id: string;
  readonly title: string;
  /** What is counted, for example `sessions`. */
  readonly unit: string;
  readonly series: readonly string[];
  /** In order, empty ones too. */
  readonly classes: readonly { readonly label: string; readonly counts: readonly number[] }[];
}

const LEFT = 240;
const RIGHT = 64;
const TOP = 24;
const ROW = 26;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** The figure; where there is nothing to measure, words. */
export function distributionHtml({ id, title, unit, series, classes }: Distribution): string {
  const total = sum(classes.map(({ counts }) => sum(counts)));
  if (total === 0) return `<p class="empty">No ${escapeHtml(unit)} to show in this period.</p>\n`;
  const steps = roundSteps(Math.max(...classes.map(({ counts }) => sum(counts))));
  const scale = (count: number): number => LEFT + (count / (steps.at(-1) ?? 1)) * (FIGURE_WIDTH - LEFT - RIGHT);
  const bottom = TOP + classes.length * ROW;
  const marks = [
    textMark(LEFT, 12, unit, { style: 'soft' }),
    ...steps.map((value) => `<path class="grid" d="M${at(scale(value))} ${TOP}V${bottom}"/>${textMark(scale(value), bottom + 16, countText(value), { anchor: 'middle', style: 'soft' })}`),
  ];
  classes.forEach(({ label, counts }, index) => {
    const y = TOP + index * ROW;
    let before = 0;
    marks.push(textMark(LEFT - 10, y + ROW / 2 + 4, label, { anchor: 'end' }));
    counts.forEach((count, place) => {
      if (count > 0) marks.push(rectMark(`part ${fillOf(place)}`, scale(before), y + 4, scale(before + count) - scale(before), ROW - 8));
      before += count;
    });
    marks.push(textMark(scale(before) + 6, y + ROW / 2 + 4, countText(before)));
  });
  const description = `${unit} by class: ${classes.map(({ label, counts }) => `${label} ${countText(sum(counts))}`).join('; ')}. The table below holds every number.`;
  const legend = series.map((label, index) => ({ fill: fillOf(index), label, count: sum(classes.map(({ counts }) => counts[index] ?? 0)) }));
  return `<figure class="chart">${svgFigure({ id, title, description, height: bottom + 22 }, marks)}${legendHtml(legend, total)}</figure>\n`;
}
