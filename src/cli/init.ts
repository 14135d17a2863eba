/**
 * `whoran init`: a commented configuration file to begin with, and the schema that an editor checks it by.
 */
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';

const EXAMPLES = `
Every key stands in the file with what it is for, at its default or as an example
behind a #. Beside it goes the JSON schema by which an editor completes and checks it.
Nothing is overwritten without --force; the schema always is.

Examples:
  $ whoran init
  $ whoran init --out /etc/whoran/whoran.yaml`;

const SCHEMA_FILE = 'whoran.schema.json';

export function registerInit(program: Command, context: Context): void {
  program
    .command('init')
    .description('write a commented configuration file to begin with')
    .option('--out <file>', 'the file', 'whoran.yaml')
    .option('--force', 'overwrite it where it is there')
    .addHelpText('after', EXAMPLES)
    .action(async ({ out, force }: { readonly out: string; readonly force?: boolean }) => {
      const [{ configTemplate }, { editorSchema }] = await Promise.all([import('../config/template.ts'), import('../config/json-schema.ts')]);
      if (basename(out) === SCHEMA_FILE) throw new WhoranError(`--out: ${SCHEMA_FILE} is the name of the schema beside it`, { exitCode: EXIT.wrongUse, hint: 'Name the file whoran.yaml.' });
      const schemaFile = join(dirname(out), SCHEMA_FILE);
      await write(out, configTemplate(`./${SCHEMA_FILE}`), force ?? false);
      await write(schemaFile, `${JSON.stringify(editorSchema(), null, 2)}\n`, true);
      if (context.globals.json) {
        context.json({ schema: 'whoran.init/1', file: out, schema_file: schemaFile });
        return;
      }
      const option = out === 'whoran.yaml' ? '' : ` --config ${inert(out, 300)}`;
      context.lines([
        `${inert(out, 300)} has every key, commented out; ${inert(schemaFile, 300)} is for your editor.`,
        '',
        'Next',
        '  take the # from the sources that you have, and fill them in',
        `  $ whoran config check${option}`,
        `  $ whoran doctor${option}`,
      ]);
    });
}

async function write(file: string, text: string, isForced: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: isForced ? 'w' : 'wx' });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const why: Readonly<Record<string, string>> = { EEXIST: 'it is there already', ENOENT: 'its folder does not exist', EACCES: 'it may not be written', EISDIR: 'it is a folder' };
    throw new WhoranError(`${inert(file, 300)}: ${why[code] ?? 'it cannot be written'}`, {
      exitCode: EXIT.wrongUse,
      hint: code === 'EEXIST' ? 'Name another file with --out, or overwrite it with --force.' : 'Name another file with --out.',
      cause,
    });
  }
}
