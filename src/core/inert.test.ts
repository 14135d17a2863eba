import { expect, test } from 'vitest';
import { inert, inertJson } from './inert.ts';

test('what could act on a terminal is shown, not done', () => {
  expect(inert('\u001b[31mred\u001b[0m\u0007')).toBe('\\u001b[31mred\\u001b[0m\\u0007');
  expect(inert('one\r\ntwo\tthree\u2028four')).toBe('one\\r\\ntwo\\tthree\\u2028four');
  expect(inert('\u009b2J')).toBe('\\u009b2J');
});

test('what hides or reorders is shown', () => {
  expect(inert('gnp.exe\u202egpj')).toBe('gnp.exe\\u202egpj');
  expect(inert('a\u200bb\u2066c\ufeffd\u00ade')).toBe('a\\u200bb\\u2066c\\ufeffd\\u00ade');
  expect(inert('\u{e0041}x')).toBe('\\u{e0041}x');
  expect(inert('lone \ud800 half')).toBe('lone \\ud800 half');
  expect(inert('\u3164')).toBe('\\u3164');
});

test('names of people stay as they are', () => {
  for (const name of ['Ōno Aiko', '小野 愛子', 'Zoë O’Neil-Šimić', 'علي', 'repo:example/app:ref:refs/heads/main']) expect(inert(name)).toBe(name);
});

test('long text is cut by characters, never inside one', () => {
  expect(inert('abcdef', 4)).toBe('abc…');
  expect(inert('😀😀😀😀', 3)).toBe('😀😀…');
  expect(inert('abcd', 4)).toBe('abcd');
  expect(inert('x'.repeat(1_000_000), 10)).toHaveLength(10);
});

test('JSON keeps its values and holds nothing raw', () => {
  const value = { name: 'a\u202eb\u200b\u009bc\u001b\n', 'key\u2066': ['\u{e0041}', '愛'] };
  const json = inertJson(value);
  expect(JSON.parse(json)).toEqual(value);
  expect(json).not.toMatch(/[\u202e\u200b\u009b\u001b\u2066]/u);
  expect(json).toContain('愛');
  expect(inertJson({ a: 1 }, 0)).toBe('{"a":1}');
});
