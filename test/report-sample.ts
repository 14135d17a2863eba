/**
 * A report as tests write one: a few columns of each kind, rows by hand.
 */
import { inertJson } from '../src/core/inert.ts';
import { ALL_IN_UTC } from '../src/core/report-parameters.ts';
import type { Column, ColumnKind, ReportDocument, Row, Table } from '../src/render/document.ts';

function column(name: string, kind: ColumnKind, about: string, more: Partial<Column> = {}): Column {
  return { name, title: name, kind, about, under: null, isDetail: false, isData: false, ...more };
}

export const SAMPLE_COLUMNS: readonly Column[] = [
  column('at', 'instant', 'When.'),
  column('who', 'text', 'Who.'),
  column('population', 'count', 'Actions and tasks together.'),
  column('evidence', 'evidence', 'What proves it.', { isDetail: true }),
];

/** A table of these rows, read lazily; `onRead` is told each row that is. */
export function tableOfRows(rows: Iterable<Row> & { readonly length: number }, onRead: () => void = () => undefined, columns = SAMPLE_COLUMNS): Table {
  return {
    id: 'rpt_rows',
    title: 'Rows',
    description: 'Rows of a test.',
    columns,
    rowCount: rows.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- a table is read asynchronously, whatever holds it
    async *rows() {
      for (const row of rows) {
        onRead();
        yield row;
      }
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- as above
    async *lines() {
      for (const row of rows) {
        onRead();
        yield inertJson(row, 0);
      }
    },
  };
}

export function reportOf(tables: readonly Table[], markdown = '{{table rpt_rows}}'): ReportDocument {
  return {
    id: 'sample',
    title: 'A sample',
    controls: [{ id: 'soc2:CC6.1', name: 'Logical access' }],
    period: { from: '2026-01-12T00:00:00Z', to: '2026-01-19T00:00:00Z' },
    runAt: '2026-01-19T06:00:00Z',
    runBy: 'auditor',
    program: { name: 'whoran', version: '0.0.0' },
    asOf: '2026-01-18T21:00:00Z', knownAt: null, parameters: ALL_IN_UTC, filedAs: null,
    markdown,
    definition: { file: 'reports/sample.md', sha256: '0'.repeat(64), parts: [] },
    tables: new Map(tables.map((table) => [table.id, table])),
    charts: [],
    queries: tables.map((table) => ({ id: table.id, title: table.title, file: `queries/reports/${table.id}.sql`, sql: "select '<b>' as who\n", sha256: '1'.repeat(64) })),
    files: [{ name: 'sample.html', about: 'the report' }],
  };
}
