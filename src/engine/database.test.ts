import { expect, test } from 'vitest';
import { Database } from './database.ts';

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
