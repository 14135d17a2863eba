import { expect, test } from 'vitest';
import { LineNumbers } from './line-numbers.ts';

test('each byte has the line it is on, in any order', () => {
  const text = 'a\nbc\n\n\nd';
  const expected = [1, 1, 2, 2, 2, 3, 4, 5];
  const lines = new LineNumbers(Buffer.from(text));
  const orders = [[0, 1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1, 0], [3, 0, 7, 2, 2, 5, 1, 6]];
  for (const order of orders) for (const offset of order) expect(lines.of(offset), String(offset)).toBe(expected[offset]);
  expect(lines.of(text.length)).toBe(5);
  expect(new LineNumbers(Buffer.alloc(0)).of(0)).toBe(1);
});
