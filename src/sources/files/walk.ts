/**
 * The regular files below a folder, as `whoran ingest` finds them too: links to files are followed, links to folders are not.
 */
import type { BigIntStats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { FoundFile } from './seen-files.ts';

/** A path that can't be read, and why: the system's code, or in words. */
export interface UnreadablePath {
  readonly path: string;
  readonly reason: string;
}

export interface Walked {
  /** Sorted by path. */
  readonly files: readonly FoundFile[];
  readonly unreadable: readonly UnreadablePath[];
  /** Links to folders outside, which are not followed. */
  readonly linked: readonly string[];
}

/**
 * Walks `folder`. What vanishes while it is looked at is left out.
 * @param skipped a folder to leave out with everything in it, where it lies below
 * @throws the system's error where `folder` itself can't be read; the signal's reason
 */
export async function walk(folder: string, skipped: string | undefined, signal: AbortSignal): Promise<Walked> {
  const files: FoundFile[] = [];
  const unreadable: UnreadablePath[] = [];
  const links: string[] = [];
  const skip = skipped === undefined ? undefined : await realpath(skipped).catch(() => skipped);

  const visit = async (path: string): Promise<void> => {
    signal.throwIfAborted();
    if (skip !== undefined && (await realpath(path)) === skip) return;
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const below = join(path, entry.name);
      try {
        const found = await stat(below, { bigint: true });
        if (found.isDirectory()) {
          if (entry.isSymbolicLink()) links.push(below);
          else await visit(below);
        } else if (found.isFile()) {
          files.push(foundFile(below, found));
        } else {
          unreadable.push({ path: below, reason: 'not a regular file' });
        }
      } catch (error) {
        signal.throwIfAborted();
        // Gone since the folder was read; a link that leads nowhere stays there, and is told.
        if (codeOf(error) !== 'ENOENT' || entry.isSymbolicLink()) unreadable.push({ path: below, reason: codeOf(error) });
      }
    }
  };
  await visit(folder);
  const root = await realpath(folder);
  const targets = await Promise.all(links.map(async (path) => await realpath(path).catch(() => path)));
  return {
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
    unreadable,
    linked: links.filter((_, index) => {
      const target = targets[index] ?? '';
      return target !== root && !target.startsWith(root + sep) && target !== skip;
    }),
  };
}

export function foundFile(path: string, found: BigIntStats): FoundFile {
  return { path, bytes: Number(found.size), mtimeNs: found.mtimeNs };
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'cannot be read';
}
