import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WhoranError } from '../core/errors.ts';
import { loadConfig, parseConfig } from './load.ts';

const TENANT = '0d1e2f3a-4b5c-4d6e-8f90-a1b2c3d4e5f6';

function failure(text: string): WhoranError {
  try {
    parseConfig(text, 'whoran.yaml');
  } catch (error) {
    if (error instanceof WhoranError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

test('what is given is read, and the rest has its default', () => {
  const config = parseConfig(`tenants:\n  - id: ${TENANT.toUpperCase()}\nattribution:\n  settle_minutes: 30\n`, 'whoran.yaml');
  expect(config.tenants).toEqual([{ id: TENANT }]);
  expect(config.attribution).toMatchObject({ settle_minutes: 30, token_lifetime_minutes: 90, tags: { oid: 'EntraOid' } });
});

test('an empty file and a file of comments are the defaults', () => {
  expect(parseConfig('', 'whoran.yaml')).toEqual(parseConfig('# nothing yet\n', 'whoran.yaml'));
});

test('all faults at once, each with its line, key, what was expected and what was found', () => {
  const text = `tenants:
  - id: not-a-guid
    nmae: x
atribution:
  settle_minutes: 5
attribution:
  settle_minutes: soon
  unused_sign_in_kinds: [interactiv]
  tags:
    oidd: EntraOid
`;
  const error = failure(text);
  expect(error.exitCode).toBe(2);
  const lines = error.message.split('\n');
  expect(lines[0]).toBe('the configuration has 6 faults:');
  expect(lines.slice(1).sort()).toEqual([
    '  whoran.yaml:10: attribution.tags.oidd: there is no such key; did you mean oid?',
    '  whoran.yaml:2: tenants.0.id: a GUID; found "not-a-guid"',
    '  whoran.yaml:3: tenants.0.nmae: there is no such key; did you mean name?',
    '  whoran.yaml:4: atribution: there is no such key; did you mean attribution?',
    '  whoran.yaml:7: attribution.settle_minutes: Invalid input: expected number, received string; found "soon"',
    '  whoran.yaml:8: attribution.unused_sign_in_kinds.0: expected one of interactive_user, non_interactive_user, service_principal, managed_identity; found "interactiv"',
  ]);
});

test('text that is no YAML, and keys that come twice, are told by line', () => {
  expect(failure('tenants: [\n').message).toMatch(/^the configuration has a fault:\n {2}whoran\.yaml:[12]: /);
  expect(failure('tenants: []\ntenants: []\n').message).toContain('whoran.yaml:2: Map keys must be unique');
});

test('a list or a word for a whole file is refused; hostile text is inert', () => {
  expect(failure('- a\n').message).toContain('(the whole file)');
  expect(failure('"\\e[31m": 1\n').message).not.toContain('\u001b');
});

test('a thousand aliases of aliases do not blow up', () => {
  const bombs = Array.from({ length: 12 }, (_, index) => `a${index}: &a${index} [${Array<string>(9).fill(index ? `*a${index - 1}` : 'x').join(',')}]`);
  expect(() => parseConfig(`${bombs.join('\n')}\n`, 'whoran.yaml')).toThrow();
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('a file that is missing or a folder is said', async () => {
  await expect(loadConfig(join(folder, 'none.yaml'))).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('there is no such file') as string });
  await expect(loadConfig(folder)).rejects.toMatchObject({ message: expect.stringContaining('it is a folder') as string });
});

test('a file is read', async () => {
  const file = join(folder, 'mine.yaml');
  await writeFile(file, 'attribution: { settle_minutes: 7 }\n');
  expect((await loadConfig(file)).attribution.settle_minutes).toBe(7);
});
