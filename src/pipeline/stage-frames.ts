/**
 * Records as framing cut them, written as lines for DuckDB to read.
 */
import type { Frame } from '../landing/frame.ts';
import { frameRegistry, frames } from '../landing/framing.ts';
import { gunzipWithin } from '../landing/gunzip.ts';
import type { BatchForm } from '../landing/landed-batches.ts';
import type { StageFile } from './stage-file.ts';
import type { FramedOutcome, StagedMember } from './stage-member.ts';

/** Records are handed over when the file holds so much. */
const FULL_BYTES = 48 * 1024 * 1024;
/** Rejects of a hostile file don't pile up in memory either. */
const FULL_OUTCOMES = 20_000;

const END = Buffer.from('}');

/** A line of `queries/staging/framed.sql`, in parts. */
export function frameLine(frame: Frame, from: Pick<FramedDelivery, 'batchSeq' | 'member' | 'retrievedAt' | 'tenantId'>): [Buffer, Buffer, Buffer] {
  // A row's own envelope knows better than the source's configuration.
  const envelope = from.tenantId === null ? frame.envelope : { tenantId: from.tenantId, ...frame.envelope };
  const head = JSON.stringify({
    form: frame.form, b: from.batchSeq, m: from.member, n: frame.recordNumber, sha256: frame.sha256, at: from.retrievedAt, envelope,
  });
  return [Buffer.from(`${head.slice(0, -1)},"record":`), frame.stagingJson ?? frame.bytes, END];
}

/** A delivered file to be framed. */
export interface FramedDelivery extends StagedMember {
  readonly form: BatchForm;
  readonly bytes: Buffer;
  /** When a live source gave it, RFC 3339; null for files. */
  readonly retrievedAt: string | null;
  /** The tenant of rows that name none; null where the source knows none. */
  readonly tenantId: string | null;
}

/** Writes the records of deliveries to a file; what framing rejects or sets aside is kept beside it. */
export class FrameWriter {
  readonly file: StageFile;
  #outcomes: FramedOutcome[] = [];

  constructor(file: StageFile) {
    this.file = file;
  }

  get isEmpty(): boolean {
    return this.file.lines === 0 && this.#outcomes.length === 0;
  }

  /** Rejects and set-asides since the last call. */
  takeOutcomes(): FramedOutcome[] {
    const taken = this.#outcomes;
    this.#outcomes = [];
    return taken;
  }

  /** Writes a delivery's records; yields whenever the file is full and has to be staged and begun again. */
  *write(delivery: FramedDelivery): Generator<void> {
    const { batchSeq, member, origin } = delivery;
    let raw: Buffer;
    try {
      raw = gunzipWithin(delivery.bytes);
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'cannot be unpacked';
      this.#outcomes.push({ batchSeq, member, form: 'unknown', recordNumber: 1, reason });
      return;
    }
    for (const result of delivery.form === 'identity_registry' ? frameRegistry(raw, origin) : frames(raw, origin)) {
      if (result.kind === 'record') this.file.line(...frameLine(result, delivery));
      else {
        const reason = result.kind === 'reject' ? result.reason : null;
        this.#outcomes.push({ batchSeq, member, form: result.form, recordNumber: result.recordNumber, reason });
      }
      if (this.file.bytes >= FULL_BYTES || this.#outcomes.length >= FULL_OUTCOMES) yield;
    }
  }
}
