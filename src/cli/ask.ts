/**
 * `whoran ask ID`: who is behind it, and the proof.
 */
import type { Command } from 'commander';
import type { Activity, Answer } from '../answers/answer.ts';
import type { AskOptions } from '../answers/ask.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { parseTime, rfc3339 } from '../core/times.ts';
import type { Context } from './context.ts';
import { withReaderKnownAt } from './known-at.ts';
import { readPeriod, withPeriod, type PeriodOptions } from './period.ts';

interface Options extends PeriodOptions {
  readonly at?: string;
  readonly knownAt?: string;
  readonly limit?: string;
  readonly live?: boolean;
  readonly cluster?: string;
  readonly account?: string;
}

const EXAMPLES = `
ID is a task (ARN or bare id), an event id, an access key id, a session ARN, a
user principal name or object id, an IP address, or an awslogs stream name.
Exit code 1 means that nothing landed mentions it.

With --cluster and --at in place of an ID: every task that ran there then, and who is
behind each. A cluster is a name or an ARN.

--live asks AWS first, through the configured cloudtrail-lookup sources: ECS itself
about a task, CloudTrail about its keys and the last minutes of its account. What it
brings is landed like all else. A service that fails is named, and the answer comes
from what is landed; exit code 3 means that nothing was fetched, since another
writer holds the data folder.

Examples:
  $ whoran ask arn:aws:ecs:eu-central-1:111122223333:task/jobs/0f9de17a6465404e8b1b2356dc13c2f8
  $ whoran ask nightly/app/0f9de17a6465404e8b1b2356dc13c2f8
  $ whoran ask aiko@example.com --from 2026-01-01
  $ whoran ask ASIAEXAMPLE000000001 --json
  $ whoran ask 0f9de17a6465404e8b1b2356dc13c2f8 --live
  $ whoran ask 0f9de17a6465404e8b1b2356dc13c2f8 --known-at 2026-01-15T12:00:00Z
  $ whoran ask --cluster prod --at 2026-01-15T02:10:00Z --account 111122223333`;

export function registerAsk(program: Command, context: Context): void {
  withPeriod(
    program
      .command('ask')
      .description('answer who is behind a task, a call, a session, an identity or an address, with the proof')
      .argument('[id]', 'what to ask about')
      .option('--cluster <cluster>', 'in place of an id: what ran on this cluster, a name or an ARN, at --at')
      .option('--account <id>', 'of the cluster')
      .option('--at <time>', 'when on the cluster; of a session ARN, the session that was alive then')
      .option('--known-at <time>', 'answer as of what had been landed then'),
  )
    .option('--limit <count>', 'rows of each list of an identity or address, and of a cluster (1000)')
    .option('--live', 'ask ECS and CloudTrail for the latest first')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, options: Options) => {
      if (options.cluster !== undefined) await runAskCluster(context, id, options.cluster, options);
      else await runAsk(context, id, options);
    });
}

async function runAsk(context: Context, id: string | undefined, options: Options): Promise<void> {
  if (id === undefined) throw new WhoranError("missing required argument 'id'", { exitCode: EXIT.wrongUse, hint: 'Give an id, or --cluster with --at. See `whoran ask --help` for what can be asked.' });
  if (options.account !== undefined) throw new WhoranError('--account: only with --cluster', { exitCode: EXIT.wrongUse, hint: 'Of two tasks or events with one id, ACCOUNT/ID picks the one of an account.' });
  if (id.trim() === '') throw new WhoranError('the id is empty', { exitCode: EXIT.wrongUse, hint: 'See `whoran ask --help` for what can be asked.' });
  const knownAt = options.knownAt === undefined ? undefined : parseTime(options.knownAt, '--known-at');
  const asked: AskOptions = {
    ...readPeriod(options),
    ...(options.at === undefined ? {} : { at: parseTime(options.at, '--at') }),
    ...(options.limit === undefined ? {} : { limit: readLimit(options.limit) }),
    ...(knownAt === undefined ? {} : { knownAt: rfc3339(knownAt) }),
  };
  if (options.live === true) {
    if (knownAt !== undefined) throw new WhoranError('--live: not with --known-at', { exitCode: EXIT.wrongUse, hint: 'What is fetched now was not known then: leave one of them out.' });
    const { fetchBeforeAsking } = await import('./ask-live.ts');
    await fetchBeforeAsking(context, id);
  }
  const { ask } = await import('../answers/ask.ts');
  const answer = await withReaderKnownAt(context, knownAt, (reader) => ask(reader, id, asked));
  if (context.globals.json) context.json(answer);
  else await print(context, answer);
  if ('reason' in answer && answer.reason === 'not_seen' && context.exitCode === EXIT.done) context.exitCode = EXIT.found;
}

async function runAskCluster(context: Context, id: string | undefined, cluster: string, options: Options): Promise<void> {
  const wrong = (message: string, hint: string): WhoranError => new WhoranError(message, { exitCode: EXIT.wrongUse, hint });
  const example = 'For example: whoran ask --cluster prod --at 2026-01-15T02:10:00Z';
  if (id !== undefined) throw wrong('--cluster: not together with an id', example);
  if (cluster.trim() === '') throw wrong('--cluster: it is empty', example);
  if (options.at === undefined) throw wrong('--cluster: it needs --at', example);
  for (const name of ['from', 'to', 'live'] as const) if (options[name] !== undefined) throw wrong(`--${name}: not with --cluster`, example);
  if (options.account !== undefined && !/^\d{12}$/.test(options.account)) throw wrong(`--account: ${JSON.stringify(options.account.slice(0, 40))} is no account id`, 'It has 12 digits.');
  const knownAt = options.knownAt === undefined ? undefined : parseTime(options.knownAt, '--known-at');
  const question = {
    cluster,
    at: parseTime(options.at, '--at'),
    ...(options.account === undefined ? {} : { accountId: options.account }),
    ...(options.limit === undefined ? {} : { limit: readLimit(options.limit) }),
    ...(knownAt === undefined ? {} : { knownAt: rfc3339(knownAt) }),
  };
  const { askCluster } = await import('../answers/cluster.ts');
  const answer = await withReaderKnownAt(context, knownAt, (reader) => askCluster(reader, question));
  if (context.globals.json) {
    context.json(answer);
  } else {
    const { clusterLines } = await import('./print/cluster.ts');
    context.lines(clusterLines(answer, context.page));
  }
  if (answer.reason === 'not_seen') context.exitCode = EXIT.found;
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d{1,6}$/.test(text) || limit < 1) {
    throw new WhoranError(`--limit: ${JSON.stringify(text.slice(0, 20))} is no count`, { exitCode: EXIT.wrongUse, hint: 'Give a whole number from 1 to 999999.' });
  }
  return limit;
}

async function print(context: Context, answer: Answer | Activity): Promise<void> {
  if (answer.schema === 'whoran.answer/1') {
    const { answerLines } = await import('./print/answer.ts');
    context.lines(answerLines(answer, context.page));
  } else {
    const { activityLines } = await import('./print/activity.ts');
    context.lines(activityLines(answer, context.page));
  }
}
