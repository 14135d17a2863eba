/**
 * A bundle's manifest: the report's facts, and every file with its length and hash. docs/evidence-bundle.md says what each member means.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Correction } from '../core/filed-as.ts';
import type { LogHead } from './log-tree.ts';

export const MANIFEST_FILE = 'manifest.json';
/** Written after the manifest, about it: not listed there. */
export const STATEMENT_FILES = ['statement.dsse.json', 'statement.tsr'] as const;

export interface BundleReport {
  readonly id: string;
  readonly title: string;
  /** RFC 3339 UTC; `from` is in the period, `to` is not. */
  readonly from: string;
  readonly to: string;
  readonly time_zone: string;
  readonly parameters: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
  readonly as_of: string | null;
  readonly known_at: string | null;
  /** Where it was filed: as what. */
  readonly filed_as?: string;
  readonly run_at: string;
  readonly run_by: string;
  readonly program: { readonly name: string; readonly version: string };
}

/** What a redacted bundle says of its pseudonyms. */
export interface BundleRedaction {
  readonly method: 'HMAC-SHA-256';
  /** People and addresses that the data folder knows, in this bundle or not. */
  readonly people: number;
  readonly addresses: number;
  /** Names that are also words of the program: replaced where a column holds them whole, and not looked for in texts. */
  readonly ordinary_names: number;
  readonly records_attested: number;
  readonly ledger_lines_attested: number;
  readonly journal_lines_attested: number;
}

export interface BundleFile {
  /** Inside the bundle, with slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface BundleManifest {
  readonly schema: 'whoran.bundle/1';
  readonly report: BundleReport;
  readonly ledger: LogHead;
  readonly journal: LogHead;
  /** Null where nothing is redacted. */
  readonly redaction: BundleRedaction | null;
  /** The filed report that this one replaces. */
  readonly corrects: Correction | null;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly missing_evidence: number }>>;
  readonly files: readonly BundleFile[];
}

/** Every file below `folder` but the manifest and what is written about it, in order of path (by code unit). */
export async function bundleFiles(folder: string): Promise<BundleFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).split(sep).join('/'));
  const listed = paths.filter((path) => path !== MANIFEST_FILE && !STATEMENT_FILES.some((name) => name === path)).sort();
  const files: BundleFile[] = [];
  for (const path of listed) files.push({ path, ...(await hashFile(join(folder, path))) });
  return files;
}

/** A manifest as its file holds it. */
export function manifestText(manifest: BundleManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** A file's length, and its SHA-256 in lower-case hex. */
export async function hashFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      hash.update(chunk);
    }
  });
  return { bytes, sha256: hash.digest('hex') };
}
