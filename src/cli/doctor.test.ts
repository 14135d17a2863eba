import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Doctor } from '../pipeline/doctor.ts';
import { main } from './program.ts';

async function run(argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await main(argv, {
    out: (text) => { out += text; },
    err: (text) => { err += text; },
    isOutTty: false, isErrTty: false, columns: 80, env: {},
  });
  return { code, out, err };
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-doctor-cli-'));
  writeFileSync(join(folder, 'whoran.yaml'), 'sources:\n  - { type: cloudwatch-logs, id: logs, region: eu-central-1, groups: [{ name: x, holds: application }], enabled: false }\n');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});
const options = (): string[] => ['--data', join(folder, 'data'), '--config', join(folder, 'whoran.yaml')];

test('fit: exit code 0; each line says what was tried, and the last whether it is fit', async () => {
  const { code, out, err } = await run(['doctor', ...options()]);
  expect(code).toBe(0);
  expect(err).toContain('trying source logs');
  expect(out).toContain('Configuration\n  ok         sources are configured: 1 source\n');
  expect(out).toContain('Source logs\n  not tried  try it: it is not enabled\n             → whoran doctor --source logs');
  expect(out).toMatch(/\nFit: .*ok\.\n$/);
  expect(out).not.toContain('\u001b');
});

test('unfit: exit code 1; --json prints whoran.doctor/1 and nothing else', async () => {
  mkdirSync(join(folder, 'data'), { mode: 0o755 });
  const { code, out } = await run(['doctor', '--json', ...options()]);
  expect(code).toBe(1);
  const doctor = JSON.parse(out) as Doctor;
  expect(doctor).toMatchObject({ schema: 'whoran.doctor/1', fit: false, counts: { missing: 1 } });
  expect(doctor.checks.filter(({ outcome }) => outcome === 'missing')).toMatchObject([{ area: 'data', source: null, fix: expect.stringContaining('chmod -R go=') as string }]);
});

test('wrong configuration, or a source that is not in it: exit code 2', async () => {
  expect(await run(['doctor', '--source', 'log', ...options()])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Did you mean logs?') as string });
  writeFileSync(join(folder, 'whoran.yaml'), 'sorces: []\n');
  expect(await run(['doctor', ...options()])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('did you mean sources?') as string });
});
