/**
 * How far live sources are pulled: a chained line for each step, appended after the step's bytes are on disk and in the ledger.
 * So a cursor never runs ahead of its data. A step without data has a line too: that nothing was there is worth knowing.
 *
 * The newest line of each stream is also kept in `pulls-newest.json` with the place in the log that it was read to, so that a
 * year of lines needn't be read at each start. That file can be lost.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ChainLog, chainLines, type ChainedLine } from './chain-log.ts';
import { FILE_MODE } from './private-files.ts';

/** What a stream's records are about; as `Coverage` of src/sources, in the words of the files. */
export interface PulledCoverage {
  readonly of: string;
  readonly tenant_id: string | null;
  readonly sign_in_kind: string | null;
  readonly account_id: string | null;
  readonly region: string | null;
}

/** One finished step of a pull. */
export interface PullLine extends ChainedLine {
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly source: string;
  readonly stream: string;
  readonly covers: readonly PulledCoverage[];
  readonly window_from: string | null;
  readonly window_to: string | null;
  /** The stream's cursor after the step: null where it stayed. */
  readonly cursor: string | null;
  readonly complete_through: string | null;
  /** The ledger's last sequence when this was written: nothing of this step is later. */
  readonly ledger_seq: number;
  readonly delivered: number;
  /** Of them, those whose bytes were new. */
  readonly landed: number;
  readonly bytes: number;
}

/** A stream as its lines so far say it. */
export interface PulledStream {
  readonly source: string;
  readonly stream: string;
  /** Of its newest line. Empty where the source is no longer configured: then it counts for nothing. */
  readonly covers: readonly PulledCoverage[];
  /** Null where no step ended yet. */
  readonly cursor: string | null;
  readonly complete_through: string | null;
  /** Where the first window began that was pulled on the way to this cursor; null where that isn't known. */
  readonly since: string | null;
  /** When the cursor last moved; null while it hasn't. */
  readonly at: string | null;
}

const LOG = 'pulls.jsonl';
export const NEWEST = 'pulls-newest.json';
/** The file of newest lines is written again after so many bytes of log. */
const NEWEST_EVERY_BYTES = 256 * 1024;
/** A line with this cursor says that the stream has none any more. */
const NO_CURSOR = '';
const NEWLINE = 0x0a;

/** What is kept of the log's first `bytes`. */
interface Newest {
  readonly bytes: number;
  /** Sequence of the last line in them. */
  readonly seq: number;
  /** The highest `ledger_seq` in them. */
  readonly ledgerSeq: number;
  readonly streams: readonly PulledStream[];
}

/** The newest state of every stream, as the log says it. */
interface State {
  readonly streams: Map<string, PulledStream>;
  /** Lines that speak of batches which the ledger doesn't have. */
  readonly ahead: readonly PullLine[];
  readonly keptBytes: number;
  readonly ledgerSeq: number;
}

export class PullLog {
  readonly repairs: readonly string[];
  readonly #folder: string;
  readonly #log: ChainLog<PullLine>;
  readonly #streams: Map<string, PulledStream>;
  readonly #keptBytes: number;
  #ledgerSeq: number;

  private constructor(folder: string, log: ChainLog<PullLine>, state: State, repairs: readonly string[]) {
    this.#folder = folder;
    this.#log = log;
    this.#streams = state.streams;
    this.#keptBytes = state.keptBytes;
    this.#ledgerSeq = state.ledgerSeq;
    this.repairs = repairs;
  }

  /**
   * Opens or makes the log. Lines whose data the ledger doesn't have (landing was restored from an older backup) are undone:
   * their streams are pulled again from the cursor before.
   */
  static open(folder: string, ledgerSeq: number): PullLog {
    const log = ChainLog.open<PullLine>(join(folder, LOG));
    const repairs = log.repair ? [`landing/${LOG}: dropped ${log.repair.droppedBytes} bytes of a last line that a stopped run had not finished`] : [];
    const state = read(folder, ledgerSeq);
    const opened = new PullLog(folder, log, state, repairs);
    const undone = new Map(state.ahead.map((line) => [keyOf(line), line]));
    if (undone.size === 0) return opened;
    repairs.push(`landing/${LOG}: ${state.ahead.length} line(s) speak of batches that landing does not have; their streams are pulled again from before`);
    for (const [key, line] of undone) {
      const before = state.streams.get(key);
      opened.append({ ...line, window_from: null, window_to: null, cursor: before?.cursor ?? NO_CURSOR, complete_through: before?.complete_through ?? null, ledger_seq: ledgerSeq, delivered: 0, landed: 0, bytes: 0 });
    }
    return opened;
  }

  /** The cursor of each stream of a source that has one. */
  cursors(source: string): Map<string, string> {
    return new Map([...this.#streams.values()].flatMap((one) => (one.source === source && one.cursor !== null ? [[one.stream, one.cursor]] : [])));
  }

  /** The newest state of every stream. */
  get streams(): PulledStream[] {
    return [...this.#streams.values()];
  }

  /** Appends a finished step; it is on disk when this returns. */
  append(line: Omit<PullLine, keyof ChainedLine>): void {
    const [written] = this.#log.append([line]);
    if (!written) return;
    note(this.#streams, written);
    this.#ledgerSeq = Math.max(this.#ledgerSeq, written.ledger_seq);
  }

  *faults(): Generator<string> {
    yield* this.#log.faults();
  }

  close(): void {
    this.#log.close();
    const { size } = statSync(join(this.#folder, LOG));
    if (size - this.#keptBytes < NEWEST_EVERY_BYTES) return;
    const kept: Newest = { bytes: size, seq: this.#log.lastSeq, ledgerSeq: this.#ledgerSeq, streams: this.streams };
    const temporary = join(this.#folder, `${NEWEST}.tmp`);
    writeFileSync(temporary, JSON.stringify(kept), { mode: FILE_MODE });
    renameSync(temporary, join(this.#folder, NEWEST));
  }
}

/** The newest state of every stream, to read beside a running pull. Empty where nothing was pulled. */
export function readPulls(dataDir: string): PulledStream[] {
  return [...read(join(dataDir, 'landing'), Infinity).streams.values()];
}

/**
 * What is wrong with `pulls-newest.json`, if anything: whoever changes a cursor there makes pulls leave something out. Read from the log's beginning.
 * @param folder `<data folder>/landing`
 */
export function keptPullsFault(folder: string): string | undefined {
  const path = join(folder, LOG);
  if (!existsSync(join(folder, NEWEST)) || !existsSync(path)) return undefined;
  const kept = readKept(folder, path, Infinity);
  // Not the log's any more, or not readable: nothing is taken from it.
  if (!kept) return undefined;
  const streams = new Map<string, PulledStream>();
  let ledgerSeq = 0;
  for (const line of chainLines<PullLine>(path)) {
    if (line.seq > kept.seq) break;
    note(streams, line);
    ledgerSeq = Math.max(ledgerSeq, line.ledger_seq);
  }
  const isSame = kept.ledgerSeq === ledgerSeq && isDeepStrictEqual(new Map(kept.streams.map((stream) => [keyOf(stream), stream])), streams);
  return isSame ? undefined : `the cursors in it are not those of ${LOG}`;
}

/** All lines of the log, oldest first. */
export function pullLines(dataDir: string): Generator<PullLine> {
  return chainLines<PullLine>(join(dataDir, 'landing', LOG));
}

function read(folder: string, ledgerSeq: number): State {
  const path = join(folder, LOG);
  const kept = readKept(folder, path, ledgerSeq);
  const streams = new Map((kept?.streams ?? []).map((stream) => [keyOf(stream), stream]));
  const ahead: PullLine[] = [];
  let newestSeq = kept?.ledgerSeq ?? 0;
  for (const line of chainLines<PullLine>(path, kept?.seq ?? 0, kept?.bytes ?? 0)) {
    if (line.ledger_seq > ledgerSeq) {
      ahead.push(line);
      continue;
    }
    note(streams, line);
    newestSeq = Math.max(newestSeq, line.ledger_seq);
  }
  return { streams, ahead, keptBytes: kept?.bytes ?? 0, ledgerSeq: newestSeq };
}

function note(streams: Map<string, PulledStream>, line: PullLine): void {
  const { source, stream, covers, cursor, complete_through, at, window_from } = line;
  const before = streams.get(keyOf(line));
  if (cursor === null) {
    streams.set(keyOf(line), { cursor: null, complete_through: null, since: null, at: null, ...before, source, stream, covers });
  } else if (cursor === NO_CURSOR) {
    streams.set(keyOf(line), { source, stream, covers, cursor: null, complete_through: null, since: null, at: null });
  } else {
    streams.set(keyOf(line), { source, stream, covers, cursor, complete_through, since: before?.since ?? window_from, at });
  }
}

function keyOf({ source, stream }: { readonly source: string; readonly stream: string }): string {
  return `${source}\n${stream}`;
}

/** What was kept of the log's first part, if that part is still the log's and the ledger has all that it speaks of. */
function readKept(folder: string, log: string, ledgerSeq: number): Newest | undefined {
  try {
    const kept = JSON.parse(readFileSync(join(folder, NEWEST), 'utf8')) as Newest;
    if (kept.ledgerSeq > ledgerSeq || !Array.isArray(kept.streams)) return undefined;
    return lastSeqIn(log, kept.bytes) === kept.seq ? kept : undefined;
  } catch {
    // Missing or damaged: the log itself says it all.
    return undefined;
  }
}

/** The sequence of the line that ends at `bytes`; undefined where none does. */
function lastSeqIn(path: string, bytes: number): number | undefined {
  const tail = Buffer.alloc(Math.min(bytes, 64 * 1024));
  const fd = openSync(path, 'r');
  try {
    if (readSync(fd, tail, 0, tail.length, bytes - tail.length) < tail.length || tail.at(-1) !== NEWLINE) return undefined;
  } finally {
    closeSync(fd);
  }
  return (JSON.parse(tail.toString('utf8', tail.lastIndexOf(NEWLINE, tail.length - 2) + 1)) as PullLine).seq;
}
