/**
 * What an export of a data folder is: landing as far as it was whole, a list of files, and a manifest. The database is none of it:
 * an import makes it again.
 */
import { LOGS, type LogName } from '../landing/landing-files.ts';
import { LEAVES } from '../landing/removal-log.ts';

export const MANIFEST = 'whoran-export.json';
export const FILES = 'files.jsonl';

/** A line of `files.jsonl`. */
export interface ExportedFile {
  /** With `/`, below the export's folder. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** `whoran-export.json`. */
export interface ExportManifest {
  readonly schema: 'whoran.export/1';
  /** RFC 3339 UTC. */
  readonly made_at: string;
  readonly version: string;
  /** Each log's last line, and its SHA-256, lower-case hex; 0 and null where it has none. */
  readonly logs: Readonly<Record<LogName, { readonly lines: number; readonly head_sha256: string | null }>>;
  readonly files: number;
  readonly bytes: number;
  /** SHA-256 of `files.jsonl`. */
  readonly files_sha256: string;
}

const BATCH_FILE = new RegExp(`^landing/(?:batches/\\d{9,12}\\.(?:batch|pack\\.gz|index\\.jsonl)|${LEAVES}/\\d{9,12}\\.leaves)$`);
const LOG_PATHS: ReadonlySet<string> = new Set(LOGS.map((name) => `landing/${name}`));

/** Whether a path is one that an export may hold: no other is ever written by an import. */
export function isExportedPath(path: string): boolean {
  return LOG_PATHS.has(path) || BATCH_FILE.test(path);
}
