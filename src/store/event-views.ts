/**
 * The views `stg_events` and `stg_event_copies` over the Parquet files of a manifest.
 */
import { join } from 'node:path';
import type { Database } from '../engine/database.ts';
import type { DayFile, DayRelation } from './manifest.ts';

/** A list of file names as SQL has it. Paths are ours: the data folder, a day, numbers. */
export function fileList(folder: string, files: readonly Pick<DayFile, 'path'>[]): string {
  return `[${files.map((file) => `'${join(folder, file.path).replaceAll("'", "''")}'`).join(', ')}]`;
}

/** Creates or replaces both views in the connection; they are not stored, so that a data folder can be moved. */
export async function createEventViews(db: Database, folder: string, files: readonly DayFile[]): Promise<void> {
  await db.run(viewSql('stg_events', await stateTable(db, 'stg_events_new'), folder, filesOf(files, 'events')));
  await db.run(viewSql('stg_event_copies', await stateTable(db, 'stg_event_copies'), folder, filesOf(files, 'event_copies')));
}

/** The table of the state file, past a view of the same name. */
export async function stateTable(db: Database, table: string): Promise<string> {
  const row = await db.get<{ name: string }>('select current_database() as name');
  return `"${(row?.name ?? '').replaceAll('"', '""')}".main.${table}`;
}

/** The files of one relation. */
export function filesOf(files: readonly DayFile[], relation: DayRelation): DayFile[] {
  return files.filter((file) => file.relation === relation);
}

function viewSql(view: string, table: string, folder: string, files: readonly DayFile[]): string {
  const stored = files.length === 0 ? '' : ` union all by name select * from read_parquet(${fileList(folder, files)})`;
  return `create or replace temp view ${view} as select * from ${table}${stored}`;
}
