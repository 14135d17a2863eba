import { expect, test } from 'vitest';
import { commandLines } from './width.ts';

test('a command that fits stays one line', () => {
  expect(commandLines('  $ whoran status', ' --data ./data', 80)).toEqual(['  $ whoran status --data ./data']);
});

test('one that does not is joined as a shell joins lines, its options whole', () => {
  const options = " --data '/srv/a folder/of/logs'";
  expect(commandLines('  $ whoran ask 1f0e3dad-9990-4345-b743-9f8ffabdffc4', options, 60)).toEqual([
    '  $ whoran ask 1f0e3dad-9990-4345-b743-9f8ffabdffc4 \\',
    "      --data '/srv/a folder/of/logs'",
  ]);
});
