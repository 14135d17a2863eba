/**
 * Counts over time as stacked bars, with what each source holds of the time in lanes below: a bar that may be too low, since a source was not
 * landed or silent, stands on hatched ground, so that silence never reads as zero.
 */
import { UTC, zonedInstant } from '../../core/time-zone.ts';
import { countText } from '../html-cell.ts';
import { fillOf, legendHtml, type LegendItem } from './fills.ts';
import { FIGURE_WIDTH, at, rectMark, roundSteps, svgFigure, textMark } from './marks.ts';

/** What a source holds of a stretch of time, as queries say it. */
export const LANE_STATES = ['records', 'in part', 'no record', 'not landed'] as const;
export type LaneState = (typeof LANE_STATES)[number];

/** One bar. */
export interface TimeBin {
  /** RFC 3339 UTC: `from` is in it, `to` is not. */
  readonly from: string;
  readonly to: string;
  /** One count a series. */
  readonly counts: readonly number[];
  /** One state a lane. */
  readonly lanes: readonly LaneState[];
}

export interface OverTime {
  readonly id: string;
  readonly title: string;
  /** What is counted, for example `actions and tasks`. */
  readonly unit: string;
  /** An IANA name; UTC where it is left out. */
  readonly timeZone?: string;
  /** How long one bar is: `hour`, `day`, `week` or `month`. */
  readonly step: string;
  readonly series: readonly string[];
  readonly lanes: readonly string[];
  /** In order of time, without a hole. */
  readonly bins: readonly TimeBin[];
}

const LEFT = 96;
const RIGHT = 8;
const TOP = 26;
const PLOT = 180;
const LANE = 18;
const WIDEST_BAR = 48;
/** As many dates as fit side by side. */
const DATES = 8;
/** So many bars are labelled with their sums. */
const LABELLED = 16;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Whether the bar may be too low: a source is not whole there, or there is nothing and not one record that says so. */
function isGap({ counts, lanes }: TimeBin): boolean {
  return lanes.some((state) => state === 'not landed' || state === 'in part') || (sum(counts) === 0 && lanes.some((state) => state === 'no record'));
}

/** A date as short as the step allows. */
function dateText(utc: string, step: string, timeZone: string | undefined): string {
  const instant = zonedInstant(utc, timeZone ?? UTC);
  if (step === 'month') return instant.slice(0, 7);
  return step === 'hour' ? instant.slice(5, 16).replace('T', ' ') : instant.slice(0, 10);
}

function descriptionOf({ bins, series, step, unit, lanes, timeZone = UTC }: OverTime): string {
  const at = (bin: TimeBin | undefined, end: 'from' | 'to'): string => zonedInstant(bin?.[end] ?? '', timeZone);
  const totals = series.map((label, index) => `${label} ${countText(sum(bins.map(({ counts }) => counts[index] ?? 0)))}`);
  const gaps = bins.filter(isGap).length;
  return (
    `${unit} by ${step}, ${bins.length} ${bins.length === 1 ? step : `${step}s`} from ${at(bins[0], 'from')} to ${at(bins.at(-1), 'to')}${timeZone === UTC ? ' UTC' : ''}: ${totals.join(', ')}.` +
    (lanes.length === 0 ? '' : ` On hatched ground, since a source is not whole there: ${gaps}.`) +
    ' The table below holds every number.'
  );
}

function axisMarks({ unit, step, timeZone = UTC }: OverTime, steps: readonly number[], scale: (count: number) => number): string[] {
  const lines = steps.map((value) => `<path class="grid" d="M${LEFT} ${at(scale(value))}H${FIGURE_WIDTH - RIGHT}"/>${textMark(LEFT - 8, scale(value) + 4, countText(value), { anchor: 'end', style: 'soft' })}`);
  return [textMark(LEFT, 12, `${unit} per ${step}, times in ${timeZone}`, { style: 'soft' }), ...lines];
}

function laneMark(state: LaneState, x: number, y: number, width: number): string {
  const height = LANE - 8;
  switch (state) {
    case 'records':
      return rectMark('ink', x, y + height / 2 - 2, width, 4);
    case 'in part':
      return rectMark('part gap', x, y + height / 2, width, height / 2) + rectMark('ink', x, y, width, height / 2);
    case 'no record':
      return rectMark('part open', x, y + 0.5, width, height - 1);
    case 'not landed':
      return rectMark('part gap', x, y, width, height);
  }
}

/** The figure. Nothing landed at all is said in words, above hatched ground. */
export function overTimeHtml(chart: OverTime): string {
  const { bins, series, lanes, step } = chart;
  if (bins.length === 0) return '<p class="empty">There is no time to show: the period is empty.</p>\n';
  const total = sum(bins.map(({ counts }) => sum(counts)));
  const steps = roundSteps(Math.max(...bins.map(({ counts }) => sum(counts))));
  const scale = (count: number): number => TOP + PLOT - (count / (steps.at(-1) ?? 1)) * PLOT;
  const slot = (FIGURE_WIDTH - LEFT - RIGHT) / bins.length;
  const width = Math.max(1, Math.min(WIDEST_BAR, slot * 0.78));
  const marks: string[] = [];
  const every = Math.ceil(bins.length / DATES);
  bins.forEach((bin, index) => {
    if (isGap(bin)) marks.push(rectMark('ground', LEFT + index * slot, TOP, slot, PLOT));
  });
  marks.push(...axisMarks(chart, steps, scale));
  bins.forEach((bin, index) => {
    const middle = LEFT + (index + 0.5) * slot;
    let below = 0;
    bin.counts.forEach((count, place) => {
      if (count > 0) marks.push(rectMark(`part ${fillOf(place)}`, middle - width / 2, scale(below + count), width, scale(below) - scale(below + count)));
      below += count;
    });
    if (bins.length <= LABELLED && below > 0) marks.push(textMark(middle, scale(below) - 5, countText(below), { anchor: 'middle' }));
    if (index % every === 0) marks.push(textMark(middle, TOP + PLOT + 16, dateText(bin.from, step, chart.timeZone), { anchor: 'middle', style: 'soft' }));
    bin.lanes.forEach((state, lane) => marks.push(laneMark(state, LEFT + index * slot + slot * 0.04, TOP + PLOT + 28 + lane * LANE, slot * 0.92)));
  });
  lanes.forEach((label, lane) => marks.push(textMark(LEFT - 8, TOP + PLOT + 37 + lane * LANE, label, { anchor: 'end', style: 'soft' })));
  const height = TOP + PLOT + 26 + lanes.length * LANE;
  const gaps: LegendItem[] = bins.some(isGap) ? [{ fill: 'gap', label: 'a source is not landed, or not whole: the bar may be too low', count: null }] : [];
  const silent: LegendItem[] = bins.some((bin) => bin.lanes.includes('no record')) ? [{ fill: 'open', label: 'landed, and no record', count: null }] : [];
  const isNothingLanded = lanes.length > 0 && bins.every((bin) => bin.lanes.every((state) => state === 'not landed'));
  const said = isNothingLanded ? 'Nothing landed for this period: there is nothing to count, which is not to say that nothing happened.' : 'None in this period. What the sources hold of it stands below.';
  return (
    `<figure class="chart">${total === 0 ? `<p class="empty">${said}</p>\n` : ''}` +
    svgFigure({ id: chart.id, title: chart.title, description: descriptionOf(chart), height }, marks) +
    `${legendHtml([...series.map((label, index) => ({ fill: fillOf(index), label, count: sum(bins.map(({ counts }) => counts[index] ?? 0)) })), ...gaps, ...silent], total)}</figure>\n`
  );
}
