import { expect, test } from 'vitest';
import { quietNow, wallClock } from './alert-quiet.ts';

const night = { from: '22:00', to: '07:00', time_zone: 'Europe/Berlin', below: 'critical' } as const;
const until = (at: string, hours: Parameters<typeof quietNow>[1] = [night]): string | null => {
  const { below, until: end } = quietNow(new Date(at), hours);
  return below === 0 ? null : `${below} until ${end.toISOString()}`;
};

test('the clock on the wall, with its day', () => {
  expect(wallClock(new Date('2026-01-15T23:30:00Z'), 'Asia/Tokyo')).toEqual({ date: '2026-01-16', weekday: 'fri', minute: 510 });
  expect(wallClock(new Date('2026-01-15T00:00:00Z'), 'UTC')).toEqual({ date: '2026-01-15', weekday: 'thu', minute: 0 });
});

test.each([
  ['2026-01-15T20:59:59Z', null],
  ['2026-01-15T21:00:00Z', '4 until 2026-01-16T06:00:00.000Z'],
  ['2026-01-16T05:59:00Z', '4 until 2026-01-16T06:00:00.000Z'],
  ['2026-01-16T06:00:00Z', null],
  // The night of 29 March 2026 is an hour shorter, that of 25 October an hour longer.
  ['2026-03-28T22:00:00Z', '4 until 2026-03-29T05:00:00.000Z'],
  ['2026-10-24T21:00:00Z', '4 until 2026-10-25T06:00:00.000Z'],
])('at %s: %s', (at, expected) => {
  expect(until(at)).toBe(expected);
});

test('on its days alone, by the day on which it begins', () => {
  const weekend = [{ ...night, days: ['sat' as const, 'sun' as const] }];
  expect(until('2026-01-16T22:00:00Z', weekend)).toBeNull();
  expect(until('2026-01-17T22:00:00Z', weekend)).toBe('4 until 2026-01-18T06:00:00.000Z');
  // Sunday's night goes on into Monday.
  expect(until('2026-01-19T05:00:00Z', weekend)).toBe('4 until 2026-01-19T06:00:00.000Z');
  expect(until('2026-01-19T22:00:00Z', weekend)).toBeNull();
});

test('of several, the strictest holds, until it ends', () => {
  const noon = { from: '12:00', to: '13:00', time_zone: 'UTC', below: 'medium' } as const;
  const long = { from: '11:00', to: '15:00', time_zone: 'UTC', below: 'high' } as const;
  expect(until('2026-01-15T12:30:00Z', [noon, long])).toBe('3 until 2026-01-15T15:00:00.000Z');
  expect(until('2026-01-15T12:30:00Z', [noon])).toBe('2 until 2026-01-15T13:00:00.000Z');
});
