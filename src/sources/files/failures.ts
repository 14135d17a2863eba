/**
 * What people are told of files that can't be read.
 */
import { inert } from '../../core/inert.ts';
import type { StreamFailure } from '../source.ts';
import { codeOf, type UnreadablePath } from './walk.ts';

export const STREAM = 'files';
/** A file is held in memory whole, and is unpacked and framed there too; larger ones are named, not read. */
export const LARGEST_FILE_BYTES = 256 * 1024 * 1024;
/** Names shown in a message; the rest are counted. */
const NAMED = 5;

/** Paths that can't be read, in one failure. */
export function unread(paths: readonly UnreadablePath[]): StreamFailure {
  const named = paths.slice(0, NAMED).map(({ path, reason }) => `${inert(path)} (${reason})`);
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : '';
  return {
    stream: STREAM,
    message: `${paths.length === 1 ? '1 path' : `${paths.length} paths`} could not be read; the rest was pulled, and each pull tries them again: ${named.join(', ')}${more}`,
    hint: 'Let the user that runs whoran read them, or move them out of the folder; split larger files by lines, or land them with `whoran ingest PATH`.',
  };
}

/** The watched folder itself. */
export function unreadableFolder(path: string, error: unknown): StreamFailure {
  const reason = codeOf(error);
  return {
    stream: STREAM,
    message: `the folder ${inert(path)} could not be read (${reason})`,
    hint: reason === 'ENOENT' ? 'Make the folder, mount it, or correct `path`.' : reason === 'ENOTDIR' ? 'Name a folder in `path`, not a file.' : 'Let the user that runs whoran read it.',
  };
}
