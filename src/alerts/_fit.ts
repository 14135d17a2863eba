/**
 * Making a message as small as its service takes it. What happened, the ids of the evidence and how to go on stay; long texts and what stands
 * in the middle go first. What went is counted, and said in the message itself.
 */
import type { Alert } from './alert.ts';
import { alertParts, briefFindings, type Part, type Shape } from './_parts.ts';
import { cutText } from './_cut.ts';

/** What a service takes. */
export interface Room {
  /** Characters of one part's lines at most. */
  readonly part: number;
  /** Whether a message of these parts is one that the service takes. */
  readonly fits: (parts: readonly Part[]) => boolean;
}

export interface Fitted {
  readonly parts: readonly Part[];
  /** What was left out or cut, a sentence each; empty where everything is there. */
  readonly cuts: readonly string[];
}

interface Step extends Shape {
  readonly part: number;
}

/** From everything to the least that is of use: the first that fits is taken. A part that is short stays whole in all of them. */
const STEPS: readonly Step[] = [
  { part: Infinity, detailed: Infinity, shown: Infinity },
  { part: 1500, detailed: Infinity, shown: Infinity },
  { part: 1500, detailed: 3, shown: Infinity },
  { part: 700, detailed: 3, shown: Infinity },
  { part: 700, detailed: 1, shown: Infinity },
  { part: 400, detailed: 1, shown: Infinity },
  { part: 400, detailed: 1, shown: 5 },
  { part: 400, detailed: 1, shown: 1 },
  { part: 250, detailed: 1, shown: 1 },
];
/** A line isn't cut shorter than that: the ids that it begins with stay. Lines beyond the room are left out instead. */
const SHORTEST_LINE = 90;

/** The parts of an alert that the service takes. Where not even the smallest fits, that is returned. */
export function fitted(alert: Alert, room: Room): Fitted {
  let last: Fitted = { parts: [], cuts: [] };
  for (const step of STEPS) {
    last = reduced(alert, { ...step, part: Math.min(step.part, room.part) });
    if (room.fits(last.parts)) break;
  }
  return last;
}

function reduced(alert: Alert, step: Step): Fitted {
  const capped = alertParts(alert, step).map((part) => cappedPart(part, step.part));
  const count = (of: (one: Capped) => number): number => capped.reduce((sum, one) => sum + of(one), 0);
  const [all, shown] = [alert.findings.length, Math.min(alert.findings.length, step.shown)];
  const brief = briefFindings(alert, step);
  const [short, left] = [count((one) => one.shortened), count((one) => one.dropped)];
  const cuts = [
    ...(shown < all ? [`${things(all - shown, 'finding')} of the ${all} that would be shown: counted only`] : []),
    ...(brief > 0 ? [`${things(brief, 'finding')}: only what happened, evidence and how to go on`] : []),
    ...(short > 0 ? [`${things(short, 'long line')}: cut at the …`] : []),
    ...(left > 0 ? [`${things(left, 'more line')} of long lists`] : []),
  ];
  const parts = capped.map(({ part }) => part);
  if (cuts.length === 0) return { parts, cuts };
  const [first] = alert.findings;
  const listed = `whoran findings${alert.notice === 'resolved' ? ' --all' : ''}`;
  const where = !first ? 'whoran status' : alert.findings_total > 1 ? listed : `whoran alerts show ${first.id.slice(0, 12)}`;
  return { parts: [...parts, { kind: 'left_out', title: 'Left out here, to keep to the size that the service takes', lines: [...cuts, `All of it: ${where}`] }], cuts };
}

interface Capped {
  readonly part: Part;
  /** Lines that end with `…` now. */
  readonly shortened: number;
  /** Lines that are not there. */
  readonly dropped: number;
}

/** A part of at most `most` characters: its longest lines cut to one length, and where that would be too short, its last lines left out. */
function cappedPart(part: Part, most: number): Capped {
  const { kind, lines } = part;
  if (sizeOf(lines) <= most) return { part, shortened: 0, dropped: 0 };
  // Half a command is none, and may be another one.
  if (kind === 'go_on') {
    const kept = lines.filter((line) => line.length <= most / lines.length);
    return { part: { ...part, lines: kept }, shortened: 0, dropped: lines.length - kept.length };
  }
  const atLength = longestLine(lines, most);
  if (atLength >= SHORTEST_LINE) return { part: { ...part, lines: lines.map((line) => cutText(line, atLength)) }, shortened: lines.filter((line) => line.length > atLength).length, dropped: 0 };
  const kept: string[] = [];
  for (const line of lines) {
    const next = cutText(line, SHORTEST_LINE);
    if (kept.length > 0 && sizeOf([...kept, next]) > most - SHORTEST_LINE / 2) break;
    kept.push(next);
  }
  const dropped = lines.length - kept.length;
  return { part: { ...part, lines: dropped === 0 ? kept : [...kept, `… ${things(dropped, 'more line')}`] }, shortened: lines.slice(0, kept.length).filter((line) => line.length > SHORTEST_LINE).length, dropped };
}

/** Characters of lines, each with its line break. */
function sizeOf(lines: readonly string[]): number {
  return lines.reduce((sum, { length }) => sum + length + 1, 0);
}

/** The length to which the longest lines have to be cut, so that all of them have `most` characters: shorter ones leave theirs to them. */
function longestLine(lines: readonly string[], most: number): number {
  const lengths = lines.map(({ length }) => length).sort((a, b) => a - b);
  let rest = most - lines.length;
  for (const [index, length] of lengths.entries()) {
    const share = Math.floor(rest / (lengths.length - index));
    if (length > share) return share;
    rest -= length;
  }
  return Infinity;
}

function things(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
