/**
 * Watching the watcher: what landing's own logs say of silent sources, altered logs and batches, messages that were given up, and
 * records that could not be read, as tables which detections read.
 *
 * All of it comes out of landing, and its clock is the latest run on record, so a rebuild gives the same rows.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Database } from '../engine/database.ts';
import { PACKAGE_ROOT, queryText } from '../engine/query-file.ts';
import { lastWholeSeq } from '../landing/chain-log.ts';
import type { Landing } from '../landing/landing.ts';
import { integrityFaults } from './watch-integrity.ts';

/**
 * Fills `stg_source_watch`, `stg_integrity_faults`, `stg_dead_alerts` and `stg_reject_days` anew.
 *
 * @param landing open, so that nobody else appends meanwhile
 * @param config its enabled sources are watched
 */
export async function fillWatch(db: Database, landing: Pick<Landing, 'folder' | 'faults' | 'batches'>, config: Pick<Config, 'sources'>): Promise<void> {
  const log = (name: string): string => {
    const path = join(landing.folder, name);
    return existsSync(path) ? path : join(PACKAGE_ROOT, 'queries/life/nothing.jsonl');
  };
  const [pulls, runs, ledger, alerts] = [log('pulls.jsonl'), log('runs.jsonl'), log('ledger.jsonl'), log('alerts.jsonl')];
  const sources = config.sources.filter(({ enabled }) => enabled);
  for (const table of ['stg_source_watch', 'stg_integrity_faults', 'stg_dead_alerts', 'stg_reject_days']) await db.run(`delete from ${table}`);
  if (sources.length > 0) {
    await db.run(await queryText('staging/watch_sources'), {
      ids: sources.map(({ id }) => id),
      types: sources.map(({ type }) => type),
      limits: sources.map((source) => String(source.silent_after_minutes)),
      pulls, runs, ledger, last_pull: lastWholeSeq(pulls), last_run: lastWholeSeq(runs), last_batch: lastWholeSeq(ledger),
    });
  }
  await db.run(await queryText('staging/watch_dead_alerts'), { alerts, last_alert: lastWholeSeq(alerts) });
  await db.run(await queryText('staging/watch_reject_days'), { ledger, last_batch: lastWholeSeq(ledger) });
  for (const { file, line, message, foundAt } of integrityFaults(landing)) {
    await db.run('insert into stg_integrity_faults (file, line, message, found_at) values ($file, $line, $message, $found_at)', {
      file, line, message, found_at: foundAt,
    });
  }
}
