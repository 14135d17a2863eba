import { expect, test } from 'vitest';
import { countText, hoursText, instantText, shareText } from './html-cell.ts';

test.each([
  [0, '0.0%'],
  [1, '100.0%'],
  [0.99999, '> 99.9%'],
  [0.00001, '< 0.1%'],
  [1 / 13, '7.7%'],
  [0.29, '29.0%'],
])('a share of %d is %s: never all or nothing unless it is', (share, text) => {
  expect(shareText(share)).toBe(text);
});

test('counts, hours and instants', () => {
  expect([countText(0), countText(1234567), countText(-1000)]).toEqual(['0', '1,234,567', '-1,000']);
  expect([hoursText(0.9), hoursText(26.5), hoursText(48)]).toEqual(['0 h', '1 d 2 h', '2 d 0 h']);
  expect([instantText('2026-01-15T09:00:02Z'), instantText('yesterday')]).toEqual(['2026-01-15 09:00:02Z', 'yesterday']);
});
