/**
 * What a SQL text reads and uses, told by DuckDB's own parser and without running it.
 *
 * `json_serialize_sql` gives the syntax tree of SELECT statements and of nothing else, so what is not a query is refused
 * by the parser itself. `getTableNames` of the driver is no base for this: it misses tables of queries with parameters.
 */
import type { Database } from '../engine/database.ts';

/** A node of the syntax tree, as `json_serialize_sql` writes it. */
export interface SyntaxNode {
  readonly [key: string]: unknown;
}

export type ParsedSql =
  | { readonly statements: readonly SyntaxNode[]; readonly fault?: undefined }
  | { readonly statements?: undefined; readonly fault: string };

/** Parses a text of SELECT statements. A text that does not parse, or holds anything but queries, gives the parser's own words. */
export async function parseSql(db: Database, sql: string): Promise<ParsedSql> {
  const row = await db.get<{ tree: string }>('select json_serialize_sql(cast($sql as varchar)) as tree', { sql });
  const tree = JSON.parse(row?.tree ?? '{}') as { error?: boolean; error_message?: string; statements?: { node: SyntaxNode }[] };
  if (tree.error !== false) return { fault: tree.error_message ?? 'the parser gave no tree' };
  return { statements: (tree.statements ?? []).map(({ node }) => node) };
}

/** Every node below and including the one given, depth first. */
export function* nodesOf(value: unknown): Generator<SyntaxNode> {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesOf(item);
  } else if (typeof value === 'object' && value !== null) {
    yield value as SyntaxNode;
    for (const item of Object.values(value)) yield* nodesOf(item);
  }
}

/** The names that `with` gives to queries, anywhere in the statement. */
export function cteNames(statement: SyntaxNode): Set<string> {
  const names = new Set<string>();
  for (const node of nodesOf(statement)) {
    const map = (node['cte_map'] as { map?: { key: string }[] } | undefined)?.map ?? [];
    for (const { key } of map) names.add(key);
  }
  return names;
}

/** The output columns' names, in order; null where one has none (an expression without `as`, or `*`). */
export function outputColumns(statement: SyntaxNode): (string | null)[] {
  if (statement['type'] === 'SET_OPERATION_NODE') return outputColumns(statement['left'] as SyntaxNode);
  return ((statement['select_list'] as SyntaxNode[] | undefined) ?? []).map((column) => {
    if (typeof column['alias'] === 'string' && column['alias'] !== '') return column['alias'];
    const names = column['column_names'];
    return Array.isArray(names) ? String(names.at(-1)) : null;
  });
}

/** The columns of the statement's own `order by`, in order; null for an expression. Empty without one. */
export function orderColumns(statement: SyntaxNode): (string | null)[] {
  const modifiers = (statement['modifiers'] as SyntaxNode[] | undefined) ?? [];
  const orders = modifiers.filter(({ type }) => type === 'ORDER_MODIFIER').flatMap(({ orders }) => orders as { expression: SyntaxNode }[]);
  return orders.map(({ expression }) => (Array.isArray(expression['column_names']) ? String(expression['column_names'].at(-1)) : null));
}

/** The `$names` of a statement. */
export function parameterNames(statement: SyntaxNode): Set<string> {
  const names = new Set<string>();
  for (const node of nodesOf(statement)) if (node['class'] === 'PARAMETER') names.add(String(node['identifier']));
  return names;
}

/** The text with comments, quoted strings and quoted names taken out, for what the tree does not tell. */
export function bareSql(sql: string): string {
  return sql.replace(/\/\*[\s\S]*?\*\/|--[^\n]*|'(?:[^']|'')*'|"(?:[^"]|"")*"/g, ' ');
}
