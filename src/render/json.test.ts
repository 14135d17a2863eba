import { expect, test } from 'vitest';
import { jsonReport } from './json.ts';
import { reportOf, tableOfRows } from '../../test/report-sample.ts';

test('values come back exactly, and no raw character acts or hides', async () => {
  const hostile = 'a\u001b[2J\u202eb\u200b\u2028\u{e0041}"</script>\\';
  const rows = [{ at: null, who: hostile, population: 2, evidence: [{ hop: 'action', source: 'cloudtrail', record_id: hostile, sha256: 'ab' }] }];
  let text = '';
  for await (const piece of jsonReport(reportOf([tableOfRows(rows)]))) text += piece;
  const report = JSON.parse(text) as { schema: string; tables: { rpt_rows: { row_count: number; rows: unknown[] } }; queries: { sql: string; sha256: string }[] };
  expect(report.schema).toBe('whoran.report/1');
  expect(report.tables.rpt_rows).toMatchObject({ row_count: 1, rows });
  expect(report.queries).toMatchObject([{ sql: "select '<b>' as who\n", sha256: '1'.repeat(64) }]);
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});

test('a report without rows is a document too', async () => {
  let text = '';
  for await (const piece of jsonReport(reportOf([tableOfRows([])]))) text += piece;
  expect((JSON.parse(text) as { tables: unknown }).tables).toMatchObject({ rpt_rows: { row_count: 0, rows: [] } });
});
