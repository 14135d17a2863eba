/**
 * Which files landing consists of, by its own logs, and what each must hash to: what an export copies and an import checks.
 */
import { join } from 'node:path';
import { chainLines, wholePart, type WholePart } from './chain-log.ts';
import type { LedgerLine } from './landed-batches.ts';
import { LEAVES, REMOVALS, type RemovalLine } from './removal-log.ts';

/**
 * Landing's logs in the order in which a copy has to take their ends, so that none speaks of what another doesn't have yet: a pull's line comes after its
 * batches' lines, a removal's line after the journal's.
 */
export const LOGS = ['pulls.jsonl', REMOVALS, 'alerts.jsonl', 'runs.jsonl', 'journal.jsonl', 'ledger.jsonl'] as const;
export type LogName = (typeof LOGS)[number];

/** How far each log is copied. */
export type LogEnds = Readonly<Record<LogName, WholePart>>;

/** The logs' ends now. @param folder `<data folder>/landing`, which may be in use */
export function logEnds(folder: string): LogEnds {
  const ends: Partial<Record<LogName, WholePart>> = {};
  for (const name of LOGS) ends[name] = wholePart(join(folder, name));
  return ends as LogEnds;
}

/** A file that a batch consists of, or that was kept of one. */
export interface BatchFile {
  /** Below `landing/`, with `/`. */
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly batch: number;
}

/** The files of every batch up to the logs' ends, in order, with what they must hash to: an erasure's line goes before the ledger's. */
export function* batchFiles(folder: string, ends: LogEnds): Generator<BatchFile> {
  const landed = new Map<number, RemovalLine>();
  for (const line of chainLines<RemovalLine>(join(folder, REMOVALS))) {
    if (line.seq > ends[REMOVALS].seq) break;
    if (line.layer === 'landed') landed.set(line.batch, line);
  }
  for (const line of chainLines<LedgerLine>(join(folder, 'ledger.jsonl'))) {
    if (line.seq > ends['ledger.jsonl'].seq) break;
    const removal = landed.get(line.seq);
    const name = String(line.seq).padStart(9, '0');
    const isPack = line.form === 'trail_objects';
    if (removal?.now !== null) yield { path: `batches/${name}${isPack ? '.pack.gz' : '.batch'}`, sha256: removal?.now.sha256 ?? line.sha256, batch: line.seq };
    const index = removal?.now?.index_sha256 ?? line.index_sha256;
    if (isPack && index !== null) yield { path: `batches/${name}.index.jsonl`, sha256: index, batch: line.seq };
    if (removal && removal.leaves_sha256 !== null) yield { path: `${LEAVES}/${name}.leaves`, sha256: removal.leaves_sha256, batch: line.seq };
  }
}
