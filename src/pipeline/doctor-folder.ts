/**
 * Whether the data folder is fit: writable, readable for nobody else, and on a disk with room.
 */
import { existsSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rmdir, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { chainFaults } from '../landing/chain-log.ts';
import { openLandedBatches } from '../landing/landed-batches.ts';
import { REMOVALS } from '../landing/removal-log.ts';
import { removedReports } from '../landing/report-removals.ts';
import { checksOf, type DoctorCheck } from './doctor-checks.ts';
import { integrityFaults } from './watch-integrity.ts';

const GIB = 1024 ** 3;
/** Room for a run beside what the database needs: landed bytes, spilled rows, a report. */
const SPARE_BYTES = GIB;
/** Publishing writes the small database anew beside the published one, and compaction writes days anew. */
const DATABASE_COPIES = 2;
/** Bits that let others than the owner in (ARCHITECTURE, Landing: 0700 and 0600). */
const OTHERS = 0o077;

const check = checksOf('data');

export interface FolderProbe {
  /** Free bytes for this user of the disk that holds `path`. */
  readonly freeBytes?: (path: string) => Promise<number>;
}

/** Checks the data folder; a temporary folder is made in it and removed again. */
export async function checkDataFolder(dataDir: string, { freeBytes = freeBytesOf }: FolderProbe = {}): Promise<DoctorCheck[]> {
  const isThere = existsSync(dataDir);
  const folder = isThere ? dataDir : nearestFolder(dataDir);
  return [
    await writable(dataDir, folder),
    ...(isThere ? [await permissions(dataDir), ...removed(dataDir), ...reportFiles(dataDir)] : []),
    await room(isThere ? dataDir : folder, isThere ? await sizeBelow(join(dataDir, 'store')) : 0, freeBytes),
  ];
}

/** The folder above a path that is there. */
function nearestFolder(path: string): string {
  let folder = dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}

async function writable(dataDir: string, folder: string): Promise<DoctorCheck> {
  const what = 'write to the data folder';
  try {
    await rmdir(await mkdtemp(join(folder, '.whoran-doctor-')));
    return check(what, 'ok', dataDir === folder ? `${dataDir} can be written` : `${dataDir} is not there yet, and can be made`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const why: Readonly<Record<string, string>> = { EACCES: 'this user may not write there', EROFS: 'its file system is read-only', ENOSPC: 'its disk is full', ENOTDIR: 'it is a file' };
    return check(what, 'failed', `${folder}: ${why[code] ?? code}`, `Make ${dataDir} a folder of this user's (uid ${process.getuid?.() ?? '?'}) on a writable disk, or name another with --data.`);
  }
}

async function permissions(dataDir: string): Promise<DoctorCheck> {
  const what = 'keep the data folder from others';
  const open: string[] = [];
  const foreign: string[] = [];
  const own = process.getuid?.();
  // The data folder's own mode keeps others from everything below it; landing's is the second wall.
  for (const path of [dataDir, join(dataDir, 'landing'), ...(await entries(join(dataDir, 'landing')))]) {
    const found = await lstat(path).catch(() => undefined);
    if (!found) continue;
    const { mode, uid } = found;
    if ((mode & OTHERS) !== 0) open.push(path);
    if (own !== undefined && uid !== own) foreign.push(path);
  }
  if (open.length > 0) {
    const isOpen = open.includes(dataDir);
    return check(what, isOpen ? 'missing' : 'warning', `others than its owner may look into ${open.slice(0, 3).join(', ')}${open.length > 3 ? ' and more' : ''}; landed records hold session tokens and everybody's actions`, `chmod -R go= ${dataDir}`);
  }
  if (foreign.length > 0) return check(what, 'warning', `${foreign[0] ?? dataDir} belongs to another user than the one that runs this`, 'Run whoran as one user, always the same.');
  return check(what, 'ok', 'only its owner may read it');
}

/** Whether all that retention and erasures took is accounted for; nothing is said where they took nothing. */
function removed(dataDir: string): DoctorCheck[] {
  const what = 'removed deliveries are accounted for';
  const landed = openLandedBatches(dataDir);
  const log = join(landed.folder, REMOVALS);
  if (!existsSync(log)) return [];
  const faults = integrityFaults({
    folder: landed.folder,
    batches: () => landed.batches(),
    *faults() { for (const fault of chainFaults(log)) yield `${REMOVALS}, ${fault}`; },
  }).filter(({ file }) => file === REMOVALS);
  const [first] = faults;
  if (first) return [check(what, 'failed', `landing/${REMOVALS}, line ${first.line}: ${first.message}${faults.length > 1 ? `, and ${faults.length - 1} more` : ''}`, 'Restore the file and landing/leaves from a backup, and find out who changed them.')];
  const { retained, left_out: leftOut, erased, erased_records: records } = landed.removals.counts;
  return [check(what, 'ok', `${retained} taken by retention, ${leftOut} left out of the database by it, ${erased} that an erasure cut ${records} record(s) out of: each by a decision in the journal`)];
}

/** How many files of reports retention removed; nothing is said where it removed none. */
function reportFiles(dataDir: string): DoctorCheck[] {
  const what = 'removed report files are accounted for';
  try {
    const { files, bundles } = removedReports(dataDir);
    return files + bundles === 0 ? [] : [check(what, 'ok', `${files} file(s) and ${bundles} bundle(s) taken by retention, each named with its SHA-256 in the journal; logs are never shortened`)];
  } catch {
    return [check(what, 'failed', 'the journal cannot be read', 'Restore landing/journal.jsonl from a backup, and find out who changed it.')];
  }
}

async function entries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name));
}

async function room(folder: string, databaseBytes: number, freeBytes: (path: string) => Promise<number>): Promise<DoctorCheck> {
  const what = 'have room on the disk';
  const needed = DATABASE_COPIES * databaseBytes + SPARE_BYTES;
  try {
    const free = await freeBytes(folder);
    const found = `${gib(free)} free; a run may need ${gib(needed)} (${DATABASE_COPIES} times the database, and ${gib(SPARE_BYTES)})`;
    return free >= needed ? check(what, 'ok', found) : check(what, 'missing', found, 'Free some space, or move the data folder to a larger disk (stop whoran, move it whole, name it with --data).');
  } catch {
    return check(what, 'warning', 'the file system does not say how much is free', `See that ${gib(needed)} are free.`);
  }
}

async function freeBytesOf(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** The sizes of all files below a folder; 0 where there is none. */
async function sizeBelow(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
