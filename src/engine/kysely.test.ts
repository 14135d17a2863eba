import { sql, type Kysely } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Database } from './database.ts';
import { kyselyOn } from './kysely.ts';

interface Tables {
  visit: { id: number; name: string | null; at: string | Date; tags: string[] | null };
}

let db: Database;
let query: Kysely<Tables>;
beforeEach(async () => {
  db = await Database.open({ path: ':memory:' });
  await db.run('create table visit (id integer not null, name varchar default \'?\', "at" timestamptz not null, tags varchar[])');
  await db.run(`insert into visit values
    (1, 'Aiko', '2026-01-15 09:00:02Z', ['a']), (2, null, '2026-01-16 00:30:00+09:00', null), (3, 'Bela', '2026-01-17 00:00:00.5Z', ['a', 'b'])`);
  query = kyselyOn<Tables>(db);
});
afterEach(() => {
  db.close();
});

test('a column called count is a column', async () => {
  const counted = await query.selectFrom('visit').select((builder) => builder.fn.countAll<number>().as('count')).execute();
  expect(counted).toEqual([{ count: 3 }]);
  const raw = await sql<{ Count: number }>`select count(*) as "Count" from visit`.execute(query);
  expect(raw.rows).toEqual([{ Count: 3 }]);
});

test('changes are counted, and returning returns', async () => {
  const [inserted] = await query.insertInto('visit').values({ id: 4, name: 'Cid', at: '2026-01-18T00:00:00Z', tags: null }).execute();
  expect(inserted?.numInsertedOrUpdatedRows).toBe(1n);
  const [updated] = await query.updateTable('visit').set({ name: 'x' }).where('id', '>', 2).execute();
  expect(updated?.numUpdatedRows).toBe(2n);
  expect(await query.deleteFrom('visit').where('id', '=', 4).returning('name').execute()).toEqual([{ name: 'x' }]);
});

test('a Date parameter is an instant, whatever the zone of the process', async () => {
  const rows = await query.selectFrom('visit').select(['id', 'at']).where('at', '>=', new Date('2026-01-15T15:30:00Z')).orderBy('id').execute();
  expect(rows).toEqual([
    { id: 2, at: '2026-01-15T15:30:00Z' },
    { id: 3, at: '2026-01-17T00:00:00.500Z' },
  ]);
});

test('lists and nulls go in and come out; values are never SQL', async () => {
  const hostile = "x' or 1=1 --";
  await query.insertInto('visit').values({ id: 5, name: hostile, at: new Date(0), tags: [hostile] }).execute();
  expect(await query.selectFrom('visit').selectAll().where('name', '=', hostile).execute()).toEqual([
    { id: 5, name: hostile, at: '1970-01-01T00:00:00Z', tags: [hostile] },
  ]);
  expect(await query.selectFrom('visit').select('id').where('name', 'is', null).execute()).toEqual([{ id: 2 }]);
  await expect(query.selectFrom('visit').select('id').where('name', '=', { a: 1 } as never).execute()).rejects.toThrow('parameter 1 is a object');
});

test('a stream gives rows without holding them all', async () => {
  await db.run('insert into visit select range, null, timestamptz \'2026-01-01 00:00:00Z\', null from range(10, 50010)');
  let rows = 0;
  for await (const row of query.selectFrom('visit').select('id').where('id', '>=', 10).stream()) rows += row.id >= 10 ? 1 : 0;
  expect(rows).toBe(50_000);
});

test('a transaction rolls back, and holds off what runs beside it', async () => {
  const failing = query.transaction().execute(async (within) => {
    await within.deleteFrom('visit').execute();
    await new Promise((resolve) => setTimeout(resolve, 20));
    throw new Error('no');
  });
  const beside = query.selectFrom('visit').select('id').execute();
  await expect(failing).rejects.toThrow('no');
  expect(await beside).toHaveLength(3);
  await query.transaction().execute((within) => within.deleteFrom('visit').where('id', '=', 1).execute());
  expect(await query.selectFrom('visit').select('id').execute()).toHaveLength(2);
});

test('introspection tells tables and views apart', async () => {
  await db.run('create view visits as select id from visit');
  const tables = await query.introspection.getTables();
  expect(tables.map(({ name, isView }) => [name, isView])).toEqual([['visit', false], ['visits', true]]);
  expect(tables[0]?.columns.map(({ name, isNullable, hasDefaultValue }) => [name, isNullable, hasDefaultValue])).toEqual([
    ['id', false, false], ['name', true, true], ['at', false, false], ['tags', true, false],
  ]);
  expect((await query.introspection.getSchemas()).map(({ name }) => name)).toContain('main');
});
