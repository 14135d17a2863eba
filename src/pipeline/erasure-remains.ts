/**
 * What an erasure leaves that names the person: lines of logs that are chained, names in what packs call their files, and reports that were made.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chainTexts } from '../landing/chain-log.ts';
import { filingsOf } from '../landing/filings.ts';
import type { LandedBatches } from '../landing/landed-batches.ts';
import { LOGS } from '../landing/landing-files.ts';
import { writtenReports } from '../landing/run-log.ts';
import type { PersonNames } from './person-names.ts';

export interface Staying {
  /** Of landing's logs and of packs' indexes: how many lines name the person. */
  readonly logs: readonly { readonly file: string; readonly lines: number }[];
  /** Filed reports: their files and bundles are with those whom they were given to. */
  readonly filed_reports: readonly string[];
  /** Files of reports that runs wrote, which are still there and name the person. */
  readonly report_files: readonly string[];
  /** Such files that cannot be looked into (PDF, XLSX), or are too large. */
  readonly report_files_unread: readonly string[];
}

const READABLE = /\.(?:html|csv|json|jsonl|md|txt)$/;
const LARGEST_REPORT = 256 * 1024 * 1024;

/** Looks; changes nothing. */
export function whatStays({ dataDir, landing }: { readonly dataDir: string; readonly landing: LandedBatches }, names: PersonNames): Staying {
  const logs = [
    ...LOGS.map((name) => ({ file: `landing/${name}`, lines: linesNaming(join(landing.folder, name), names) })),
    { file: 'landing/batches/*.index.jsonl', lines: indexLinesNaming(landing, names) },
  ].filter(({ lines }) => lines > 0);
  const written = [...new Set([...writtenReports(dataDir)].flatMap(({ files }) => files))].filter((path) => existsSync(path));
  const isReadable = (path: string): boolean => READABLE.test(path) && statSync(path).size <= LARGEST_REPORT;
  return {
    logs, filed_reports: filingsOf(landing.decisions()).map(({ id }) => id),
    report_files: written.filter((path) => isReadable(path) && names.areIn(readFileSync(path))), report_files_unread: written.filter((path) => !isReadable(path)),
  };
}

function linesNaming(path: string, names: PersonNames): number {
  let count = 0;
  for (const line of chainTexts(path, Number.MAX_SAFE_INTEGER)) if (names.areIn(line)) count += 1;
  return count;
}

function indexLinesNaming(landing: LandedBatches, names: PersonNames): number {
  let count = 0;
  for (const line of landing.batches()) {
    if (line.form !== 'trail_objects') continue;
    for (const entry of landing.packIndex(line)) if (names.areIn(Buffer.from(JSON.stringify(entry)))) count += 1;
  }
  return count;
}
