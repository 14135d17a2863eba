/**
 * The files that an ingest reads: folders walked, several read ahead at a time, those that can't be read named.
 */
import type { Stats } from 'node:fs';
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipAhead } from '../landing/gunzip.ts';

/** A path that could not be read, and why. */
export interface UnreadableFile {
  readonly path: string;
  /** The system's code: ENOENT, EACCES … */
  readonly reason: string;
}

export interface FileFound {
  readonly path: string;
  readonly bytes: number;
}

export interface FileRead {
  /** As the user gave it, or below a folder that the user gave. */
  readonly path: string;
  readonly bytes: Buffer;
  /** `bytes` unpacked, where that was done ahead. */
  readonly raw: Buffer | undefined;
}

/** Files read and unpacked ahead of the one at hand, and how much they may hold: each expands to 16 MiB at most. */
const AHEAD_FILES = 16;
const AHEAD_BYTES = 64 * 1024 * 1024;
/** Node reads no file of 2 GiB or more at once, and no gzip that large can be a log file. */
const LARGEST_FILE_BYTES = 2 ** 31 - 1;

/**
 * The regular files at and below `paths`, sorted by path, each once. Symbolic links are followed to files, not to folders:
 * one that leads out of the folders that are walked is told. `skipped` (the data folder) is left out with everything in it.
 */
export async function findFiles(paths: readonly string[], skipped: string): Promise<{ files: FileFound[]; unreadable: UnreadableFile[] }> {
  const files = new Map<string, FileFound>();
  const unreadable: UnreadableFile[] = [];
  const linked: string[] = [];
  const skip = await realpath(skipped).catch(() => skipped);
  const attempt = async (path: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      unreadable.push({ path, reason: codeOf(error) });
    }
  };
  const visit = async (path: string, found: Stats): Promise<void> => {
    if (found.isDirectory()) {
      if ((await realpath(path)) === skip) return;
      for (const entry of await readdir(path, { withFileTypes: true })) {
        const below = join(path, entry.name);
        await attempt(below, async () => {
          const target = await stat(below);
          if (entry.isSymbolicLink() && target.isDirectory()) linked.push(below);
          else await visit(below, target);
        });
      }
    } else if (!found.isFile()) {
      unreadable.push({ path, reason: 'not a regular file' });
    } else if (found.size > LARGEST_FILE_BYTES) {
      unreadable.push({ path, reason: `${found.size} bytes: files of 2 GiB and more have to be split` });
    } else {
      files.set(path, { path, bytes: found.size });
    }
  };
  for (const path of paths) await attempt(path, async () => visit(path, await stat(path)));
  const walked = await Promise.all(paths.map(async (path) => realpath(path).catch(() => path)));
  for (const path of linked) {
    const target = await realpath(path);
    if (!walked.some((one) => target === one || target.startsWith(join(one, '/'))) && target !== skip) {
      unreadable.push({ path, reason: 'a link to a folder is not followed: name that folder itself' });
    }
  }
  return { files: [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), unreadable };
}

/** Reads files in order, some ahead. A file that can't be read is told to `unreadable` and left out. */
export async function* readFiles(files: readonly FileFound[], unreadable: (file: UnreadableFile) => void): AsyncGenerator<FileRead> {
  const ahead: { file: FileFound; read: Promise<FileRead | UnreadableFile> }[] = [];
  let bytesAhead = 0;
  let next = 0;
  const readMore = (): void => {
    for (; next < files.length && ahead.length < AHEAD_FILES && (ahead.length === 0 || bytesAhead < AHEAD_BYTES); next++) {
      const file = files[next];
      if (!file) return;
      bytesAhead += file.bytes;
      ahead.push({ file, read: readAhead(file.path).catch((error: unknown) => ({ path: file.path, reason: codeOf(error) })) });
    }
  };
  readMore();
  for (let first = ahead.shift(); first; first = ahead.shift()) {
    const result = await first.read;
    bytesAhead -= first.file.bytes;
    readMore();
    if ('bytes' in result) yield result;
    else unreadable(result);
  }
}

async function readAhead(path: string): Promise<FileRead> {
  const bytes = await readFile(path);
  return { path, bytes, raw: await gunzipAhead(bytes) };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'cannot be read';
}
