/**
 * Files that only their owner may read, and that are whole on disk or not there at all.
 */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Landing holds session tokens and everybody's actions: nobody else may look (ARCHITECTURE, Landing). */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/** Makes a folder and those above it. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
}

/** Makes the names in a folder durable: a renamed file is there after a power cut only when its folder was synced. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes `parts` one after another to a temporary name, syncs, and renames. The folder is synced by the caller. */
export async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', FILE_MODE);
  try {
    let position = 0;
    for (let at = 0; at < parts.length; at += 512) {
      const { bytesWritten } = await file.writev(parts.slice(at, at + 512), position);
      const wanted = parts.slice(at, at + 512).reduce((sum, part) => sum + part.length, 0);
      if (bytesWritten !== wanted) throw new Error(`${path}: wrote ${bytesWritten} of ${wanted} bytes; is the disk full?`);
      position += bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** As `writeWhole`, and the folder is synced: afterwards the file is there, whatever happens. */
export async function writeDurably(path: string, parts: readonly Uint8Array[]): Promise<void> {
  await writeWhole(path, parts);
  syncDirectory(dirname(path));
}
