/**
 * The formats of a report: what writes each, and whether a replay makes it again. A new format is a writer in `src/render` and a line here.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../evidence/manifest.ts';
import { findChromium } from '../render/chromium.ts';
import { csvNote } from '../render/csv-note.ts';
import { csvTable } from '../render/csv.ts';
import { tableOf, type ReportDocument } from '../render/document.ts';
import { htmlReport } from '../render/html.ts';
import { jsonReport } from '../render/json.ts';
import { ocsfReport } from '../render/ocsf.ts';
import { oscalReport } from '../render/oscal.ts';
import { printPdf } from '../render/pdf.ts';
import { writeXlsx } from '../render/xlsx.ts';
import type { PlannedFile } from './report-document.ts';
import { writeText } from './report-files.ts';
import { workbookDifference } from './workbook-difference.ts';

/** One file to write. */
export interface FormatJob {
  readonly file: PlannedFile;
  readonly document: ReportDocument;
  /** All files of the report, to name the one that holds what a page leaves out. */
  readonly files: readonly PlannedFile[];
  /** How many rows of one table a page shows. */
  readonly rowLimit: number;
  /** Where the file goes; others of the report lie there, too. */
  readonly folder: string;
  /** Looks at the page that is to be printed, and throws where it must not be. */
  readonly lookAt?: (page: string) => Promise<void>;
}

export interface ReportFormatWriter {
  /**
   * Why the same rows do not give the same bytes on every machine; null where they do. Such a file is attested by its hash (docs/evidence-bundle.md),
   * and a replay of a bundle makes it again only where `difference` can compare it.
   */
  readonly attested: string | null;
  /** What differs between a bundle's file and the one that a replay made, but for what depends on the machine; null where nothing does. */
  readonly difference?: (shown: string, again: string) => Promise<string | null>;
  /** @throws WhoranError where something that the format takes is missing here; asked before any query runs */
  readonly check?: () => void;
  /** @returns the file's length in bytes and SHA-256 in hex */
  readonly write: (job: FormatJob) => Promise<{ bytes: number; sha256: string }>;
}

/** A printed page with more rows of one table than this is read by nobody, and takes a browser minutes. */
const PRINTED_ROWS = 1000;

const pathOf = ({ folder, file }: FormatJob): string => join(folder, file.name);

function pageOf({ document, files, rowLimit }: FormatJob): AsyncIterable<string> {
  return htmlReport(document, {
    rowLimit,
    fileOf: (table) => (files.find((other) => other.table === table.id) ?? files.find(({ format }) => format === 'json'))?.name ?? null,
  });
}

export const REPORT_FORMAT_WRITERS: Readonly<Record<PlannedFile['format'], ReportFormatWriter>> = {
  html: { attested: null, write: async (job) => writeText(pathOf(job), pageOf(job)) },
  pdf: {
    attested: 'it is the page as a browser printed it, and its bytes depend on that browser and its fonts',
    check: () => void findChromium(process.env),
    write: printed,
  },
  csv: { attested: null, write: async (job) => writeText(pathOf(job), csvTable(tableOf(job.document, job.file.table ?? ''), job.document.parameters.timeZone)) },
  note: {
    attested: null,
    write: async (job) =>
      writeText(pathOf(job), [csvNote(job.document, job.files.flatMap(({ name, table }) => (table === undefined ? [] : [{ fileName: name, table: tableOf(job.document, table) }])))]),
  },
  xlsx: {
    attested: 'its parts are compressed, and how depends on the machine',
    difference: workbookDifference,
    write: async (job) => {
      await writeXlsx(job.document, pathOf(job));
      return hashFile(pathOf(job));
    },
  },
  oscal: { attested: null, write: async (job) => writeText(pathOf(job), oscalReport(job.document)) },
  ocsf: { attested: null, write: async (job) => writeText(pathOf(job), ocsfReport(job.document)) },
  json: { attested: null, write: async (job) => writeText(pathOf(job), jsonReport(job.document)) },
};

async function printed(job: FormatJob): Promise<{ bytes: number; sha256: string }> {
  const page = join(job.folder, `${job.file.name}.page.html`);
  try {
    await writeText(page, pageOf({ ...job, rowLimit: Math.min(job.rowLimit, PRINTED_ROWS) }));
    await job.lookAt?.(page);
    await printPdf({ page, out: pathOf(job), chromium: findChromium(process.env), madeAt: new Date(job.document.runAt) });
  } finally {
    await rm(page, { force: true });
  }
  return hashFile(pathOf(job));
}
