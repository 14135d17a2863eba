import { expect, test } from 'vitest';
import { NameFinder } from './name-finder.ts';

const replaced = (text: string, ...names: string[]): string => new NameFinder(names.map((name) => [name, '*'])).replace(text);

test('names are found as whole words, in any case, the longest first', () => {
  expect(replaced('role/x/Alice, alice_dev, malice, alicette', 'alice')).toBe('role/x/*, *_dev, malice, alicette');
  expect(replaced('Ann Lee and Ann', 'ann', 'ann lee')).toBe('* and *');
  expect(replaced('-x-y -x', '-x-y', '-x')).toBe('* *');
});

test('a script without spaces hides no name within its text', () => {
  expect(replaced('已询问李娜关于任务', '李娜')).toBe('已询问*关于任务');
  expect(replaced('李娜abc, abc李娜', '李娜')).toBe('*abc, abc*');
  expect(replaced('이영희가 물었다', '이영희')).toBe('*가 물었다');
  expect(replaced('ถามสมชายแล้ว', 'สมชาย')).toBe('ถาม*แล้ว');
  expect(replaced('malice 李', 'alice', '李娜')).toBe('malice 李');
});

test('as many sessions of one first word as there may be', () => {
  const names = Array.from({ length: 200_000 }, (_, at) => `botocore-session-${1_700_000_000 + at}`);
  const finder = new NameFinder(names.map((name) => [name, '*']));
  // Each against each would be minutes.
  expect(finder.replace(names.join(' '))).toBe(names.map(() => '*').join(' '));
  expect(finder.first('botocore-session-1')).toBeUndefined();
});
