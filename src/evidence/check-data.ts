/**
 * A bundle against the data folder that it was made from: whoever has one can check what a bundle alone only attests.
 */
import { join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { LandedBatches, type LedgerLine } from '../landing/landed-batches.ts';
import { Faults, Unreadable } from '../verifier/faults.ts';
import { isObject, tryJson } from '../verifier/json.ts';
import { readOnce } from '../verifier/lines.ts';
import type { Manifest, TreeHead } from '../verifier/manifest.ts';
import { MerkleTreeBuilder } from '../verifier/merkle.ts';
import type { FurtherCheck } from './further-check.ts';

const BATCHES_FILE = 'proofs/batches.jsonl';

/** A batch's record tree, made from its landed bytes. */
export interface RecordRoot {
  /** How many records the batch has. */
  readonly records: number;
  readonly root: Buffer;
  /** Out of the hashes that were kept when the batch's bytes were removed, and not of the bytes. */
  readonly isKept?: boolean;
}
export type MakeRecordRoot = (landing: LandedBatches, line: LedgerLine) => RecordRoot | Promise<RecordRoot>;

/**
 * Checks that the ledger and the journal begin as the bundle says, and that each batch named in it consists of just the records of its tree.
 * @param folder the bundle's
 * @param dataDir the data folder, which may be in use
 * @param makeRoot makes a batch's record tree from its landed bytes; without it, only the ledger and the journal are checked
 */
export async function checkAgainstData(folder: string, manifest: Manifest, dataDir: string, makeRoot: MakeRecordRoot | undefined): Promise<FurtherCheck> {
  const landing = new LandedBatches(join(dataDir, 'landing'));
  const faults = new Faults();
  checkLog(join(landing.folder, 'ledger.jsonl'), 'ledger', manifest.ledger, faults);
  checkLog(join(landing.folder, 'journal.jsonl'), 'journal', manifest.journal, faults);
  const logsHold = faults.count === 0;
  const stated: { readonly batch: number; readonly records: unknown; readonly root: unknown; readonly place: string }[] = [];
  if (makeRoot && manifest.files.has(BATCHES_FILE)) {
    readOnce(join(folder, BATCHES_FILE), BATCHES_FILE, (bytes, number) => {
      const line = tryJson(bytes.toString('utf8'));
      if (isObject(line) && typeof line['batch'] === 'number') stated.push({ batch: line['batch'], records: line['records'], root: line['record_root'], place: `${BATCHES_FILE}:${number}` });
    });
  }
  const gone: number[] = [];
  const kept: number[] = [];
  for (const { batch, records, root, place } of stated) {
    if (!makeRoot || batch > manifest.ledger.tree_size) continue;
    const found = await rootOf(makeRoot, landing, batch, (message) => {
      faults.add(place, `batch ${batch} as it was landed`, message);
    });
    if (found === 'gone') gone.push(batch);
    if (found === undefined || found === 'gone') continue;
    if (found.isKept === true) kept.push(batch);
    if (found.records !== records) faults.add(place, `the ${found.records} records that batch ${batch} has in landing`, JSON.stringify(records));
    if (found.root.toString('hex') !== root) faults.add(place, `record_root ${found.root.toString('hex')}, as batch ${batch} gives in landing`, JSON.stringify(root));
  }
  return {
    settles: makeRoot ? ['data'] : [],
    proved: [
      ...(logsHold ? [{ id: 'data_logs', text: `The data folder’s ledger begins with the ${manifest.ledger.tree_size} lines, its journal with the ${manifest.journal.tree_size}, whose roots were signed.` }] : []),
      ...(faults.count === 0 && stated.length > gone.length + kept.length ? [{ id: 'data_batches', text: `${stated.length - gone.length - kept.length} landed batches consist of just the records of their record trees.` }] : []),
    ],
    no_longer_attested: [...(logsHold ? ['roots'] : []), ...(makeRoot && faults.count === 0 && gone.length + kept.length === 0 ? ['record_roots'] : [])],
    not_checked: [
      ...(kept.length === 0 ? [] : [{ id: 'data_removed', text: `${kept.length} batches, the first of them batch ${kept[0] ?? 0}, had bytes removed by retention or an erasure, which the data folder records. The hashes of their records, kept from before, give just the roots that were signed; the bytes cannot be hashed again.` }]),
      ...(gone.length === 0 ? [] : [{ id: 'data_gone', text: `${gone.length} batches are not in the data folder any more, the first of them batch ${gone[0] ?? 0}: that they consist of just the records of their trees is the signer's word.` }]),
    ],
    faults: faults.listed,
  };
}

/** A landed batch's record tree; `gone` where its bytes are not kept any more, which is no fault of the bundle; undefined where they are at fault. */
async function rootOf(makeRoot: MakeRecordRoot, landing: LandedBatches, batch: number, fault: (message: string) => void): Promise<RecordRoot | 'gone' | undefined> {
  try {
    return await makeRoot(landing, landing.batch(batch));
  } catch (error) {
    if (error instanceof WhoranError && error.exitCode === EXIT.wrongUse) return 'gone';
    fault(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Whether the first lines of a log of landing have the root that was signed. */
function checkLog(path: string, name: string, head: TreeHead, faults: Faults): void {
  if (head.tree_size === 0) return;
  const tree = new MerkleTreeBuilder();
  try {
    readOnce(path, `landing/${name}.jsonl`, (line) => {
      if (tree.size < head.tree_size) tree.add(line);
    });
  } catch (error) {
    // A last line that is just being written is no fault here.
    if (isLink(error)) {
      faults.add(`landing/${name}.jsonl`, 'a file', 'a symbolic link');
      return;
    }
    if (!(error instanceof Unreadable) && !isMissing(error)) throw error;
  }
  if (tree.size < head.tree_size) faults.add(`landing/${name}.jsonl`, `${head.tree_size} lines, as when the report was made`, `${tree.size}`);
  else if (tree.tree().root.toString('hex') !== head.root) faults.add(`landing/${name}.jsonl`, `lines with root ${head.root ?? 'null'}, as was signed`, tree.tree().root.toString('hex'));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function isLink(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ELOOP';
}
