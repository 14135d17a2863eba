/**
 * The import rules hold, and each of them can fail: a planted tree breaks every one.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}

/** Runs dependency-cruiser with the project's rules in a folder, on what is there of the project's parts. */
async function violationsIn(folder: string, parts: readonly string[]): Promise<Violation[]> {
  const output = await new Promise<string>((resolve, reject) => {
    const args = [CRUISER, ...parts, '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      // Its exit code counts violations; only a run without a result is a failure.
      if (stdout.startsWith('{')) resolve(stdout);
      else reject(new Error(`dependency-cruiser gave no result: ${stderr}`, { cause: error }));
    });
  });
  return (JSON.parse(output) as { summary: { violations: Violation[] } }).summary.violations;
}

/** Every rule, and one import that breaks it: the file that imports, and what. `needs` are files that must be there. */
const PLANTED: readonly { rule: string; file: string; imports: string; needs?: Record<string, string> }[] = [
  { rule: 'core-layer', file: 'src/core/a.ts', imports: '../config/config.ts' },
  { rule: 'core-imports-nothing', file: 'src/core/b.ts', imports: 'node:fs' },
  { rule: 'config-layer', file: 'src/config/a.ts', imports: '../engine/database.ts' },
  { rule: 'engine-layer', file: 'src/engine/a.ts', imports: '../store/store.ts' },
  { rule: 'landing-layer', file: 'src/landing/a.ts', imports: '../engine/database.ts' },
  { rule: 'store-layer', file: 'src/store/a.ts', imports: '../catalog/catalog.ts' },
  { rule: 'catalog-layer', file: 'src/catalog/a.ts', imports: '../pipeline/run.ts' },
  { rule: 'sources-layer', file: 'src/sources/github.ts', imports: '../engine/database.ts' },
  { rule: 'alerts-layer', file: 'src/alerts/mail.ts', imports: '../catalog/catalog.ts' },
  { rule: 'render-layer', file: 'src/render/a.ts', imports: '../engine/database.ts' },
  { rule: 'verifier-layer', file: 'src/verifier/a.ts', imports: '../config/config.ts' },
  { rule: 'verifier-alone', file: 'src/verifier/b.ts', imports: 'node:https' },
  { rule: 'evidence-layer', file: 'src/evidence/a.ts', imports: '../answers/ask.ts' },
  { rule: 'answers-layer', file: 'src/answers/a.ts', imports: '../pipeline/run.ts' },
  { rule: 'operations-layer', file: 'src/operations/a.ts', imports: '../pipeline/run.ts' },
  { rule: 'pipeline-layer', file: 'src/pipeline/a.ts', imports: '../cli/ask.ts' },
  { rule: 'web-layer', file: 'src/web/a.ts', imports: '../engine/database.ts' },
  { rule: 'cli-layer', file: 'src/cli/a.ts', imports: '../engine/database.ts' },
  { rule: 'siblings-apart', file: 'src/sources/entra.ts', imports: './s3.ts', needs: { 'src/sources/s3.ts': '' } },
  { rule: 'duckdb-behind-its-door', file: 'src/pipeline/b.ts', imports: '@duckdb/node-api' },
  { rule: 'kysely-for-own-tables', file: 'src/pipeline/c.ts', imports: 'kysely' },
  { rule: 'network-at-the-edge', file: 'src/pipeline/d.ts', imports: 'node:https' },
  { rule: 'logging-in-operations', file: 'src/pipeline/f.ts', imports: 'pino' },
  { rule: 'terminal-in-cli', file: 'src/pipeline/e.ts', imports: 'commander' },
  { rule: 'nothing-imports-main', file: 'src/cli/b.ts', imports: '../main.ts' },
  { rule: 'src-without-fixtures', file: 'src/answers/b.ts', imports: '../../fixtures/world.ts' },
  { rule: 'fixtures-apart', file: 'fixtures/a.ts', imports: '../src/engine/database.ts' },
  { rule: 'nothing-imports-a-test', file: 'src/engine/b.test.ts', imports: './a.test.ts', needs: { 'src/engine/a.test.ts': '' } },
  { rule: 'no-cycle', file: 'src/engine/c.ts', imports: './d.ts', needs: { 'src/engine/d.ts': "import type * as c from './c.ts';\nexport type C = typeof c;\n" } },
  { rule: 'resolvable', file: 'src/engine/e.ts', imports: './not-there.ts' },
  { rule: 'product-without-dev-packages', file: 'src/engine/f.ts', imports: 'fast-check' },
];

/** Rules whose package is not installed yet, so that nothing can be planted. */
const NOT_PLANTED = ['cloud-sdks-in-sources', 'only-declared-packages'];

const TARGETS = [
  'src/main.ts', 'src/config/config.ts', 'src/engine/database.ts', 'src/store/store.ts', 'src/catalog/catalog.ts',
  'src/pipeline/run.ts', 'src/answers/ask.ts', 'src/cli/ask.ts', 'fixtures/world.ts',
];

describe('import rules', () => {
  let planted: string;
  let found: Violation[];

  beforeAll(async () => {
    planted = await mkdtemp(join(tmpdir(), 'whoran-imports-'));
    for (const name of ['.dependency-cruiser.cjs', 'package.json', 'tsconfig.json']) await cp(join(ROOT, name), join(planted, name));
    await symlink(join(ROOT, 'node_modules'), join(planted, 'node_modules'));
    const files = new Map<string, string>(TARGETS.map((path) => [path, 'export const here = true;\n']));
    for (const { file, imports, needs } of PLANTED) {
      files.set(file, `import type * as other from '${imports}';\nexport type Other = typeof other;\n`);
      for (const [path, text] of Object.entries(needs ?? {})) files.set(path, text || 'export const here = true;\n');
    }
    // A runtime import: a type-only one of a dev package is allowed.
    files.set('src/engine/f.ts', "export { sample } from 'fast-check';\n");
    for (const [path, text] of files) {
      await mkdir(dirname(join(planted, path)), { recursive: true });
      await writeFile(join(planted, path), text);
    }
    found = await violationsIn(planted, ['src', 'fixtures']);
  });
  afterAll(() => rm(planted, { recursive: true, force: true }));

  test.each(PLANTED)('$rule catches $file importing $imports', ({ rule, file }) => {
    expect(found.filter((violation) => violation.rule.name === rule).map((violation) => violation.from)).toContain(file);
  });

  test('every rule has its planted violation', () => {
    const config = createRequire(import.meta.url)(join(ROOT, '.dependency-cruiser.cjs')) as { forbidden: { name: string }[] };
    const planned = [...PLANTED.map(({ rule }) => rule), ...NOT_PLANTED].sort();
    expect(config.forbidden.map(({ name }) => name).sort()).toEqual(planned);
  });

  test('the project breaks none', async () => {
    const parts = ['src', 'fixtures', 'bench', 'test'];
    expect((await violationsIn(ROOT, parts)).map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
  });
});

describe('process.exit', () => {
  test.each([
    ['src/main.ts', 0],
    ['src/engine/database.ts', 1],
  ])('in %s is reported %i time(s)', async (path, times) => {
    const eslint = new ESLint({ cwd: ROOT });
    const [result] = await eslint.lintText('process.exit(1);\n', { filePath: join(ROOT, path) });
    const reported = result?.messages.filter(({ ruleId }) => ruleId === 'no-restricted-properties');
    expect(reported).toHaveLength(times);
  });
});
