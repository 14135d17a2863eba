/**
 * Writing a data folder: lock, landing, and a private copy of the state that becomes the next publication.
 */
import { chmodSync, constants, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { Database } from '../engine/database.ts';
import { PACKAGE_ROOT } from '../engine/query-file.ts';
import { openLanding, type Landing } from '../landing/landing.ts';
import { FILE_MODE, FOLDER_MODE, makePrivateFolder, syncDirectory } from '../landing/private-files.ts';
import { RemovalRecord } from '../landing/removal-log.ts';
import { createEventViews } from './event-views.ts';
import { clearTemporary, removeUnpublished } from './leftovers.ts';
import { SCHEMA_VERSION, readManifest, readManifestLeniently, storeFolder, writeManifest, type DayFile, type Manifest } from './manifest.ts';
import { prepareReading } from './reader.ts';
import { WriterLock } from './writer-lock.ts';

export interface WriterOptions {
  /** DuckDB's memory limit; default `MEMORY_LIMIT`. */
  readonly memoryLimit?: string;
  readonly threads?: number;
  /** The clock, for `landed_at` and `published_at`. */
  readonly now?: () => Date;
  /** Begin with an empty database, whatever is published, of whatever version: for `rebuild`. */
  readonly fromNothing?: boolean;
}

/** Correlating 20 million events at once, the whole process then stays under 1.2 GiB (bench/correlate.ts); more isn't faster. */
export const MEMORY_LIMIT = '700MB';

const WORK = 'work.duckdb';
/** Copies of earlier states (src/pipeline/known-at.ts), made again when they are asked for. */
export const KNOWN_AT = 'known-at';

/** The one writer of a data folder. What it does shows when `publish` resolves, all at once. */
export class Writer {
  readonly dataDir: string;
  /** The working copy of the state, with the views over the Parquet files. */
  readonly db: Database;
  readonly landing: Landing;
  /** What was repaired at start, one sentence each. */
  readonly repairs: readonly string[];
  readonly #lock: WriterLock;
  readonly #now: () => Date;
  #publication: number;
  #stagedThrough: number;
  /** What was removed from landing before anything was staged in the working copy. */
  readonly #removalsSeq: number;
  #files: DayFile[];
  #names = 0;
  #isClosed = false;

  private constructor(dataDir: string, parts: WriterParts) {
    this.dataDir = dataDir;
    this.db = parts.db;
    this.landing = parts.landing;
    this.repairs = [...parts.repairs, ...parts.landing.repairs];
    this.#lock = parts.lock;
    this.#now = parts.now;
    this.#publication = parts.publication;
    this.#stagedThrough = parts.base?.staged_through_seq ?? 0;
    this.#removalsSeq = parts.removalsSeq;
    this.#files = [...(parts.base?.files ?? [])];
  }

  /** See `openWriter`. */
  static async open(dataDir: string, options: WriterOptions): Promise<Writer> {
    makeDataFolder(dataDir);
    const lock = await WriterLock.acquire(dataDir);
    let db: Database | undefined;
    let landing: Landing | undefined;
    try {
      const folder = storeFolder(dataDir);
      makePrivateFolder(folder);
      const removals = new RemovalRecord(join(dataDir, 'landing'));
      const last = options.fromNothing ? undefined : readManifest(dataDir);
      const isOutOfDate = last !== undefined && (last.removals_seq ?? 0) !== removals.lastSeq;
      // What was removed would stay in it: the database is what staging makes of what is left, and nothing else.
      const published = isOutOfDate ? undefined : last;
      if (isOutOfDate || options.fromNothing) rmSync(join(folder, KNOWN_AT), { recursive: true, force: true });
      const repairs = [...clearTemporary(dataDir), ...removeUnpublished(dataDir)];
      const work = join(folder, WORK);
      if (published) copyFileSync(join(folder, published.state), work, constants.COPYFILE_FICLONE);
      db = await openWork(dataDir, work, options);
      await createEventViews(db, folder, published?.files ?? []);
      landing = openLanding(dataDir, options.now ? { now: options.now } : {});
      const publication = readManifestLeniently(dataDir)?.publication ?? 0;
      if (isOutOfDate) repairs.push('store: something was removed from landing since the database was made; it is made again from what is left');
      return new Writer(dataDir, { db, landing, lock, repairs, publication, removalsSeq: landing.removals.lastSeq, base: published, now: options.now ?? ((): Date => new Date()) });
    } catch (error) {
      landing?.close();
      db?.close();
      lock.release();
      throw error;
    }
  }

  /** Every batch up to this one is staged in the working copy. */
  get stagedThrough(): number {
    return this.#stagedThrough;
  }

  /** The Parquet files of the working copy. */
  get files(): readonly DayFile[] {
    return this.#files;
  }

  /** The folder of the database; `DayFile.path` is below it. */
  get folder(): string {
    return storeFolder(this.dataDir);
  }

  /** A folder for files that hold raw records on their way into the database. Emptied at start and at the end. */
  get temporaryFolder(): string {
    return temporaryFolder(this.dataDir);
  }

  /** A path below `store/` for a new Parquet file; its folder exists. */
  newFile(relation: DayFile['relation'], day: string): string {
    const path = join(relation, day, `${this.#publication + 1}-${++this.#names}.parquet`);
    mkdirSync(join(this.folder, dirname(path)), { recursive: true, mode: FOLDER_MODE });
    return path;
  }

  /** Says that every batch up to `seq` is staged, and that `files` are the Parquet files from now on. */
  async staged(seq: number, files: readonly DayFile[]): Promise<void> {
    this.#stagedThrough = seq;
    this.#files = [...files];
    await createEventViews(this.db, this.folder, this.#files);
  }

  /** Makes the working copy what readers see. The writer goes on from there. */
  async publish(): Promise<Manifest> {
    await checkpoint(this.db);
    const state = `state-${this.#publication + 1}.duckdb`;
    const path = join(this.folder, state);
    copyFileSync(join(this.folder, WORK), path, constants.COPYFILE_FICLONE);
    return this.#publishState(state);
  }

  /** `publish` and `close`: the working copy itself becomes the state, so nothing is copied. */
  async publishAndClose(): Promise<Manifest> {
    this.#isClosed = true;
    try {
      await checkpoint(this.db);
      this.db.close();
      const state = `state-${this.#publication + 1}.duckdb`;
      await rename(join(this.folder, WORK), join(this.folder, state));
      return await this.#publishState(state);
    } finally {
      this.#release();
    }
  }

  /** Lets go of everything; what was not published is dropped. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.db.close();
    this.#release();
  }

  async #publishState(state: string): Promise<Manifest> {
    await sealFile(join(this.folder, state));
    const added = this.#files.filter((file) => file.path.includes(`/${this.#publication + 1}-`));
    await Promise.all(added.map(async (file) => sealFile(join(this.folder, file.path))));
    const folders = added.flatMap((file) => [dirname(file.path), file.relation]);
    for (const name of new Set([...folders, '.'])) syncDirectory(join(this.folder, name));
    const manifest: Manifest = {
      schema_version: SCHEMA_VERSION,
      publication: this.#publication + 1,
      published_at: this.#now().toISOString(),
      staged_through_seq: this.#stagedThrough,
      state,
      files: this.#files,
      ...(this.#removalsSeq > 0 ? { removals_seq: this.#removalsSeq } : {}),
    };
    await writeManifest(this.dataDir, manifest);
    this.#publication = manifest.publication;
    return manifest;
  }

  #release(): void {
    clearTemporary(this.dataDir);
    removeUnpublished(this.dataDir);
    this.landing.close();
    this.#lock.release();
  }
}

/**
 * Opens a data folder for writing; makes it where there is none.
 * @throws WriterBusyError (exit code 3), OtherVersionError, or WhoranError where landing is damaged
 */
export async function openWriter(dataDir: string, options: WriterOptions = {}): Promise<Writer> {
  return Writer.open(dataDir, options);
}

interface WriterParts {
  readonly db: Database;
  readonly landing: Landing;
  readonly lock: WriterLock;
  readonly repairs: readonly string[];
  readonly publication: number;
  readonly removalsSeq: number;
  readonly base: Manifest | undefined;
  readonly now: () => Date;
}

function makeDataFolder(dataDir: string): void {
  try {
    makePrivateFolder(dataDir);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST' ? 'it is a file' : 'it cannot be made';
    throw new WhoranError(`${dataDir}: ${why}, and a folder is needed`, { exitCode: EXIT.wrongUse, hint: 'Name another data folder with --data.', cause });
  }
}

function temporaryFolder(dataDir: string): string {
  return join(dataDir, 'tmp');
}

async function openWork(dataDir: string, path: string, options: WriterOptions): Promise<Database> {
  const db = await Database.open({
    path,
    memoryLimit: options.memoryLimit ?? MEMORY_LIMIT,
    ...(options.threads ? { threads: options.threads } : {}),
    temporaryDirectory: join(temporaryFolder(dataDir), 'spill'),
  });
  chmodSync(path, FILE_MODE);
  await prepareReading(db);
  // Rows are a set: their order in tables and files means nothing, and keeping it costs memory and a thread.
  await db.run('set preserve_insertion_order = false');
  // `publish` writes everything out; what is closed without it is dropped.
  await db.run('pragma disable_checkpoint_on_shutdown');
  for (const name of ['macros', 'tables']) await db.file(join(PACKAGE_ROOT, 'queries/staging', `${name}.sql`));
  return db;
}

/** A state with fewer rows than this is written as it is. */
const WORTH_COMPRESSING = 20_000;

/**
 * Writes the working copy out. For each column of each changed table DuckDB tries its ways of compression one after another, which
 * takes most of the time where there is little to write, and saves nothing there: a column has a block of its own either way.
 */
async function checkpoint(db: Database): Promise<void> {
  const stored = await db.get<{ size: number }>('select coalesce(sum(estimated_size), 0) as size from duckdb_tables() where database_name = current_database()');
  await db.run(`set force_compression = '${(stored?.size ?? 0) < WORTH_COMPRESSING ? 'uncompressed' : 'auto'}'`);
  await db.run('checkpoint');
}

/** Makes a file that DuckDB wrote its owner's alone (DuckDB goes by the umask), and durable. */
async function sealFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.chmod(FILE_MODE);
    await file.sync();
  } finally {
    await file.close();
  }
}
