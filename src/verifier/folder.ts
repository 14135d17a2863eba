/**
 * What lies in the bundle's folder, against what the manifest lists.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Faults } from './faults.ts';
import { UNLISTED, type Manifest } from './manifest.ts';

/**
 * The files that lie in the folder, by path inside it. Everything else there is a fault: links, sockets, and folders with nothing in them.
 * @throws Error of the file system where the folder cannot be read
 */
export function filesIn(folder: string, faults: Faults): Set<string> {
  const files = new Set<string>();
  const walk = (below: string): void => {
    const entries = readdirSync(join(folder, below), { withFileTypes: true });
    if (entries.length === 0 && below !== '') faults.add(below, 'no folder without files', 'an empty folder');
    for (const entry of entries) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) files.add(path);
      else faults.add(path, 'a file', entry.isSymbolicLink() ? 'a symbolic link' : 'something else');
    }
  };
  walk('');
  return files;
}

/** Names the files that are missing, and those that are not in the manifest. */
export function compareFiles(present: ReadonlySet<string>, manifest: Manifest, faults: Faults): void {
  for (const path of manifest.files.keys()) if (!present.has(path)) faults.add(path, 'the file that manifest.json lists', 'none');
  for (const path of present) if (!manifest.files.has(path) && !UNLISTED.has(path)) faults.add(path, 'no file, since manifest.json does not list it', 'one');
}
