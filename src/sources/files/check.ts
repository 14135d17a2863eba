/**
 * What `doctor` tries of a watched folder: that it is there, and that each file can be opened.
 */
import { open } from 'node:fs/promises';
import type { FilesConfig } from '../../config/sources/files.ts';
import { inert } from '../../core/inert.ts';
import type { CheckResult, SourceEffects } from '../source.ts';
import { LARGEST_FILE_BYTES, unread, unreadableFolder } from './failures.ts';
import type { FoundFile } from './seen-files.ts';
import { codeOf, walk, type UnreadablePath } from './walk.ts';

export async function* checkFolder(
  config: FilesConfig,
  skipped: string | undefined,
  context: SourceEffects & { readonly signal: AbortSignal },
): AsyncGenerator<CheckResult> {
  const what = `read ${inert(config.path)}`;
  try {
    const found = await walk(config.path, skipped, context.signal);
    const newest = found.files.reduce<bigint | undefined>((latest, { mtimeNs }) => (latest === undefined || mtimeNs > latest ? mtimeNs : latest), undefined);
    const age = newest === undefined ? '' : `, the newest changed at ${new Date(Number(newest / 1_000_000n)).toISOString()}`;
    yield found.files.length === 0
      ? { what, outcome: 'warning', found: 'no file is there', fix: 'Put log files into the folder, or correct `path`.' }
      : { what, outcome: 'ok', found: `${found.files.length} files${age}` };
    const large = found.files.filter(({ bytes }) => bytes > LARGEST_FILE_BYTES).map(({ path, bytes }) => ({ path, reason: `${bytes} bytes` }));
    const refused = [...found.unreadable, ...(await unopened(found.files, context.signal)), ...large];
    if (refused.length > 0) {
      const { message, hint } = unread(refused);
      yield { what: `${what}: every file`, outcome: 'failed', found: message, ...(hint === undefined ? {} : { fix: hint }) };
    }
    for (const path of found.linked) {
      yield { what: `${what}: links`, outcome: 'warning', found: `a link to a folder is not followed: ${inert(path)}`, fix: 'Name that folder in a source of its own.' };
    }
  } catch (error) {
    const { message, hint } = unreadableFolder(config.path, error);
    yield { what, outcome: 'failed', found: message, ...(hint === undefined ? {} : { fix: hint }) };
  }
}

/** Files that can't be opened. */
async function unopened(found: readonly FoundFile[], signal: AbortSignal): Promise<UnreadablePath[]> {
  const refused: UnreadablePath[] = [];
  for (const { path } of found) {
    signal.throwIfAborted();
    try {
      await (await open(path, 'r')).close();
    } catch (error) {
      refused.push({ path, reason: codeOf(error) });
    }
  }
  return refused;
}
