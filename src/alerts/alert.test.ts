import { expect, test } from 'vitest';
import { leadOf } from './alert.ts';

test.each([
  [['resolved'], 'Over'],
  [['suppressed'], 'Suppressed'],
  [['suppressed', 'suppressed'], 'Suppressed'],
  [['resolved', 'suppressed'], 'Over or suppressed'],
  [[], 'Over'],
] as const)('what is told as resolved, with %j, begins with %s', (statuses, lead) => {
  expect(leadOf('resolved', statuses.map((status) => ({ status })))).toBe(lead);
});

test('other notices keep their word, whatever became of their findings since', () => {
  expect((['fired', 'reminder', 'acknowledged', 'digest', 'test'] as const).map((notice) => leadOf(notice, [{ status: 'suppressed' }]))).toEqual(['New', 'Still standing', 'Acknowledged', 'Summary', 'Test']);
});
