/** Rows that a document's table reads, from memory. */
import { inertJson } from '../src/core/inert.ts';
import type { Row, Table } from '../src/render/document.ts';

export function rowsOf(rows: readonly Row[]): Pick<Table, 'rows' | 'lines'> {
  return {
    async *rows() {
      yield* await Promise.resolve(rows);
    },
    async *lines() {
      yield* await Promise.resolve(rows.map((row) => inertJson(row, 0)));
    },
  };
}
