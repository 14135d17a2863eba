/**
 * Reading a data folder: the last published state, during an ingest too.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { Database } from '../engine/database.ts';
import { openLandedBatches, type LandedBatches } from '../landing/landed-batches.ts';
import { createEventViews } from './event-views.ts';
import { readManifest, storeFolder, type Manifest } from './manifest.ts';

export interface ReaderOptions {
  readonly memoryLimit?: string;
  readonly isLimitSoft?: boolean;
  readonly threads?: number;
  /** Where DuckDB may spill. */
  readonly temporaryDirectory?: string;
}

/** A publication, open to read. It stays what it is while later ones are published; its files last until the one after the next. */
export class Reader {
  readonly db: Database;
  readonly manifest: Manifest;
  readonly landing: LandedBatches;
  readonly #dataDir: string;

  constructor(dataDir: string, db: Database, manifest: Manifest) {
    this.#dataDir = dataDir;
    this.db = db;
    this.manifest = manifest;
    this.landing = openLandedBatches(dataDir);
  }

  /** Whether nothing was published since: a process that stays opens a new reader when this turns false. */
  isCurrent(): boolean {
    return readManifest(this.#dataDir)?.publication === this.manifest.publication;
  }

  close(): void {
    this.db.close();
  }
}

/** How often opening is tried again when a writer publishes and clears up meanwhile. */
const ATTEMPTS = 5;

/**
 * Opens the last publication.
 * @throws WhoranError where nothing is published, or the folder is of another version
 */
export async function openReader(dataDir: string, options: ReaderOptions = {}): Promise<Reader> {
  for (let attempt = 1; ; attempt++) {
    const manifest = readManifest(dataDir);
    if (!manifest) throw nothingPublished(dataDir);
    const folder = storeFolder(dataDir);
    const path = join(folder, manifest.state);
    let db: Database | undefined;
    try {
      db = await Database.open({ ...options, path, readOnly: true });
      await prepareReading(db);
      await createEventViews(db, folder, manifest.files);
      return new Reader(dataDir, db, manifest);
    } catch (error) {
      db?.close();
      const isGone = !existsSync(path) || readManifest(dataDir)?.publication !== manifest.publication;
      if (!isGone || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Settings of every connection that reads Parquet: files never change, so their footers are read once. */
export async function prepareReading(db: Database): Promise<void> {
  await db.run('set parquet_metadata_cache = true');
}

function nothingPublished(dataDir: string): WhoranError {
  return new WhoranError(`${dataDir}: nothing is ingested yet`, {
    exitCode: EXIT.wrongUse,
    hint: 'Run `whoran ingest PATH…` first, or name the data folder with --data.',
  });
}
