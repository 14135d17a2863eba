/**
 * A bundle as one file. The same files give the same bytes: names in order, one date, no attributes.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';

/** The earliest date that a zip can hold (MS-DOS time). When files were made stands in the manifest. */
const DATE = new Date(1980, 0, 1);

/** Zips a folder, itself included. @returns the zip's path */
export async function zipFolder(folder: string, path: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
  const zip = new ZipFile();
  const written = pipeline(zip.outputStream, createWriteStream(path, { flags: 'wx' }));
  for (const file of files) {
    const name = `${basename(folder)}/${file.slice(folder.length + 1).split(sep).join('/')}`;
    // One at a time: a bundle may have more files than a process may open.
    zip.addReadStreamLazy(name, { mtime: DATE, forceDosTimestamp: true, mode: 0o100644, compress: !name.endsWith('.parquet') }, (give) => {
      give(null, createReadStream(file));
    });
  }
  zip.end();
  await written;
  return path;
}
