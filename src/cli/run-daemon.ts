/**
 * `whoran run --schedule`: stays, runs when a run is due, and serves metrics and health where asked to.
 */
import type { DaemonState } from '../operations/health.ts';
import type { Metrics } from '../operations/metrics.ts';
import type { OperationsServer } from '../operations/server.ts';
import type { RunTrigger } from '../pipeline/run-job.ts';
import type { ScheduleEvent } from '../pipeline/schedule.ts';
import { WriterBusyError } from '../store/writer-lock.ts';
import type { Context } from './context.ts';
import { watchRuns } from './run-watch.ts';
import { showRun, type RunOptions, type RunSetup } from './run-setup.ts';

/** After a run's deadline for sources: staging, correlation and reports of the largest delivery fit into this. */
const WORK_MS = 60 * 60_000;

/**
 * Stays until the signal is aborted.
 * @throws WhoranError (wrong use) where the schedule, its time zone or the address of the metrics is none
 */
export async function runDaemon(context: Context, setup: RunSetup, pattern: string, options: RunOptions, signal: AbortSignal): Promise<void> {
  const [{ readSchedule, runOnSchedule }, { Metrics }, { readAddress, serveOperations }, { health, readiness }, { readRuns, lastRunThatTookPlace }] = await Promise.all([
    import('../pipeline/schedule.ts'), import('../operations/metrics.ts'), import('../operations/server.ts'), import('../operations/health.ts'),
    import('../pipeline/run-record.ts'),
  ]);
  const now = (): Date => new Date();
  const schedule = readSchedule(pattern, options.timezone);
  const address = options.metrics === undefined ? undefined : readAddress(options.metrics);
  const metrics = new Metrics({ sources: setup.config.sources.map(({ id }) => id), channels: setup.config.alerts.channels.map(({ id }) => id), version: setup.version, now });
  const runs = readRuns(context.globals.data);
  metrics.restore(runs);
  const last = runs.findLast(({ ended }) => ended !== null)?.ended;
  const daemon = new Daemon(context, setup, metrics, pattern, signal, {
    started_at: now(), is_running: false, due_at: null, last: last ? { run_id: last.run_id, outcome: last.outcome, at: last.at } : null,
    patience_ms: setup.config.run.deadline_minutes * 60_000 + WORK_MS,
  });
  await daemon.measureStore();
  let server: OperationsServer | undefined;
  if (address) {
    server = await serveOperations(address, {
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
      health: () => health(daemon.state, now()),
      readiness: () => readiness(daemon.state, now()),
    });
    setup.log.info('metrics and health are served', { address: server.address.host, port: server.address.port });
  }
  try {
    const before = lastRunThatTookPlace(runs);
    await runOnSchedule({
      schedule, lastBegan: before && new Date(before.began_at), now, signal, sleep,
      run: async (trigger) => daemon.run(trigger),
      tell: (event) => { daemon.heard(event); },
    });
    setup.log.info('stopped');
  } finally {
    await server?.close();
  }
}

/** Resolves after `ms`, or when the signal is aborted. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** What stays between the runs. */
class Daemon {
  state: DaemonState;
  readonly #context: Context;
  readonly #setup: RunSetup;
  readonly #metrics: Metrics;
  readonly #pattern: string;
  readonly #signal: AbortSignal;

  constructor(context: Context, setup: RunSetup, metrics: Metrics, pattern: string, signal: AbortSignal, state: DaemonState) {
    this.#context = context;
    this.#setup = setup;
    this.#metrics = metrics;
    this.#pattern = pattern;
    this.#signal = signal;
    this.state = state;
  }

  /** One run. @throws what kept it from beginning: another writer, or a folder that can't be opened as it is */
  async run(trigger: RunTrigger): Promise<void> {
    const { runJob } = await import('../pipeline/run.ts');
    this.state = { ...this.state, is_running: true, due_at: new Date() };
    try {
      const watch = watchRuns(this.#setup.log, this.#metrics);
      const { ended } = await runJob(await this.#setup.job(trigger, this.#pattern, this.#signal, watch));
      this.state = { ...this.state, last: { run_id: ended.run_id, outcome: ended.outcome, at: ended.at } };
      await showRun(this.#context, ended, 0);
      await this.measureStore();
    } catch (error) {
      this.#metrics.notBegun();
      if (!(error instanceof WriterBusyError)) await this.#pingFailure(error);
      throw error;
    } finally {
      this.state = { ...this.state, is_running: false };
    }
  }

  heard(event: ScheduleEvent): void {
    const { log } = this.#setup;
    switch (event.kind) {
      case 'waiting':
        this.state = { ...this.state, due_at: event.until };
        this.#metrics.nextRun(event.until);
        log.info('waiting for the next run', { next_run_at: event.until.toISOString(), schedule: this.#pattern });
        break;
      case 'starting':
        if (event.trigger === 'catch_up') log.warn('a run was missed, and is made up for now');
        break;
      case 'locked':
        log.warn('the data folder is held by another writer; the run waits for it', { wait_ms: event.retryMs });
        break;
      case 'failed':
        log.error('the run could not begin', { error: messageOf(event.error) });
        break;
    }
  }

  /** Takes the sizes of what is stored; where that can't be read they stay as they were. */
  async measureStore(): Promise<void> {
    const [{ storeSizes }, { readManifestLeniently }] = await Promise.all([import('../answers/status.ts'), import('../store/manifest.ts')]);
    const { data } = this.#context.globals;
    this.#metrics.stored(await storeSizes(data, readManifestLeniently(data)?.files ?? []));
  }

  async #pingFailure(error: unknown): Promise<void> {
    const failure = await this.#setup.ping(false, `whoran run could not begin: ${this.#setup.scrub(messageOf(error))}`, this.#signal);
    if (failure === null) return;
    this.#metrics.pingFailed();
    this.#setup.log.error('ping failed', { error: failure });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
