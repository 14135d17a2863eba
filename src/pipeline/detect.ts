/**
 * Detect: every detection over the staged and correlated relations, into `findings`.
 *
 * Findings are a projection. Each run computes them all anew, so that the same landed records give the same findings
 * whatever the order and number of runs before (ATTRIBUTION 5, invariants 1 and 2): a condition that no longer holds leaves
 * no row, and nothing in a row comes from the run. That is cheap because detections start from sessions and tasks, never
 * from all events.
 */
import { loadDetections, type Detection } from '../catalog/catalog.ts';
import { checkDetection, detectionSql } from '../catalog/detection.ts';
import { CatalogError } from '../catalog/faults.ts';
import { detectionConfigFaults, detectionParameters } from '../catalog/parameters.ts';
import { unfinishedFaults } from '../catalog/unfinished.ts';
import type { Config } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { Database } from '../engine/database.ts';
import { literal } from '../engine/sql-text.ts';
import type { Landing } from '../landing/landing.ts';
import { checkDigests } from './digest-checks.ts';
import { fillWatch } from './watch.ts';

export interface DetectResult {
  /** Findings now, all detections together; `provisional` and `open` add up to it. */
  readonly findings: number;
  readonly provisional: number;
  readonly open: number;
  /** By detection, in order of id, also those that found nothing. A detection that the configuration turns off is not here. */
  readonly detections: readonly { readonly id: string; readonly findings: number; readonly provisional: number }[];
}

/**
 * Runs all detections and replaces the table `findings`, in one transaction.
 *
 * @param writer the database that ingest and correlation have filled
 *   landing: what the watcher's own detections judge; without it their tables stay as they are
 * @param config which detections run, and with what values; its enabled sources are watched
 * @throws CatalogError where a detection's file may not run; WhoranError (exit 2) where the configuration names what there
 *   is not. `findings` is then as it was.
 */
export async function detect(
  writer: { readonly db: Database; readonly landing?: Pick<Landing, 'folder' | 'faults' | 'batches'> },
  config: Pick<Config, 'detections' | 'sources'>,
): Promise<DetectResult> {
  const { db } = writer;
  const catalog = await loadDetections();
  const configFaults = detectionConfigFaults(catalog.detections, config.detections);
  if (configFaults.length > 0) {
    throw new WhoranError(`the configuration of detections has faults:\n  ${configFaults.join('\n  ')}`, {
      exitCode: EXIT.wrongUse,
      hint: 'Correct the configuration file; each detection\'s parameters stand in its header under queries/detections.',
    });
  }
  const checked = await Promise.all(catalog.detections.map((detection) => checkDetection(db, detection)));
  const faults = [...checked.flat(), ...catalog.detections.flatMap(({ file, sql }) => unfinishedFaults(file, sql))];
  if (faults.length > 0) throw new CatalogError(faults);

  const shared = (id: string): string => {
    const query = catalog.shared.find((candidate) => candidate.id === id);
    if (query === undefined) throw new CatalogError([{ file: `queries/detections/${id}.sql`, message: 'it is missing' }]);
    return query.sql;
  };
  const [tables, detected, record, facts] = [shared('tables'), shared('detected'), shared('record'), shared('finding_facts')];
  await db.transaction(async () => {
    await db.run(tables);
    await db.run('delete from findings');
    if (writer.landing) {
      await fillWatch(db, writer.landing, config);
      await checkDigests(db, writer.landing.folder);
    }
    await db.run(detected);
    for (const detection of catalog.detections) {
      if (config.detections[detection.id]?.enabled ?? true) await run(db, detection, config);
    }
    await db.run(record);
    await db.run('drop table detected');
    await db.run('drop table detecting');
    await db.run('delete from finding_facts');
    await db.run(`insert into finding_facts by name\n${facts}`);
  });
  return await count(db, catalog.detections.filter(({ id }) => config.detections[id]?.enabled ?? true));
}

/** Runs one detection; what it finds is then in `detected`. */
async function run(db: Database, detection: Detection, config: Pick<Config, 'detections'>): Promise<void> {
  const { id, sha256, header } = detection;
  const severity = config.detections[id]?.severity ?? header.severity;
  try {
    await db.run('insert into detecting values ($id, $severity, $controls, $sha256)', { id, severity, controls: [...header.controls].sort(), sha256 });
    // The text is a file of this package, checked above to be one SELECT, and the id is that file's name; values go in as parameters only.
    await db.run(`insert into detected by name\nselect ${literal(id)} as detection, * from (\n${detectionSql(detection)}\n)`, detectionParameters(detection, config.detections));
  } catch (error) {
    throw new CatalogError([{ file: detection.file, message: `it does not run: ${error instanceof Error ? error.message : String(error)}` }]);
  }
}

async function count(db: Database, detections: readonly Detection[]): Promise<DetectResult> {
  const rows = await db.all<{ detection: string; findings: number; provisional: number }>(
    `select detection, count(*) as findings, count(*) filter (where status = 'provisional') as provisional
     from findings group by detection order by detection`,
  );
  const counts = new Map(rows.map((row) => [row.detection, row]));
  const byDetection = detections.map(({ id }) => ({ id, findings: counts.get(id)?.findings ?? 0, provisional: counts.get(id)?.provisional ?? 0 }));
  const findings = byDetection.reduce((sum, row) => sum + row.findings, 0);
  const provisional = byDetection.reduce((sum, row) => sum + row.provisional, 0);
  return { findings, provisional, open: findings - provisional, detections: byDetection };
}
