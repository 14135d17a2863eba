/**
 * Rows as JSON text, made by the engine: the driver takes about a microsecond for each value, and a long report has tens of millions.
 */
import { literal, quoted } from './sql-text.ts';

/** An instant as `instant` of `database.ts` has it: RFC 3339 UTC, milliseconds only where there are any. Before 1970 the remainder is negative. */
const instantSql = (value: string): string =>
  `case when (epoch_us(${value}) % 1000000 + 1000000) % 1000000 < 1000 then strftime(${value} at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ') else strftime(${value} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ') end`;

/** How a value of each type stands in JSON, with the same text as the driver's value would have there. */
const FORMS: readonly (readonly [RegExp, (value: string) => string])[] = [
  [/^(VARCHAR|BOOLEAN|TINYINT|SMALLINT|INTEGER)(\[\])?$/, (value) => value],
  [/^STRUCT\((?:"?\w+"? VARCHAR(?:, )?)+\)\[\]$/, (value) => value],
  [/^(DOUBLE|FLOAT)$/, (value) => `case when isfinite(${value}) then ${value} end`],
  [/^DECIMAL\(\d+,\d+\)$/, (value) => `${value}::double`],
  // JavaScript has no whole numbers beyond this.
  [/^(BIGINT|UBIGINT|HUGEINT)$/, (value) => `case when ${value} between -9007199254740991 and 9007199254740991 then to_json(${value}) else to_json(${value}::varchar) end`],
  [/^TIMESTAMP WITH TIME ZONE$/, instantSql],
];

/** A column of a result: its name, its type as `describe` tells it, and the SQL that gives it. */
export interface JsonColumn {
  readonly name: string;
  readonly type: string;
  readonly sql: string;
}

/**
 * The SQL expression of a row as one JSON object, its members in the columns' order.
 * @throws for a type that no form is known of
 */
export function jsonRow(columns: readonly JsonColumn[]): string {
  const members = columns.map(({ name, type, sql }) => {
    const form = FORMS.find(([pattern]) => pattern.test(type))?.[1];
    if (!form) throw new Error(`column ${name}: no JSON is known for type ${type}; give it one in src/engine/json-rows.ts, or cast it in the query`);
    return `${literal(name)}, ${form(sql)}`;
  });
  return `json_object(${members.join(', ')})::varchar`;
}

/** The columns of a relation called `relation`. */
export function columnsIn(relation: string, names: readonly string[], types: readonly string[]): JsonColumn[] {
  return names.map((name, index) => ({ name, type: types[index] ?? '', sql: `${relation}.${quoted(name)}` }));
}
