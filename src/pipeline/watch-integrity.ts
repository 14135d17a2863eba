/**
 * What is wrong with landing: lines that don't follow from the one before, logs that contradict each other, and batches that are gone or of another length.
 *
 * Cheap enough for each run. Batches' bytes are not hashed here: that is `doctor`'s (landing-faults.ts), and done whenever one is read.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Landing } from '../landing/landing.ts';
import { LandedBatches } from '../landing/landed-batches.ts';
import { disagreements } from './watch-agreement.ts';
import { leavesPath, REMOVAL_ACTIONS, RemovalRecord, REMOVALS } from '../landing/removal-log.ts';

export interface IntegrityFault {
  /** Below `landing/`. */
  readonly file: string;
  /** In its log; of a batch, in the ledger. 0 where it is about the whole file. */
  readonly line: number;
  readonly message: string;
  /** When the faulty line or batch was written, as far as its log still says it: never when somebody looked. */
  readonly foundAt: Date;
}

const HASH_BYTES = 32;
/** One log has this many faults named, the first ones: who rewrites a chain breaks each of its lines. */
const MOST_OF_A_FILE = 20;
/** Of a line that doesn't say when it was written, and none before it does. */
const UNKNOWN = new Date(0);

/** Every fault, in order of file and line. */
export function integrityFaults(landing: Pick<Landing, 'folder' | 'faults' | 'batches'>): IntegrityFault[] {
  const faults: IntegrityFault[] = [];
  const counts = new Map<string, number>();
  const add = (fault: IntegrityFault): void => {
    const count = (counts.get(fault.file) ?? 0) + 1;
    counts.set(fault.file, count);
    const known = faults.some(({ file, line }) => file === fault.file && line === fault.line);
    if (count <= MOST_OF_A_FILE && !known) faults.push(fault);
  };
  for (const sentence of landing.faults()) {
    const [, file = 'ledger.jsonl', message = sentence] = /^([a-z]+\.jsonl), (.*)$/s.exec(sentence) ?? [];
    const line = Number(/^line (\d+):/.exec(message)?.[1] ?? 0);
    add({ file, line, message: message.replace(/^line \d+: /, ''), foundAt: writtenAt(join(landing.folder, file), line) });
  }
  const removals = removalsOf(landing.folder);
  for (const batch of batchesOf(landing)) {
    const file = `batches/${String(batch.seq).padStart(9, '0')}${batch.form === 'trail_objects' ? '.pack.gz' : '.batch'}`;
    const removal = removals?.of(batch.seq)?.landed;
    // Gone by retention, and its line says so: the next writer removes what is left of it.
    if (removal?.now === null) continue;
    const expected = removal?.now?.bytes ?? batch.bytes;
    const size = statSync(join(landing.folder, file), { throwIfNoEntry: false })?.size;
    if (size === expected) continue;
    const message = size === undefined ? 'it is gone' : `it is ${size} bytes long, and was ${removal ? 'left by an erasure' : 'landed'} with ${expected}`;
    add({ file, line: batch.seq, message, foundAt: instant(batch.landed_at) ?? UNKNOWN });
  }
  for (const { file, line, message, at } of disagreements(landing.folder)) add({ file, line, message, foundAt: instant(at) ?? UNKNOWN });
  for (const { line, message, at } of removalFaults(landing.folder, removals)) add({ file: REMOVALS, line, message, foundAt: instant(at) ?? UNKNOWN });
  return faults.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

/** The ledger's lines as far as they can be read: what follows a broken one is named by the chain. */
function* batchesOf(landing: Pick<Landing, 'batches'>): ReturnType<Landing['batches']> {
  try {
    yield* landing.batches();
  } catch {
    return;
  }
}

/** What became of batches; undefined where its log can't be read, which its chain tells. */
function removalsOf(folder: string): RemovalRecord | undefined {
  const removals = new RemovalRecord(folder);
  try {
    return removals.lastSeq === 0 ? undefined : removals;
  } catch {
    return undefined;
  }
}

/** Removals that nobody decided, by the journal, and those whose kept hashes are gone. */
function removalFaults(folder: string, removals: RemovalRecord | undefined): { readonly line: number; readonly message: string; readonly at: string }[] {
  if (!removals) return [];
  const decided = new Map<number, string>();
  try {
    for (const { seq, action } of new LandedBatches(folder).decisions()) decided.set(seq, action);
  } catch {
    return [];
  }
  return removals.lines.flatMap(({ seq, at, cause, batch, journal_seq, records, leaves_sha256 }) => {
    if (decided.get(journal_seq) !== REMOVAL_ACTIONS[cause]) return [{ line: seq, message: `batch ${batch} was removed, and the journal has no such decision in line ${journal_seq}`, at }];
    const size = leaves_sha256 === null ? undefined : (statSync(leavesPath(folder, batch), { throwIfNoEntry: false })?.size ?? -1);
    const isWhole = size === undefined || size === (records ?? 0) * HASH_BYTES;
    return isWhole ? [] : [{ line: seq, message: `the hashes of the records of batch ${batch}, which were kept, are ${size === -1 ? 'gone' : 'not whole'}`, at }];
  });
}

/** The time in a line of a log, or in the nearest one before it that has one. */
function writtenAt(path: string, line: number): Date {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, Math.max(line, 1));
  for (const text of lines.reverse()) {
    const at = instant(/"(?:landed_at|at)":"([^"]+)"/.exec(text)?.[1]);
    if (at) return at;
  }
  return UNKNOWN;
}

function instant(text: string | undefined): Date | undefined {
  const at = new Date(text ?? '');
  return Number.isNaN(at.getTime()) ? undefined : at;
}
