/**
 * `whoran config`: what is wrong with a configuration file, and the schema that it follows.
 */
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';

const CHECK_EXAMPLES = `
All faults are named at once, each with its line. Exit code 2 where there is one.
\`whoran doctor\` also tries what the file configures.

Examples:
  $ whoran config check
  $ whoran config check --config /etc/whoran/whoran.yaml`;

const SCHEMA_EXAMPLES = `
JSON schema, draft 7. In the file's first line an editor reads where it is:
  # yaml-language-server: $schema=./whoran.schema.json

Example:
  $ whoran config schema > whoran.schema.json`;

export function registerConfig(program: Command, context: Context): void {
  const config = program.command('config').description('check a configuration file, print its schema');
  config
    .command('check')
    .description('name everything that is wrong with the configuration')
    .addHelpText('after', CHECK_EXAMPLES)
    .action(async () => {
      const { DEFAULT_CONFIG_FILE, isConfigured, loadConfig } = await import('../config/load.ts');
      const { config: named, json } = context.globals;
      const loaded = await loadConfig(named);
      const { configurationFaults } = await import('../pipeline/configuration-faults.ts');
      const faults = await configurationFaults(loaded);
      if (faults.length > 0) {
        throw new WhoranError(`the configuration of detections has faults:\n  ${faults.join('\n  ')}`, {
          exitCode: EXIT.wrongUse, hint: "Correct the file; each detection's parameters stand in its header under queries/detections.",
        });
      }
      const { sources } = loaded;
      const file = isConfigured(named) ? (named ?? DEFAULT_CONFIG_FILE) : null;
      if (json) {
        context.json({ schema: 'whoran.config/1', file, sources: sources.map(({ id, type, enabled }) => ({ id, type, enabled })) });
        return;
      }
      if (file === null) {
        context.lines([`There is no ${DEFAULT_CONFIG_FILE} here, so everything has its default. \`whoran init\` writes one.`]);
        return;
      }
      const listed = sources.map(({ id, type, enabled }) => `  ${inert(id)} (${type})${enabled ? '' : ', not enabled'}`);
      context.lines([`${inert(file, 300)} is right: ${sources.length} source${sources.length === 1 ? '' : 's'}.`, ...listed]);
    });
  config
    .command('schema')
    .description('print the JSON schema by which editors check the file')
    .addHelpText('after', SCHEMA_EXAMPLES)
    .action(async () => {
      const { editorSchema } = await import('../config/json-schema.ts');
      context.json(editorSchema());
    });
}
