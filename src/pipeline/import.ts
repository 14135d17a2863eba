/**
 * Importing an export: read whole beside the place where it is to be, every chain and hash checked, and only then put in place.
 */
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { batchFiles, logEnds, LOGS, type LogName } from '../landing/landing-files.ts';
import { chainFaults } from '../landing/chain-log.ts';
import { openLandedBatches } from '../landing/landed-batches.ts';
import { FILE_MODE, FOLDER_MODE, makePrivateFolder, syncDirectory } from '../landing/private-files.ts';
import { pullLines } from '../landing/pull-log.ts';
import { RemovalRecord, REPLACEMENT } from '../landing/removal-log.ts';
import { WriterLock } from '../store/writer-lock.ts';
import { Landing } from '../landing/landing.ts';
import { damaged, readExport } from './import-read.ts';
import type { ExportManifest } from './export-format.ts';
import { integrityFaults } from './watch-integrity.ts';

/** `whoran.imported/1`. */
export interface Imported {
  readonly schema: 'whoran.imported/1';
  readonly data: string;
  readonly made_at: string;
  readonly batches: number;
  readonly files: number;
  readonly bytes: number;
  /** Batches that the folder had before; 0 for a new one. */
  readonly batches_before: number;
}

/** Logs' order when they are appended to: nothing may speak of what isn't there yet. */
const APPEND_ORDER: readonly LogName[] = ['ledger.jsonl', 'journal.jsonl', 'removals.jsonl', 'pulls.jsonl', 'runs.jsonl', 'alerts.jsonl'];

/**
 * Makes a data folder's landing out of an export, or adds to one what it has more: then its logs must begin as the folder's own do. The database
 * is the caller's to make.
 * @throws WhoranError (exit 1) where anything of the export is not as it says; (exit 2) where the folder holds something else. Then nothing is changed
 */
export async function importData(path: string, dataDir: string, progress: (step: string) => void = (): void => undefined): Promise<Imported> {
  const place = resolve(dataDir);
  mkdirSync(dirname(place), { recursive: true });
  removeAbandoned(place);
  const unfinished = `${place}.importing-${process.pid}`;
  makePrivateFolder(unfinished);
  try {
    const manifest = await readExport(path, unfinished, progress);
    await check(unfinished, manifest, progress);
    const isNew = !existsSync(place) || readdirSync(place).length === 0;
    const before = isNew ? 0 : await extend(place, unfinished, path);
    if (isNew) {
      for (const folder of ['landing/batches', 'landing', '.']) if (existsSync(join(unfinished, folder))) syncDirectory(join(unfinished, folder));
      if (existsSync(place)) rmdirSync(place);
      renameSync(unfinished, place);
      syncDirectory(dirname(place));
    }
    return { schema: 'whoran.imported/1', data: dataDir, made_at: manifest.made_at, batches: manifest.logs['ledger.jsonl'].lines, files: manifest.files, bytes: manifest.bytes, batches_before: before };
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Folders of imports that were killed: they were never in place. */
function removeAbandoned(place: string): void {
  const prefix = `${basename(place)}.importing-`;
  for (const name of readdirSync(dirname(place))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length));
    if (Number.isInteger(pid) && pid > 0 && (pid === process.pid || !isAlive(pid))) rmSync(join(dirname(place), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Every chain, and every batch against its line: the list only says that the files came as they were sent. */
async function check(folder: string, manifest: ExportManifest, progress: (step: string) => void): Promise<void> {
  const landing = join(folder, 'landing');
  const { files } = manifest;
  const ends = logEnds(landing);
  for (const name of LOGS) {
    for (const fault of chainFaults(join(landing, name))) throw damaged(`landing/${name}`, fault);
    const { seq, sha256, bytes } = ends[name];
    const stated = manifest.logs[name] as ExportManifest['logs'][LogName] | undefined;
    if (stated?.lines !== seq || stated.head_sha256 !== sha256) throw damaged(`landing/${name}`, `it ends with line ${seq}, and the manifest says ${stated?.lines ?? 'nothing'}`);
    if (existsSync(join(landing, name)) && statSync(join(landing, name)).size !== bytes) throw damaged(`landing/${name}`, 'its last line is cut off');
  }
  let needed = LOGS.filter((name) => existsSync(join(landing, name))).length;
  for (const file of batchFiles(landing, ends)) {
    if (file.batch % 100 === 0) progress(`checking batch ${file.batch} of ${ends['ledger.jsonl'].seq}`);
    needed += 1;
    const place = join(landing, file.path);
    if (!existsSync(place)) throw damaged(`landing/${file.path}`, 'it is missing');
    if ((await sha256Of(place)) !== file.sha256) throw damaged(`landing/${file.path}`, 'its SHA-256 is not the one in the ledger, or in the log of removals');
  }
  if (files !== needed) throw damaged('files.jsonl', `it lists ${files} files, and the logs speak of ${needed}`);
  for (const line of pullLines(folder)) if (line.ledger_seq > ends['ledger.jsonl'].seq) throw damaged('landing/pulls.jsonl', `line ${line.seq} speaks of batch ${line.ledger_seq}, which is not there`);
  const landed = openLandedBatches(folder);
  const fault = integrityFaults({ folder: landing, batches: () => landed.batches(), *faults(): Generator<string> { /* checked above */ } })[0];
  if (fault) throw damaged(`landing/${fault.file}`, fault.message);
}

async function sha256Of(path: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const part of createReadStream(path)) sum.update(part as Buffer);
  return sum.digest('hex');
}

/**
 * Adds what the checked import has more than the folder. Whatever stops it: batches without a line are removed at the next start, and logs are
 * appended to in an order in which each is true by itself.
 * @returns how many batches the folder had
 */
async function extend(place: string, unfinished: string, path: string): Promise<number> {
  if (!existsSync(join(place, 'landing', 'ledger.jsonl'))) {
    throw new WhoranError(`${inert(place, 300)} is not empty, and no data folder`, { exitCode: EXIT.wrongUse, hint: 'Name another folder with --data: it is made.' });
  }
  const lock = await WriterLock.acquire(place);
  let journal: WriterLock | undefined;
  try {
    journal = await WriterLock.acquire(place, 'journal.lock');
    // Repairs what a stopped writer left.
    const own = Landing.open(place);
    const before = own.lastSeq;
    own.close();
    const from = join(unfinished, 'landing');
    const to = join(place, 'landing');
    const removals = new RemovalRecord(from);
    for (const name of LOGS) {
      if (!(await isPrefix(join(to, name), join(from, name)))) {
        throw new WhoranError(`${inert(place, 300)} has landed something else: its ${name} is no beginning of the export's`, {
          exitCode: EXIT.wrongUse, hint: `Import ${inert(path, 200)} into a new folder. Two folders cannot become one: each has its own chain.`,
        });
      }
    }
    for (const name of ['batches', 'leaves']) {
      if (!existsSync(join(from, name))) continue;
      mkdirSync(join(to, name), { recursive: true, mode: FOLDER_MODE });
      for (const file of readdirSync(join(from, name))) {
        const target = join(to, name, file);
        if (!existsSync(target)) renameSync(join(from, name, file), target);
        // What an erasure changed waits beside its place until its line is there (`settleRemovals`); anything else is the same as ours.
        else if (removals.of(Number.parseInt(file, 10))?.landed?.now) renameSync(join(from, name, file), target + REPLACEMENT);
      }
      syncDirectory(join(to, name));
    }
    for (const name of APPEND_ORDER) await appendRest(join(from, name), join(to, name));
    // Does what the log of removals says.
    Landing.open(place).close();
    return before;
  } finally {
    journal?.release();
    lock.release();
  }
}

async function isPrefix(own: string, other: string): Promise<boolean> {
  const size = statSync(own, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return true;
  if ((statSync(other, { throwIfNoEntry: false })?.size ?? 0) < size) return false;
  const sum = createHash('sha256');
  for await (const part of createReadStream(other, { end: size - 1 })) sum.update(part as Buffer);
  return sum.digest('hex') === (await sha256Of(own));
}

async function appendRest(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  const start = statSync(to, { throwIfNoEntry: false })?.size ?? 0;
  if (start >= statSync(from).size) return;
  await pipeline(createReadStream(from, { start }), createWriteStream(to, { flags: 'a', mode: FILE_MODE, flush: true }));
}
