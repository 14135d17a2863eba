/**
 * What retention and erasures took, in a sentence each: a count of batches never reads as if all of them were there.
 */
import type { RemovalCounts, ReportRemovalCounts } from '../../answers/removed.ts';

/** No line where nothing was taken. */
export function removedLines({ retained, left_out: leftOut, erased, erased_records: records }: RemovalCounts): string[] {
  const batches = (count: number): string => `${count} batch${count === 1 ? '' : 'es'}`;
  return [
    ...(retained === 0 ? [] : [`Of ${batches(retained)} retention took the bytes; their hashes stay.`]),
    ...(leftOut === 0 ? [] : [`${batches(leftOut)} ${leftOut === 1 ? 'is' : 'are'} landed and left out of the database by retention.`]),
    ...(erased === 0 ? [] : [`An erasure cut ${records} record${records === 1 ? '' : 's'} out of ${batches(erased)}; their hashes stay.`]),
  ];
}

/** No line where no file of a report was removed. */
export function removedReportLines({ files, bundles }: ReportRemovalCounts): string[] {
  const bundle = bundles === 0 ? '' : ` and ${bundles} bundle${bundles === 1 ? '' : 's'}`;
  return files + bundles === 0 ? [] : [`Retention removed ${files} file${files === 1 ? '' : 's'}${bundle} of reports; the journal names each with its SHA-256.`];
}
