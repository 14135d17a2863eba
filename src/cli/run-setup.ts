/**
 * What `whoran run` needs, once or on a schedule: configuration, log, sources, the dead man's ping, and how an end is shown.
 */
import type { Config } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { LogLevel } from '../operations/log-levels.ts';
import type { Log } from '../operations/log.ts';
import type { RunEnded, RunJob, RunTrigger } from '../pipeline/run-job.ts';
import type { Context } from './context.ts';
import { programVersion } from './version.ts';

export interface RunOptions {
  readonly schedule?: string;
  readonly timezone?: string;
  readonly metrics?: string;
  readonly log?: 'json' | 'human';
  readonly logLevel: LogLevel;
}

/** All that a run needs, checked before anything is done. */
export interface RunSetup {
  readonly config: Config;
  readonly log: Log;
  readonly version: string;
  readonly scrub: (text: string) => string;
  /** Everything of a job but what differs from run to run. */
  readonly job: (trigger: RunTrigger, schedule: string | null, signal: AbortSignal, tell: RunJob['tell']) => Promise<RunJob>;
  /** Tells the dead man how a run ended; null where that went well, or nobody is to be told. */
  readonly ping: (isSuccess: boolean, summary: string, signal: AbortSignal) => Promise<string | null>;
}

/**
 * Reads the configuration and checks what can be checked before anything is done.
 * @throws WhoranError (wrong use)
 */
export async function prepareRun(context: Context, options: RunOptions): Promise<RunSetup> {
  const [{ loadConfig }, { resolveReference }, { scrubber }, { createLog }, { checkReports }, { realEffects }] = await Promise.all([
    import('../config/load.ts'), import('../config/run.ts'), import('../operations/secrets.ts'), import('../operations/log.ts'),
    import('../pipeline/run-reports.ts'), import('../pipeline/effects.ts'),
  ]);
  const { env, isErrTty } = context.terminal;
  const config = await loadConfig(context.globals.config);
  if (!config.sources.some(({ enabled }) => enabled)) {
    throw new WhoranError('the configuration has no source that is switched on: there is nothing to pull', {
      exitCode: EXIT.wrongUse,
      hint: '`whoran init` writes a configuration to start from; `whoran ingest PATH…` reads log files without one.',
    });
  }
  await checkReports(config.run.reports, config.alerts.teams.map(({ id }) => id));
  const reference = config.run.dead_man_url;
  const url = reference === undefined ? undefined : resolveReference(reference, env);
  if (reference !== undefined && (url === undefined || !URL.canParse(url))) {
    throw new WhoranError('run.dead_man_url: it names an environment variable that holds no URL', { exitCode: EXIT.wrongUse, hint: 'Set the variable, or take the key out of the configuration.' });
  }
  const { channelSecrets } = await import('../pipeline/alert-channels.ts');
  const scrub = scrubber(env, [...(url === undefined ? [] : [url]), ...channelSecrets(config, env)]);
  const write = (text: string): void => { context.terminal.err(text); };
  const log = createLog({ write, form: options.log ?? (isErrTty ? 'human' : 'json'), level: options.logLevel, scrub, now: realEffects.now });
  const version = programVersion();
  const ping = async (isSuccess: boolean, summary: string, signal: AbortSignal): Promise<string | null> => {
    if (url === undefined) return null;
    const { ping: send } = await import('../operations/ping.ts');
    return send({ url, failureSuffix: config.run.dead_man_failure_suffix }, isSuccess, summary, { signal });
  };
  const job = async (trigger: RunTrigger, schedule: string | null, signal: AbortSignal, tell: RunJob['tell']): Promise<RunJob> => {
    const [{ configuredSources }, { configuredChannels }] = await Promise.all([import('../pipeline/ingest-sources.ts'), import('../pipeline/alert-channels.ts')]);
    const channels = await configuredChannels(config, { env, stdout: { write: (text) => { if (context.globals.json) context.terminal.err(text); else context.terminal.out(text); } }, version });
    return {
      channels,
      dataDir: context.globals.data, config, sources: await configuredSources(context.globals.data, config), trigger, schedule, version, scrub, signal, effects: realEffects, tell,
      notify: async (ended) => ping(ended.outcome === 'done', summary(ended), signal),
    };
  };
  return { config, log, version, scrub, job, ping };
}

/** One line for whoever gets the ping: the outcome, and the names of what failed. */
function summary({ run_id: id, outcome, failures }: RunEnded): string {
  const failed = [...new Set(failures.map(({ what }) => what))];
  return `whoran run ${id}: ${outcome}${failed.length === 0 ? '' : `; failed: ${failed.join(', ')}`}`;
}

/** Prints a run's end: its document with `--json`, else for people. */
export async function showRun(context: Context, ended: RunEnded, indent: 0 | 2): Promise<void> {
  const { runDocument, runLines } = await import('./print/run.ts');
  if (!context.globals.json) context.lines(runLines(ended, context.page));
  else if (indent === 2) context.json(runDocument(ended));
  else context.jsonLine(runDocument(ended));
}
