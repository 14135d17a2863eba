/**
 * Taking batches' bytes out of landing, so that whatever stops it halfway is finished or undone at the next start: hashes of
 * records first, then the line that says so, then the bytes.
 */
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ChainLog } from './chain-log.ts';
import { makePrivateFolder, syncDirectory, writeWhole } from './private-files.ts';
import { LEAVES, leavesPath, REMOVALS, REPLACEMENT, type Removal, type RemovalLine, type RemovalRecord } from './removal-log.ts';

/** A removal, with the hashes that are kept for it: 32 bytes a record; null where the batch's bytes give none. */
export interface RemovalWithLeaves {
  readonly removal: Omit<Removal, 'leaves_sha256'>;
  readonly leaves: Buffer | null;
}

/**
 * Notes removals and does them. What is put in a batch's place lies beside it already, synced, under its name and `REPLACEMENT`.
 * The caller holds the data folder's lock.
 * @param folder `<data folder>/landing`
 * @throws where the disk refuses; what was noted is finished by `settleRemovals`
 */
export async function remove(folder: string, record: RemovalRecord, removals: readonly RemovalWithLeaves[]): Promise<void> {
  if (removals.length === 0) return;
  makePrivateFolder(join(folder, LEAVES));
  for (const { removal, leaves } of removals) {
    // Kept once: a batch that is changed twice had the same records when it was delivered.
    if (leaves && !existsSync(leavesPath(folder, removal.batch))) await writeWhole(leavesPath(folder, removal.batch), [leaves]);
  }
  syncDirectory(join(folder, LEAVES));
  const entries = removals.map(({ removal, leaves }): Removal => ({ ...removal, leaves_sha256: leaves ? hash('sha256', leaves, 'hex') : null }));
  const log = ChainLog.open<RemovalLine>(join(folder, REMOVALS));
  try {
    log.append(entries);
  } finally {
    log.close();
  }
  settleRemovals(folder, record);
}

/**
 * Does what the log of removals says and a stopped run has not done: bytes that are to go go, replacements take their place. What has no
 * line is undone. Under the data folder's lock.
 * @returns what was done, one sentence each
 */
export function settleRemovals(folder: string, record: RemovalRecord): string[] {
  const path = join(folder, REMOVALS);
  const repairs: string[] = [];
  if (existsSync(path)) {
    const log = ChainLog.open<RemovalLine>(path);
    if (log.repair) repairs.push(`landing/${REMOVALS}: dropped ${log.repair.droppedBytes} bytes of a last line that a stopped run had not finished; nothing of it was removed`);
    log.close();
  }
  const batches = join(folder, 'batches');
  let done = 0;
  let undone = 0;
  for (const name of existsSync(batches) ? readdirSync(batches) : []) {
    const landed = record.of(Number.parseInt(name, 10))?.landed;
    const file = join(batches, name);
    if (name.endsWith(REPLACEMENT)) {
      if (isReplacement(file, landed)) {
        renameSync(file, file.slice(0, -REPLACEMENT.length));
        done += 1;
      } else {
        rmSync(file);
        undone += 1;
      }
    } else if (landed?.now === null && !name.endsWith('.index.jsonl')) {
      rmSync(file);
      done += 1;
    }
  }
  if (done + undone > 0) syncDirectory(batches);
  const leaves = join(folder, LEAVES);
  for (const name of existsSync(leaves) ? readdirSync(leaves) : []) {
    if (record.of(Number.parseInt(name, 10))?.landed && !name.endsWith('.tmp')) continue;
    rmSync(join(leaves, name));
    undone += 1;
  }
  if (done > 0) repairs.push(`landing: finished a removal that was noted: ${done} file(s)`);
  if (undone > 0) repairs.push(`landing: undid a removal that a stopped run had only prepared: ${undone} file(s)`);
  return repairs;
}

function isReplacement(file: string, landed: RemovalLine | undefined): boolean {
  if (!landed?.now) return false;
  const sha256 = hash('sha256', readFileSync(file), 'hex');
  return sha256 === (file.endsWith(`.index.jsonl${REPLACEMENT}`) ? landed.now.index_sha256 : landed.now.sha256);
}
