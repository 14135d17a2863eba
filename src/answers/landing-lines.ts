/**
 * Lines of landing's own logs as evidence: `<file>:<line>`, proved by the line's SHA-256, which the line after it holds too.
 */
import { join } from 'node:path';
import { chainLineHash } from '../landing/chain-log.ts';

const LINE = /^((?:ledger|pulls|runs|journal|alerts)\.jsonl):([1-9]\d{0,14})$/;

/** The SHA-256 of the line that `recordId` names; null where there is none, or no data folder is known. */
export function landingLineHash(dataDir: string | undefined, recordId: string): string | null {
  const [, file, line] = LINE.exec(recordId) ?? [];
  return dataDir === undefined || file === undefined ? null : chainLineHash(join(dataDir, 'landing', file), Number(line));
}
