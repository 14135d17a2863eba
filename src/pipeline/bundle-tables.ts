/**
 * A report's result tables as a bundle holds them: the rows as they were, and the same in CSV and Parquet for whoever works with those.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Database } from '../engine/database.ts';
import { literal, quoted } from '../engine/sql-text.ts';
import { csvTable } from '../render/csv.ts';
import { tableOf } from '../render/document.ts';
import { readJsonLines } from './json-lines.ts';
import { writeText } from './report-files.ts';
import type { RenderedReport } from './report-render.ts';
import { HASHED_EVIDENCE, type Spooled } from './report-spool.ts';

/**
 * Writes `<query>.jsonl`, `.csv` and `.parquet` of each table into `folder`.
 * @param reportFolder where the report's files lie: its CSV of a table is the table's
 */
export async function writeTables(db: Database, { document, spooled, files }: RenderedReport, evidenceColumns: readonly string[], reportFolder: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [id, rows] of spooled) {
    // Not `copyFile`: a spool is its owner's alone, and what a bundle holds has the mode that the umask gives.
    await pipeline(createReadStream(rows.path, { highWaterMark: 1 << 20 }), createWriteStream(join(folder, `${id}.jsonl`), { flags: 'wx' }));
    const csv = files.find(({ table }) => table === id);
    if (csv) await copyFile(join(reportFolder, csv.name), join(folder, `${id}.csv`));
    else await writeText(join(folder, `${id}.csv`), csvTable(tableOf(document, id), document.parameters.timeZone));
    await writeParquet(db, rows, evidenceColumns, join(folder, `${id}.parquet`));
  }
}

/** Writes a spool's rows as Parquet. */
export async function writeParquet(db: Database, rows: Spooled, evidenceColumns: readonly string[], path: string): Promise<void> {
  await db.run(`copy (${await typedRows(rows, evidenceColumns)}) to ${literal(path)} (format parquet, compression zstd)`);
}

/** The rows of a spool as a query, with the types that they had. */
async function typedRows({ path, columns, types }: Spooled, evidenceColumns: readonly string[]): Promise<string> {
  const typed = columns.map((column, index) => `${quoted(column)}: ${literal(evidenceColumns.includes(column) ? HASHED_EVIDENCE : (types[index] ?? 'varchar'))}`);
  return `select ${columns.map(quoted).join(', ')} from ${await readJsonLines(path, typed.join(', '))}`;
}
