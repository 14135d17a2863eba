import { describe, expect, test } from 'vitest';
import { percent } from './coverage.ts';
import { lag, size } from './status.ts';
import { styleFor } from './style.ts';
import { tableLines } from './table.ts';
import { cut, pad, width, wrapped } from './width.ts';

const page = { style: styleFor(false), columns: 40, commandOptions: '' };

describe('width', () => {
  test('wide characters take two columns, combining marks none', () => {
    expect(width('abc')).toBe(3);
    expect(width('愛子')).toBe(4);
    expect(width('e\u0301')).toBe(1);
  });

  test('text is cut to columns, and never in the middle of a wide character', () => {
    expect(cut('abcdef', 4)).toBe('abc…');
    expect(cut('愛子愛', 4)).toBe('愛…');
    expect(cut('abcd', 4)).toBe('abcd');
  });

  test('padding counts columns', () => {
    expect(pad('愛', 4)).toBe('愛  ');
    expect(pad('7', 3, 'start')).toBe('  7');
  });

  test('lines break at spaces; a word that fits no line is cut', () => {
    expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapped(`a ${'b'.repeat(30)} c`, 10)).toEqual(['a', 'bbbbbbbbb…', 'c']);
    expect(wrapped('', 10)).toEqual([]);
    expect(wrapped(`a ${'b'.repeat(12)}: c`, 10, { isWhole: true })).toEqual(['a', 'bbbbbbbbbb', 'bb: c']);
  });
});

test('a table keeps numbers whole and cuts the widest text until its lines fit', () => {
  const lines = tableLines([{ title: 'name' }, { title: 'note' }, { title: 'count', isNumber: true }], [['x'.repeat(40), 'short', '1234567'], ['y', 'z', '1']], page);
  for (const line of lines) expect(width(line)).toBeLessThanOrEqual(40);
  expect(lines[1]).toMatch(/^ {2}x+… {2}short {2}1234567$/);
  expect(lines[2]).toMatch(/^ {2}y +z {12}1$/);
  expect(tableLines([{ title: 'name' }], [], page)).toEqual([]);
});

test('shares are never rounded to all or nothing', () => {
  expect(percent(1, 3)).toBe('33.3 %');
  expect(percent(9999, 10_000)).toBe('>99.9 %');
  expect(percent(1, 10_000)).toBe('<0.1 %');
  expect(percent(3, 3)).toBe('100.0 %');
  expect(percent(0, 3)).toBe('0.0 %');
  expect(percent(0, 0)).toBe('-');
});

test('sizes and lags in the unit that suits them', () => {
  expect([0, 999, 1024, 1_500_000, 739 * 2 ** 20].map(size)).toEqual(['0 B', '999 B', '1.0 KiB', '1.4 MiB', '739 MiB']);
  expect([null, 59, 600, 7200, 200_000].map(lag)).toEqual(['', '59 s', '10 min', '2 h', '2 d']);
});
