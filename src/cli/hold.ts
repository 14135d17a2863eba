/**
 * `whoran hold`: legal holds, which retention stops at.
 */
import { userInfo } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Hold, HoldDecision, HoldScope } from '../pipeline/legal-holds.ts';
import type { Context } from './context.ts';

const EXAMPLES = `
A hold keeps the deliveries that meet all it names, whatever the configuration and
whoever asks; without a scope, everything. What cannot be told apart is kept. Holds
are lines of the journal and stay there, with who, when and why.

Examples:
  $ whoran hold add --reason "case 2026-07" --identity ada@example.com
  $ whoran hold add --reason "audit" --account 111122223333 --from 2026-01-01 --to 2026-04-01
  $ whoran hold list
  $ whoran hold release hold-1 --reason "case closed"`;

interface AddArguments {
  readonly reason: string;
  readonly by?: string;
  readonly source?: string;
  readonly account?: string;
  readonly identity?: string;
  readonly from?: string;
  readonly to?: string;
}

export function registerHold(program: Command, context: Context): void {
  const hold = program.command('hold').description('legal holds: what must not be removed').addHelpText('after', EXAMPLES);
  hold
    .command('add')
    .description('keep what it names from retention')
    .requiredOption('--reason <text>', 'why, for the journal')
    .option('--by <name>', 'who decides (this user)')
    .option('--source <id>', "what a configured source delivered, or files")
    .option('--account <id>', 'records of an AWS account')
    .option('--identity <text>', 'deliveries in which this object id, name or address stands')
    .option('--from <time>', 'records from then, a date or time in UTC')
    .option('--to <time>', 'records before then')
    .action(async (given: AddArguments) => {
      const scope: HoldScope = { source: given.source ?? null, account: given.account ?? null, identity: given.identity ?? null, from: instant('--from', given.from), to: instant('--to', given.to) };
      if (scope.account !== null && !/^\d{12}$/.test(scope.account)) throw wrongUse(`--account: expected 12 digits, found ${inert(scope.account, 60)}`, 'Give the account id.');
      if (scope.identity === '') throw wrongUse('--identity: expected a text, found none', 'Give an object id or user principal name.');
      const { holds, subject } = await decide(context, (before) => ({
        by: given.by ?? userInfo().username, action: 'hold.add', subject: `hold-${before.length + 1}`, reason: given.reason,
        detail: Object.fromEntries(Object.entries(scope).filter(([, value]) => value !== null)),
      }));
      print(context, holds, `${subject} is in force. It keeps ${described(scope)}.`);
    });
  hold
    .command('release <id>')
    .description('end a hold: what it kept may go')
    .requiredOption('--reason <text>', 'why, for the journal')
    .option('--by <name>', 'who decides (this user)')
    .action(async (id: string, given: { readonly reason: string; readonly by?: string }) => {
      const { holds } = await decide(context, (before) => {
        const found = before.find((one) => one.id === id);
        if (!found) throw wrongUse(`there is no hold ${inert(id, 60)}`, '`whoran hold list` shows them.');
        if (found.released) throw wrongUse(`${found.id} was released already, on ${found.released.at.slice(0, 10)}`, '`whoran hold list` shows those in force.');
        return { by: given.by ?? userInfo().username, action: 'hold.release', subject: id, reason: given.reason, detail: {} };
      });
      print(context, holds, `${inert(id, 60)} is released.`);
    });
  hold
    .command('list')
    .description('every hold, those that are released too')
    .action(async () => {
      const { legalHolds } = await import('../pipeline/legal-holds.ts');
      const holds = legalHolds(context.globals.data);
      print(context, holds, holds.length === 0 ? 'There is no hold.' : undefined);
    });
}

async function decide(context: Context, decision: (before: readonly Hold[]) => HoldDecision): Promise<{ holds: Hold[]; subject: string }> {
  const { decideHold } = await import('../pipeline/legal-holds.ts');
  return decideHold(context.globals.data, new Date().toISOString(), decision, async (ms) => setTimeout(ms));
}

function print(context: Context, holds: readonly Hold[], message: string | undefined): void {
  if (context.globals.json) {
    context.json({ schema: 'whoran.holds/1', holds });
    return;
  }
  context.lines([
    ...(message === undefined ? [] : [message]),
    ...holds.map(({ id, at, by, reason, scope, released }) =>
      `${id}  ${released ? `released ${released.at.slice(0, 10)} by ${inert(released.by, 80)} (${inert(released.reason, 200)})` : 'in force'}: ${described(scope)}; since ${at.slice(0, 10)} by ${inert(by, 80)} (${inert(reason, 200)})`),
  ]);
}

function described({ source, account, identity, from, to }: HoldScope): string {
  const parts = [
    ...(source === null ? [] : [`of source ${inert(source, 80)}`]), ...(account === null ? [] : [`of account ${account}`]),
    ...(identity === null ? [] : [`naming ${inert(identity, 120)}`]), ...(from === null ? [] : [`from ${from.slice(0, 10)}`]), ...(to === null ? [] : [`before ${to.slice(0, 10)}`]),
  ];
  return parts.length === 0 ? 'everything' : `deliveries ${parts.join(', ')}`;
}

function instant(option: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  const at = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z)?$/.test(text) ? new Date(text) : new Date(NaN);
  if (Number.isNaN(at.getTime())) throw wrongUse(`${option}: expected a date or a time in UTC, found ${inert(text, 60)}`, 'For example 2026-01-15 or 2026-01-15T12:00:00Z.');
  return at.toISOString();
}

function wrongUse(message: string, hint: string): WhoranError {
  return new WhoranError(message, { exitCode: EXIT.wrongUse, hint });
}
