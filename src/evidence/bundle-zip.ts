/**
 * A bundle's zip, unpacked into a folder. The zip's own bytes are signed by nobody; what counts is the files in it.
 */
import { createWriteStream, mkdirSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry } from 'yauzl';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { FILE_MODE, FOLDER_MODE } from '../landing/private-files.ts';
import type { Fault } from '../verifier/faults.ts';
import { isPlainPath } from '../verifier/manifest.ts';

/** The type bits of a Unix mode, and those of a regular file. */
const TYPE_BITS = 0o170000;
const REGULAR = 0o100000;

/**
 * Unpacks `zip` into `folder`, which is there and empty. A folder that all files lie in is left out.
 * @returns what is wrong with its entries; those are not unpacked
 * @throws WhoranError where it is no zip, or there is no room for it
 */
export async function unpackBundle(zip: string, folder: string): Promise<Fault[]> {
  const faults: Fault[] = [];
  try {
    const file = await openPromise(zip, { autoClose: false });
    try {
      const entries: Entry[] = [];
      for await (const entry of file.eachEntry()) entries.push(entry);
      checkRoom(entries, folder);
      const taken = new Set<string>();
      const top = topFolder(entries);
      for (const entry of entries) {
        const path = entry.fileName.slice(top.length);
        if (path === '' || entry.fileName.endsWith('/')) continue;
        const fault = faultOf(entry, path, taken);
        if (fault) {
          faults.push(fault);
          continue;
        }
        taken.add(path.toLowerCase());
        const target = join(folder, path);
        mkdirSync(dirname(target), { recursive: true, mode: FOLDER_MODE });
        await pipeline(await file.openReadStreamPromise(entry), createWriteStream(target, { flags: 'wx', mode: FILE_MODE }));
      }
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof WhoranError) throw error;
    throw new WhoranError(`${inert(zip, 300)}: it cannot be unpacked (${inert(error instanceof Error ? error.message : 'unknown fault')})`, { exitCode: EXIT.found, hint: 'Unpack it with another program and give the folder, or get it again.' });
  }
  return faults;
}

function faultOf(entry: Entry, path: string, taken: ReadonlySet<string>): Fault | undefined {
  const file = inert(entry.fileName);
  const type = (entry.externalFileAttributes >>> 16) & TYPE_BITS;
  if (!isPlainPath(path)) return { file, expected: 'a plain relative path', found: 'another' };
  if (type !== 0 && type !== REGULAR) return { file, expected: 'a file', found: 'a link or something else' };
  if (taken.has(path.toLowerCase())) return { file, expected: 'each file once', found: 'it again' };
  return undefined;
}

/** `<name>/` where every entry lies in that folder, else nothing. */
function topFolder(entries: readonly Entry[]): string {
  const top = /^[^/]+\//.exec(entries[0]?.fileName ?? '')?.[0];
  return top !== undefined && entries.every(({ fileName }) => fileName.startsWith(top)) ? top : '';
}

/** The sizes that the zip names are held to when its entries are read. */
function checkRoom(entries: readonly Entry[], folder: string): void {
  const wanted = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
  const { bavail, bsize } = statfsSync(folder);
  if (wanted > bavail * bsize) throw new WhoranError(`${inert(folder, 300)}: unpacked, the bundle is ${wanted} bytes, and there is room for ${bavail * bsize}`, { exitCode: EXIT.wrongUse, hint: 'Make room, or set TMPDIR to another disk.' });
}
