/**
 * `files`: a watched folder. Each pull delivers the files that are new or changed since they were delivered, whole, once each.
 */
import type { FilesConfig } from '../config/sources/files.ts';
import { inert } from '../core/inert.ts';
import { datedContent } from '../landing/framing/graph-page.ts';
import { checkFolder } from './files/check.ts';
import { LARGEST_FILE_BYTES, STREAM, unread, unreadableFolder } from './files/failures.ts';
import { CHANGED, readAhead, STEP_BYTES, STEP_FILES } from './files/read-ahead.ts';
import { identityOf, parseSeen, seenText, type FoundFile } from './files/seen-files.ts';
import { walk, type UnreadablePath } from './files/walk.ts';
import { SourceError, type Delivered, type PullContext, type Source, type Step } from './source.ts';

/** The cursor names every file; it is written when a share of them is new, and at the end, not at each step. */
const CURSOR_SHARE = 4;

/**
 * The source of a configuration: one stream, `files`, without a completeness of its own (that of files is told by their records).
 * @param given.skipped a folder to leave out where it lies in the watched one: the data folder
 */
export function files(config: FilesConfig, given: { readonly skipped?: string } = {}): Source {
  return {
    id: config.id,
    type: config.type,
    streams: [],
    pull: (context) => pull(config, given.skipped, context),
    check: (context) => checkFolder(config, given.skipped, context),
  };
}

async function* pull(config: FilesConfig, skipped: string | undefined, context: PullContext): AsyncGenerator<Step> {
  const { backfill, signal, tell } = context;
  const found = await walk(config.path, skipped, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new SourceError([unreadableFolder(config.path, error)], error);
  });
  for (const path of found.linked) {
    tell({ kind: 'warning', stream: STREAM, message: `a link to a folder is not followed: ${inert(path)}; name that folder in a source of its own` });
  }
  const before = backfill ? new Set<number>() : cursorOf(context);
  const now = BigInt(context.now().getTime()) * 1_000_000n;
  const unreadable: UnreadablePath[] = [...found.unreadable];
  const seen = new Set<number>();
  const fresh: FoundFile[] = [];
  let waiting = 0;
  for (const file of found.files) {
    const identity = identityOf(file);
    if (before.has(identity)) seen.add(identity);
    else if (isGrowing(file, now, config.quiet_seconds)) waiting += 1;
    else if (file.bytes > LARGEST_FILE_BYTES) unreadable.push({ path: file.path, reason: `${file.bytes} bytes: files of more than ${LARGEST_FILE_BYTES} are not pulled` });
    else if (!backfill || (file.mtimeNs >= nanoseconds(backfill.from) && file.mtimeNs < nanoseconds(backfill.to))) fresh.push(file);
  }

  let delivered: Delivered[] = [];
  let bytes = 0;
  let taken: number[] = [];
  let unkept = 0;
  for await (const read of readAhead(fresh, signal)) {
    if ('reason' in read) {
      if (read.reason === CHANGED) waiting += 1;
      else if (read.reason !== 'ENOENT') unreadable.push({ path: read.file.path, reason: read.reason });
      continue;
    }
    if (delivered.length > 0 && (delivered.length >= STEP_FILES || bytes + read.bytes.length > STEP_BYTES)) {
      for (const identity of taken) seen.add(identity);
      unkept += taken.length;
      const isKept = !backfill && unkept * CURSOR_SHARE >= seen.size;
      yield { stream: STREAM, covers: [], delivered, ...(isKept ? { cursor: seenText(seen) } : {}) };
      tell({ kind: 'progress', stream: STREAM, message: `${seen.size} of ${found.files.length} files` });
      if (isKept) unkept = 0;
      delivered = [];
      bytes = 0;
      taken = [];
    }
    const content = datedContent(read.bytes, read.file.path);
    delivered.push({ origin: read.file.path, bytes: read.bytes, ...(content ? { content } : {}) });
    bytes += read.bytes.length;
    taken.push(identityOf(read.file));
  }
  for (const identity of taken) seen.add(identity);
  // Also where files are gone: the cursor holds those that are there, not all that ever were.
  const isChanged = unkept + taken.length > 0 || seen.size !== before.size;
  if (backfill ? delivered.length > 0 : isChanged) {
    yield { stream: STREAM, covers: [], delivered, ...(backfill ? {} : { cursor: seenText(seen) }) };
  }
  if (waiting > 0) tell({ kind: 'progress', stream: STREAM, message: `${waiting} files are still being written, and wait for the next pull` });
  if (unreadable.length > 0) throw new SourceError([unread(unreadable)]);
}

function cursorOf({ cursors, tell }: PullContext): Set<number> {
  const text = cursors.get(STREAM);
  if (text === undefined) return new Set();
  const seen = parseSeen(text);
  if (!seen) tell({ kind: 'warning', stream: STREAM, message: 'its cursor is of another version: all files are read anew, and what is landed already lands once' });
  return seen ?? new Set();
}

/** Changed within the quiet time. A time in the future says nothing (another machine's clock): then reading shows whether it grows. */
function isGrowing({ mtimeNs }: FoundFile, now: bigint, quietSeconds: number): boolean {
  const age = now - mtimeNs;
  return age >= 0n && age < BigInt(quietSeconds) * 1_000_000_000n;
}

function nanoseconds(at: Date): bigint {
  return BigInt(at.getTime()) * 1_000_000n;
}
