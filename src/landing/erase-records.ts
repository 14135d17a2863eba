/**
 * Cutting records out of a delivered file: what stands in their place says only that something stood there, so that every other record keeps
 * its number, its bytes and its hash. What cannot be cut so, and proved to be, goes as a whole.
 */
import type { FrameResult } from './frame.ts';
import { fileCuts } from './framing.ts';
import type { Cut } from './framing/cut.ts';
import { ERASED_ARRAY, ERASED_OBJECT, ERASED_ROW } from './framing/erased.ts';

/** A record, reject or set-aside that goes. */
export interface ErasedRecord {
  /** As staging knows it (`Frame.recordNumber`). */
  readonly recordNumber: number;
  readonly form: string;
  /** Whether it had a hash among the batch's records. */
  readonly isRecord: boolean;
}

/** What an erasure makes of one unpacked file. */
export interface ErasedFile {
  readonly bytes: Buffer;
  readonly erased: readonly ErasedRecord[];
  /** Of `erased`, those that name nobody, and went since the file could not be cut. */
  readonly takenAlong: number;
  /** Records, rejects and set-asides that stay. */
  readonly left: number;
}

interface Outcome extends ErasedRecord {
  readonly isNamed: boolean;
  readonly sha256: string | null;
}

/**
 * Takes every record out of which `isNamed` says so; undefined where there is nothing to take.
 * @param raw the file, unpacked
 * @param isRegistry the file is an identity registry
 * @param isNamed of any bytes: a record as delivered, with what is wrapped around it, or the file
 */
export function eraseRecords(raw: Buffer, origin: string, isRegistry: boolean, isNamed: (bytes: Buffer) => boolean): ErasedFile | undefined {
  if (!isNamed(raw)) return undefined;
  const file = fileCuts(raw, origin, isRegistry);
  if (typeof file === 'string') return whole([{ recordNumber: 1, form: 'unknown', isRecord: false, isNamed: true, sha256: null }]);
  const { bytes } = file.framer;
  const parts: Buffer[] = [raw.subarray(0, raw.length - bytes.length)];
  const outcomes: Outcome[] = [];
  let at = 0;
  for (const cut of file.cuts) {
    const recordNumber = outcomes.length + 1;
    // A list that does not end is told from its beginning, over the records that were cut out of it.
    const goes = cut.start >= at && isNamed(bytes.subarray(cut.start, cut.end));
    outcomes.push(outcomeOf(file.framer.frame(cut, recordNumber), goes));
    if (!goes) continue;
    parts.push(bytes.subarray(at, cut.start), placeholder(cut));
    at = cut.end;
  }
  parts.push(bytes.subarray(at));
  const remainder = Buffer.concat(parts);
  // What stands around the records may name somebody too; and what is left must read as before.
  if (isNamed(remainder) || !readsAsBefore(remainder, origin, isRegistry, outcomes)) return whole(outcomes);
  const erased = outcomes.filter((one) => one.isNamed);
  return { bytes: remainder, erased: erased.map(erasedRecord), takenAlong: 0, left: outcomes.filter(({ form, isNamed }) => !isNamed && form !== 'erased').length };
}

function outcomeOf(result: FrameResult, isNamed: boolean): Outcome {
  const { recordNumber, form, kind } = result;
  return { recordNumber, form, isRecord: kind === 'record', isNamed, sha256: kind === 'record' ? result.sha256 : null };
}

function placeholder(cut: Cut): Buffer {
  if (cut.kind === 'row') return cut.syntax === 'csv' ? ERASED_ROW : ERASED_ARRAY;
  return cut.kind === 'broken' && cut.fault === 'bad_row' ? ERASED_ROW : ERASED_OBJECT;
}

/** Whether each record that stays is the same under the same number, and each other one is erased. */
function readsAsBefore(remainder: Buffer, origin: string, isRegistry: boolean, outcomes: readonly Outcome[]): boolean {
  const file = fileCuts(remainder, origin, isRegistry);
  if (typeof file === 'string') return false;
  let count = 0;
  for (const cut of file.cuts) {
    const before = outcomes[count];
    count += 1;
    const result = file.framer.frame(cut, count);
    const sha256 = result.kind === 'record' ? result.sha256 : null;
    if (before === undefined || sha256 !== (before.isNamed ? null : before.sha256)) return false;
    if (result.form !== (before.isNamed ? 'erased' : before.form)) return false;
  }
  return count === outcomes.length;
}

/** The whole file: as many places as it had. */
function whole(outcomes: readonly Outcome[]): ErasedFile {
  const line = Buffer.concat([ERASED_OBJECT, Buffer.from('\n')]);
  const gone = outcomes.filter(({ form }) => form !== 'erased');
  return {
    bytes: Buffer.concat(outcomes.map(() => line)), erased: gone.map(erasedRecord), takenAlong: gone.filter(({ isNamed }) => !isNamed).length, left: 0,
  };
}

function erasedRecord({ recordNumber, form, isRecord }: Outcome): ErasedRecord {
  return { recordNumber, form, isRecord };
}
