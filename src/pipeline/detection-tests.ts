/**
 * Testing detections by the cases that lie beside them.
 */
import type { Catalog, Detection } from '../catalog/catalog.ts';
import { loadCases } from '../catalog/cases.ts';
import { checkDetection } from '../catalog/detection.ts';
import { openCaseDatabase, runCase } from '../catalog/run-case.ts';

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
