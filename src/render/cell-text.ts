/**
 * The text of a value, the same on a page and in CSV.
 */
import { inert } from '../core/inert.ts';
import type { Cell } from './document.ts';

/** One piece of evidence, as tables carry it. */
export interface EvidenceCell {
  readonly hop: string;
  readonly source: string;
  readonly record_id: string;
  readonly sha256: string;
}

/** `cell` as evidence; what is not in that shape is left out. */
export function evidenceOf(cell: Cell): EvidenceCell[] {
  if (!Array.isArray(cell)) return [];
  return cell.flatMap((item) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) return [];
    const text = (value: Cell | undefined): string => (typeof value === 'string' ? value : '');
    return [{ hop: text(item['hop']), source: text(item['source']), record_id: text(item['record_id']), sha256: text(item['sha256']) }];
  });
}

const PLAIN = /^[\x20-\x7e]*$/;

/** `text` whole, with every character that could act or hide shown as an escape. */
export function inertText(text: string): string {
  // Nearly every value is plain ASCII, and telling so costs a tenth of the escaping.
  return PLAIN.test(text) ? text : inert(text, Number.POSITIVE_INFINITY);
}

/** One line of inert text: nothing for null, `a; b` for a list, `key value` pairs for a structure. */
export function cellText(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'string') return inertText(cell);
  if (typeof cell === 'number' || typeof cell === 'boolean') return String(cell);
  if (Array.isArray(cell)) return cell.map(cellText).join('; ');
  return Object.entries(cell).map(([key, value]) => `${inertText(key)} ${cellText(value)}`).join(', ');
}

/** Evidence on one line: `hop source record_id sha256:…; …`. */
export function evidenceText(cell: Cell): string {
  return evidenceOf(cell)
    .map(({ hop, source, record_id: id, sha256 }) => `${inertText(hop)} ${inertText(source)} ${inertText(id)} ${sha256 === '' ? 'not found' : `sha256:${inertText(sha256)}`}`)
    .join('; ');
}
