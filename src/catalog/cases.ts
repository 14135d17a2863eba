/**
 * Cases: what a detection must find in given rows, and what it must leave alone. They lie beside it as `<id>.cases.yml`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Detection } from './catalog.ts';
import { CatalogError } from './faults.ts';

/** What a case shows; a detection has at least one of each. */
export const CASE_KINDS = ['fires', 'quiet', 'near_miss', 'late_record', 'hostile'] as const;

/** YAML keeps a time without quotes as text, since its core schema has no times; numbers, booleans and lists come typed. */
const value = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]);
const rows = z.record(z.string(), z.array(z.record(z.string(), value)));

/** An expected finding: the columns named, and no others, are compared. `evidence` is the list of record ids. */
const expected = z.array(z.record(z.string(), value));

const caseSchema = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(CASE_KINDS),
  /** Values for parameters, in place of the header's defaults. */
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).default({}),
  /** Rows by relation. A column left out is null, or of a neutral value where the relation allows no null. */
  given: rows,
  /** All that is found, in the detection's own order. */
  expect: expected,
  /** A late record: these relations take the place of those given, and then this is found. */
  then: z.strictObject({ given: rows, expect: expected }).optional(),
});
export type DetectionCase = z.output<typeof caseSchema>;

/**
 * Reads a detection's cases and checks that every kind is there: one that fires and finds something, a quiet one and a near
 * miss that find nothing, one whose findings change with a late record, one with hostile values.
 *
 * @param root the folder that holds `queries/`
 * @throws CatalogError where the file is missing, malformed or lacks a kind
 */
export async function loadCases(root: string, detection: Detection): Promise<DetectionCase[]> {
  const file = detection.file.replace(/\.sql$/, '.cases.yml');
  let yaml: unknown;
  try {
    yaml = parse(await readFile(join(root, file), 'utf8'), { merge: true });
  } catch (error) {
    throw new CatalogError([{ file, message: `expected cases in YAML: ${error instanceof Error ? error.message : String(error)}` }]);
  }
  const result = z.array(caseSchema).safeParse(yaml);
  if (!result.success) {
    throw new CatalogError(result.error.issues.map(({ path, message }) => ({ file, message: `case ${path.join('.')}: ${message}` })));
  }
  const faults = result.data.flatMap(caseFaults);
  for (const kind of CASE_KINDS) if (!result.data.some((one) => one.kind === kind)) faults.push(`no case of kind ${kind}`);
  if (faults.length > 0) throw new CatalogError(faults.map((message) => ({ file, message })));
  return result.data;
}

/** A case that does not do what its kind says proves nothing. */
function caseFaults({ name, kind, expect, then }: DetectionCase): string[] {
  if (kind === 'fires' && expect.length === 0) return [`case "${name}" fires and expects nothing`];
  if ((kind === 'quiet' || kind === 'near_miss') && expect.length > 0) return [`case "${name}" is ${kind} and expects findings`];
  if (kind === 'late_record' && then === undefined) return [`case "${name}" is late_record and has no "then"`];
  if (kind === 'late_record' && JSON.stringify(expect) === JSON.stringify(then?.expect)) return [`case "${name}": the late record changes nothing`];
  return [];
}
