/**
 * The text of the SQL files under queries/. The catalog checks their headers; at run time only the text is needed.
 */
import { readFile } from 'node:fs/promises';
import { packageRoot } from '../core/package-root.ts';

/** Where the program is installed: queries/ and reports/ lie there. */
export const PACKAGE_ROOT = packageRoot();

const texts = new Map<string, string>();

/** The text of `queries/<name>.sql`, read once a process. `name` is ours, never out of a record: `answers/task`. */
export async function queryText(name: string): Promise<string> {
  const known = texts.get(name);
  if (known !== undefined) return known;
  const text = await readFile(`${PACKAGE_ROOT}/queries/${name}.sql`, 'utf8');
  texts.set(name, text);
  return text;
}
