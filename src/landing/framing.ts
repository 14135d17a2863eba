/**
 * Framing: from a delivered file's bytes to its records, each with its form, told by content alone. Nothing here reads
 * what a record means; staging SQL does.
 *
 * Every record becomes exactly one result: a frame, a reject with its reason, or a set-aside; numbers count them all.
 */
import { isUtf8 } from 'node:buffer';
import type { FrameResult } from './frame.ts';
import { csvCuts, csvHeading } from './framing/csv-cuts.ts';
import type { Cut } from './framing/cut.ts';
import { CutFramer } from './framing/frame-cut.ts';
import { isMembersPage } from './framing/graph-page.ts';
import { jsonCuts } from './framing/json-cuts.ts';
import { OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpace } from './framing/json-scan.ts';
import { quotedNames } from './framing/words.ts';
import { isGzip } from './gunzip.ts';

const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const TRAIL_HEAD_BYTES = 256;

function withoutMark(raw: Buffer): Buffer {
  return raw.subarray(0, 3).equals(UTF8_MARK) ? raw.subarray(3) : raw;
}

/**
 * Whether a file begins as a CloudTrail trail object does, `{"Records":[`, white space and a byte order mark allowed.
 * Looks at the first bytes only. CloudTrail Insights objects and S3 notifications begin the same way: `frames` sets the
 * former aside and rejects the latter, and whoever reads such an object without it must do so too.
 */
export function isTrailObject(raw: Buffer): boolean {
  return /^\s*\{\s*"Records"\s*:\s*\[/.test(withoutMark(raw).toString('latin1', 0, TRAIL_HEAD_BYTES));
}

/** A file as cut: its cuts and the framer that reads them, or the one reason why there are none. */
export interface FileCuts {
  readonly cuts: Iterable<Cut>;
  readonly framer: CutFramer;
}

/** Cuts a file without reading its records. A string is the reason to reject it whole. */
export function fileCuts(raw: Buffer, origin: string, registry: boolean): FileCuts | string {
  const bytes = withoutMark(raw);
  const start = skipSpace(bytes, 0, bytes.length);
  if (start === bytes.length) return 'empty file';
  if (isGzip(bytes)) return 'unknown_form: gzip within gzip: unpack it once and ingest the result';
  if (isUtf16(bytes)) return 'unknown_form: UTF-16 text, where UTF-8 is expected: save it as UTF-8 (PowerShell 5: Out-File -Encoding utf8)';
  const framer = new CutFramer(bytes, origin, { knownUtf8: isUtf8(bytes), registry });
  const first = bytes[start];
  const isJson = first === OPEN_BRACE || first === OPEN_BRACKET;
  if (isJson || (first === QUOTE && !csvHeading(bytes, start, registry).isKnown)) {
    return { cuts: jsonCuts(bytes, !registry && isMembersPage(bytes, start, origin)), framer };
  }
  const heading = csvHeading(bytes, start, registry);
  if (heading.isKnown) return heading.problem ?? { cuts: csvCuts(bytes, heading), framer };
  if (hasJsonLine(bytes)) return { cuts: jsonCuts(bytes), framer };
  return heading.columns.length > 2
    ? `unknown_form: neither JSON nor a CSV export that is read; its first line has the columns ${quotedNames(heading.columns)}`
    : 'unknown_form: neither JSON nor a CSV export that is read';
}

function isUtf16(bytes: Buffer): boolean {
  const [first, second] = [bytes[0], bytes[1]];
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  // Without a mark: JSON begins with an ASCII character, which UTF-16 pairs with a zero byte.
  return bytes.length >= 4 && ((first === 0 && second !== 0 && bytes[2] === 0) || (first !== 0 && second === 0 && bytes[3] === 0));
}

function hasJsonLine(bytes: Buffer): boolean {
  return bytes.includes('\n{') || bytes.includes('\n[') || bytes.includes('\n"');
}

/**
 * The records of one delivered file, unpacked (`gunzipWithin`), in order: every form that INTERFACE names but the
 * identity registry. Reads a file of any size in a time that grows with it; throws for no content whatever.
 *
 * @param origin file name or object key: a trail object's account is read from it, nothing else
 */
export function* frames(raw: Buffer, origin: string): Generator<FrameResult> {
  yield* framed(raw, origin, false);
}

/**
 * The entries of an identity registry: CSV with the columns of INTERFACE, or JSON lines, an array or objects with such
 * members. Only when asked: no content makes a file a registry by itself.
 */
export function* frameRegistry(raw: Buffer, origin: string): Generator<FrameResult> {
  yield* framed(raw, origin, true);
}

function* framed(raw: Buffer, origin: string, registry: boolean): Generator<FrameResult> {
  const file = fileCuts(raw, origin, registry);
  if (typeof file === 'string') {
    yield { kind: 'reject', form: 'unknown', recordNumber: 1, reason: file };
    return;
  }
  let recordNumber = 0;
  for (const cut of file.cuts) yield file.framer.frame(cut, ++recordNumber);
}
