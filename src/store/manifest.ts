/**
 * The manifest: which files are the database. Renaming it is what publishes a run; a reader that has read it sees that
 * publication and nothing of the next.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { writeDurably } from '../landing/private-files.ts';

/**
 * Version of the staged and correlated tables and of the Parquet files' columns. Raise it with any change to them, and with
 * a DuckDB whose `hash()` differs (`stg_events.content_hash`; a test pins it): a folder of another version is rebuilt.
 */
export const SCHEMA_VERSION = 5;

/** What Parquet holds: the big, immutable relations. */
export type DayRelation = 'events' | 'event_copies';

/** One Parquet file: part of one UTC day of one relation. */
export interface DayFile {
  readonly relation: DayRelation;
  /** `2026-01-15` */
  readonly day: string;
  /** Below `store/`. */
  readonly path: string;
  readonly rows: number;
  /** RFC 3339 UTC, microseconds. */
  readonly first_event_at: string;
  readonly last_event_at: string;
  readonly first_batch_seq: number;
  readonly last_batch_seq: number;
}

export interface Manifest {
  readonly schema_version: number;
  /** Counts publications; part of the names of the files that each adds. */
  readonly publication: number;
  readonly published_at: string;
  /** Every batch up to this one is staged. */
  readonly staged_through_seq: number;
  /** Name of the state file below `store/`. */
  readonly state: string;
  readonly files: readonly DayFile[];
  /**
   * The last line of `landing/removals.jsonl` when the first of these batches was staged: what was removed since is still in this database.
   * Left out by older versions, which knew none: 0.
   */
  readonly removals_seq?: number;
}

const NAME = 'manifest.json';
const PREVIOUS = 'manifest.previous.json';

/** The folder of the database. */
export function storeFolder(dataDir: string): string {
  return join(dataDir, 'store');
}

/**
 * The published manifest, or undefined where nothing was published yet.
 * @throws WhoranError where it is of another schema version, or damaged
 */
export function readManifest(dataDir: string): Manifest | undefined {
  const manifest = parse(dataDir, NAME);
  if (manifest && manifest.schema_version !== SCHEMA_VERSION) throw new OtherVersionError(dataDir, manifest.schema_version);
  return manifest;
}

/** As `readManifest`, of any version and without complaint: for what must know only which files not to touch. */
export function readManifestLeniently(dataDir: string): Manifest | undefined {
  try {
    return parse(dataDir, NAME);
  } catch {
    return undefined;
  }
}

/** The publication before: its files stay until the next, since a reader may be opening them. */
export function readPreviousManifest(dataDir: string): Manifest | undefined {
  try {
    return parse(dataDir, PREVIOUS);
  } catch {
    return undefined;
  }
}

/**
 * Publishes: after it resolves, readers that come see `manifest`. The files that it names are synced by then. Where something was removed
 * from landing since the publication before, that one isn't kept: what is to be gone would still be in it.
 */
export async function writeManifest(dataDir: string, manifest: Manifest): Promise<void> {
  const folder = storeFolder(dataDir);
  const current = join(folder, NAME);
  const isAfterRemoval = (readManifestLeniently(dataDir)?.removals_seq ?? 0) !== (manifest.removals_seq ?? 0);
  if (existsSync(current) && !isAfterRemoval) await writeDurably(join(folder, PREVIOUS), [readFileSync(current)]);
  await writeDurably(current, [Buffer.from(JSON.stringify(manifest) + '\n')]);
  if (isAfterRemoval) rmSync(join(folder, PREVIOUS), { force: true });
}

/** The data folder was written by another version of the program. */
export class OtherVersionError extends WhoranError {
  constructor(dataDir: string, version: unknown) {
    super(`${dataDir}: its database has schema version ${String(version)}; this program reads version ${SCHEMA_VERSION}`, {
      exitCode: EXIT.wrongUse,
      hint: 'Run `whoran rebuild`: it makes the database again from the landed batches, which stay as they are.',
    });
  }
}

function parse(dataDir: string, name: string): Manifest | undefined {
  const path = join(storeFolder(dataDir), name);
  if (!existsSync(path)) return undefined;
  try {
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest | null;
    if (manifest && typeof manifest === 'object' && Array.isArray(manifest.files)) return manifest;
  } catch (error) {
    throw damaged(path, error);
  }
  throw damaged(path);
}

function damaged(path: string, cause?: unknown): WhoranError {
  return new WhoranError(`${path} is damaged`, {
    exitCode: EXIT.wrongUse,
    hint: 'Run `whoran rebuild`: it makes the database again from the landed batches.',
    cause,
  });
}
