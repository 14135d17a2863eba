/**
 * Testing detections by the cases that lie beside them.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog, Detection } from '../catalog/catalog.ts';
import { loadCases } from '../catalog/cases.ts';
import { checkDetection } from '../catalog/detection.ts';
import type { CatalogFault } from '../catalog/faults.ts';
import { openCaseDatabase, runCase } from '../catalog/run-case.ts';
import { unfinishedFaults } from '../catalog/unfinished.ts';

export { loadCatalog, type Catalog, type Detection } from '../catalog/catalog.ts';

/** What came of one case; `failure` says what was expected and found, and is null where it holds. */
export interface CaseResult {
  readonly detection: string;
  readonly case: string;
  readonly kind: string;
  readonly failure: string | null;
}

/**
 * Runs every case of the detections on an empty database of its own, in order; one whose SQL breaks the contract has no other result.
 * What an author still has to fill in is a result that failed, each place of it.
 * @throws CatalogError where a file of cases is missing or malformed
 */
export async function testDetections(catalog: Pick<Catalog, 'root'>, detections: readonly Detection[]): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const db = await openCaseDatabase(catalog.root);
  try {
    for (const detection of detections) {
      const faults = await checkDetection(db, detection);
      results.push(...faults.map(({ message }) => ({ detection: detection.id, case: 'the contract', kind: 'contract', failure: message })));
      if (faults.length > 0) continue;
      // They hold nothing up here: an author runs the cases while there is still something to write.
      const unfinished = unfinishedFaults(detection.file, detection.sql).concat(await unfinishedCases(catalog.root, detection));
      results.push(...unfinished.map(({ file, message }) => ({ detection: detection.id, case: file, kind: 'unfinished', failure: message })));
      for (const one of await loadCases(catalog.root, detection)) {
        const failure = await runCase(db, detection, one).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
        results.push({ detection: detection.id, case: one.name, kind: one.kind, failure: failure ?? null });
      }
    }
  } finally {
    db.close();
  }
  return results;
}

async function unfinishedCases(root: string, { file }: Detection): Promise<CatalogFault[]> {
  const cases = file.replace(/\.sql$/, '.cases.yml');
  return unfinishedFaults(cases, await readFile(join(root, cases), 'utf8'));
}
