/**
 * The report as one JSON document, for programs and for exact values: instants are UTC, whatever `time_zone` says of the period's days.
 */
import { scopeMembers } from '../core/report-parameters.ts';
import { inertJson } from '../core/inert.ts';
import type { ReportDocument, Table } from './document.ts';

/** `"key": value` on one line. */
const member = (key: string, value: unknown): string => `${JSON.stringify(key)}: ${inertJson(value, 0)}`;

async function* jsonTable(table: Table): AsyncGenerator<string> {
  const columns = table.columns.map(({ name, title, about }) => ({ name, title, about }));
  yield `    ${JSON.stringify(table.id)}: {\n      ${member('title', table.title)},\n      ${member('description', table.description)},\n`;
  yield `      ${member('columns', columns)},\n      ${member('row_count', table.rowCount)},\n      "rows": [`;
  let separator = '\n';
  for await (const line of table.lines()) {
    yield `${separator}        ${line}`;
    separator = ',\n';
  }
  yield separator === '\n' ? ']\n    }' : '\n      ]\n    }';
}

/**
 * The document's text in pieces; one row a line. Values are exact; characters that act or hide stand as `\uXXXX`, which a
 * parser reads back.
 */
export async function* jsonReport(document: ReportDocument): AsyncGenerator<string> {
  const head = {
    schema: 'whoran.report/1',
    id: document.id,
    title: document.title,
    controls: document.controls,
    from: document.period.from,
    to: document.period.to,
    time_zone: document.parameters.timeZone,
    parameters: scopeMembers(document.parameters),
    as_of: document.asOf,
    run_at: document.runAt,
    run_by: document.runBy,
    ...(document.knownAt === null ? {} : { known_at: document.knownAt }),
    ...(document.filedAs === null ? {} : { filed_as: document.filedAs.id, corrects: document.filedAs.corrects }),
    ...(document.isRedacted === true ? { redacted: ['people'] } : {}),
    program: document.program,
    definition: document.definition,
    files: document.files,
  };
  yield `{\n${Object.entries(head).map(([key, value]) => `  ${member(key, value)}`).join(',\n')},\n  "tables": {`;
  let separator = '\n';
  for (const table of document.tables.values()) {
    yield separator;
    yield* jsonTable(table);
    separator = ',\n';
  }
  yield `\n  },\n  "queries": [\n${document.queries.map((query) => `    ${inertJson(query, 0)}`).join(',\n')}\n  ]\n}\n`;
}
