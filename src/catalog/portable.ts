/**
 * The part of SQL that DuckDB and Trino share, and that reads nothing but staged and correlated relations.
 *
 * Detections are held to it, for two reasons. They run in the instance that ingests, which may read files, so a query must
 * not be able to: anything that is not named here is refused, and what can open a file, the network or the clock is not
 * named. And one machine stays a choice: the same text runs on a distributed engine.
 */
import { bareSql, cteNames, nodesOf, type SyntaxNode } from './statement.ts';

/** What a detection may read, beside its own `with` names. */
const READABLE = /^(stg|cor|cfg)_[a-z_]+$/;
const CTE_NAME = /^[a-z][a-z_0-9]*$/;

/**
 * Functions with one name and one meaning on both engines, and one result for one input. Not `concat`, `greatest`, `least`
 * (nulls differ); not `max_by` and `min_by` (ties have no answer: number the rows in a total order instead).
 */
const FUNCTIONS = new Set([
  '||', '+', '-', '*', '/', '%', '~~', '!~~', 'lower', 'upper', 'length', 'substring', 'trim', 'replace', 'split_part', 'starts_with',
  'count', 'count_star', 'sum', 'min', 'max', 'bool_and', 'bool_or', 'array_agg', 'date_diff', 'date_trunc', 'row', 'abs',
  // interval '1' second and the like, as the parser spells them
  'to_seconds', 'to_minutes', 'to_hours', 'to_days', 'trunc',
]);
const WINDOW_FUNCTIONS = new Set(['row_number', 'rank', 'dense_rank', 'lag', 'lead', 'count', 'count_star', 'sum', 'min', 'max']);

const EXPRESSIONS = new Set([
  'COLUMN_REF', 'CONSTANT', 'PARAMETER', 'FUNCTION', 'WINDOW', 'OPERATOR', 'COMPARISON', 'CONJUNCTION', 'BETWEEN', 'CASE', 'CAST', 'SUBQUERY',
]);
const OPERATORS = new Set([
  'OPERATOR_NOT', 'OPERATOR_IS_NULL', 'OPERATOR_IS_NOT_NULL', 'OPERATOR_COALESCE', 'OPERATOR_NULLIF', 'COMPARE_IN', 'COMPARE_NOT_IN', 'ARRAY_CONSTRUCTOR',
]);
const RELATIONS = new Set(['BASE_TABLE', 'JOIN', 'SUBQUERY', 'EMPTY', 'TABLE_FUNCTION']);
const QUERY_NODES = new Set(['SELECT_NODE', 'SET_OPERATION_NODE']);

/** Columns that are the clock, the session or the machine in disguise. */
const AMBIENT = /^(current_|local|session_user|user$)/i;

/** Why a statement is outside the portable subset: one sentence a fault, none when it is inside. */
export function portabilityFaults(sql: string, statement: SyntaxNode): string[] {
  const ctes = cteNames(statement);
  const faults = new Set<string>();
  const nodes = [...nodesOf(statement)];
  // The call inside a relation `unnest(…)` is judged there: as an expression it would be DuckDB's own.
  const relationCalls = new Set(nodes.filter(({ type }) => type === 'TABLE_FUNCTION').map((node) => node['function']));
  for (const name of ctes) if (!CTE_NAME.test(name)) faults.add(`with-name "${name}": expected lower-case letters, digits and underscores`);
  for (const node of nodes) {
    const fault = relationCalls.has(node) ? undefined : faultOf(node, ctes);
    if (fault !== undefined) faults.add(fault);
  }
  if (bareSql(sql).includes('::')) faults.add('"::" is DuckDB\'s own: write cast(… as …)');
  return [...faults];
}

function faultOf(node: SyntaxNode, ctes: ReadonlySet<string>): string | undefined {
  if (typeof node['class'] === 'string') return expressionFault(node);
  if ('aggregate_handling' in node || 'setop_type' in node || 'cte_name' in node) return queryFault(node);
  if (node['type'] === 'DISTINCT_MODIFIER' && (node['distinct_on_targets'] as unknown[]).length > 0) return '"distinct on" is DuckDB\'s own';
  // Relations have a type and, alone among what has neither class nor query parts, a sample.
  if (typeof node['type'] === 'string' && 'sample' in node) return relationFault(node, ctes);
  return undefined;
}

function expressionFault(node: SyntaxNode): string | undefined {
  const kind = String(node['class']);
  const type = String(node['type']);
  if (kind === 'STAR') return '"*" in a column list: name the columns';
  if (!EXPRESSIONS.has(kind)) return `${kind.toLowerCase()} expressions are outside the common subset`;
  if (kind === 'OPERATOR' && !OPERATORS.has(type)) return `operator ${type} is outside the common subset`;
  if (kind === 'COLUMN_REF') {
    const names = node['column_names'] as string[];
    return names.length === 1 && AMBIENT.test(String(names[0])) ? `${names[0]}: a finding must not depend on when or by whom it is computed` : undefined;
  }
  const name = String(node['function_name']);
  if (kind === 'FUNCTION' && !FUNCTIONS.has(name)) return `function ${name} is outside the common subset (src/catalog/portable.ts lists it)`;
  if (kind === 'WINDOW' && !WINDOW_FUNCTIONS.has(name)) return `window function ${name} is outside the common subset`;
  if (name === 'array_agg' && (node['order_bys'] as { orders: unknown[] }).orders.length === 0) return 'array_agg without order by: its order would be chance';
  if (kind === 'WINDOW' && name === 'row_number' && (node['orders'] as unknown[]).length === 0) return 'row_number without order by: its numbers would be chance';
  return undefined;
}

function queryFault(node: SyntaxNode): string | undefined {
  if (!QUERY_NODES.has(String(node['type']))) return 'recursion is outside the common subset of detections';
  if ((node['qualify'] ?? null) !== null) return '"qualify" is not Trino\'s: filter in a step of its own';
  if (node['aggregate_handling'] === 'FORCE_AGGREGATES') return '"group by all" is DuckDB\'s own';
  return undefined;
}

function relationFault(node: SyntaxNode, ctes: ReadonlySet<string>): string | undefined {
  const type = String(node['type']);
  if (!RELATIONS.has(type)) return `${type} is outside the common subset`;
  if (node['sample'] !== null) return 'a sample is chance';
  if (type === 'JOIN' && node['ref_type'] !== 'REGULAR' && node['ref_type'] !== 'CROSS') return `${String(node['ref_type']).toLowerCase()} join is outside the common subset`;
  if (type === 'TABLE_FUNCTION') {
    const name = String((node['function'] as SyntaxNode)['function_name']);
    // `cross join unnest(list) as t (item)` reads a list of the row before it, in both engines.
    return name === 'unnest' ? undefined : `table function ${name}: a query reads staged and correlated relations and nothing else`;
  }
  if (type === 'BASE_TABLE') {
    const name = String(node['table_name']);
    const isQualified = node['schema_name'] !== '' || node['catalog_name'] !== '';
    if (isQualified || !(READABLE.test(name) || ctes.has(name))) return `reads ${name}: expected a relation stg_…, cor_… or cfg_… without a schema`;
  }
  return undefined;
}
