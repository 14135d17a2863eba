/**
 * `whoran alerts`: deciding about findings, and their history.
 */
import { hostname, userInfo } from 'node:os';
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { parseTime } from '../core/times.ts';
import type { DecisionKind } from '../pipeline/decide.ts';
import { registerAlertsSend } from './alerts-send.ts';
import type { Context } from './context.ts';
import { withReader } from './data.ts';

const EXAMPLES = `
ID is a finding's id or its first 8 or more digits; \`whoran findings\` lists them. A
decision is kept in the journal with who, when and why, and counts at once, also while a
run is at work. A finding that fires again after it was resolved opens again.

Examples:
  $ whoran alerts ack 3f2a9c01 --reason "on it"
  $ whoran alerts suppress 3f2a9c01 --until 7d --reason "load test, ticket 1234"
  $ whoran alerts show 3f2a9c01`;

interface DecideArguments {
  readonly reason: string;
  readonly until?: string;
  readonly to?: string;
  readonly as?: string;
  readonly dryRun?: boolean;
}

interface Verb {
  readonly name: string;
  readonly decision: DecisionKind;
  readonly about: string;
  readonly done: string;
}

const VERBS: readonly Verb[] = [
  { name: 'ack', decision: 'acknowledge', about: 'say that somebody is on it: no more reminders', done: 'acknowledged' },
  { name: 'resolve', decision: 'resolve', about: 'say that it is dealt with, until it fires again', done: 'resolved' },
  { name: 'reopen', decision: 'reopen', about: 'take back an acknowledgement or a resolution', done: 'reopened' },
  { name: 'suppress', decision: 'suppress', about: 'accept it until a time: not told, and listed as suppressed', done: 'suppressed' },
  { name: 'unsuppress', decision: 'unsuppress', about: 'end a suppression now', done: 'no longer suppressed' },
  { name: 'assign', decision: 'assign', about: 'say whose it is', done: 'assigned' },
  { name: 'note', decision: 'note', about: 'add a remark to its history', done: 'noted' },
];

/** `7d`, `12h`, `30m` from now, or a time. */
function readUntil(text: string, now: Date): Date {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const ms = { m: 60_000, h: 3_600_000, d: 86_400_000 }[unit ?? ''];
  return ms === undefined ? parseTime(text, '--until') : new Date(now.getTime() + Number(count) * ms);
}

/** Who is typing: the account at the operating system. */
function whoami(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    throw new WhoranError('the operating system does not say who is typing', { exitCode: EXIT.wrongUse, hint: 'Say it with --as NAME.' });
  }
}

export function registerAlerts(program: Command, context: Context): void {
  const alerts = program.command('alerts').description('tell people about findings, decide about them, and see their history').addHelpText('after', EXAMPLES);
  registerAlertsSend(alerts, context);
  for (const verb of VERBS) registerVerb(alerts, context, verb);
  alerts
    .command('show')
    .description('print a finding and everything that happened to it')
    .argument('<id>', "a finding's id, or its first digits")
    .action(async (id: string) => {
      const { findingHistory } = await import('../answers/finding-history.ts');
      const found = await withReader(context, (reader) => findingHistory(reader, id, new Date()));
      if (context.globals.json) {
        context.json(found);
        return;
      }
      const { historyLines } = await import('./print/finding-history.ts');
      context.lines(historyLines(found, context.page));
    });
}

function registerVerb(alerts: Command, context: Context, verb: Verb): void {
  const command = alerts
    .command(verb.name)
    .description(verb.about)
    .argument('<id...>', "findings' ids, or their first digits")
    .requiredOption('--reason <text>', 'why, for whoever reads it later');
  if (verb.decision === 'suppress') command.requiredOption('--until <time>', 'when it ends: a time, or a length like 12h or 7d');
  if (verb.decision === 'assign') command.requiredOption('--to <name>', 'whose it is');
  command
    .option('--as <name>', 'who decides, where it is not the account that types')
    .option('--dry-run', 'say what would change, and write nothing')
    .action(async (ids: string[], given: DecideArguments) => {
      await runDecide(context, verb, ids, given);
    });
}

async function runDecide(context: Context, verb: Verb, ids: readonly string[], given: DecideArguments): Promise<void> {
  const [{ decide }, { setTimeout: sleep }] = await Promise.all([import('../pipeline/decide.ts'), import('node:timers/promises')]);
  const now = new Date();
  const wanted: readonly (readonly [string, string | undefined, string])[] = [['--reason', given.reason, 'Say why: auditors read it.'], ['--as', given.as, 'Say who decides, or leave it out: then it is the account that types.'], ['--to', given.to, 'Say whose it is.']];
  for (const [option, value, hint] of wanted) if (value?.trim() === '') throw new WhoranError(`${option} is empty`, { exitCode: EXIT.wrongUse, hint });
  const decided = await withReader(context, (reader) => decide(reader, ids, {
    decision: verb.decision, by: given.as ?? whoami(), reason: given.reason, now, isDryRun: given.dryRun ?? false,
    ...(given.until === undefined ? {} : { until: readUntil(given.until, now) }), ...(given.to === undefined ? {} : { assignee: given.to }),
    sleep: async (ms) => sleep(ms),
  }));
  if (context.globals.json) {
    context.json(decided);
    return;
  }
  const until = decided.until === null ? '' : ` until ${decided.until}`;
  const to = decided.assignee === null ? '' : ` to ${inert(decided.assignee)}`;
  context.lines([
    ...decided.findings.map(({ id, detection, before, after, summary }) => `${id.slice(0, 12)}  ${inert(detection)}  ${before === after ? after : `${before} → ${after}`}  ${inert(summary, 160)}`),
    `${decided.is_dry_run ? 'Would be' : 'Now'} ${verb.done}${to}${until} by ${inert(decided.by)}: ${inert(decided.reason, 400)}`,
  ]);
}
