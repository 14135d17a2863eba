/**
 * A report with tables that name findings, for tests of formats that tell them.
 */
import type { Column, ReportDocument, Row } from '../src/render/document.ts';
import { reportOf, tableOfRows } from './report-sample.ts';

const column = (name: string, kind: Column['kind']): Column => ({ name, title: name, kind, about: `What ${name} means.`, under: null, isDetail: false, isData: false });
const COLUMNS = [
  column('occurred_at', 'instant'), column('severity', 'text'), column('detection', 'text'), column('status', 'text'), column('summary', 'text'), column('subject_kind', 'text'), column('subject_id', 'code'),
  column('who', 'text'), column('account_id', 'code'), column('controls', 'text'), column('finding_id', 'code'), column('evidence', 'evidence'),
];

const PLAIN: Row = {
  occurred_at: '2026-01-14T09:52:18Z', severity: 'critical', detection: 'activity_after_session_expiry', status: 'open', summary: 'A call after the session had ended', subject_kind: 'event', subject_id: 'e1',
  who: 'Clara After', account_id: '111122223333', controls: ['soc2:CC6.1'], finding_id: 'f1', evidence: [{ hop: 'evidence', source: 'cloudtrail', record_id: 'r1', sha256: 'ab'.repeat(32) }],
};
const BARE: Row = { ...PLAIN, finding_id: 'f3', severity: null, status: null, summary: null, subject_id: null, who: null, account_id: null, evidence: null, occurred_at: null };
const FINDINGS: readonly Row[] = [PLAIN, { ...PLAIN, finding_id: 'f2', status: 'provisional', severity: 'low' }, BARE];

/** Values that would end a line, act on a terminal, or are no Unicode. */
export const HOSTILE_FINDINGS: readonly Row[] = ['\u0000\u2028{"class_uid":1}\ud800\u202egnp\r\n', '=1+1', '</script><b>', 'x'.repeat(40_000)].map((text, index) => ({
  ...PLAIN, finding_id: `h${index}`, summary: text, detection: text, subject_kind: text, subject_id: text, who: text, account_id: text, status: text, severity: text, occurred_at: text,
  evidence: [{ hop: text, source: text, record_id: text, sha256: text }],
}));

/** One control, the findings, and a second table that names the first of them again. */
export function findingsReport(findings: readonly Row[] = FINDINGS): ReportDocument {
  const main = { ...tableOfRows(findings, undefined, COLUMNS), id: 'rpt_findings' };
  const again = { ...tableOfRows(findings.slice(0, 1), undefined, COLUMNS), id: 'rpt_again' };
  return reportOf([main, again]);
}
