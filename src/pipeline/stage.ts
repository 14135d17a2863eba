/**
 * Staging: what is landed and not yet staged goes into the staged tables.
 */
import { gunzipWithin } from '../landing/gunzip.ts';
import type { LedgerLine } from '../landing/landed-batches.ts';
import type { Writer } from '../store/writer.ts';
import { StagePipeline, isPlainTrailObject } from './stage-pipeline.ts';
import type { FramedDelivery } from './stage-frames.ts';

/** A file of trail objects is handed over when it holds so much unpacked: about 200,000 records. */
export const FULL_OBJECT_FILE_BYTES = 288 * 1024 * 1024;

export interface StageOptions {
  /** Told after each batch: its sequence, and the last one to come. */
  readonly progress?: (batchSeq: number, lastSeq: number) => void;
}

/**
 * Stages every landed batch above `writer.stagedThrough`: what a run that was stopped between landing and publishing left,
 * or, after `openWriter({ fromNothing: true })`, everything. What retention took is left out. Shows when the writer publishes.
 * @throws WhoranError where a landed batch is missing or altered
 */
export async function stage(writer: Writer, options: StageOptions = {}): Promise<void> {
  const last = writer.landing.lastSeq;
  // A pull that found nothing new has moved how far its source reaches.
  if (writer.stagedThrough >= last && writer.landing.pulls.streams.length === 0) return;
  const pipeline = await StagePipeline.begin(writer);
  try {
    let objects = await pipeline.objectFile();
    for (const line of writer.landing.batches(writer.stagedThrough)) {
      if (writer.landing.removals.of(line.seq)?.isLeftOut) continue;
      for (const delivery of deliveries(writer, line)) {
        const raw = plainTrailObject(delivery);
        if (!raw) {
          await pipeline.frame(delivery);
          continue;
        }
        pipeline.addObject(objects, delivery, raw);
        if (objects.file.bytes < FULL_OBJECT_FILE_BYTES) continue;
        pipeline.submit(objects);
        objects = await pipeline.objectFile();
      }
      options.progress?.(line.seq, last);
    }
    pipeline.submit(objects);
    await pipeline.finish(last);
  } finally {
    await pipeline.end();
  }
}

/** What a batch holds, one delivered file after another. */
function* deliveries(writer: Writer, line: LedgerLine): Generator<FramedDelivery> {
  const bytes = writer.landing.readBatch(line);
  // What was landed by `ingest PATH` or an import has no stream; what a live source gave was retrieved as it was landed.
  const common = { batchSeq: line.seq, form: line.form, retrievedAt: line.stream === null ? null : line.landed_at, tenantId: line.tenant_id };
  if (line.form !== 'trail_objects') {
    yield { ...common, member: 0, origin: line.origin, bytes };
    return;
  }
  for (const entry of writer.landing.packIndex(line)) {
    yield { ...common, member: entry.member, origin: entry.origin, bytes: bytes.subarray(entry.offset, entry.offset + entry.bytes) };
  }
}

/** The delivery unpacked (or as it was `unpacked` before), where it is a trail object that can be read as it stands. */
export function plainTrailObject(delivery: Pick<FramedDelivery, 'form' | 'bytes'>, unpacked?: Buffer): Buffer | undefined {
  if (delivery.form === 'identity_registry') return undefined;
  try {
    const raw = unpacked ?? gunzipWithin(delivery.bytes);
    return isPlainTrailObject(raw) ? raw : undefined;
  } catch {
    return undefined;
  }
}
