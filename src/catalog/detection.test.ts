import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../engine/database.ts';
import { checkDetection } from './detection.ts';
import type { DetectionHeader } from './header.ts';

let db: Database;
beforeAll(async () => {
  db = await Database.open({ path: ':memory:' });
});
afterAll(() => {
  db.close();
});

const columns = `'session' as subject_kind, session_id as subject_id, opened_at as occurred_at, 'x' as summary, session_id as dedup_key,
  reason, array[row('cloudtrail', a, b, opened_at)] as evidence,
  is_provisional`;
const good = `select ${columns} from cor_sessions where depth > $least order by occurred_at, dedup_key`;

async function faultsOf(sql: string, params: DetectionHeader['params'] = { least: { type: 'integer', default: 1, description: 'd' } }): Promise<string> {
  const header = { params } as DetectionHeader;
  return (await checkDetection(db, { file: 'f.sql', sql, header })).map(({ message }) => message).join('\n');
}
const reading = (from: string): string => `select ${columns} from ${from} where depth > $least order by dedup_key`;
const where = (condition: string): string => `select ${columns} from cor_sessions where depth > $least and ${condition} order by dedup_key`;

test('a good detection has no faults', async () => {
  expect(await faultsOf(good)).toBe('');
  expect(await faultsOf(`with late as (select ${columns} from cor_sessions s cross join unnest(s.conflicts) as c (claim) where depth > $least)
    select subject_kind, subject_id, occurred_at, summary, dedup_key, reason, evidence, is_provisional from late order by dedup_key`)).toBe('');
});

describe('what could read a file, the network, the machine or the clock is refused', () => {
  test.each([
    ['read_csv', reading("read_csv('/etc/passwd')"), 'table function read_csv'],
    ['read_text', where("exists (select 1 from read_text('/etc/passwd'))"), 'table function read_text'],
    ['read_parquet below a with', `with x as (select session_id from read_parquet('http://192.0.2.1/x')) ${good}`, 'table function read_parquet'],
    ['glob', reading("glob('/*')"), 'table function glob'],
    ['a file by its name', reading("'/etc/passwd'"), 'reads /etc/passwd'],
    ['a file by its name, behind a with-name', `with "x.csv" as (select session_id from cor_sessions) ${good}`, 'with-name'],
    ['query', reading("query('select 1')"), 'table function query'],
    ['duckdb_settings', reading('duckdb_settings()'), 'table function duckdb_settings'],
    ['a table of ours that is neither staged nor correlated', reading('findings'), 'reads findings'],
    ['the schema\'s tables', reading('information_schema.tables'), 'reads tables'],
    ['another database', reading('other.main.cor_sessions'), 'reads cor_sessions'],
    ['show', 'show tables', 'SHOW_REF'],
    ['now()', where('now() > opened_at'), 'function now'],
    ['current_timestamp', where('current_timestamp > opened_at'), 'current_timestamp'],
    ['random()', where('random() > 0.5'), 'function random'],
    ['current_setting', where("current_setting('home_directory') is null"), 'function current_setting'],
    ['getvariable', where("getvariable('x') is null"), 'function getvariable'],
    ['a sample', reading('cor_sessions tablesample 10%'), 'sample'],
  ])('%s', async (_, sql, message) => {
    expect(await faultsOf(sql)).toContain(message);
  });
});

describe('what is no single query is refused', () => {
  test.each([
    ['two statements', `${good}; select 1`, 'found 2'],
    ['an update', "update cor_sessions set reason = 'x'", 'Only SELECT'],
    ['copy', "copy cor_sessions to '/tmp/x'", 'Only SELECT'],
    ['attach', "attach '/tmp/x' as x", 'Only SELECT'],
    ['install', 'install httpfs', 'Only SELECT'],
    ['a query and a copy', `${good}; copy cor_sessions to '/tmp/x'`, 'Only SELECT'],
    ['nothing', '-- nothing', 'found 0'],
    ['no SQL', 'selct 1', 'syntax error'],
  ])('%s', async (_, sql, message) => {
    expect(await faultsOf(sql)).toContain(message);
  });
});

describe('what only one engine has, or has no single result, is refused', () => {
  test.each([
    ['asof', reading('cor_sessions asof join cor_callers on opened_at >= first_used_at'), 'asof join'],
    ['positional join', reading('cor_sessions positional join cor_callers'), 'positional join'],
    ['natural join', reading('cor_sessions natural join cor_callers'), 'natural join'],
    ['*', `with s as (select * from cor_sessions) ${good}`, '"*"'],
    ['from first', `with s as (from cor_sessions) ${good}`, '"*"'],
    ['::', where("depth = '1'::integer"), '"::"'],
    ['qualify', `with s as (select session_id from cor_sessions qualify row_number() over (order by session_id) = 1) ${good}`, 'qualify'],
    ['distinct on', `with s as (select distinct on (reason) reason from cor_sessions) ${good}`, 'distinct on'],
    ['group by all', `with s as (select reason, count(*) as n from cor_sessions group by all) ${good}`, 'group by all'],
    ['a list literal', where("reason in (select unnest(['a']))"), 'function list_value'],
    ['a struct literal', where("{'a': 1} is not null"), 'function struct_pack'],
    ['JSON access', where("reason ->> 'x' is null"), 'function ->>'],
    ['a lambda', where('list_transform(conflicts, lambda c: c) is null'), 'function list_transform'],
    ['recursion', `with recursive r as (select 1 as n union all select n + 1 from r where n < 3) ${good}`, 'recursion'],
    ['a collation', where("reason = 'a' collate nocase"), 'collate expressions'],
    ['a range of a list', where('conflicts[1:2] is null'), 'ARRAY_SLICE'],
    ['values', reading('(values (1)) as v (depth)'), 'EXPRESSION_LIST'],
    ['max_by', `with s as (select max_by(session_id, opened_at) as m from cor_sessions) ${good}`, 'function max_by'],
    ['array_agg without order', `with s as (select array_agg(session_id) as m from cor_sessions) ${good}`, 'array_agg without order by'],
    ['row_number without order', `with s as (select row_number() over () as n from cor_sessions) ${good}`, 'row_number without order by'],
  ])('%s', async (_, sql, message) => {
    expect(await faultsOf(sql)).toContain(message);
  });
});

describe('what breaks the contract is refused', () => {
  test('a column missing or given twice', async () => {
    expect(await faultsOf(good.replace(' as summary', ' as sumary'))).toContain('expected one output column summary, found 0');
    expect(await faultsOf(good.replace(' as summary', ' as reason'))).toContain('expected one output column reason, found 2');
  });
  test('no total order', async () => {
    expect(await faultsOf(good.replace(/order by.*/, ''))).toContain('total order');
    expect(await faultsOf(good.replace(', dedup_key', ''))).toContain('total order');
  });
  test('a parameter undeclared, or declared and not used', async () => {
    expect(await faultsOf(good, {})).toContain('$least is not declared');
    expect(await faultsOf(good.replace('$least', '1'))).toContain('params.least is declared and not used');
  });
});

test('the refusals need no help from the engine\'s settings: the same text would read the file', async () => {
  const path = new URL('./detection.test.ts', import.meta.url).pathname;
  const [row] = await db.all<{ content: string }>(`select content from read_text('${path}')`);
  expect(row?.content).toBe(readFileSync(path, 'utf8'));
});
