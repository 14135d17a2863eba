/**
 * Exporting a data folder, also while somebody writes to it: its logs up to their last whole lines, every batch that they name,
 * each checked against its line as it is copied. There whole, or not at all.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { EXIT, WhoranError } from '../core/errors.ts';
import { wholePart } from '../landing/chain-log.ts';
import { batchFiles, logEnds, LOGS, type LogEnds } from '../landing/landing-files.ts';
import { FILE_MODE, FOLDER_MODE, syncDirectory } from '../landing/private-files.ts';
import { REMOVALS, REPLACEMENT } from '../landing/removal-log.ts';
import { FILES, MANIFEST, type ExportedFile, type ExportManifest } from './export-format.ts';

export interface ExportOptions {
  readonly now: Date;
  /** The program's. */
  readonly version: string;
  readonly progress?: (step: string) => void;
}

/** `whoran.exported/1`. */
export interface Exported extends ExportManifest {
  readonly out: string;
}

/** Retention or an erasure took something while it was copied: then it is copied anew, so often. */
const ATTEMPTS = 3;
/** The earliest date that a zip can hold (MS-DOS time). */
const DATE = new Date(1980, 0, 1);

class RemovedMeanwhile extends Error {}

/**
 * Copies a data folder's landing to `out`: a zip where it ends in `.zip`, else a folder, which must not be there.
 * @throws WhoranError where nothing is landed, `out` is there, or a batch is missing or altered (exit 1): then nothing is left at `out`
 */
export async function exportData(dataDir: string, out: string, options: ExportOptions): Promise<Exported> {
  const landing = join(dataDir, 'landing');
  if (!existsSync(join(landing, 'ledger.jsonl'))) throw new WhoranError(`${dataDir}: nothing is landed there`, { exitCode: EXIT.wrongUse, hint: 'Name the data folder with --data.' });
  if (existsSync(out) && (out.endsWith('.zip') || readdirSync(out).length > 0)) throw new WhoranError(`${out} is there already`, { exitCode: EXIT.wrongUse, hint: 'Name another place with --out: an export is never written over one.' });
  for (let attempt = 1; ; attempt += 1) {
    const unfinished = `${out}.${process.pid}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    try {
      const manifest = await copy(landing, unfinished, out.endsWith('.zip'), options);
      if (existsSync(out)) rmSync(out, { recursive: true });
      await rename(unfinished, out);
      syncDirectory(dirname(out));
      return { ...manifest, out };
    } catch (error) {
      if (!(error instanceof RemovedMeanwhile)) throw error;
      if (attempt === ATTEMPTS) throw new WhoranError(`${dataDir}: retention or an erasure goes on removing batches`, { exitCode: EXIT.locked, hint: 'Export again when it is done.' });
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
}

async function copy(landing: string, place: string, isZip: boolean, { now, version, progress = (): void => undefined }: ExportOptions): Promise<ExportManifest> {
  const ends = logEnds(landing);
  const target = isZip ? new ZipTarget(place) : new FolderTarget(place);
  const listed = createHash('sha256');
  const lines: string[] = [];
  let bytes = 0;
  const add = ({ path, bytes: length, sha256 }: ExportedFile): void => {
    const text = `${JSON.stringify({ path, bytes: length, sha256 } satisfies ExportedFile)}\n`;
    listed.update(text);
    lines.push(text);
    bytes += length;
  };
  const total = ends['ledger.jsonl'].seq;
  for (const { path, sha256, batch } of batchFiles(landing, ends)) {
    if (batch % 100 === 0) progress(`copying batch ${batch} of ${total}`);
    const file = await copyFile(landing, path, sha256, target);
    if (file?.sha256 !== sha256) {
      if (wholePart(join(landing, REMOVALS)).seq !== ends[REMOVALS].seq) throw new RemovedMeanwhile();
      throw new WhoranError(`landing/${path} ${file ? 'is not what was landed: its SHA-256 differs' : 'is gone'}`, { exitCode: EXIT.found, hint: 'Nothing was exported. `whoran doctor` says what else is wrong; restore the file from a backup, and find out who changed it.' });
    }
    add(file);
  }
  for (const name of LOGS) {
    if (ends[name].bytes === 0 && name !== 'ledger.jsonl') continue;
    add(await target.write(`landing/${name}`, ends[name].bytes === 0 ? Readable.from([]) : createReadStream(join(landing, name), { end: ends[name].bytes - 1 })));
  }
  if (wholePart(join(landing, REMOVALS)).seq !== ends[REMOVALS].seq) throw new RemovedMeanwhile();
  const manifest: ExportManifest = {
    schema: 'whoran.export/1', made_at: now.toISOString(), version, logs: headsOf(ends), files: lines.length, bytes, files_sha256: listed.digest('hex'),
  };
  await target.write(FILES, Readable.from(lines));
  await target.write(MANIFEST, Readable.from([`${JSON.stringify(manifest, null, 2)}\n`]));
  await target.close();
  return manifest;
}

function headsOf(ends: LogEnds): ExportManifest['logs'] {
  return Object.fromEntries(LOGS.map((name) => [name, { lines: ends[name].seq, head_sha256: ends[name].sha256 }])) as unknown as ExportManifest['logs'];
}

/**
 * Copies a file of landing; undefined where it isn't there. Between an erasure's line and its renaming, the new file lies beside its place; so does one
 * that an erasure only prepares.
 */
async function copyFile(landing: string, path: string, sha256: string, target: Target): Promise<ExportedFile | undefined> {
  const place = join(landing, path);
  const beside = place + REPLACEMENT;
  const from = existsSync(beside) && (await sha256Of(beside)) === sha256 ? beside : place;
  if (!existsSync(from)) return undefined;
  try {
    return await target.write(`landing/${path}`, createReadStream(from));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function sha256Of(path: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const part of createReadStream(path)) sum.update(part as Buffer);
  return sum.digest('hex');
}

interface Target {
  write(path: string, content: Readable): Promise<ExportedFile>;
  close(): Promise<void>;
}

/** Counts and hashes what goes through. */
class Meter extends Transform {
  readonly #sum: Hash = createHash('sha256');
  #bytes = 0;

  override _transform(chunk: Buffer | string, _encoding: BufferEncoding, done: (error: null, chunk: Buffer | string) => void): void {
    this.#sum.update(chunk);
    this.#bytes += Buffer.byteLength(chunk);
    done(null, chunk);
  }

  file(path: string): ExportedFile {
    return { path, bytes: this.#bytes, sha256: this.#sum.digest('hex') };
  }
}

class FolderTarget implements Target {
  readonly #folder: string;
  readonly #folders = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(path: string, content: Readable): Promise<ExportedFile> {
    const place = join(this.#folder, path);
    mkdirSync(dirname(place), { recursive: true, mode: FOLDER_MODE });
    this.#folders.add(dirname(place));
    const meter = new Meter();
    await pipeline(content, meter, createWriteStream(place, { flags: 'wx', mode: FILE_MODE, flush: true }));
    return meter.file(path);
  }

  async close(): Promise<void> {
    for (const folder of [...this.#folders, this.#folder]) syncDirectory(folder);
    return Promise.resolve();
  }
}

class ZipTarget implements Target {
  readonly #zip = new ZipFile();
  readonly #written: Promise<void>;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.#written = pipeline(this.#zip.outputStream, createWriteStream(path, { flags: 'wx', mode: FILE_MODE }));
    // Told by `write` and `close`, which wait for it.
    this.#written.catch(() => undefined);
    // A file that cannot be read rejects `write`; the zip says it a second time.
    this.#zip.on('error', () => undefined);
  }

  async write(path: string, content: Readable): Promise<ExportedFile> {
    const meter = new Meter();
    await new Promise<void>((resolve, reject) => {
      meter.on('end', resolve).on('error', reject);
      content.on('error', (error) => meter.destroy(error));
      this.#written.catch(reject);
      this.#zip.addReadStream(meter, path, { mtime: DATE, forceDosTimestamp: true, mode: 0o100600, compress: !path.endsWith('.gz') });
      content.pipe(meter);
    });
    return meter.file(path);
  }

  async close(): Promise<void> {
    this.#zip.end();
    await this.#written;
    const file = await open(this.#path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
