import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from './package-root.ts';

test('the package root holds package.json and the SQL files', () => {
  expect(packageRoot()).not.toMatch(/\/$/);
  expect(existsSync(join(packageRoot(), 'package.json'))).toBe(true);
  expect(existsSync(join(packageRoot(), 'queries/staging/tables.sql'))).toBe(true);
});
