/**
 * What a changed detection would find in a data folder, against the findings that are stored there. Reads the last publication; nothing
 * in the folder changes.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AnswerReader } from '../answers/reader.ts';
import { answerRow, answerRows } from '../answers/reader.ts';
import type { Detection } from '../catalog/catalog.ts';
import { checkDetection, detectionSql } from '../catalog/detection.ts';
import { CatalogError } from '../catalog/faults.ts';
import { detectionHeaderSchema, parseHeader } from '../catalog/header.ts';
import { detectionConfigFaults, detectionParameters } from '../catalog/parameters.ts';
import type { DetectionsConfig } from '../config/detections.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { rfc3339 } from '../core/times.ts';

/** A finding that differs. Times are RFC 3339 UTC. */
export interface Difference {
  /** Null of one that is not stored. */
  readonly finding_id: string | null;
  readonly dedup_key: string;
  readonly occurred_at: string;
  readonly subject_kind: string;
  readonly subject_id: string;
  /** As the changed query says it; of one that it no longer finds, as it is stored. */
  readonly summary: string;
  readonly status_before: 'provisional' | 'open' | null;
  readonly status_now: 'provisional' | 'open' | null;
  /** Of a changed one: `status`, `time`, `subject`, `summary`, `reason`, `evidence`. */
  readonly what_differs: readonly string[];
}

export interface Against {
  readonly schema: 'whoran.detection_against/1';
  readonly detection: string;
  readonly since: string | null;
  /** Of the query tried, and of those that found what is stored. */
  readonly query_sha256: string;
  readonly stored_query_sha256: readonly string[];
  readonly counts: { readonly stored: number; readonly now: number; readonly found: number; readonly lost: number; readonly changed: number; readonly same: number };
  readonly found: readonly Difference[];
  readonly lost: readonly Difference[];
  readonly changed: readonly Difference[];
}

export interface AgainstOptions {
  /** Parameters' values, as the detection would run with them. */
  readonly config: DetectionsConfig;
  /** What occurred before is left out, of both. */
  readonly since?: Date;
}

/**
 * A detection's changed text, from a file anywhere.
 * @throws CatalogError where its header has faults; WhoranError (exit 2) where it can't be read, or is of another detection
 */
export async function detectionFromFile(path: string, instead: Detection): Promise<Detection> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new WhoranError(`--sql: ${path} can't be read: ${error instanceof Error ? error.message : String(error)}`, { exitCode: EXIT.wrongUse, hint: 'Name the file of the changed query.', cause: error });
  }
  const sql = bytes.toString('utf8');
  const { header, faults } = parseHeader(sql, detectionHeaderSchema);
  if (header === undefined) throw new CatalogError(faults.map((message) => ({ file: path, message })));
  if (header.id !== instead.id) throw new WhoranError(`--sql: ${path} is the detection ${header.id}, not ${instead.id}`, { exitCode: EXIT.wrongUse, hint: 'Findings are told apart by the id: keep it while you change the query.' });
  return { ...instead, file: path, sql, header, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * Runs the detection over what is published, and compares.
 * @param reader of the data folder, read-only
 * @throws CatalogError where the SQL may not run, or doesn't; WhoranError (exit 2) where detections have never run there, or a configured
 *   parameter doesn't fit
 */
export async function testAgainst({ db }: Pick<AnswerReader, 'db'>, detection: Detection, { config, since }: AgainstOptions): Promise<Against> {
  const { id, file, sha256 } = detection;
  const table = await answerRow<{ is_there: boolean }>({ db }, 'has_findings_table');
  if (!table?.is_there) throw new WhoranError('the detections have not run on this data folder yet', { exitCode: EXIT.wrongUse, hint: 'Run `whoran correlate` on it first: there is nothing to compare with.' });
  const own = config[id] === undefined ? {} : { [id]: config[id] };
  const configFaults = detectionConfigFaults([detection], own);
  if (configFaults.length > 0) throw new WhoranError(configFaults.join('; '), { exitCode: EXIT.wrongUse, hint: "The configuration sets what the changed query's header doesn't declare." });
  const faults = await checkDetection(db, detection);
  if (faults.length > 0) throw new CatalogError(faults);
  try {
    // Checked above to be one SELECT that reads relations alone; values go in as parameters.
    await db.run(`create or replace temp table detected as\n${detectionSql(detection)}`, detectionParameters(detection, own));
  } catch (error) {
    throw new CatalogError([{ file, message: `it does not run: ${error instanceof Error ? error.message : String(error)}` }]);
  }
  const rows = await answerRows<Difference & { difference: 'found' | 'lost' | 'changed' | 'same' }>({ db }, 'detection_differences', { detection: id, since: since ?? null });
  const of = (wanted: string): Difference[] => rows.filter(({ difference }) => difference === wanted).map(({ difference: _, what_differs: differs, ...row }) => ({ ...row, what_differs: wanted === 'changed' ? differs : [] }));
  const [found, lost, changed] = [of('found'), of('lost'), of('changed')];
  const stored = await db.all<{ query_sha256: string }>('select distinct query_sha256 from findings where detection = $id order by query_sha256', { id });
  return {
    schema: 'whoran.detection_against/1', detection: id, since: since ? rfc3339(since) : null, query_sha256: sha256, stored_query_sha256: stored.map((row) => row.query_sha256),
    counts: { stored: rows.length - found.length, now: rows.length - lost.length, found: found.length, lost: lost.length, changed: changed.length, same: of('same').length },
    found, lost, changed,
  };
}
