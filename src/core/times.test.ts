import { expect, test } from 'vitest';
import { WhoranError } from './errors.ts';
import { parseTime, rfc3339 } from './times.ts';

const at = (text: string, options?: { wholeDay?: boolean }): string => rfc3339(parseTime(text, '--from', options));

test('RFC 3339 in any zone, and dates', () => {
  expect(at('2026-01-15T09:00:00Z')).toBe('2026-01-15T09:00:00Z');
  expect(at('2026-01-15 18:00:00+09:00')).toBe('2026-01-15T09:00:00Z');
  expect(at('2026-01-15T04:00-05:00')).toBe('2026-01-15T09:00:00Z');
  expect(at('2026-01-15T09:00:00.1234567z')).toBe('2026-01-15T09:00:00.123Z');
  expect(at('2026-01-15')).toBe('2026-01-15T00:00:00Z');
  expect(at('2024-02-29', { wholeDay: true })).toBe('2024-03-01T00:00:00Z');
});

test.each([
  ['yesterday', '--from: "yesterday" is not a time'],
  ['2026-01-15T09:00:00', '--from: "2026-01-15T09:00:00" has no time zone'],
  ['2026-02-30', '--from: there is no day "2026-02-30"'],
  ['2026-13-01T00:00:00Z', '--from: there is no time "2026-13-01T00:00:00Z"'],
  ['2026-01-15T25:00:00Z', '--from: there is no time "2026-01-15T25:00:00Z"'],
  ['1768467600', '--from: "1768467600" is not a time'],
  ['\u001b[2J', '--from: "\\u001b[2J" is not a time'],
])('%j is refused with the forms that work', (text, message) => {
  const thrown = (() => {
    try {
      return parseTime(text, '--from');
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toBeInstanceOf(WhoranError);
  expect(thrown).toMatchObject({ message, exitCode: 2, hint: expect.stringContaining('2026-01-15T09:00:00Z') as string });
});
