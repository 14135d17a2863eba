/**
 * Every detection's SQL keeps the contract, and every case of every detection holds on a real DuckDB.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCases } from '../../src/catalog/cases.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { checkDetection, DETECTION_COLUMNS, detectionSql } from '../../src/catalog/detection.ts';
import type { DetectionHeader } from '../../src/catalog/header.ts';
import { detectionParameters } from '../../src/catalog/parameters.ts';
import { openCaseDatabase, runCase } from '../../src/catalog/run-case.ts';
import { unfinishedFaults } from '../../src/catalog/unfinished.ts';
import type { Database } from '../../src/engine/database.ts';

const { root, detections } = await loadCatalog();
const cases = await Promise.all(detections.map(async (detection) => ({ detection, cases: await loadCases(root, detection) })));

let db: Database;
beforeAll(async () => {
  db = await openCaseDatabase(root);
});
afterAll(() => {
  db.close();
});

test('there are detections', () => {
  expect(detections.map(({ id }) => id)).toEqual(expect.arrayContaining(['session_without_sign_in', 'task_without_launcher']));
});

describe.each(detections.map((detection) => ({ id: detection.id, detection })))('$id', ({ detection }) => {
  test('is one query inside the portable subset, with the contract\'s columns and a total order', async () => {
    expect(await checkDetection(db, detection)).toEqual([]);
  });

  test('has nothing left to fill in', () => {
    const casesFile = detection.file.replace(/\.sql$/, '.cases.yml');
    const faults = [...unfinishedFaults(detection.file, detection.sql), ...unfinishedFaults(casesFile, readFileSync(join(root, casesFile), 'utf8'))];
    expect(faults.map(({ file, message }) => `${file}, ${message}`)).toEqual([]);
  });

  test('returns the contract\'s types', async () => {
    const columns = await db.all<{ column_name: string; column_type: string }>(`describe ${detection.sql}`, detectionParameters(detection, {}));
    expect(Object.fromEntries(columns.map(({ column_name: name, column_type: type }) => [name, type]))).toMatchObject(DETECTION_COLUMNS);
  });
});

/** What a header lacks beyond its schema, one sentence a fault. */
function headerFaults({ description, runbook, sources, absence_of: absences }: Pick<DetectionHeader, 'description' | 'runbook' | 'sources' | 'absence_of'>): string[] {
  return [
    ...(description.includes('Not seen:') ? [] : ['description: say what it cannot see, after "Not seen:"']),
    ...(/^3\. /m.test(runbook) ? [] : ['runbook: expected three steps at least']),
    ...absences.filter((source) => !sources.includes(source)).map((source) => `absence_of: ${source} is none of its sources`),
  ];
}

test('the check of headers finds what is planted', () => {
  expect(headerFaults({ description: 'd', runbook: '1. Ask.', sources: ['cloudtrail'], absence_of: ['sign_ins'] })).toHaveLength(3);
});

test.each(detections)('$id says what it cannot see and what to do, and finds nothing in an empty database', async (detection) => {
  expect(headerFaults(detection.header)).toEqual([]);
  expect(await db.all(detectionSql(detection), detectionParameters(detection, {}))).toEqual([]);
});

const all = cases.flatMap(({ detection, cases: ofOne }) => ofOne.map((one) => ({ id: detection.id, kind: one.kind, name: one.name, detection, one })));
test.each(all)('$id, $kind: $name', async ({ detection, one }) => {
  const failure = await runCase(db, detection, one);
  if (failure !== undefined) expect.fail(failure);
});
