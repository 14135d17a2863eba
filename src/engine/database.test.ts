import { expect, test } from 'vitest';
import { Database, isOutOfMemory } from './database.ts';

test('instants, big numbers, lists and structs come back as plain values', async () => {
  const db = await Database.open({ path: ':memory:' });
  const rows = await db.all(
    "select $at::timestamptz as at, 9007199254740993::bigint as big, [1, 2] as list, {'a': 'b'} as pair, list_contains($names, 'x') as has",
    { at: new Date('2026-01-15T09:00:02Z'), names: ['x', 'y'] },
  );
  expect(rows).toEqual([{ at: '2026-01-15T09:00:02Z', big: '9007199254740993', list: [1, 2], pair: { a: 'b' }, has: true }]);
  db.close();
});

test('nothing runs while a stream is open: the driver would end it early and say nothing', async () => {
  const db = await Database.open({ path: ':memory:' });
  const seen: number[] = [];
  for await (const rows of db.stream<{ n: number }>('select n from range(5000) as r (n)')) {
    if (seen.length === 0) await expect(db.all('select 1')).rejects.toThrow('a stream is open');
    seen.push(...rows.map((row) => row.n));
  }
  expect(seen).toHaveLength(5000);
  expect(await db.get('select 1 as n')).toEqual({ n: 1 });
  db.close();
});

test('a soft limit of memory holds for what can do with it, and for nothing else', async () => {
  // A list of all rows cannot spill.
  const sql = "select len(array_agg(repeat('x', 100) || i)) as n from range(400000) as r (i)";
  const limit = "select current_setting('memory_limit') as n";
  const hard = await Database.open({ path: ':memory:', memoryLimit: '40MB' });
  await expect(hard.get(sql)).rejects.toSatisfy(isOutOfMemory);
  hard.close();
  const soft = await Database.open({ path: ':memory:', memoryLimit: '40MB', isLimitSoft: true });
  const before = await soft.get(limit);
  expect(await soft.get(sql)).toEqual({ n: 400_000 });
  expect(await soft.get(limit)).toEqual(before);
  const streamed: unknown[] = [];
  for await (const rows of soft.stream(sql)) streamed.push(...rows);
  expect([streamed, await soft.get(limit)]).toEqual([[{ n: 400_000 }], before]);
  soft.close();
});

test('what a soft limit let through stands, though it fills memory', async () => {
  const db = await Database.open({ path: ':memory:', memoryLimit: '40MB', isLimitSoft: true });
  // Nowhere to spill: what is made stays in memory, above the limit.
  await db.run("set temp_directory = ''");
  await db.run("create temp table made as select repeat('x', 100) || i as text_value from range(500000) as r (i)");
  expect(await db.get('select count(*) as n from made')).toEqual({ n: 500_000 });
  db.close();
});

test('a soft limit never ends a transaction', async () => {
  const db = await Database.open({ path: ':memory:', memoryLimit: '40MB', isLimitSoft: true });
  await db.transaction(async () => db.run("create temp table made as select len(array_agg(repeat('x', 100) || i)) as n from range(400000) as r (i)"));
  expect(await db.get('select n from made')).toEqual({ n: 400_000 });
  db.close();
});
