/**
 * The program as it stands in src/, built into a folder of its own, for tests that need it as a process: whatever lies in
 * dist/ may be older than the sources under test.
 */
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../src/core/package-root.ts';

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true,
};

/** What became of each file, by its text: several test files of one process build the same sources. */
const built = new Map<string, string>();

function transpiled(path: string): string {
  const text = readFileSync(path, 'utf8');
  const known = built.get(text);
  if (known !== undefined) return known;
  const { outputText } = ts.transpileModule(text, { compilerOptions: OPTIONS, fileName: path });
  built.set(text, outputText);
  return outputText;
}

/** Builds into `folder`, which need not be there, and returns the path of the program's bin. No types are checked. */
export function buildProgram(folder: string): string {
  const root = packageRoot();
  for (const entry of readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.test.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    const to = join(folder, 'dist', relative(root, path).replace(/\.ts$/, '.js'));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, transpiled(path));
  }
  for (const name of ['package.json', 'queries', 'reports']) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'dist/src/main.js');
}
