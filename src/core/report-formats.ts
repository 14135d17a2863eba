/**
 * The formats that reports are written in.
 */
export const REPORT_FORMATS = ['html', 'pdf', 'csv', 'json', 'xlsx', 'oscal', 'ocsf'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Of these, what is written where nobody says which: a PDF takes a browser, and is made where it is asked for. */
export const USUAL_FORMATS: readonly ReportFormat[] = ['html', 'csv', 'json'];
