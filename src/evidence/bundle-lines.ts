/**
 * Files of a bundle that are lines of JSON: written in pieces, so that a million lines need no more memory than a thousand.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { isUtf8 } from 'node:buffer';

/** Lines are gathered to this size before they are written. */
const WRITE_CHARACTERS = 1 << 18;

/** A new file of JSON lines. */
export class LineFile {
  readonly #fd: number;
  #held: string[] = [];
  #length = 0;

  /** @throws where the file is there already */
  constructor(path: string) {
    this.#fd = openSync(path, 'wx');
  }

  add(line: unknown): void {
    const text = `${JSON.stringify(line)}\n`;
    this.#held.push(text);
    this.#length += text.length;
    if (this.#length >= WRITE_CHARACTERS) this.#write();
  }

  close(): void {
    this.#write();
    closeSync(this.#fd);
  }

  #write(): void {
    const bytes = Buffer.from(this.#held.join(''));
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#held = [];
    this.#length = 0;
  }
}

/** One line of `records/<source>.jsonl` (docs/evidence-bundle.md). */
export interface RecordLine {
  readonly sha256: string;
  readonly source: string;
  readonly owner_id: string;
  readonly record_id: string;
  readonly batch: number;
  readonly leaf: number;
  /** The record as delivered, session tokens blanked; null in a redacted bundle, and where the bytes are not UTF-8. */
  readonly text: string | null;
  /** Instead of `text`, where the bytes are not UTF-8. */
  readonly base64?: string;
}

/** The record's bytes as a line holds them. */
export function recordText(bytes: Buffer): Pick<RecordLine, 'text' | 'base64'> {
  return isUtf8(bytes) ? { text: bytes.toString('utf8') } : { text: null, base64: bytes.toString('base64') };
}

/** One line of `proofs/batches.jsonl`. Hashes in lower-case hex. */
export interface BatchProofLine {
  readonly batch: number;
  /** The ledger's line, verbatim; null where it names a person and the bundle is redacted. */
  readonly ledger_line: string | null;
  /** Instead of the line: the hash of its leaf in the ledger's tree. */
  readonly ledger_leaf?: string;
  readonly ledger_proof: readonly string[];
  /** Records of the batch: the size of its tree. */
  readonly records: number;
  readonly record_root: string;
  readonly record_proof: readonly string[];
}

/** One line of `proofs/journal.jsonl`. */
export interface JournalProofLine {
  /** Verbatim; null in a redacted bundle, with the line's number and the hash of its leaf in the journal's tree. */
  readonly line: string | null;
  readonly seq?: number;
  readonly leaf?: string;
  readonly proof: readonly string[];
}

/** One line of `proofs/heads.jsonl`: a log's last line. */
export interface HeadLine {
  readonly log: 'ledger' | 'journal';
  /** Verbatim; null, and the proof empty, where it is withheld. */
  readonly line: string | null;
  readonly proof: readonly string[];
}
