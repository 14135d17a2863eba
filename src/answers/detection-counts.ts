/**
 * How many findings each detection has by now, and where they stand.
 */
import { loadLife, type FindingStatus, type FindingsReader } from './findings.ts';
import { answerRows } from './reader.ts';

export type DetectionCounts = Readonly<Record<FindingStatus, number>>;

/** By detection; one that has none is not here. @throws WhoranError (exit 2) where detections have never run */
export async function detectionCounts(reader: FindingsReader, now: Date): Promise<ReadonlyMap<string, DetectionCounts>> {
  await loadLife(reader, now);
  const rows = await answerRows<DetectionCounts & { detection: string }>(reader, 'detection_counts');
  return new Map(rows.map(({ detection, ...counts }) => [detection, counts]));
}
