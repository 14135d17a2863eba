/**
 * The small pieces that figures are drawn from: text, numbers for coordinates, and the frame that names a figure.
 */
import { escapeHtml } from '../html-escape.ts';

/** A figure is drawn so wide, in units that are CSS pixels at full size. */
export const FIGURE_WIDTH = 880;

/** A coordinate: two decimals at the most, the same on every machine. */
export function at(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly style?: string;
}

/** One line of text; `text` may come from a record. */
export function textMark(x: number, y: number, text: string, { anchor = 'start', style }: TextStyle = {}): string {
  return `<text${style === undefined ? '' : ` class="${style}"`} x="${at(x)}" y="${at(y)}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${escapeHtml(text)}</text>`;
}

export function rectMark(style: string, x: number, y: number, width: number, height: number): string {
  return `<rect class="${style}" x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}"/>`;
}

export interface FigureFrame {
  /** Of letters of ours, unique in the page. */
  readonly id: string;
  readonly title: string;
  /** What the figure says, for who does not see it. */
  readonly description: string;
  readonly height: number;
}

/** The picture as an image with a name and a description. */
export function svgFigure({ id, title, description, height }: FigureFrame, marks: readonly string[]): string {
  const name = escapeHtml(`chart-${id}`);
  return (
    `<div class="scroll"><svg class="drawn" viewBox="0 0 ${FIGURE_WIDTH} ${at(height)}" role="img" aria-labelledby="${name}-title ${name}-desc">` +
    `<title id="${name}-title">${escapeHtml(title)}</title><desc id="${name}-desc">${escapeHtml(description)}</desc>\n${marks.join('\n')}</svg></div>\n`
  );
}

/** Steps from 0 that reach `most`: few, of round size, whole numbers. */
export function roundSteps(most: number): number[] {
  const rough = Math.max(1, most / 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? 10 * power);
  const steps = [];
  for (let value = 0; value < most + step; value += step) steps.push(value);
  return steps.length < 2 ? [0, step] : steps;
}
