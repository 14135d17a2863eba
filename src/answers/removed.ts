/**
 * What retention and erasures took of a data folder's landing: said wherever deliveries are counted.
 */
export { removedFrom, type RemovalCounts } from '../landing/removal-log.ts';
export type { ReportRemovalCounts } from '../landing/report-removals.ts';
