/**
 * `whoran erase`: erases one person's data on request, and says what that costs in evidence.
 */
import { userInfo } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Erasure, ErasureReceipt } from '../pipeline/erasure.ts';
import type { Context } from './context.ts';
import { erasureLines } from './print/erasure.ts';
import { progressOn } from './progress.ts';

const EXAMPLES = `
The person is found in registry, sign-ins, audits, directory snapshots and sessions, with
all that records call them. Every landed record that holds one of these names is cut out of
its delivery; every other one stays, with its number and hash. Kept are the SHA-256 of the
records that go, so that bundles made before still verify, a line in landing/removals.jsonl,
and one in the journal, which names the person by a keyed hash alone: the key is printed
once and kept nowhere. A hold goes before an erasure. Stop pulling the person first.

Nothing is erased without --apply. Look at the names first: what others are called too is
left, and --also adds a text. What stays is listed, and docs/keeping.md says why.

Examples:
  $ whoran erase --person ada@example.com              (what would go, and what it costs)
  $ whoran erase --person ada@example.com --also ada-laptop --apply --reason "request 2026-17"`;

interface EraseArguments {
  readonly person: string;
  readonly also?: readonly string[];
  readonly reason?: string;
  readonly by?: string;
  readonly apply?: boolean;
  readonly dryRun?: boolean;
}

export function registerErase(program: Command, context: Context): void {
  program
    .command('erase')
    .description("erase one person's data on request, and say what that costs in evidence")
    .requiredOption('--person <name>', 'a user principal name or object id')
    .option('--also <text>', 'another text that means this person alone; may be given again', (text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
    .option('--reason <text>', 'why, for the journal: a request by its number, never the person by name')
    .option('--by <name>', 'who decides, for the journal (this user)')
    .option('--apply', 'erase it; without this, only say what would go')
    .option('--dry-run', 'only say what would go (the default)')
    .addHelpText('after', EXAMPLES)
    .action(async ({ person, also = [], reason, by, apply = false, dryRun = false }: EraseArguments) => {
      if (apply && dryRun) throw new WhoranError('--apply and --dry-run exclude each other', { exitCode: EXIT.wrongUse, hint: 'Look first, with neither; then give --apply.' });
      if (apply && (reason ?? '').trim() === '') throw new WhoranError('--apply takes a --reason', { exitCode: EXIT.wrongUse, hint: 'Name the request by a number of yours: --reason "request 2026-17".' });
      const [{ loadConfig }, { applyErasure, previewErasure }] = await Promise.all([import('../config/load.ts'), import('../pipeline/erasure.ts')]);
      const config = await loadConfig(context.globals.config);
      const progress = progressOn(context);
      let receipt: ErasureReceipt | undefined;
      try {
        const options = {
          person, also, reason: reason ?? '', by: by ?? userInfo().username, now: new Date(), sleep: async (ms: number): Promise<void> => setTimeout(ms),
          progress: (step: string): void => { progress.step(step); },
          receipt: (given: ErasureReceipt): void => {
            receipt = given;
            progress.done();
            context.say(`Key of line ${given.journal_seq} of the journal, to keep with the request: ${given.key}`);
          },
        };
        const erasure: Erasure = await (apply ? applyErasure(context.globals.data, config, options) : previewErasure(context.globals.data, options));
        progress.done();
        if (context.globals.json) context.json({ ...erasure, ...(receipt ? { receipt } : {}) });
        else context.lines(erasureLines(erasure, inert(person, 200)));
      } finally {
        progress.done();
      }
    });
}
