import { expect, test } from 'vitest';
import { retryAfterMs } from './_retry-after.ts';

const NOW = new Date('2026-01-15T12:00:00Z');

test.each([
  ['0', 0],
  ['7', 7000],
  [' 120 ', 120_000],
  ['Thu, 15 Jan 2026 12:01:00 GMT', 60_000],
  ['Thursday, 15-Jan-26 12:01:00 GMT', 60_000],
  ['Thu Jan 15 12:01:00 2026', 60_000],
  ['Sun, 01 Feb 2026 00:00:00 GMT', 16.5 * 86_400_000],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
])('%j asks for %d ms', (value, ms) => {
  expect(retryAfterMs(value, NOW)).toBe(ms);
});

test.each([null, '', '-5', '1.5', '1e3', '0x10', '+5', '5 s', '7, 9', 'soon', '2026-01-15T12:01:00Z', 'Thu, 15 Jan 2026 12:01:00 CET', 'Sat, 31 Feb 2026 12:00:00 GMT', 'Thu, 15 Jan 2026 25:00:00 GMT', '1'.repeat(400) + 'x'])('%j is no word', (value) => {
  expect(retryAfterMs(value, NOW)).toBeUndefined();
});

test('seconds without end stay a number that can be counted with', () => {
  expect(retryAfterMs('9'.repeat(400), NOW)).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
});
