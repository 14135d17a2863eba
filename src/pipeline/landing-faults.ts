/**
 * Everything that can be found wrong with landing by itself: what each run looks at, and the hash of every file, the index of what is landed, and files
 * that no log speaks of. Reads all of landing once; changes nothing.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainFaults } from '../landing/chain-log.ts';
import { digestFault, type BatchDigests } from '../landing/digest-index.ts';
import { batchFiles, logEnds, LOGS, type LogEnds } from '../landing/landing-files.ts';
import { LandedBatches } from '../landing/landed-batches.ts';
import { parsePackIndex } from '../landing/pack.ts';
import { NEWEST } from '../landing/pull-log.ts';
import { REPLACEMENT } from '../landing/removal-log.ts';
import { integrityFaults } from './watch-integrity.ts';

export interface LandingFault {
  /** Below `landing/`. */
  readonly file: string;
  /** In its log; 0 where it is about the whole file. */
  readonly line: number;
  readonly message: string;
}

export interface LandingState {
  readonly faults: readonly LandingFault[];
  /** Files of batches that were hashed. */
  readonly files: number;
  /** Where each log ends: what can be noted elsewhere, and held against the folder later. */
  readonly ends: LogEnds | undefined;
}

const DIGESTS = 'digests.bin';
const BATCH = /^batches\/(\d{9})\./;
/** Of these, landing makes its own anew, or they are somebody's who is writing. */
const OWN: ReadonlySet<string> = new Set([...LOGS, DIGESTS, NEWEST, `${NEWEST}.tmp`]);

/** Checks `<data folder>/landing`, which may be in use. @param progress told how far it is */
export async function landingState(folder: string, progress: (step: string) => void): Promise<LandingState> {
  const landed = new LandedBatches(folder);
  const chains = function* (): Generator<string> {
    for (const name of LOGS) for (const fault of chainFaults(join(folder, name))) yield `${name}, ${fault}`;
  };
  const faults: LandingFault[] = integrityFaults({ folder, batches: () => landed.batches(), faults: chains }).map(({ file, line, message }) => ({ file, line, message }));
  let files = 0;
  let ends: LogEnds | undefined;
  try {
    ends = logEnds(folder);
    const expected = new Set<string>();
    for (const { path, sha256, batch } of batchFiles(folder, ends)) {
      expected.add(path);
      files += 1;
      if (files % 100 === 0) progress(`landed file ${files}`);
      const found = await hashAt(folder, path);
      if (found !== sha256 && !faults.some(({ file }) => file === path)) faults.push({ file: path, line: batch, message: found === undefined ? 'it is gone' : 'it is not what was landed: its SHA-256 is another' });
    }
    faults.push(...strangers(folder, expected, ends['ledger.jsonl'].seq));
    const digests = digestFault(join(folder, DIGESTS), batchDigests(landed));
    if (digests !== undefined) faults.push({ file: DIGESTS, line: 0, message: `from batch ${digests} on it is not what landing gives: what it names wrongly would be left out when it is delivered. Delete it; it is made anew` });
  } catch (error) {
    // The line that cannot be read is named already.
    if (faults.length === 0) faults.push({ file: 'ledger.jsonl', line: 0, message: error instanceof Error ? error.message : 'it cannot be read' });
  }
  return { faults, files, ends };
}

async function hashAt(folder: string, path: string): Promise<string | undefined> {
  // Beside its place for the moment between an erasure's line and its renaming.
  const place = [path + REPLACEMENT, path].map((name) => join(folder, name)).find((name) => existsSync(name));
  if (place === undefined) return undefined;
  const sum = createHash('sha256');
  for await (const part of createReadStream(place)) sum.update(part as Buffer);
  return sum.digest('hex');
}

/** Files that no log speaks of. Those above the ledger's end are being landed, or were not finished: the next writer removes them. */
function strangers(folder: string, expected: ReadonlySet<string>, lastBatch: number): LandingFault[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (entry.isDirectory()) return [];
    if (!entry.isFile()) return [{ file: path, line: 0, message: 'it is a link or something else, and no file' }];
    const batch = Number(BATCH.exec(path)?.[1] ?? 0);
    const isOurs = OWN.has(path) || expected.has(path) || expected.has(path.slice(0, -REPLACEMENT.length)) || batch > lastBatch || (batch > 0 && path.endsWith('.tmp'));
    return isOurs ? [] : [{ file: path, line: 0, message: 'no log speaks of this file' }];
  });
}

function* batchDigests(landed: LandedBatches): Generator<BatchDigests> {
  for (const line of landed.batches()) {
    if (line.form === 'identity_registry') continue;
    const isWhole = line.form !== 'trail_objects';
    // An index that is altered is named by its own hash.
    const known = isWhole ? [line.sha256, ...(line.content_sha256 === null ? [] : [line.content_sha256])] : indexDigests(join(landed.folder, 'batches', `${String(line.seq).padStart(9, '0')}.index.jsonl`));
    yield { batchSeq: line.seq, digests: known.map((sha256) => Buffer.from(sha256, 'hex')), isWhole };
  }
}

const indexDigests = (path: string): string[] => parsePackIndex(readFileSync(path)).map((entry) => entry.delivered_sha256 ?? entry.sha256);
