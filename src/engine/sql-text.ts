/**
 * Names and texts of ours in SQL, where no parameter may stand.
 */

/** A name, for example a column's. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text, for example a path. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
