/**
 * Cuts one record out of a landed file again: its bytes as RULINGS 20 defines them, and their SHA-256. What evidence
 * and "show me the raw record" stand on.
 */
import type { Frame, FrameResult } from './frame.ts';
import { isJsonObject } from './framing/known-record.ts';
import { fileCuts, type FileCuts } from './framing.ts';
import { blankSessionToken, recordSha256 } from './session-token.ts';

export { blankSessionToken, recordSha256 };

/** By its number in its file (`Frame.recordNumber`), or, in trail objects and lines, by its `eventID`. */
export type RecordLocator = { readonly recordNumber: number } | { readonly eventId: string };

export interface RecordBytesOptions {
  /** The file is an identity registry, framed by `frameRegistry`: its records have other numbers and forms. */
  readonly isRegistry?: boolean;
}

/** A record's own bytes, session token and all: show only `blankSessionToken` of them. `sha256` is that copy's, lower-case hex. */
export interface RecordBytes {
  readonly bytes: Buffer;
  readonly sha256: string;
}

/**
 * Finds one record in an unpacked file, or undefined where it is not there or is no record (rejected, set aside).
 *
 * Reads the brackets and quotes of what stands before it and parses it alone: about 3 ms per MB.
 */
export function recordBytes(raw: Buffer, origin: string, locator: RecordLocator, options: RecordBytesOptions = {}): RecordBytes | undefined {
  const file = fileCuts(raw, origin, options.isRegistry ?? false);
  if (typeof file === 'string') return undefined;
  return 'recordNumber' in locator ? recordByNumber(file, locator.recordNumber) : recordById(file, locator.eventId);
}

function recordByNumber(file: FileCuts, wanted: number): RecordBytes | undefined {
  let recordNumber = 0;
  for (const cut of file.cuts) if (++recordNumber === wanted) return framed(file.framer.frame(cut, recordNumber));
  return undefined;
}

function recordById(file: FileCuts, eventId: string): RecordBytes | undefined {
  if (eventId === '') return undefined;
  const { bytes } = file.framer;
  let recordNumber = 0;
  // Other records may name the same id (addenda do), so every mention is a candidate.
  let mention = bytes.indexOf(eventId);
  for (const cut of file.cuts) {
    if (mention === -1) return undefined;
    recordNumber++;
    if (mention >= cut.end) continue;
    const result = file.framer.frame(cut, recordNumber);
    if (result.kind === 'record' && eventIdOf(result) === eventId) return framed(result);
    mention = bytes.indexOf(eventId, cut.end);
  }
  return undefined;
}

function framed(result: FrameResult): RecordBytes | undefined {
  return result.kind === 'record' ? { bytes: result.bytes, sha256: result.sha256 } : undefined;
}

/** `eventID` of a CloudTrail record, `id` of an EventBridge envelope, `eventId` of a log event. */
function eventIdOf(frame: Frame): unknown {
  const value: unknown = JSON.parse(frame.bytes.toString('utf8'));
  const member: Partial<Record<Frame['form'], string>> = { ecs_events: 'id', application_log: 'eventId' };
  return isJsonObject(value) ? value[member[frame.form] ?? 'eventID'] : undefined;
}
