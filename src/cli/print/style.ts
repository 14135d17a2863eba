/**
 * Colours for a terminal, or none. Only our own words and punctuation choose a style; record values pass through `inert` first.
 */
import type { Confidence } from '../../answers/answer.ts';

/** Marks up text; each is the identity function where colour is off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly fair: (text: string) => string;
  readonly poor: (text: string) => string;
}

const wrap =
  (start: number, end: number) =>
  (text: string): string =>
    text === '' ? '' : `\u001b[${start}m${text}\u001b[${end}m`;
const plain = (text: string): string => text;

/** The styles of a terminal with or without colour. */
export function styleFor(hasColour: boolean): Style {
  if (!hasColour) return { bold: plain, dim: plain, good: plain, fair: plain, poor: plain };
  return { bold: wrap(1, 22), dim: wrap(2, 22), good: wrap(32, 39), fair: wrap(33, 39), poor: wrap(31, 39) };
}

/** A confidence in its colour. */
export function confidenceStyle(style: Style, confidence: Confidence): (text: string) => string {
  return { proved: style.good, asserted: style.fair, inferred: style.fair, none: style.poor }[confidence];
}
