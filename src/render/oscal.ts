/**
 * A report as OSCAL assessment results (NIST, 1.1.3): what was examined is an observation a table, what was found is a finding a row that names
 * one, with its evidence. Every id is made from what it names, so the same report gives the same bytes.
 *
 * OSCAL has no catalog of SOC 2 or ISO/IEC 27001 that may be published, so controls stand by their numbers, `soc2_CC6.1`, and the catalog that
 * they are in has to be had from its owner. There is no assessment plan in OSCAL either: `import-ap` leads to the report's definition.
 */
import { createHash } from 'node:crypto';
import { cellText, evidenceOf, inertText } from './cell-text.ts';
import type { ReportDocument, Row, Table } from './document.ts';
import { parametersTag } from './parameters-tag.ts';

const OSCAL_VERSION = '1.1.3';
/** The namespace of names that are ours. */
const NS = 'urn:whoran:oscal';

/** A UUID of version 5 (RFC 9562, section 5.5) for what these words name. */
export function uuidOf(...words: readonly string[]): string {
  const hash = createHash('sha1').update(NS).update('\n').update(words.join('\n')).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A control as a token, which has no colon. */
const controlId = (control: string): string => control.replace(/[^A-Za-z0-9._-]/g, '_');
/** OSCAL's prose is Markdown: what a log wrote is text in it, and nothing else. */
const prose = (text: string): string => inertText(text).trim().replace(/[\\`*_{}[\]<>()#+!|~"'$^]/g, '\\$&') || 'none';
/** A value is one line that neither begins nor ends with a space. */
const value = (text: string): string => inertText(text).trim() || 'none';

interface Prop { readonly name: string; readonly ns: string; readonly value: string; readonly class?: string; readonly remarks?: string }
const prop = (name: string, text: string, more: Partial<Prop> = {}): Prop => ({ name, ns: NS, value: value(text), ...more });

/** What a finding's status says of its control; OSCAL has two states, and the words beside them tell the rest. */
const STATES: Readonly<Record<string, { readonly state: string; readonly reason: string; readonly remarks: string }>> = {
  open: { state: 'not-satisfied', reason: 'fail', remarks: 'The finding is open.' },
  acknowledged: { state: 'not-satisfied', reason: 'fail', remarks: 'The finding is open, and somebody has taken it on.' },
  provisional: { state: 'not-satisfied', reason: 'other', remarks: 'Records that may still come can end this finding: it is not settled.' },
  suppressed: { state: 'not-satisfied', reason: 'other', remarks: 'The finding holds, and somebody accepted it, with a reason and until a time.' },
  resolved: { state: 'satisfied', reason: 'other', remarks: 'The finding is over, by a late record or by a person.' },
};

/** The filing, and how many rows of each table differ from the corrected one's. */
function filingProps({ knownAt, filedAs, isRedacted }: ReportDocument): Prop[] {
  const corrects = filedAs?.corrects ?? null;
  return [
    ...(isRedacted === true ? [prop('redacted', 'people')] : []),
    ...(knownAt === null ? [] : [prop('as-known-at', knownAt)]),
    ...(filedAs === null ? [] : [prop('filed-as', filedAs.id)]),
    ...(corrects === null ? [] : [prop('corrects', corrects.filed), ...corrects.tables.map(({ table, added, removed, changed }) => prop('changed-rows', `${table}: ${added} added, ${removed} removed, ${changed} changed`))]),
  ];
}

/** The document's text, in pieces: a finding at a time. */
export async function* oscalReport(document: ReportDocument): AsyncGenerator<string> {
  const { id, title, period, runAt, runBy, program, controls, asOf, parameters } = document;
  const tag = parametersTag(parameters);
  const key = [id, period.from, period.to, runAt, ...(tag === '' ? [] : [tag])];
  const party = uuidOf('party', runBy);
  const plan = uuidOf('plan', ...key);
  const metadata = {
    title: `${title}, ${period.from} to ${period.to}`, 'last-modified': runAt, version: program.version, 'oscal-version': OSCAL_VERSION,
    props: [prop('report', id), prop('holds-as-of', asOf ?? 'no source is landed'), prop('time-zone', parameters.timeZone), ...parameters.accounts.map((account) => prop('account', account)), ...parameters.teams.map((team) => prop('team', team)), ...filingProps(document)],
    roles: [{ id: 'assessor', title: 'Who ran the report' }], parties: [{ uuid: party, type: 'person', name: value(runBy) }],
    'responsible-parties': [{ 'role-id': 'assessor', 'party-uuids': [party] }],
  };
  const result = {
    uuid: uuidOf('result', ...key), title, description: `Read from landed Entra and AWS logs by ${program.name} ${program.version}. Start and end are those of the period.`, start: period.from, end: period.to,
    'reviewed-controls': {
      'control-selections': [{
        description: 'Controls that the report gives evidence for, by framework and number. It does not show that a control is met.',
        'include-controls': controls.map((control) => ({ 'control-id': controlId(control.id) })),
      }],
    },
  };
  yield `{\n"assessment-results": {\n"uuid": ${JSON.stringify(uuidOf('document', ...key))},\n"metadata": ${JSON.stringify(metadata)},\n"import-ap": {"href": "#${plan}", "remarks": "No OSCAL assessment plan: the report's definition says what is examined."},\n`;
  yield `"results": [${JSON.stringify(result).slice(0, -1)},\n"observations": [\n`;
  let separator = '';
  for (const table of document.tables.values()) {
    yield `${separator}${JSON.stringify(tableObservation(document, table, key))}`;
    separator = ',\n';
  }
  for await (const { row, table } of findings(document)) yield `${separator}${JSON.stringify(findingObservation(document, table, row, key))}`;
  yield '\n]';
  separator = ',\n"findings": [\n';
  let end = '';
  for await (const { row } of findings(document)) {
    yield `${separator}${JSON.stringify(findingOf(document, row, key))}`;
    separator = ',\n';
    end = '\n]';
  }
  const resources = [{ uuid: plan, title: 'Definition of the report', description: `${document.definition.file}, SHA-256 ${document.definition.sha256}` }, ...document.files.map(({ name, about }) => ({ uuid: uuidOf('file', ...key, name), title: value(name), description: value(about), rlinks: [{ href: encodeURI(name) }] }))];
  yield `${end}}],\n"back-matter": ${JSON.stringify({ resources })}\n}\n}\n`;
}

/** Rows that name a finding, each finding once. */
async function* findings({ tables }: ReportDocument): AsyncGenerator<{ row: Row; table: Table }> {
  const seen = new Set<string>();
  for (const table of tables.values()) {
    if (!table.columns.some(({ name }) => name === 'finding_id')) continue;
    for await (const row of table.rows()) {
      const id = textOf(row, 'finding_id');
      if (id === '' || seen.has(id)) continue;
      seen.add(id);
      yield { row, table };
    }
  }
}

const textOf = (row: Row, name: string): string => cellText(row[name] ?? null);

function tableObservation({ runAt, queries, files }: ReportDocument, table: Table, key: readonly string[]): object {
  const query = queries.find(({ id }) => id === table.id);
  return {
    uuid: uuidOf('table', ...key, table.id), title: table.title, description: prose(table.description), methods: ['EXAMINE'], collected: runAt,
    props: [prop('rows', String(table.rowCount)), prop('table', table.id), ...(query ? [prop('query', query.file), prop('query-sha256', query.sha256)] : [])],
    ...(files.length === 0 ? {} : { 'relevant-evidence': files.map(({ name, about }) => ({ href: `#${uuidOf('file', ...key, name)}`, description: value(about) })) }),
  };
}

function findingObservation({ runAt }: ReportDocument, table: Table, row: Row, key: readonly string[]): object {
  const evidence = table.columns.filter(({ kind }) => kind === 'evidence').flatMap(({ name }) => evidenceOf(row[name] ?? null));
  return {
    uuid: uuidOf('evidence', ...key, textOf(row, 'finding_id')), title: `Evidence of finding ${value(textOf(row, 'finding_id'))}`, methods: ['EXAMINE'], types: ['finding'], collected: runAt,
    description: evidence.length === 0 ? 'No landed record is named.' : `${evidence.length} landed records, by SHA-256 as they were delivered.`,
    props: [prop('occurred-at', textOf(row, 'occurred_at')), ...evidence.map(({ source, record_id: id, sha256 }) => prop('record-sha256', sha256 === '' ? 'not found in landing' : sha256, { class: controlId(source), remarks: prose(id) }))],
  };
}

function findingOf({ controls }: ReportDocument, row: Row, key: readonly string[]): object {
  const named = Array.isArray(row['controls']) ? row['controls'].filter((one) => typeof one === 'string') : [];
  const status = textOf(row, 'status');
  const target = named.find((one) => controls.some(({ id }) => id === one)) ?? named[0] ?? controls[0]?.id ?? 'none';
  const { state, reason, remarks } = STATES[status] ?? { state: 'not-satisfied', reason: 'other', remarks: 'Its status is unknown.' };
  return {
    uuid: uuidOf('finding', textOf(row, 'finding_id')), title: `${value(textOf(row, 'detection'))}: ${prose(`${textOf(row, 'subject_kind')} ${textOf(row, 'subject_id')}`)}`, description: prose(textOf(row, 'summary')),
    props: [prop('finding-id', textOf(row, 'finding_id')), prop('severity', textOf(row, 'severity')), prop('status', status), ...named.map((control) => prop('control', control))],
    target: { type: 'objective-id', 'target-id': controlId(target), status: { state, reason, remarks } },
    'related-observations': [{ 'observation-uuid': uuidOf('evidence', ...key, textOf(row, 'finding_id')) }],
  };
}
