/**
 * Reading an export into a folder of its own, each file checked against the list as it comes. Nothing of it is believed: only paths
 * that landing has are written, only regular files are read, and never more of one than was listed.
 */
import { createHash } from 'node:crypto';
import { constants, createWriteStream, mkdirSync, statSync } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { FILE_MODE, FOLDER_MODE } from '../landing/private-files.ts';
import { FILES, isExportedPath, MANIFEST, type ExportedFile, type ExportManifest } from './export-format.ts';

const MANIFEST_BYTES = 1024 * 1024;
/** A line for each file: 4 million of them. */
const LIST_BYTES = 1024 * 1024 * 1024;
const TYPE_BITS = 0o170000;
const REGULAR = 0o100000;

/** An export to read: a folder or a zip. */
interface Source {
  /** Files that it holds. */
  readonly paths: ReadonlySet<string>;
  read(path: string): Promise<Readable>;
  close(): void;
}

/**
 * Copies every listed file of an export below `folder`, which is there and empty.
 * @throws WhoranError (exit 1) where a file is altered, missing, too many, or no file of an export; (exit 2) where it is no export
 */
export async function readExport(path: string, folder: string, progress: (step: string) => void): Promise<ExportManifest> {
  const source = await openSource(path);
  try {
    const manifest = parseManifest(path, await small(source, MANIFEST, MANIFEST_BYTES));
    const list = await small(source, FILES, LIST_BYTES);
    if (createHash('sha256').update(list).digest('hex') !== manifest.files_sha256) throw damaged(FILES, 'it is not the list that the manifest names');
    const files = parseList(list);
    if (files.size !== manifest.files) throw damaged(FILES, `it has ${files.size} files, and the manifest says ${manifest.files}`);
    for (const name of source.paths) if (name !== MANIFEST && name !== FILES && !files.has(name)) throw damaged(name, 'it is not in the list of files');
    let done = 0;
    for (const file of files.values()) {
      done += 1;
      if (done % 100 === 0) progress(`checking file ${done} of ${files.size}`);
      if (!source.paths.has(file.path)) throw damaged(file.path, 'it is missing');
      await copyChecked(await source.read(file.path), join(folder, file.path), file);
    }
    return manifest;
  } finally {
    source.close();
  }
}

function parseManifest(path: string, text: Buffer): ExportManifest {
  try {
    const manifest = JSON.parse(text.toString('utf8')) as Partial<ExportManifest> | null;
    if (manifest?.schema === 'whoran.export/1' && typeof manifest.files_sha256 === 'string' && typeof manifest.files === 'number' && typeof manifest.logs === 'object') return manifest as ExportManifest;
  } catch {
    // Told below.
  }
  throw new WhoranError(`${inert(path, 300)}: its ${MANIFEST} is not one that this program reads`, { exitCode: EXIT.wrongUse, hint: 'An export is made with `whoran export`; one of a later version needs that version.' });
}

function parseList(text: Buffer): Map<string, ExportedFile> {
  const files = new Map<string, ExportedFile>();
  for (const line of text.toString('utf8').split('\n')) {
    if (line === '') continue;
    const file = JSON.parse(line) as Partial<ExportedFile> | null;
    const { path, bytes, sha256 } = file ?? {};
    if (typeof path !== 'string' || !isExportedPath(path)) throw damaged(FILES, `it names ${inert(String(path), 100)}, which no export holds`);
    if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0 || typeof sha256 !== 'string') throw damaged(FILES, `its line of ${path} is damaged`);
    if (files.has(path)) throw damaged(FILES, `it names ${path} twice`);
    files.set(path, { path, bytes, sha256 });
  }
  return files;
}

async function small(source: Source, name: string, most: number): Promise<Buffer> {
  if (!source.paths.has(name)) throw new WhoranError(`it has no ${name}: this is no export of a data folder`, { exitCode: EXIT.wrongUse, hint: 'Name the folder or zip that `whoran export --out` wrote.' });
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of await source.read(name)) {
    bytes += (part as Buffer).length;
    if (bytes > most) throw damaged(name, `it is longer than ${most} bytes`);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

async function copyChecked(content: Readable, place: string, { path, bytes, sha256 }: ExportedFile): Promise<void> {
  mkdirSync(dirname(place), { recursive: true, mode: FOLDER_MODE });
  const sum = createHash('sha256');
  let seen = 0;
  const check = new Transform({
    transform: (chunk: Buffer, _encoding, done): void => {
      seen += chunk.length;
      sum.update(chunk);
      if (seen > bytes) done(damaged(path, `it is longer than ${bytes} bytes, as listed`));
      else done(null, chunk);
    },
  });
  await pipeline(content, check, createWriteStream(place, { flags: 'wx', mode: FILE_MODE, flush: true }));
  if (seen !== bytes) throw damaged(path, `it is ${seen} bytes long, and listed with ${bytes}`);
  if (sum.digest('hex') !== sha256) throw damaged(path, 'its SHA-256 is not the one that is listed');
}

/** A fault of the export, by name. */
export function damaged(file: string, what: string): WhoranError {
  return new WhoranError(`${inert(file, 200)}: ${what}`, { exitCode: EXIT.found, hint: 'Nothing was imported. Copy the export again from where it was made, or take another.' });
}

async function openSource(path: string): Promise<Source> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new WhoranError(`${inert(path, 300)} is not there`, { exitCode: EXIT.wrongUse, hint: 'Name the folder or zip that `whoran export --out` wrote.' });
  return stat.isDirectory() ? folderSource(path) : zipSource(path);
}

async function folderSource(folder: string): Promise<Source> {
  const paths = new Set<string>();
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await walk(name);
      else if (entry.isFile()) paths.add(name);
      else throw damaged(name, 'it is a link or something else, and no file');
    }
  };
  await walk('');
  return {
    paths,
    read: async (name) => {
      const place = join(folder, name);
      // A folder on the way may have become a link since.
      for (let above = dirname(name); above !== '.'; above = dirname(above)) if (!(await lstat(join(folder, above))).isDirectory()) throw damaged(name, 'it lies behind a link');
      return (await open(place, constants.O_RDONLY | constants.O_NOFOLLOW)).createReadStream();
    },
    close: () => undefined,
  };
}

async function zipSource(path: string): Promise<Source> {
  let zip: ZipFile;
  const entries = new Map<string, Entry>();
  try {
    zip = await openPromise(path, { autoClose: false });
    for await (const entry of zip.eachEntry()) {
      const type = (entry.externalFileAttributes >>> 16) & TYPE_BITS;
      if (entry.fileName.endsWith('/')) continue;
      if (type !== 0 && type !== REGULAR) throw damaged(entry.fileName, 'it is a link or something else, and no file');
      if (entries.has(entry.fileName)) throw damaged(entry.fileName, 'it is in the zip twice');
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    if (error instanceof WhoranError) throw error;
    throw new WhoranError(`${inert(path, 300)}: it cannot be read as a zip (${inert(error instanceof Error ? error.message : 'unknown fault')})`, { exitCode: EXIT.found, hint: 'Copy the export again from where it was made.' });
  }
  return {
    paths: new Set(entries.keys()),
    read: async (name) => {
      const entry = entries.get(name);
      if (!entry) throw damaged(name, 'it is missing');
      try {
        return await zip.openReadStreamPromise(entry);
      } catch (error) {
        throw damaged(name, `it cannot be unpacked (${inert(error instanceof Error ? error.message : 'unknown fault')})`);
      }
    },
    close: () => {
      zip.close();
    },
  };
}
