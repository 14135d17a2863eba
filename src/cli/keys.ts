/**
 * `whoran keys`: keys to sign evidence bundles with, and to make pseudonyms with.
 */
import type { Command } from 'commander';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';

const EXAMPLES = `
The private key goes to FILE, which only its owner may read, the public one to FILE.pub.
Give the public key, or its id, to your auditors by another way than the bundles. Neither
file is ever overwritten.

Examples:
  $ whoran keys new --out /etc/whoran/signing-key.pem`;

const PSEUDONYM_EXAMPLES = `
FILE gets a random key that only its owner may read. With one key a person has one pseudonym in
every bundle. Whoever has the key can find out who is who: it never goes into a bundle.

Examples:
  $ whoran keys pseudonyms --out /etc/whoran/pseudonym-key`;

export function registerKeys(program: Command, context: Context): void {
  const keys = program.command('keys').description('keys for evidence bundles: to sign with, and for pseudonyms');
  keys
    .command('new')
    .description('make an Ed25519 key')
    .requiredOption('--out <file>', 'where the private key goes')
    .addHelpText('after', EXAMPLES)
    .action(async ({ out }: { readonly out: string }) => {
      const { newKeyFile } = await import('../evidence/key-file-signer.ts');
      const made = await newKeyFile(out);
      if (context.globals.json) {
        context.json({ schema: 'whoran.key/1', ...made });
        return;
      }
      context.lines([
        `private key  ${inert(made.private_key_file, 300)}`,
        `public key   ${inert(made.public_key_file, 300)}`,
        `key id       ${made.key_id}`,
        '',
        'Next',
        `  name it in the configuration: evidence.signing_key_file: ${inert(made.private_key_file, 300)}`,
        '  give your auditors the public key, and its id, by another way than the bundles',
      ]);
    });
  keys
    .command('pseudonyms')
    .description('make a key for `report … --redact people`')
    .requiredOption('--out <file>', 'where the key goes')
    .addHelpText('after', PSEUDONYM_EXAMPLES)
    .action(async ({ out }: { readonly out: string }) => {
      const { newPseudonymKey } = await import('../evidence/pseudonyms.ts');
      await newPseudonymKey(out);
      if (context.globals.json) context.json({ schema: 'whoran.pseudonym-key/1', key_file: out });
      else context.lines([`key  ${inert(out, 300)}`, '', 'Next', `  name it in the configuration: evidence.pseudonym_key_file: ${inert(out, 300)}`, '  keep it: another key gives other pseudonyms, and whoever has it can find out who is who']);
    });
}
