/**
 * Report files that retention removed, as the journal has them: lines `report.retain`, appended before any file goes. What was written stands
 * in the log of runs and in filings; neither is shortened.
 */
import { join } from 'node:path';
import type { Filing } from './filings.ts';
import type { Decision } from './journal.ts';
import { openLandedBatches, type JournalLine } from './landed-batches.ts';

export const REPORT_REMOVAL_ACTION = 'report.retain';

/** A file, or a bundle by its manifest. */
export interface WrittenBytes {
  /** Absolute; of a bundle, its folder. */
  readonly path: string;
  /** Of the file, or of the bundle's manifest: lower-case hex. */
  readonly sha256: string;
  readonly isBundle: boolean;
}

/** Who removed something, and when. */
export interface ReportRemoval {
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly by: string;
  readonly journal_line: number;
}

/** How many report files and bundles the journal says retention removed. */
export interface ReportRemovalCounts {
  readonly files: number;
  readonly bundles: number;
}

/** What is to be removed, as a line to append. @param rules the configuration's, as JSON */
export function reportRemovalLine(removed: readonly WrittenBytes[], { by, rules, bytes }: { readonly by: string; readonly rules: string; readonly bytes: number }): Decision {
  const named = (isBundle: boolean): string[] => removed.filter((one) => one.isBundle === isBundle).map(keyOf);
  return { by, action: REPORT_REMOVAL_ACTION, subject: 'reports', reason: 'retention', detail: { rules, bytes, files: named(false), bundles: named(true) } };
}

/** The removals that the journal tells of, the newest of each path and hash. */
export class ReportRemovals {
  readonly counts: ReportRemovalCounts;
  readonly #removals = new Map<string, ReportRemoval>();

  constructor(journal: Iterable<JournalLine>) {
    let files = 0;
    let bundles = 0;
    for (const { seq, at, by, action, detail } of journal) {
      if (action !== REPORT_REMOVAL_ACTION) continue;
      const list = (name: string): readonly string[] => { const value = detail[name]; return typeof value === 'object' && value !== null ? value : []; };
      files += list('files').length;
      bundles += list('bundles').length;
      for (const key of [...list('files'), ...list('bundles')]) this.#removals.set(key, { at, by, journal_line: seq });
    }
    this.counts = { files, bundles };
  }

  /** The removal of what was written at `since` (RFC 3339) or before; undefined where there is none. */
  of(written: Pick<WrittenBytes, 'path' | 'sha256'>, since: string): ReportRemoval | undefined {
    const found = this.#removals.get(keyOf(written));
    return found && Date.parse(found.at) >= Date.parse(since) ? found : undefined;
  }

  /** Whether files of a filed report were removed: the newest removal, and how many of its files and bundle are gone by it. */
  ofFiling(filing: Filing): (ReportRemoval & { readonly removed: number; readonly written: number }) | null {
    const written = filedBytes(filing);
    const removals = written.flatMap((one) => this.of(one, filing.filed_at) ?? []);
    const newest = removals.at(-1);
    return newest ? { ...newest, removed: removals.length, written: written.length } : null;
  }
}

/** What retention removed of a data folder's reports. */
export function removedReports(dataDir: string): ReportRemovalCounts {
  return new ReportRemovals(openLandedBatches(dataDir).decisions()).counts;
}

/** What a filing wrote; nothing where it doesn't say where (older versions). */
export function filedBytes({ folder, files, bundle, manifest_sha256: manifest, zip_sha256: zip }: Filing): WrittenBytes[] {
  if (folder === null) return [];
  return [
    ...Object.entries(files).map(([name, sha256]) => ({ path: join(folder, name), sha256, isBundle: false })),
    ...(bundle !== null && zip !== null ? [{ path: join(folder, `${bundle}.zip`), sha256: zip, isBundle: false }] : []),
    ...(bundle !== null && manifest !== null ? [{ path: join(folder, bundle), sha256: manifest, isBundle: true }] : []),
  ];
}

/** As `sha256sum` writes it. */
function keyOf({ path, sha256 }: Pick<WrittenBytes, 'path' | 'sha256'>): string {
  return `${sha256}  ${path}`;
}
