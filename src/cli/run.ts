/**
 * `whoran run`: the nightly job, once or on a schedule.
 */
import { Option, type Command } from 'commander';
import { EXIT, WhoranError, type ExitCode } from '../core/errors.ts';
import { LOG_LEVELS } from '../operations/log-levels.ts';
import type { RunEnded } from '../pipeline/run-job.ts';
import type { Context } from './context.ts';
import { prepareRun, showRun, type RunOptions, type RunSetup } from './run-setup.ts';
import { stopOnSignals } from './stop-signals.ts';

const EXAMPLES = `
Pulls every source that is switched on, brings answers up to date, publishes, writes
the reports that the configuration names (run.reports; none by default), and pings
run.dead_man_url. Again with nothing new, nothing changes. Each run is recorded in
landing/runs.jsonl; whoran status shows the last.

Exit codes: 0 all done; 1 a part failed, named, and the rest is in; 2 wrong use or
configuration; 3 the data folder is held by another writer. With --schedule it stays
until SIGTERM, and makes up for a run that was missed; --json then prints a document
a line. Logs go to standard error: JSON lines, or lines for people on a terminal.

Examples:
  $ whoran run
  $ whoran run --json --log json
  $ whoran run --schedule "30 2 * * *" --timezone Europe/Berlin --metrics 9464`;

export function registerRun(program: Command, context: Context): void {
  program
    .command('run')
    .description('the nightly job: pull every source, bring answers up to date, publish, report')
    .option('--schedule <cron>', 'stay, and run when it is due (five fields: minute, hour, day, month, weekday)')
    .option('--timezone <zone>', 'of the schedule: an IANA name (UTC)')
    .option('--metrics <port>', 'with --schedule: serve /metrics, /healthz, /readyz on loopback, or on HOST:PORT')
    .addOption(new Option('--log <form>', 'JSON lines or lines for people (JSON unless standard error is a terminal)').choices(['json', 'human']))
    .addOption(new Option('--log-level <level>', 'what is logged').choices([...LOG_LEVELS]).default('info'))
    .addHelpText('after', EXAMPLES)
    .action(async (options: RunOptions) => {
      await runRun(context, options);
    });
}

async function runRun(context: Context, options: RunOptions): Promise<void> {
  for (const name of ['timezone', 'metrics'] as const) {
    if (options[name] !== undefined && options.schedule === undefined) {
      throw new WhoranError(`--${name}: only with --schedule`, { exitCode: EXIT.wrongUse, hint: 'For example: whoran run --schedule "30 2 * * *" --metrics 9464' });
    }
  }
  const setup = await prepareRun(context, options);
  const stop = stopOnSignals();
  try {
    const { runDaemon } = await import('./run-daemon.ts');
    const work = options.schedule === undefined ? runOnce(context, setup, stop.signal) : runDaemon(context, setup, options.schedule, options, stop.signal);
    // Who doesn't stop in time is left to the end of the process: main.ts leaves as soon as this returns.
    const isLate = await Promise.race([work.then(() => false), stop.late.then(() => true)]);
    if (isLate) {
      setup.log.error('something did not stop in time, and is left behind');
      context.exitCode = EXIT.found;
    }
  } finally {
    stop.dispose();
  }
}

async function runOnce(context: Context, setup: RunSetup, signal: AbortSignal): Promise<void> {
  const [{ runJob }, { watchRuns }] = await Promise.all([import('../pipeline/run.ts'), import('./run-watch.ts')]);
  const { ended } = await runJob(await setup.job('command', null, signal, watchRuns(setup.log, undefined)));
  await showRun(context, ended, 2);
  context.exitCode = exitCodeOf(ended);
}

function exitCodeOf({ outcome }: RunEnded): ExitCode {
  return outcome === 'done' ? EXIT.done : EXIT.found;
}
