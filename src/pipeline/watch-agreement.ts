/**
 * Whether landing's logs agree with each other. A log that is cut off, or written anew with its chain, follows from itself; what others say of it may not.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { chainTexts, lastWholeSeq } from '../landing/chain-log.ts';
import { filingsOf } from '../landing/filings.ts';
import { LandedBatches, type LedgerLine } from '../landing/landed-batches.ts';
import { keptPullsFault, NEWEST, pullLines } from '../landing/pull-log.ts';
import { RemovalRecord, REMOVALS } from '../landing/removal-log.ts';

export interface Disagreement {
  /** Below `landing/`. */
  readonly file: string;
  readonly line: number;
  readonly message: string;
  /** When the line that says otherwise was written, RFC 3339 UTC. */
  readonly at: string;
}

/**
 * What logs say of each other that is not so: pulls of batches, filed reports of every log, removals of batches.
 * @param folder `<data folder>/landing`, which may be in use
 */
export function disagreements(folder: string): Disagreement[] {
  return [pullsOfBatches, filedHeads, removedBatches, keptCursors].flatMap((check) => {
    try {
      return check(folder);
    } catch {
      // A log that can't be read is named by its chain.
      return [];
    }
  });
}

/** Pulls speak of batches that the ledger has, and of no fewer as time goes on. */
function pullsOfBatches(folder: string): Disagreement[] {
  const lastBatch = lastWholeSeq(join(folder, 'ledger.jsonl'));
  const faults: Disagreement[] = [];
  let most = 0;
  for (const { seq, ledger_seq: batch, at } of pullLines(join(folder, '..'))) {
    if (batch > lastBatch) faults.push({ file: 'ledger.jsonl', line: lastBatch, message: `it ends here, and line ${seq} of pulls.jsonl speaks of batch ${batch}`, at });
    else if (batch < most) faults.push({ file: 'pulls.jsonl', line: seq, message: `the ledger had ${batch} batches, and ${most} in the line before: it was cut back in between`, at });
    most = batch;
    if (faults.length > 0) break;
  }
  return faults;
}

/** A filed report names where each log ended, and the hash of the ledger's and the journal's last line. */
function filedHeads(folder: string): Disagreement[] {
  const filings = filingsOf(new LandedBatches(folder).decisions());
  const hashes = {
    ledger: lineHashes(join(folder, 'ledger.jsonl'), new Set(filings.map(({ positions }) => positions.ledger))),
    journal: lineHashes(join(folder, 'journal.jsonl'), new Set(filings.map(({ positions }) => positions.journal))),
  };
  return filings.flatMap(({ id, filed_at: at, positions, ...filing }) => {
    const cut = (['pulls', 'runs', 'alerts'] as const).filter((name) => lastWholeSeq(join(folder, `${name}.jsonl`)) < positions[name]);
    const other = (['ledger', 'journal'] as const).filter((name) => (hashes[name].get(positions[name]) ?? null) !== filing[`${name}_head_sha256`]);
    return [
      ...cut.map((name) => ({ file: `${name}.jsonl`, line: positions[name], message: `the line is gone, and report ${id} was filed with it`, at })),
      ...other.map((name) => ({ file: `${name}.jsonl`, line: positions[name], message: `the line is another than when report ${id} was filed, or gone`, at })),
    ];
  });
}

function lineHashes(path: string, wanted: ReadonlySet<number>): Map<number, string> {
  const hashes = new Map<number, string>();
  let seq = 0;
  for (const text of chainTexts(path, Math.max(0, ...wanted))) {
    seq += 1;
    if (wanted.has(seq)) hashes.set(seq, hash('sha256', text, 'hex'));
  }
  return hashes;
}

/** A removal names a batch with the hash that the ledger has for it. */
function removedBatches(folder: string): Disagreement[] {
  const removals = new RemovalRecord(folder).lines;
  if (removals.length === 0) return [];
  const batches = new Map<number, LedgerLine['sha256']>();
  for (const { seq, sha256 } of new LandedBatches(folder).batches()) batches.set(seq, sha256);
  return removals.flatMap(({ seq, batch, batch_sha256: sha256, at }) => (batches.get(batch) === sha256 ? [] : [{ file: REMOVALS, line: seq, message: `it speaks of batch ${batch}, which the ledger has not, or with another hash`, at }]));
}

function keptCursors(folder: string): Disagreement[] {
  const fault = keptPullsFault(folder);
  return fault === undefined ? [] : [{ file: NEWEST, line: 0, message: fault, at: '' }];
}
