/**
 * A data folder whose reports are long: every second record starts a task, so that a million records are a population of a million actions and
 * tasks. Everything is landed, staged and correlated as it would be, since a bundle encloses what was delivered.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeBulkTrailObjects } from '../fixtures/world/bulk.ts';
import { configSchema } from '../src/config/config.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openWriter } from '../src/store/writer.ts';

const RECORDS_PER_OBJECT = 2000;
const RUN_TASK_SHARE = 0.5;
/** Records written as files at a time. */
const FILL = 50_000;
const RECORDS_PER_DAY = 100_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const DAY_MS = 86_400_000;

/** The period that holds all of a world of `rows`. */
export function worldPeriod(rows: number): { readonly from: Date; readonly to: Date } {
  return { from: new Date(START), to: new Date(START + (Math.ceil(filesOf(rows) * (FILL / RECORDS_PER_DAY)) + 1) * DAY_MS) };
}

/** Fills `<folder>/data` with about `rows` rows of population. @returns the records that were landed: of CloudTrail, sign-ins and task events */
export async function makeReportWorld(folder: string, rows: number, progress: (step: string) => void): Promise<{ readonly records: number }> {
  const logs = join(folder, 'logs');
  const writer = await openWriter(join(folder, 'data'), { threads: 2 });
  let records = 0;
  try {
    for (let file = 0; file < filesOf(rows); file += 1) {
      progress(`landing ${file + 1} of ${filesOf(rows)}`);
      const count = Math.min(FILL, rows - file * FILL);
      const start = new Date(START + file * (FILL / RECORDS_PER_DAY) * DAY_MS).toISOString();
      await writeBulkTrailObjects(logs, { objects: Math.ceil(count / RECORDS_PER_OBJECT), recordsPerObject: RECORDS_PER_OBJECT, seed: file + 1, start, days: FILL / RECORDS_PER_DAY, level: 1, runTaskShare: RUN_TASK_SHARE });
      const { totals } = await ingest(writer, [logs]);
      if (totals.rejected > 0) throw new Error(`${totals.rejected} records are rejected`);
      records += totals.new;
      await rm(logs, { recursive: true });
    }
    await bringUpToDate(writer, configSchema.parse({}), { progress });
    await writer.publishAndClose();
  } finally {
    writer.close();
  }
  return { records };
}

function filesOf(rows: number): number {
  return Math.ceil(rows / FILL);
}
