/**
 * Which columns that reports read may name a person: declared in `queries/bundles/people_columns.yml`, so that a new one is nobody's oversight.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { EXIT, WhoranError } from '../core/errors.ts';
import { PACKAGE_ROOT } from '../engine/query-file.ts';

const FILE = 'queries/bundles/people_columns.yml';
const columnNames = z.array(z.string().regex(/^[a-z][a-z0-9_]*$/)).default([]);
const fileSchema = z.record(z.string(), z.strictObject({ people: columnNames, others: columnNames }));

/** Text columns as `relation.column`. */
export interface PersonColumns {
  /** Whose values may name a person, alone or within a text. */
  readonly people: ReadonlySet<string>;
  /** Whose values never do. */
  readonly others: ReadonlySet<string>;
}

export async function personColumns(): Promise<PersonColumns> {
  const relations = Object.entries(fileSchema.parse(parse(await readFile(join(PACKAGE_ROOT, FILE), 'utf8'))));
  const placesOf = (kind: 'people' | 'others'): Set<string> => new Set(relations.flatMap(([relation, lists]) => lists[kind].map((column) => `${relation}.${column}`)));
  return { people: placesOf('people'), others: placesOf('others') };
}

/** @throws WhoranError where a column that a report reads is not declared: nobody said whether it names people */
export function checkDeclared({ people, others }: PersonColumns, place: string): void {
  if (people.has(place) || others.has(place)) return;
  throw new WhoranError(`--redact: nothing says whether ${place} names people`, { exitCode: EXIT.found, hint: `This is a fault of the program: ${FILE} must list the column, and queries/bundles/people.sql the names that it holds.` });
}
