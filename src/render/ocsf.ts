/**
 * A report as OCSF 1.4.0 events, one JSON document a line: a Compliance Finding (class 2003) for each control that the report gives evidence for,
 * and a Detection Finding (class 2004) for each finding that a table names. docs/ocsf.md says where each field comes from.
 */
import { scopeMembers } from '../core/report-parameters.ts';
import { inertJson } from '../core/inert.ts';
import { OCSF_SEVERITY, OCSF_STATUS, OCSF_VERSION, type OcsfEvent, type OcsfWord } from '../core/ocsf.ts';
import { cellText, evidenceOf } from './cell-text.ts';
import type { Cell, ReportDocument, Row, Table } from './document.ts';

const CATEGORY = { category_uid: 2, category_name: 'Findings' };
/** A report tells what there is: activity 1, Create. */
const CREATE: OcsfWord = { id: 1, name: 'Create' };

/** The document's text, a line at a time. */
export async function* ocsfReport(document: ReportDocument): AsyncGenerator<string> {
  for (const control of document.controls) yield line(controlEvent(document, control));
  const seen = new Set<string>();
  for (const table of document.tables.values()) {
    if (!table.columns.some(({ name }) => name === 'finding_id')) continue;
    for await (const row of table.rows()) {
      const id = textOf(row, 'finding_id');
      // A finding that several tables name is one event.
      if (id === null || seen.has(id)) continue;
      seen.add(id);
      yield line(findingEvent(document, table, row, id));
    }
  }
}

/** A lone half of a surrogate pair is no Unicode text, and strict readers refuse the line. */
function line(event: OcsfEvent): string {
  const whole = JSON.parse(JSON.stringify(event), (_, value: unknown) => (typeof value === 'string' ? value.replace(/\p{Cs}/gu, '\ufffd') : value)) as OcsfEvent;
  return `${inertJson(whole, 0)}\n`;
}

function common(document: ReportDocument, classUid: number, className: string, uid: string): OcsfEvent {
  const { id, program, runAt, period } = document;
  const time = Date.parse(runAt);
  return {
    class_uid: classUid, class_name: className, ...CATEGORY, activity_id: CREATE.id, activity_name: CREATE.name, type_uid: classUid * 100 + CREATE.id, type_name: `${className}: ${CREATE.name}`,
    time, start_time: Date.parse(period.from), end_time: Date.parse(period.to),
    metadata: { version: OCSF_VERSION, uid, correlation_uid: `${id}/${period.from}/${period.to}`, log_name: `report ${id}`, log_provider: program.name, logged_time: time, product: { name: program.name, vendor_name: program.name, version: program.version } },
  };
}

/** What the report is, for those who see one line of it. */
function reportFacts({ id, title, period, parameters, asOf, runBy, definition }: ReportDocument): OcsfEvent {
  return { id, title, from: period.from, to: period.to, time_zone: parameters.timeZone, ...scopeMembers(parameters), as_of: asOf, run_by: runBy, definition: definition.file, definition_sha256: definition.sha256 };
}

function controlEvent(document: ReportDocument, { id, name }: ReportDocument['controls'][number]): OcsfEvent {
  const [framework = '', criterion = id] = id.split(':');
  const uid = `${document.id}/${document.period.from}/${document.period.to}/${id}`;
  const desc = `${document.title}, ${document.period.from} to ${document.period.to}: evidence for ${id}, ${name}. It does not show that the control is met.`;
  return {
    ...common(document, 2003, 'Compliance Finding', uid),
    severity_id: 1, severity: 'Informational', status_id: 99, status: 'Reported', message: desc,
    finding_info: { uid, title: `${document.title}: ${id}`, desc, created_time: Date.parse(document.runAt), types: ['report'] },
    // Whether it passes is an auditor's word: 99 Other.
    compliance: { control: criterion, requirements: [name], standards: [framework], status_id: 99, status: 'Evidence given' },
    unmapped: { report: reportFacts(document), tables: [...document.tables.values()].map((table) => ({ id: table.id, title: table.title, rows: table.rowCount })) },
  };
}

function findingEvent(document: ReportDocument, table: Table, row: Row, id: string): OcsfEvent {
  const severity = OCSF_SEVERITY[textOf(row, 'severity') ?? ''] ?? { id: 0, name: 'Unknown' };
  const statusWord = textOf(row, 'status');
  const status = OCSF_STATUS[statusWord ?? ''] ?? (statusWord === null ? { id: 0, name: 'Unknown' } : { id: 99, name: statusWord });
  const detection = textOf(row, 'detection') ?? table.id;
  const what = textOf(row, 'summary') ?? textOf(row, 'what') ?? detection;
  const at = instantOf(row, 'occurred_at') ?? instantOf(row, 'at');
  const evidence = evidenceOf(row['evidence'] ?? null);
  const subject = textOf(row, 'subject_id');
  const account = textOf(row, 'account_id');
  const who = textOf(row, 'who');
  return {
    ...common(document, 2004, 'Detection Finding', `${document.id}/${document.period.from}/${document.period.to}/${id}`),
    severity_id: severity.id, severity: severity.name, status_id: status.id, status: status.name, message: what,
    // A provisional finding may vanish by itself, and is told to nobody.
    is_alert: statusWord !== 'provisional',
    finding_info: {
      uid: id, title: detection, desc: what, types: [detection], analytic: { name: detection, uid: detection, type_id: 1, type: 'Rule' },
      ...(at === null ? {} : { created_time: at }),
      ...(evidence.length === 0 ? {} : { data_sources: [...new Set(evidence.map(({ source }) => source))] }),
    },
    ...(evidence.length === 0 ? {} : { evidences: evidence.map(({ source, record_id, sha256 }) => ({ data: { source, record_id, sha256: sha256 === '' ? null : sha256 } })) }),
    ...(subject === null ? {} : { resources: [{ uid: subject, type: textOf(row, 'subject_kind') ?? 'unknown', ...(account === null ? {} : { owner: { account: { uid: account, type_id: 10, type: 'AWS Account' } } }) }] }),
    ...(who === null ? {} : { observables: [{ name: 'unmapped.row.who', type_id: 4, type: 'User Name', value: who }] }),
    unmapped: { report: reportFacts(document), table: table.id, row: withoutEvidence(row) },
  };
}

/** The row's own values; its evidence stands in `evidences`. */
function withoutEvidence(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'evidence'));
}

function textOf(row: Row, name: string): string | null {
  const cell: Cell = row[name] ?? null;
  const text = typeof cell === 'string' ? cell : cellText(cell);
  return text === '' ? null : text;
}

/** In ms since 1970. */
function instantOf(row: Row, name: string): number | null {
  const ms = Date.parse(textOf(row, name) ?? '');
  return Number.isNaN(ms) ? null : ms;
}
