/**
 * OSCAL assessment results: whole JSON, ids that hold, text that cannot act. NIST's own rules are checked outside `npm test`, by test/peers/oscal.sh.
 */
import { ALL_IN_UTC } from '../core/report-parameters.ts';
import { expect, test } from 'vitest';
import type { Column, ReportDocument, Row } from './document.ts';
import { rowsOf } from '../../test/report-rows.ts';
import { oscalReport, uuidOf } from './oscal.ts';

const column = (name: string, kind: Column['kind'] = 'text'): Column => ({ name, title: name, kind, about: name, under: null, isDetail: false, isData: false });
const COLUMNS = [...['finding_id', 'detection', 'severity', 'status', 'summary', 'subject_kind', 'subject_id', 'occurred_at', 'controls'].map((name) => column(name)), column('evidence', 'evidence')];
const finding = (id: string, more: Row = {}): Row => ({ finding_id: id, detection: 'task_without_launcher', severity: 'medium', status: 'open', summary: 'A task', subject_kind: 'task', subject_id: 't', occurred_at: '2026-01-15T09:00:00Z', controls: ['soc2:CC7.2', 'iso27001:A.8.16'], evidence: [{ hop: 'evidence', source: 'cloudtrail', record_id: 'e1', sha256: 'ab' }], ...more });

function documentOf(tables: Readonly<Record<string, readonly Row[]>>): ReportDocument {
  return {
    id: 'exceptions', title: 'Exceptions', controls: [{ id: 'soc2:CC7.2', name: 'monitoring' }], period: { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' }, runAt: '2026-02-01T06:00:00Z', runBy: 'auditor',
    program: { name: 'whoran', version: '0.1.0' }, asOf: null, knownAt: null, parameters: ALL_IN_UTC, filedAs: null, markdown: '', definition: { file: 'reports/exceptions.md', sha256: 'f'.repeat(64), parts: [] }, charts: [], queries: [], files: [{ name: 'a b.csv', about: 'rows' }],
    tables: new Map(Object.entries(tables).map(([id, rows]) => [id, { id, title: id, description: 'all', columns: COLUMNS, rowCount: rows.length, ...rowsOf(rows) }])),
  };
}
interface Results { readonly observations: { uuid: string; props: { name: string; value: string }[] }[]; readonly findings?: { uuid: string; title: string; description: string; target: { 'target-id': string; status: { state: string } }; 'related-observations': { 'observation-uuid': string }[] }[] }
async function read(document: ReportDocument): Promise<{ text: string; results: Results; parsed: Record<string, unknown> }> {
  let text = '';
  for await (const piece of oscalReport(document)) text += piece;
  const parsed = (JSON.parse(text) as { 'assessment-results': Record<string, unknown> })['assessment-results'];
  return { text, parsed, results: (parsed['results'] as Results[])[0]! };
}

test('a finding is told once, with its control, its state and its evidence', async () => {
  const { results, text } = await read(documentOf({ one: [finding('f1'), finding('f2', { status: 'resolved', controls: ['iso27001:A.8.16'] })], two: [finding('f1')] }));
  expect(results.observations).toHaveLength(4);
  expect(results.findings?.map(({ target }) => [target['target-id'], target.status.state])).toEqual([['soc2_CC7.2', 'not-satisfied'], ['iso27001_A.8.16', 'satisfied']]);
  for (const one of results.findings ?? []) {
    const observation = results.observations.find(({ uuid }) => uuid === one['related-observations'][0]?.['observation-uuid']);
    expect(observation?.props.find(({ name }) => name === 'record-sha256')?.value).toBe('ab');
  }
  expect((await read(documentOf({ one: [finding('f1'), finding('f2', { status: 'resolved', controls: ['iso27001:A.8.16'] })], two: [finding('f1')] }))).text).toBe(text);
});

test('a report without findings has none, and says what it examined', async () => {
  const { results, parsed } = await read(documentOf({ one: [] }));
  expect(results.findings).toBeUndefined();
  expect(results.observations[0]?.props).toContainEqual({ name: 'rows', ns: 'urn:whoran:oscal', value: '0' });
  expect(JSON.stringify(parsed['back-matter'])).toContain('a%20b.csv');
});

test('what logs wrote is neither Markdown nor markup, and no empty or many-lined value', async () => {
  const hostile = '<img src=x onerror=1> [click](javascript:1) **x**\n# y\u202e';
  const { results, text } = await read(documentOf({ one: [finding('f1', { summary: hostile, subject_id: hostile, severity: ' ', evidence: [{ hop: 'e', source: 'cloudtrail', record_id: hostile, sha256: 'ab' }] })] }));
  expect(results.findings?.[0]?.description).toContain('\\[click\\]\\(javascript:1\\)');
  expect(results.findings?.[0]?.description).not.toMatch(/(?<!\\)[<>[\]*#]/);
  expect(text).not.toContain('\u202e');
  for (const { props } of results.observations) for (const { value } of props) expect(value).toMatch(/^\S(.*\S)?$/);
});

test('ids are of version 5, and of what they name', () => {
  expect(uuidOf('a', 'b')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuidOf('a', 'b')).toBe(uuidOf('a', 'b'));
  expect(uuidOf('a', 'b')).not.toBe(uuidOf('a', 'c'));
});

test('what it was filed as, and what it corrects, stand in its head', async () => {
  const corrects = { filed: 'exceptions_1', filed_at: '2026-02-01T06:00:00Z', filed_by: 'ada', manifest_sha256: null, is_filed_again: true, tables: [{ table: 'one', title: 'One', rows_before: 1, rows_after: 2, added: 1, removed: 0, changed: 0 }], changes: [] };
  const { parsed } = await read({ ...documentOf({ one: [] }), knownAt: '2026-02-02T06:00:00Z', filedAs: { id: 'exceptions_2', corrects } });
  const { props } = parsed['metadata'] as { props: { name: string; value: string }[] };
  expect(props.map(({ name, value }) => `${name} ${value}`)).toEqual(expect.arrayContaining(['as-known-at 2026-02-02T06:00:00Z', 'filed-as exceptions_2', 'corrects exceptions_1', 'changed-rows one: 1 added, 0 removed, 0 changed']));
});
