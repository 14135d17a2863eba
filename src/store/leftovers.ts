/**
 * Clearing up after runs, finished or killed. Only under the writer's lock.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER_MODE } from '../landing/private-files.ts';
import { readManifestLeniently, readPreviousManifest, storeFolder, type DayRelation } from './manifest.ts';

const RELATIONS: readonly DayRelation[] = ['events', 'event_copies'];

/** Empties `<dataDir>/tmp`, where raw records (session tokens among them) wait to be staged. Says so where it held any. */
export function clearTemporary(dataDir: string): string[] {
  const folder = join(dataDir, 'tmp');
  const held = existsSync(folder) ? readdirSync(folder).filter((name) => name !== 'spill') : [];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  return held.length === 0 ? [] : [`tmp: removed ${held.length} file(s) of a stopped run`];
}

/**
 * Removes the files that neither the published manifest nor the one before names: those of a run that was stopped before it
 * published, and those that two publications have replaced. A reader may be opening the one before, so that stays.
 */
export function removeUnpublished(dataDir: string): string[] {
  const folder = storeFolder(dataDir);
  const kept = new Set<string>();
  for (const manifest of [readManifestLeniently(dataDir), readPreviousManifest(dataDir)]) {
    if (!manifest) continue;
    kept.add(manifest.state);
    for (const file of manifest.files) kept.add(file.path);
  }
  let removed = 0;
  for (const name of readdirSync(folder)) {
    if (!/^(state-\d+|work)\.duckdb(\.wal)?$/.test(name) && !name.endsWith('.tmp')) continue;
    if (kept.has(name)) continue;
    rmSync(join(folder, name));
    if (name === 'work.duckdb') removed++;
  }
  for (const relation of RELATIONS) removeUnpublishedDays(folder, relation, kept);
  return removed === 0 ? [] : ['store: dropped the unpublished work of a stopped run; its landed batches are staged again'];
}

function removeUnpublishedDays(folder: string, relation: DayRelation, kept: ReadonlySet<string>): void {
  const top = join(folder, relation);
  if (!existsSync(top)) return;
  for (const day of readdirSync(top)) {
    const names = readdirSync(join(top, day));
    const gone = names.filter((name) => !kept.has(join(relation, day, name)));
    for (const name of gone) rmSync(join(top, day, name));
    if (gone.length === names.length) rmdirSync(join(top, day));
  }
}
