/**
 * Workbooks by what they hold: how their parts are packed depends on the machine that wrote them.
 */
import { createHash } from 'node:crypto';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { inert } from '../core/inert.ts';

interface Part {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Compares a workbook that anybody may have written with one of ours, part by part, unpacked. No more is unpacked than ours holds.
 * @param shown path of the one
 * @param own path of ours
 * @returns the first thing that differs, inert; null where every part is the same
 */
export async function workbookDifference(shown: string, own: string): Promise<string | null> {
  const expected = new Map<string, Part>();
  for await (const [entry, zip] of partsOf(own)) expected.set(entry.fileName, await partOf(entry, zip));
  try {
    for await (const [entry, zip] of partsOf(shown)) {
      const part = expected.get(entry.fileName);
      if (!part) return `a part ${inert(entry.fileName, 100)} that is too many`;
      expected.delete(entry.fileName);
      if (entry.uncompressedSize !== part.bytes) return `${inert(entry.fileName, 100)} of ${entry.uncompressedSize} bytes instead of ${part.bytes}`;
      if ((await partOf(entry, zip)).sha256 !== part.sha256) return `other bytes in ${inert(entry.fileName, 100)}`;
    }
  } catch (error) {
    return `no workbook that can be unpacked: ${inert(error instanceof Error ? error.message : String(error), 200)}`;
  }
  const [missing] = expected.keys();
  return missing === undefined ? null : `no part ${missing}`;
}

async function* partsOf(path: string): AsyncGenerator<[Entry, ZipFile]> {
  const zip = await openPromise(path, { autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) yield [entry, zip];
  } finally {
    zip.close();
  }
}

/** A stream that gives more than the entry says is an error of yauzl's. */
async function partOf(entry: Entry, zip: ZipFile): Promise<Part> {
  const sum = createHash('sha256');
  for await (const piece of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) sum.update(piece);
  return { bytes: entry.uncompressedSize, sha256: sum.digest('hex') };
}
