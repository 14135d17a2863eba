import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const COMMANDS = ['ask', 'coverage', 'correlate', 'demo', 'findings', 'identities', 'ingest', 'rebuild', 'report', 'status'];

test.each([
  ['ingset', 'ingest'],
  ['finding', 'findings'],
  ['REPORT', 'report'],
  ['coverge', 'coverage'],
  ['asj', 'ask'],
])('%s is near to %s', (typed, meant) => {
  expect(nearest(typed, COMMANDS)).toBe(meant);
});

test('nothing is suggested for what is not near, and nothing is too long to answer', () => {
  expect(nearest('xyzzy', COMMANDS)).toBeUndefined();
  expect(nearest('a'.repeat(100_000), COMMANDS)).toBeUndefined();
  expect(nearest('ask', [])).toBeUndefined();
});
