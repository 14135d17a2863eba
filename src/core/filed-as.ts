/**
 * What a filed report says of its own filing: part of the document, of the bundle's manifest and of the replay.
 */

/** What a report says of its own filing (docs/evidence-bundle.md). */
export interface FiledAs {
  readonly id: string;
  /** Null for the first of its report and period. */
  readonly corrects: Correction | null;
}

/** The filed report that another replaces, and what changed since. Rows are told apart by their table's key. */
export interface Correction {
  readonly filed: string;
  /** RFC 3339 UTC. */
  readonly filed_at: string;
  readonly filed_by: string;
  /** Of its bundle; null where it was filed without. */
  readonly manifest_sha256: string | null;
  /** Whether this program makes the corrected report's tables again as they were filed; otherwise it is held against what this program makes of what was known then. */
  readonly is_filed_again: boolean;
  readonly tables: readonly { readonly table: string; readonly title: string; readonly rows_before: number; readonly rows_after: number; readonly added: number; readonly removed: number; readonly changed: number }[];
  /** Up to `CORRECTION_ROWS` rows of each table, cell by cell where a row changed. */
  readonly changes: readonly { readonly table: string; readonly change: 'changed' | 'added' | 'removed'; readonly key: Readonly<Record<string, string | number | boolean | null>>; readonly column: string | null; readonly before: string | null; readonly after: string | null }[];
}

/** How many rows of each table a correction tells one by one. */
export const CORRECTION_ROWS = 50;
