/**
 * What every detection returns, and the checks that its SQL passes before it runs.
 */
import type { Database } from '../engine/database.ts';
import type { Detection } from './catalog.ts';
import type { CatalogFault } from './faults.ts';
import { portabilityFaults } from './portable.ts';
import { orderColumns, outputColumns, parameterNames, parseSql } from './statement.ts';

/** What a detection's rows of evidence become: named, where both engines only agree on nameless ones. */
const EVIDENCE = 'struct(source varchar, owner_id varchar, record_id varchar, record_at timestamptz)[]';

/**
 * The columns of every detection and their DuckDB types. Further columns are free; they are not kept.
 *
 * `subject_kind`, `subject_id`: what the finding is about, as `ask` accepts it. `occurred_at`: the instant of what was
 * found, out of the records, never the time of the run. `summary`: one sentence. `dedup_key`: one key is one finding,
 * however often it is computed; it starts with the detection's id, so that it is unique among all findings. `reason`: the
 * typed reason of ATTRIBUTION 4 where the subject's answer has one. `evidence`: the records that show it, each a
 * `row(source, account or tenant, record id, its own time)`; entries without a record id are dropped. `is_provisional`: may still vanish when late records come.
 */
export const DETECTION_COLUMNS = {
  subject_kind: 'VARCHAR',
  subject_id: 'VARCHAR',
  occurred_at: 'TIMESTAMP WITH TIME ZONE',
  summary: 'VARCHAR',
  dedup_key: 'VARCHAR',
  reason: 'VARCHAR',
  evidence: 'STRUCT(VARCHAR, VARCHAR, VARCHAR, TIMESTAMP WITH TIME ZONE)[]',
  is_provisional: 'BOOLEAN',
} as const;

/**
 * Checks one detection's SQL without running it: one SELECT statement, inside the portable subset (which has nothing that
 * reads a file, the network or the clock), the contract's columns, a total order, and parameters as the header declares
 * them.
 *
 * @param db any database; only its parser is used
 */
export async function checkDetection(db: Database, detection: Pick<Detection, 'file' | 'sql' | 'header'>): Promise<readonly CatalogFault[]> {
  // A detection is checked once: nothing but itself decides, and every run checks all of them.
  const known = checkedBefore.get(detection);
  if (known !== undefined) return known;
  const faults = await faultsOf(db, detection);
  checkedBefore.set(detection, faults);
  return faults;
}

const checkedBefore = new WeakMap<object, readonly CatalogFault[]>();

async function faultsOf(db: Database, detection: Pick<Detection, 'file' | 'sql' | 'header'>): Promise<readonly CatalogFault[]> {
  const fault = (message: string): CatalogFault => ({ file: detection.file, message });
  const parsed = await parseSql(db, detection.sql);
  if (parsed.statements === undefined) return [fault(`the SQL is not one query: ${parsed.fault}`)];
  const [statement, ...others] = parsed.statements;
  if (statement === undefined || others.length > 0) return [fault(`expected one SELECT statement, found ${parsed.statements.length}`)];
  const faults = portabilityFaults(detection.sql, statement);
  const columns = outputColumns(statement);
  for (const column of Object.keys(DETECTION_COLUMNS)) {
    const times = columns.filter((name) => name === column).length;
    if (times !== 1) faults.push(`expected one output column ${column}, found ${times}`);
  }
  if (orderColumns(statement).at(-1) !== 'dedup_key') faults.push('expected the rows in a total order: end with order by …, dedup_key');
  const declared = new Set(Object.keys(detection.header.params));
  const used = parameterNames(statement);
  for (const name of used) if (!declared.has(name)) faults.push(`$${name} is not declared in the header's params`);
  for (const name of declared) if (!used.has(name)) faults.push(`params.${name} is declared and not used`);
  return faults.map(fault);
}

/**
 * The SQL to run: the detection's own, with the contract's columns alone and its evidence named. Takes the detection's
 * parameters. Only of detections that `checkDetection` found no fault in: their text is one SELECT.
 */
export function detectionSql(detection: Pick<Detection, 'sql'>): string {
  const columns = Object.keys(DETECTION_COLUMNS).map((column) => (column === 'evidence' ? `cast(evidence as ${EVIDENCE}) as evidence` : column));
  return `select ${columns.join(', ')}\nfrom (\n${detection.sql}\n) as detected\norder by occurred_at, dedup_key`;
}
