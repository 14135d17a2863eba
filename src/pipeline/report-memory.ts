/**
 * What the engine of a long report, or of its replay, should do with: with Node's own, that is less than 1 GiB for a million rows (bench/bundle.ts).
 */
export const REPORT_MEMORY = '320MB';
