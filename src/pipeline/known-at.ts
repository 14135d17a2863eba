/**
 * What had been landed at a time: a data folder of its own, whose landing is the logs' lines up to then and hard links to the
 * batches, staged, correlated and searched by the detections like any other. So a question "as known at T" is asked in the same way (ATTRIBUTION 5,
 * invariant 3), and nothing in the real folder changes.
 */
import { hash } from 'node:crypto';
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCatalog } from '../catalog/catalog.ts';
import type { Config } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { packageRoot } from '../core/package-root.ts';
import { chainLines, lastWholeSeq, type ChainedLine } from '../landing/chain-log.ts';
import { openLandedBatches, type LedgerLine } from '../landing/landed-batches.ts';
import { FILE_MODE, FOLDER_MODE } from '../landing/private-files.ts';
import { LEAVES, RemovalRecord, REMOVALS } from '../landing/removal-log.ts';
import { SCHEMA_VERSION, storeFolder } from '../store/manifest.ts';
import { KNOWN_AT, openWriter } from '../store/writer.ts';
import { correlate } from './correlate.ts';
import { detect } from './detect.ts';
import { stage } from './stage.ts';

/** Built folders that are kept, the latest used; each holds a database of its own. */
const KEPT = 4;
/** Besides the ledger: what pulls, runs and messages said by then, which completeness and the watcher's own detections rest on. */
const LOGS = ['pulls', 'runs', 'alerts'] as const;

/**
 * Builds, or finds built, the data folder as of what had been landed at `at`.
 * @param progress told each step as it begins
 * @returns its path, for `openReader`
 * @throws WhoranError where nothing is landed at all
 */
export async function buildKnownAt(dataDir: string, at: Date, config: Config, progress: (step: string) => void = () => undefined): Promise<string> {
  return buildAtPositions(dataDir, positionsAt(dataDir, at), config, progress);
}

/** Where landing's logs ended: the sequence of the last line that counts of each, 0 for none. Positions do not depend on clocks, as instants do. */
export interface Positions {
  readonly ledger: number;
  readonly pulls: number;
  readonly runs: number;
  readonly alerts: number;
  readonly journal: number;
}

/** Where the logs ended at an instant, by the times in their lines. */
export function positionsAt(dataDir: string, at: Date): Positions {
  const end = (name: string): number => linesBy(chainLines<TimedLine>(logPath(dataDir, name)), ({ at: written, landed_at: landed }) => written ?? landed ?? '', at).at(-1)?.seq ?? 0;
  return { ledger: end('ledger'), pulls: end('pulls'), runs: end('runs'), alerts: end('alerts'), journal: end('journal') };
}

/** Where the logs end now. */
export function positionsNow(dataDir: string): Positions {
  const end = (name: string): number => lastWholeSeq(logPath(dataDir, name));
  return { ledger: end('ledger'), pulls: end('pulls'), runs: end('runs'), alerts: end('alerts'), journal: end('journal') };
}

const logPath = (dataDir: string, name: string): string => join(dataDir, 'landing', `${name}.jsonl`);

/** As `buildKnownAt`, by positions. The journal has no part in it: decisions are read beside the database. */
export async function buildAtPositions(dataDir: string, positions: Positions, config: Config, progress: (step: string) => void = () => undefined): Promise<string> {
  if (!existsSync(join(dataDir, 'landing', 'ledger.jsonl'))) {
    throw new WhoranError(`${dataDir}: nothing is ingested yet`, { exitCode: EXIT.wrongUse, hint: 'Run `whoran ingest PATH…` first, or name the data folder with --data.' });
  }
  const lines = linesTo(openLandedBatches(dataDir).batches(), positions.ledger);
  const logs = LOGS.map((name) => ({ name: `${name}.jsonl`, lines: linesTo(chainLines<ChainedLine>(logPath(dataDir, name)), positions[name]) }));
  const home = join(storeFolder(dataDir), KNOWN_AT);
  // What was removed since is not there for the past either.
  const removed = new RemovalRecord(join(dataDir, 'landing')).lastSeq;
  const ends = [...[lines, ...logs.map((log) => log.lines)].map((log) => log.at(-1)?.seq ?? 0), ...(removed > 0 ? [removed] : [])];
  const folder = join(home, `${ends.join('-')}-${await fingerprint(config)}`);
  if (!existsSync(folder)) await build(dataDir, { lines, logs }, config, folder, progress);
  const now = new Date();
  utimesSync(folder, now, now);
  removeOld(home, folder);
  return folder;
}

/** A log's lines up to the first that was written after `at`: they stand in order. */
function linesBy<Line>(all: Iterable<Line>, timeOf: (line: Line) => string, at: Date): Line[] {
  const lines: Line[] = [];
  for (const line of all) {
    if (Date.parse(timeOf(line)) > at.getTime()) break;
    lines.push(line);
  }
  return lines;
}

/** A log's lines up to a sequence. */
function linesTo<Line extends ChainedLine>(all: Iterable<Line>, last: number): Line[] {
  const lines: Line[] = [];
  for (const line of all) {
    if (line.seq > last) break;
    lines.push(line);
  }
  return lines;
}

/** A line that says when it was written: the ledger's in `landed_at`, the others' in `at`. */
interface TimedLine extends ChainedLine {
  readonly at?: string;
  readonly landed_at?: string;
}

/** What landing's logs said by then. */
interface Known {
  readonly lines: readonly LedgerLine[];
  readonly logs: readonly { readonly name: string; readonly lines: readonly ChainedLine[] }[];
}

/** Of all that the database depends on besides its batches. */
async function fingerprint(config: Config): Promise<string> {
  const { queries, detections } = await loadCatalog();
  const texts = [...queries, ...detections].map(({ sha256 }) => sha256);
  return hash('sha256', JSON.stringify([SCHEMA_VERSION, packageRoot(), texts, config]), 'hex').slice(0, 16);
}

/** Builds beside the folder's place and renames, so that it is there whole or not at all. */
async function build(dataDir: string, known: Known, config: Config, folder: string, progress: (step: string) => void): Promise<void> {
  const unfinished = `${folder}.${process.pid}.tmp`;
  rmSync(unfinished, { recursive: true, force: true });
  try {
    progress(`linking ${known.lines.length} batches`);
    linkLanding(join(dataDir, 'landing'), join(unfinished, 'landing'), known);
    const writer = await openWriter(unfinished);
    try {
      await stage(writer, {
        progress: (seq, last) => {
          progress(`staging batch ${seq} of ${last}`);
        },
      });
      await correlate(writer.db, config, {
        progress: (step) => {
          progress(`correlating: ${step}`);
        },
      });
      progress('detecting');
      await detect(writer, config);
      await writer.publishAndClose();
    } finally {
      writer.close();
    }
    // Another process may have built the same meanwhile; then theirs is as good.
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function linkLanding(from: string, to: string, { lines, logs }: Known): void {
  const last = lines.at(-1)?.seq ?? 0;
  mkdirSync(join(to, 'batches'), { recursive: true, mode: FOLDER_MODE });
  for (const name of readdirSync(join(from, 'batches'))) {
    if (name.endsWith('.tmp') || Number.parseInt(name, 10) > last) continue;
    linkOrCopy(join(from, 'batches', name), join(to, 'batches', name));
  }
  if (existsSync(join(from, REMOVALS))) copyFileSync(join(from, REMOVALS), join(to, REMOVALS));
  if (existsSync(join(from, LEAVES))) {
    mkdirSync(join(to, LEAVES), { mode: FOLDER_MODE });
    for (const name of readdirSync(join(from, LEAVES))) linkOrCopy(join(from, LEAVES, name), join(to, LEAVES, name));
  }
  // Lines are written as they are read: their order of keys is the ledger's own, so the chain holds.
  for (const log of [{ name: 'ledger.jsonl', lines }, ...logs]) {
    if (log.lines.length === 0 && log.name !== 'ledger.jsonl') continue;
    writeFileSync(join(to, log.name), log.lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { mode: FILE_MODE });
  }
}

/** Some file systems have no hard links. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

function removeOld(home: string, used: string): void {
  const folders = readdirSync(home)
    .map((name) => join(home, name))
    .filter((path) => path !== used && !path.endsWith('.tmp'))
    .map((path) => ({ path, usedAt: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.usedAt - a.usedAt);
  for (const { path } of folders.slice(KEPT - 1)) rmSync(path, { recursive: true, force: true });
}
