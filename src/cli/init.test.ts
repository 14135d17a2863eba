import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { main } from './program.ts';

async function run(argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await main(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isOutTty: false,
    isErrTty: false,
    columns: 80,
    env: {},
  });
  return { code, out, err };
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-init-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('init writes a file that is right, and a schema beside it that its first line names', async () => {
  const file = join(folder, 'whoran.yaml');
  const made = await run(['init', '--out', file]);
  expect(made).toMatchObject({ code: 0, err: '' });
  expect(made.out).toContain('whoran config check');
  const [first = ''] = readFileSync(file, 'utf8').split('\n');
  const schema = JSON.parse(readFileSync(join(folder, first.replace(/^.*\$schema=/, '')), 'utf8')) as { properties: object };
  expect(Object.keys(schema.properties)).toContain('sources');
  expect(await run(['config', 'check', '--config', file])).toMatchObject({ code: 0, out: `${file} is right: 0 sources.\n` });
});

test('init overwrites nothing, unless it is forced', async () => {
  const file = join(folder, 'whoran.yaml');
  writeFileSync(file, 'tenants: []\n');
  const refused = await run(['init', '--out', file]);
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toContain('it is there already');
  expect(refused.err).toContain('--force');
  expect(readFileSync(file, 'utf8')).toBe('tenants: []\n');
  expect((await run(['init', '--out', file, '--force'])).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('attribution:');
});

test('init says where it may not write', async () => {
  expect((await run(['init', '--out', join(folder, 'none', 'whoran.yaml')])).err).toContain('its folder does not exist');
  expect((await run(['init', '--out', join(folder, 'whoran.schema.json')])).err).toContain('is the name of the schema');
});

test('config check lists the sources, or every fault', async () => {
  const file = join(folder, 'whoran.yaml');
  writeFileSync(file, 'sources:\n  - { type: files, id: inbox, path: ./inbox, enabled: false }\n');
  expect((await run(['config', 'check', '--config', file])).out).toContain('  inbox (files), not enabled\n');
  expect(JSON.parse((await run(['config', 'check', '--config', file, '--json'])).out)).toEqual({
    schema: 'whoran.config/1', file, sources: [{ id: 'inbox', type: 'files', enabled: false }],
  });
  writeFileSync(file, 'surces: []\ntenants: none\n');
  const wrong = await run(['config', 'check', '--config', file]);
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain(':1: surces: there is no such key; did you mean sources?');
  expect(wrong.err).toContain(':2: tenants: expected a list; found "none"');
  writeFileSync(file, 'detections: { session_without_signin: { enabled: false } }\n');
  expect(await run(['config', 'check', '--config', file])).toMatchObject({ code: 2, err: expect.stringContaining('session_without_sign_in') as string });
});

test('config schema prints the schema that init writes', async () => {
  await run(['init', '--out', join(folder, 'whoran.yaml')]);
  const { out } = await run(['config', 'schema']);
  expect(JSON.parse(out)).toEqual(JSON.parse(readFileSync(join(folder, 'whoran.schema.json'), 'utf8')));
});
