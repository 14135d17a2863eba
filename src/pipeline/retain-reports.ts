/**
 * Retention of reports: files that runs wrote, files and bundles of filed reports. Removed is only what a record names by path and SHA-256
 * and what still is that: never by a pattern, and nothing that somebody changed. The record stays.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { Config } from '../config/config.ts';
import { hashFile } from '../evidence/manifest.ts';
import { filingsOf } from '../landing/filings.ts';
import { holdsOf, type Hold } from '../landing/holds.ts';
import type { JournalLine } from '../landing/landed-batches.ts';
import { filedBytes, ReportRemovals, reportRemovalLine, type WrittenBytes } from '../landing/report-removals.ts';
import { writtenReports } from '../landing/run-log.ts';
import { Faults } from '../verifier/faults.ts';
import { MANIFEST_FILE, readManifest, UNLISTED } from '../verifier/manifest.ts';
import { earliest, groupBy, latest } from './batch-spans.ts';
import { appendToJournal } from './journal.ts';

export type ReportLayer = 'reports' | 'filed_reports';
const REPORT_LAYERS: readonly ReportLayer[] = ['reports', 'filed_reports'];
const DAY_MS = 86_400_000;
/** Files that one line of the journal names. */
const AT_ONCE = 200;

/** One file or bundle, as the record says it was written. */
interface Claim extends WrittenBytes {
  readonly layer: ReportLayer;
  readonly report: string;
  /** Which run or filing wrote it. */
  readonly of: string;
  /** RFC 3339 UTC, as all times here. */
  readonly writtenAt: string;
  readonly from: string;
  readonly to: string;
  /** Null where the record doesn't say. */
  readonly accounts: readonly string[] | null;
}

interface DueFile {
  readonly claim: Claim;
  readonly bytes: number;
}

export interface ReportRetentionPlan {
  readonly due: readonly DueFile[];
  readonly held: readonly { readonly claim: Claim; readonly hold: Hold }[];
  /** Due, and not as they were written: left alone. */
  readonly altered: number;
  /** Of runs of older versions, which recorded no hashes: left alone. */
  readonly unhashed: number;
}

/** What one kind of reports loses. Times are those of writing. */
export interface RetainedReports {
  readonly layer: ReportLayer;
  readonly reports: number;
  /** Single files; each bundle's folder counts as one. */
  readonly files: number;
  readonly bytes: number;
  readonly by_report: Readonly<Record<string, number>>;
  readonly first_at: string | null;
  readonly last_at: string | null;
}

export interface ReportRetention {
  readonly layers: readonly RetainedReports[];
  readonly held: readonly { readonly hold: string; readonly reports: number }[];
  readonly altered: number;
  readonly unhashed: number;
  /** What the system would not let go; noted in the journal, and tried again next time. */
  readonly failed: readonly { readonly path: string; readonly why: string }[];
  /** The journal's last line that records it; null where nothing new was removed. */
  readonly journal_seq: number | null;
}

export interface RetainReportsOptions {
  readonly now: Date;
  readonly by: string;
  readonly isDryRun?: boolean;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Whether reports have an end. */
export function isReportRetentionConfigured({ retention }: Pick<Config, 'retention'>): boolean {
  return REPORT_LAYERS.some((layer) => retention[layer].days !== undefined || Object.keys(retention[layer].ids).length > 0);
}

/** Which files of reports are due. Hashes those; changes nothing. */
export async function planReportRetention(dataDir: string, journal: readonly JournalLine[], { retention }: Pick<Config, 'retention'>, now: Date): Promise<ReportRetentionPlan> {
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const isPast = ({ layer, report, writtenAt }: Pick<Claim, 'layer' | 'report' | 'writtenAt'>): boolean => {
    const days = retention[layer].ids[report] ?? retention[layer].days;
    return days !== undefined && Date.parse(writtenAt) < today - days * DAY_MS;
  };
  const holds = holdsOf(journal).filter(({ released }) => released === null);
  const { claims, unhashed, unplaced } = claimsOf(dataDir, journal);
  const due: DueFile[] = [];
  const held: { claim: Claim; hold: Hold }[] = [];
  /** Files that stay, by what the system knows them by: another path may lead to them, through a linked folder or in other case. */
  const kept = new Set<string>();
  let altered = 0;
  for (const [path, all] of claims) {
    if (!all.every(isPast)) kept.add(fileId(path));
    if (!all.some(isPast)) continue;
    const found = await bytesAt(path, all.some(({ isBundle }) => isBundle));
    if (found === undefined) continue;
    // A file that was written over by another report belongs to that one alone.
    const own = all.filter(({ sha256 }) => sha256 === found.sha256);
    if (own.length === 0) altered += 1;
    const claim = own.at(-1);
    if (!claim || !own.every(isPast) || unplaced.has(`${found.sha256}  ${basename(path)}`)) continue;
    const hold = holds.find((one) => own.some((each) => keepsReport(one, each)));
    if (hold) {
      held.push({ claim, hold });
      kept.add(fileId(path));
    } else due.push({ claim, bytes: found.bytes + (claim.isBundle ? [...listed(path)].reduce((sum, { bytes }) => sum + bytes, 0) : 0) });
  }
  return { due: due.filter(({ claim }) => !kept.has(fileId(claim.path))), held, altered, unhashed: unhashed.filter((one) => isPast({ ...one, layer: 'reports' }) && existsSync(one.path)).length };
}

/** Removes what is due, after lines in the journal that name each file. What an earlier one noted and did not do is done without a new line. */
export async function retainReports(dataDir: string, decisions: () => Iterable<JournalLine>, config: Pick<Config, 'retention'>, options: RetainReportsOptions): Promise<ReportRetention> {
  const { now, by, isDryRun = false, sleep } = options;
  if (!isReportRetentionConfigured(config)) return { layers: [], held: [], altered: 0, unhashed: 0, failed: [], journal_seq: null };
  const journal = [...decisions()];
  const plan = await planReportRetention(dataDir, journal, config, now);
  const holds = groupBy(plan.held, ({ hold }) => hold.id);
  const result = {
    layers: REPORT_LAYERS.map((layer) => layerOf(layer, plan.due.filter(({ claim }) => claim.layer === layer))).filter(({ files }) => files > 0),
    held: [...holds].map(([hold, files]) => ({ hold, reports: new Set(files.map(({ claim }) => claim.of)).size })), altered: plan.altered, unhashed: plan.unhashed,
  };
  if (isDryRun || plan.due.length === 0) return { ...result, failed: [], journal_seq: null };
  const noted = new ReportRemovals(journal);
  const rules = JSON.stringify({ reports: config.retention.reports, filed_reports: config.retention.filed_reports });
  const failed: { path: string; why: string }[] = [];
  let journalSeq: number | null = null;
  for (let at = 0; at < plan.due.length; at += AT_ONCE) {
    const some = plan.due.slice(at, at + AT_ONCE);
    const unnoted = some.filter(({ claim }) => noted.of(claim, claim.writtenAt) === undefined);
    if (unnoted.length > 0) {
      const line = reportRemovalLine(unnoted.map(({ claim }) => claim), { by, rules, bytes: unnoted.reduce((sum, { bytes }) => sum + bytes, 0) });
      journalSeq = (await appendToJournal(dataDir, now.toISOString(), () => [line], sleep))[0]?.seq ?? journalSeq;
    }
    for (const { claim } of some) {
      try {
        await removeBytes(claim);
      } catch (error) {
        failed.push({ path: claim.path, why: error instanceof Error && 'code' in error ? String(error.code) : 'unknown' });
      }
    }
  }
  return { ...result, failed, journal_seq: journalSeq };
}

/** Everything that reports wrote, by path, the newest of each kind and hash; what of it can't be told, apart. */
function claimsOf(dataDir: string, journal: readonly JournalLine[]): { readonly claims: Map<string, Claim[]>; readonly unhashed: readonly { readonly path: string; readonly report: string; readonly writtenAt: string }[]; readonly unplaced: ReadonlySet<string> } {
  const claims = new Map<string, Claim[]>();
  const unhashed = new Map<string, { path: string; report: string; writtenAt: string }>();
  const unplaced = new Set<string>();
  const add = (claim: Claim): void => {
    const others = (claims.get(claim.path) ?? []).filter(({ layer, sha256 }) => layer !== claim.layer || sha256 !== claim.sha256);
    claims.set(claim.path, [...others, claim]);
  };
  for (const { report, from, to, parameters, files, written, written_at: writtenAt } of writtenReports(dataDir)) {
    if (!written) for (const path of files) unhashed.set(path, { path, report, writtenAt });
    for (const { path, sha256 } of written ?? []) add({ layer: 'reports', report, of: `${writtenAt} ${report} ${parameters ?? ''}`, path, sha256, isBundle: false, writtenAt, from, to, accounts: null });
  }
  for (const filing of filingsOf(journal)) {
    const { id, report, filed_at: writtenAt, from, to, accounts } = filing;
    if (filing.folder === null) for (const [name, sha256] of Object.entries(filing.files)) unplaced.add(`${sha256}  ${name}`);
    for (const bytes of filedBytes(filing)) add({ ...bytes, layer: 'filed_reports', report, of: id, writtenAt, from, to, accounts: accounts.length === 0 ? null : accounts });
  }
  return { claims, unhashed: [...unhashed.values()].filter(({ path }) => !claims.has(path)), unplaced };
}

/** Whether a hold keeps a report. Of which sources and people it tells cannot be told: it is kept. */
function keepsReport({ scope }: Hold, { from, to, accounts }: Claim): boolean {
  if (scope.account !== null && accounts !== null && !accounts.includes(scope.account)) return false;
  if (scope.from !== null && Date.parse(to) <= Date.parse(scope.from)) return false;
  return scope.to === null || Date.parse(from) < Date.parse(scope.to);
}

/** Device and number of what lies at a path; the path itself where nothing does. */
function fileId(path: string): string {
  const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stat ? `${stat.dev} ${stat.ino}` : path;
}

/** What lies at a path: a plain file, or a bundle by its manifest. Undefined where it is gone; a link has a hash that nothing has. */
async function bytesAt(path: string, isBundle: boolean): Promise<{ readonly bytes: number; readonly sha256: string } | undefined> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (!isBundle) return stat.isFile() ? hashFile(path) : { bytes: 0, sha256: '' };
  const manifest = lstatSync(join(path, MANIFEST_FILE), { throwIfNoEntry: false });
  if (!manifest && stat.isDirectory()) return undefined;
  if (!stat.isDirectory() || manifest?.isFile() !== true) return { bytes: 0, sha256: '' };
  return hashFile(join(path, MANIFEST_FILE));
}

/** The files that a bundle's manifest lists. */
function listed(folder: string): Iterable<{ readonly path: string; readonly bytes: number; readonly sha256: string }> {
  return readManifest(readFileSync(join(folder, MANIFEST_FILE)), new Faults()).files.values();
}

/** Removes a file, or a bundle's files and then its manifest, each only while it is as it was written. Links stay, and what lies behind them. */
async function removeBytes({ path, sha256, isBundle }: Claim): Promise<void> {
  const isOwn = async (file: string, expected: string): Promise<boolean> => lstatSync(file, { throwIfNoEntry: false })?.isFile() === true && (await hashFile(file)).sha256 === expected;
  if (!isBundle) {
    if (await isOwn(path, sha256)) rmSync(path);
    return;
  }
  if (!(await isOwn(join(path, MANIFEST_FILE), sha256))) return;
  const root = realpathSync(path);
  // A folder of the bundle that is a link leads to somebody's own.
  const isWithin = (folder: string): boolean => existsSync(folder) && realpathSync(folder) === join(root, relative(path, folder));
  const folders = new Set<string>();
  for (const file of listed(path)) {
    const own = join(path, file.path);
    if (!isWithin(dirname(own))) continue;
    for (let folder = dirname(own); folder.length > path.length; folder = dirname(folder)) folders.add(folder);
    if (await isOwn(own, file.sha256)) rmSync(own);
  }
  // The manifest goes last: until then, what is left of a stopped removal can be told.
  const unlisted = [...UNLISTED].sort((a, b) => Number(a === MANIFEST_FILE) - Number(b === MANIFEST_FILE)).map((name) => join(path, name));
  for (const file of unlisted) if (lstatSync(file, { throwIfNoEntry: false })?.isFile() === true) rmSync(file);
  // Folders that hold something else stay.
  for (const folder of [...[...folders].sort((a, b) => b.length - a.length), path]) if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

function layerOf(layer: ReportLayer, due: readonly DueFile[]): RetainedReports {
  const byReport: Record<string, number> = {};
  for (const [, files] of groupBy(due, ({ claim }) => claim.of)) {
    const report = files[0]?.claim.report ?? '';
    byReport[report] = (byReport[report] ?? 0) + 1;
  }
  const times = due.map(({ claim }) => claim.writtenAt);
  return {
    layer, reports: Object.values(byReport).reduce((sum, one) => sum + one, 0), files: due.length, bytes: due.reduce((sum, { bytes }) => sum + bytes, 0), by_report: byReport,
    first_at: earliest(times) ?? null, last_at: latest(times) ?? null,
  };
}
