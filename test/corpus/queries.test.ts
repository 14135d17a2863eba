/**
 * Every SQL file of the package: its header, its style, and what its layer may hold.
 *
 * That headers are valid, ids are file names, unique, and name known controls is checked where they are loaded
 * (`loadCatalog` throws and names every fault), so loading is the first test.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { bareSql, nodesOf, orderColumns, parseSql, type SyntaxNode } from '../../src/catalog/statement.ts';
import { Database } from '../../src/engine/database.ts';

const { queries, detections } = await loadCatalog();
const files = [...queries, ...detections].map(({ file, layer, sql }) => ({ file, layer, sql }));

let db: Database;
beforeAll(async () => {
  db = await Database.open({ path: ':memory:' });
});
afterAll(() => {
  db.close();
});

/** Words that are keywords wherever they stand in capitals: no column of ours or of a vendor is called so. */
const KEYWORDS = /\b(SELECT|FROM|WHERE|JOIN|LEFT|INNER|ON|AND|OR|NOT|NULL|AS|WITH|GROUP|ORDER|BY|UNION|CASE|WHEN|THEN|ELSE|END|CREATE|TABLE|VIEW|INSERT|INTO|VALUES|IS|IN|CAST|OVER|PARTITION|HAVING|LIMIT)\b/;

describe('style', () => {
  test('the keyword check finds a capital and leaves names, strings and comments alone', () => {
    expect(bareSql("select a FROM b")).toMatch(KEYWORDS);
    expect(bareSql("select r.eventName, 'FROM', \"FROM\" -- FROM\n/* FROM */ from b")).not.toMatch(KEYWORDS);
  });

  test.each(files)('$file', ({ sql }) => {
    expect(bareSql(sql)).not.toMatch(KEYWORDS);
    expect(sql).not.toMatch(/[ \t]$/m);
    expect(sql).not.toContain('\t');
    expect(sql.endsWith('\n') && !sql.endsWith('\n\n')).toBe(true);
  });
});

/** Table functions and macros that stand for one; the read side needs none but `unnest` and number series. */
const READ_SIDE_TABLE_FUNCTIONS = new Set(['unnest', 'generate_series', 'range']);

/** A single row needs no order: an aggregate without groups. */
function isSingleRow(statement: SyntaxNode): boolean {
  const list = (statement['select_list'] as SyntaxNode[] | undefined) ?? [];
  const hasGroups = ((statement['group_expressions'] as unknown[] | undefined) ?? []).length > 0;
  const aggregates = new Set(['count', 'count_star', 'sum', 'min', 'max', 'bool_and', 'bool_or', 'array_agg', 'max_by', 'min_by', 'list']);
  const isAggregate = (column: SyntaxNode): boolean =>
    [...nodesOf(column)].some((node) => node['class'] === 'FUNCTION' && aggregates.has(String(node['function_name'])));
  return !hasGroups && list.length > 0 && list.some(isAggregate);
}

const readSide = files.filter(({ layer }) => layer === 'answers' || layer === 'reports');

describe('what is read by people comes from one query, in an order, and reads no file', () => {
  test('there are such files', () => {
    expect(readSide.length).toBeGreaterThan(0);
  });

  test.each(readSide)('$file', async ({ sql }) => {
    const { statements, fault } = await parseSql(db, sql);
    expect(fault).toBeUndefined();
    expect(statements).toHaveLength(1);
    const [statement = {}] = statements ?? [];
    expect(orderColumns(statement).length > 0 || isSingleRow(statement)).toBe(true);
    const called = [...nodesOf(statement)]
      .filter(({ type, function: call }) => type === 'TABLE_FUNCTION' && call !== undefined)
      .map((node) => String((node['function'] as SyntaxNode)['function_name']));
    expect(called.filter((name) => !READ_SIDE_TABLE_FUNCTIONS.has(name))).toEqual([]);
    const files = [...nodesOf(statement)].filter(({ type, table_name: name }) => type === 'BASE_TABLE' && !/^[a-z_0-9]+$/.test(String(name)));
    expect(files).toEqual([]);
  });
});
