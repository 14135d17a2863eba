import { expect, test } from 'vitest';
import { jsonText } from './_json.ts';

test('half of a surrogate pair is no escape that strict readers refuse; a whole one, and a backslash that looks like one, stay', () => {
  const text = jsonText({ a: 'x\ud800y', b: ['\udc00'], c: '😀', d: '\\ud800', e: null, f: 1 });
  expect(text).not.toMatch(/(?<!\\)\\ud[89a-f]/i);
  expect(JSON.parse(text)).toEqual({ a: 'x\uFFFDy', b: ['\uFFFD'], c: '😀', d: '\\ud800', e: null, f: 1 });
});

test('a line of JSON is one line for every reader', () => {
  const text = jsonText('a\u2028b\u2029c\n');
  expect(text).not.toMatch(/[\u2028\u2029\n]/);
  expect(JSON.parse(text)).toBe('a\u2028b\u2029c\n');
});
