/**
 * `whoran verify`: checks an evidence bundle with nothing but the bundle and a public key.
 */
import type { Command } from 'commander';
import type { X509Certificate } from 'node:crypto';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { BundleCheck } from '../evidence/verify-bundle.ts';
import type { Context } from './context.ts';
import { progressOn } from './progress.ts';
import { publicKeyOption, readOption } from './public-key.ts';
import { FURTHER_CHECKS } from './verify-further.ts';

interface Options {
  readonly key?: string;
  readonly tsaCa?: string;
  readonly replay?: boolean;
}

const EXAMPLES = `
Needs no network and no data folder. Without --key the bundle is held against the key that
it encloses itself: that shows whether it is whole, and nothing about who made it. What is
proved, what only the signer says, and what was not checked is printed; exit code 0: intact,
1: altered, with every fault named. docs/verifying-a-bundle.md has the same check by hand.

Examples:
  $ whoran verify ./january.bundle.zip --key signer.pub
  $ whoran verify ./january.bundle --key signer.pub --tsa-ca tsa-ca.pem --json
  $ whoran verify ./january.bundle --key signer.pub --data ./whoran-data`;

export function registerVerify(program: Command, context: Context): void {
  const command = program
    .command('verify')
    .description('check an evidence bundle: every hash, signature and proof')
    .argument('<path>', 'the bundle’s folder, or its zip')
    .option('--key <file>', 'the signer’s public key (PEM), had from elsewhere')
    .option('--tsa-ca <file>', 'certificates (PEM) that the timestamp authority’s must lead to');
  if (FURTHER_CHECKS.replay) command.option('--replay', 'run the enclosed SQL over the enclosed inputs again, and compare the tables');
  command.addHelpText('after', EXAMPLES).action(async (path: string, options: Options) => {
    const [key, trusted, further] = await Promise.all([publicKeyOption(options.key), trustedOf(options.tsaCa), furtherChecks(context, options)]);
    const { verifyPath } = await import('../evidence/verify-bundle.ts');
    const progress = progressOn(context);
    try {
      const verification = await verifyPath({
        path,
        key,
        trusted,
        further,
        progress: (step) => {
          progress.step(step);
        },
      });
      progress.done();
      if (verification.verdict === 'altered') context.exitCode = EXIT.found;
      if (context.globals.json) {
        context.json(verification);
        return;
      }
      const { verificationPage } = await import('./print/verification.ts');
      context.lines(verificationPage(verification, context.page));
    } finally {
      progress.done();
    }
  });
}

async function furtherChecks(context: Context, { replay }: Options): Promise<BundleCheck[]> {
  const checks: BundleCheck[] = [];
  const data = context.namedData;
  if (data !== undefined) {
    const [{ checkAgainstData }, makeRoot] = await Promise.all([import('../evidence/check-data.ts'), FURTHER_CHECKS.recordRoot?.()]);
    checks.push(async ({ folder, manifest }) => checkAgainstData(folder, manifest, data, makeRoot));
  }
  if (replay === true && FURTHER_CHECKS.replay) checks.push(await FURTHER_CHECKS.replay());
  return checks;
}

async function trustedOf(path: string | undefined): Promise<X509Certificate[] | undefined> {
  if (path === undefined) return undefined;
  const text = await readOption(path, '--tsa-ca');
  const { certificatesOf } = await import('../evidence/timestamp.ts');
  try {
    return certificatesOf(text);
  } catch (error) {
    throw new WhoranError(`--tsa-ca ${inert(path, 300)}: ${inert(error instanceof Error ? error.message : 'unreadable')}`, { exitCode: EXIT.wrongUse, hint: 'Give the certificates that the timestamp authority publishes, in PEM.' });
  }
}
