import { expect, test } from 'vitest';
import { fixedWindows } from './_time-stream.ts';

const MINUTE = 60_000;
const at = (text: string): Date => new Date(`2026-01-15T${text}Z`);
const windows = (from: string, to: string, closed: string): string[] =>
  [...fixedWindows(at(from), at(to), 30 * MINUTE, at(closed))].map((window) => `${window.from.toISOString().slice(11, 16)}-${window.to.toISOString().slice(11, 16)}`);

test('windows end at fixed times, whenever a pull begins', () => {
  expect(windows('09:10:00', '10:45:00', '00:00:00')).toEqual(['09:10-09:30', '09:30-10:00', '10:00-10:30', '10:30-10:45']);
  expect(windows('09:30:00', '10:00:00', '00:00:00')).toEqual(['09:30-10:00']);
  expect(windows('10:00:00', '10:00:00', '00:00:00')).toEqual([]);
});

test('what is closed for good is asked for in longer windows, with the same fixed ends', () => {
  expect(windows('00:00:00', '13:30:00', '12:40:00')).toEqual(['00:00-06:00', '06:00-12:00', '12:00-12:30', '12:30-13:00', '13:00-13:30']);
  expect(windows('05:50:00', '12:30:00', '12:00:00')).toEqual(['05:50-06:00', '06:00-12:00', '12:00-12:30']);
});
