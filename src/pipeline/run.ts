/**
 * `run`: pull, stage, correlate, detect, publish, alert, report, as one job under the writer's lock, recorded in `landing/runs.jsonl`.
 * What fails is named and doesn't take away what the rest did; what is landed is never lost, and the next run goes on from it.
 */
import { randomUUID } from 'node:crypto';
import { deadlineOf } from '../core/deadline.ts';
import { WhoranError } from '../core/errors.ts';
import { appendRun, readRuns, type Run, type RunBegan, type RunEnded, type RunFailure, type RunOutcome, type RunReport, type RunSource } from '../landing/run-log.ts';
import { readManifest } from '../store/manifest.ts';
import { openWriter, type Writer } from '../store/writer.ts';
import { runAlerts, sendAlerts, type AlertsResult } from './alert.ts';
import { sendingBudgetMs } from './alert-pace.ts';
import { correlate } from './correlate.ts';
import { detect, type DetectResult } from './detect.ts';
import { pullSources, retireOthers, type PullResult } from './pull.ts';
import { isRetentionConfigured, retain } from './retain.ts';
import { failureOf } from './run-failure.ts';
import type { RunJob, RunResult } from './run-job.ts';
import { recordBriefly } from './run-record.ts';
import { writeReport } from './run-reports.ts';
import { runSources } from './run-sources.ts';
import { NamedAlready, RunSteps } from './run-steps.ts';
import { fingerprint, recordsBySource } from './run-tables.ts';
import { stage } from './stage.ts';

/**
 * Runs the job once. What sources, steps or the disk do is in the result, never thrown.
 * @throws WriterBusyError (exit code 3), and other WhoranErrors where the data folder can't be opened as it is; nothing was done then
 */
export async function runJob(job: RunJob): Promise<RunResult> {
  return new JobRun(job).run();
}

class JobRun {
  readonly #job: RunJob;
  readonly #began: RunBegan;
  readonly #steps: RunSteps;
  readonly #reports: RunReport[] = [];
  #sources: readonly RunSource[] = [];
  #pulled: PullResult | undefined;
  #detected: DetectResult | undefined;
  #alerts: AlertsResult | undefined;
  #isChanged = false;

  constructor(job: RunJob) {
    this.#job = job;
    this.#steps = new RunSteps(job);
    this.#began = {
      kind: 'began', run_id: randomUUID(), trigger: job.trigger, at: job.effects.now().toISOString(), schedule: job.schedule, version: job.version,
      node: process.version,
    };
  }

  async run(): Promise<RunResult> {
    const { dataDir, effects, tell } = this.#job;
    tell({ kind: 'began', run: this.#began });
    let writer: Writer | undefined;
    try {
      writer = await openWriter(dataDir, { now: effects.now });
      if (isRetentionConfigured(this.#job.config) && (await this.#retain(writer))) {
        // The database is made again from what is left.
        writer.close();
        writer = await openWriter(dataDir, { now: effects.now });
      }
      await this.#work(writer);
    } catch (error) {
      if (!writer && error instanceof WhoranError) throw error;
      this.#steps.met(error, 'open');
    }
    const ended = this.#ended();
    const isRecorded = writer !== undefined && this.#record(ended);
    const { isLeftBehind } = this.#steps;
    // A statement that doesn't stop would keep `close` waiting; the end of the process lets go of everything.
    if (!isLeftBehind) writer?.close();
    if (!isRecorded && !isLeftBehind) await this.#recordAfterwards(ended);
    tell({ kind: 'ended', run: ended });
    await this.#notify(ended);
    return { ended, isLeftBehind };
  }

  async #work(writer: Writer): Promise<void> {
    const { dataDir, tell, config, effects } = this.#job;
    const { db } = writer;
    for (const repair of writer.repairs) tell({ kind: 'note', message: repair });
    const runs = readRuns(dataDir);
    appendRun(dataDir, ...this.#crashed(runs), this.#began);
    const after = writer.stagedThrough;
    if (after < writer.landing.lastSeq) tell({ kind: 'note', message: `${writer.landing.lastSeq - after} batch(es) that a stopped run had landed are staged now` });
    const before = readManifest(dataDir) === undefined ? undefined : await fingerprint(db);
    retireOthers(writer, new Set(config.sources.filter(({ enabled }) => enabled).map(({ id }) => id)), effects.now);
    await this.#steps.step(db, 'pull', async () => this.#pull(writer));
    const staged = await this.#steps.step(db, 'stage', async () => {
      await stage(writer, { progress: (seq, last) => { tell({ kind: 'progress', message: `staging: batch ${seq} of ${last}` }); } });
      return recordsBySource(writer, after);
    });
    if (!staged) return;
    if (this.#pulled) this.#sources = runSources(this.#pulled, staged);
    const correlated = await this.#steps.step(db, 'correlate', async () =>
      correlate(db, config, { progress: (step) => { tell({ kind: 'progress', message: `correlating: ${step}` }); } }));
    if (correlated) this.#detected = await this.#steps.step(db, 'detect', async () => detect(writer, config));
    const isSame = before !== undefined && (correlated?.because ?? null) === null && writer.stagedThrough === after && (await fingerprint(db)) === before;
    await this.#finish(writer, runs, isSame);
  }

  /** Removes what is due, first of all: what follows makes the database again. @returns whether anything went */
  async #retain(writer: Writer): Promise<boolean> {
    const { dataDir, config, effects, tell } = this.#job;
    const { db, landing } = writer;
    const retained = await this.#steps.step(db, 'retain', async () => retain({ dataDir, db, landing }, config, { now: effects.now(), by: 'configuration', sleep: async (ms) => effects.sleep(ms, this.#job.signal) }));
    for (const { layer, batches } of retained?.layers ?? []) tell({ kind: 'note', message: `retention: ${batches} deliver${batches === 1 ? 'y' : 'ies'} removed (${layer})` });
    for (const { hold, batches } of retained?.held ?? []) tell({ kind: 'note', message: `retention: ${batches} deliver${batches === 1 ? 'y' : 'ies'} due and kept by ${hold}` });
    for (const { layer, files, reports } of retained?.reports.layers ?? []) tell({ kind: 'note', message: `retention: ${files} file(s) of ${reports} report(s) removed (${layer})` });
    for (const { hold, reports } of retained?.reports.held ?? []) tell({ kind: 'note', message: `retention: ${reports} report(s) due and kept by ${hold}` });
    for (const { path, why } of retained?.reports.failed ?? []) this.#steps.fail({ what: 'retain', stream: null, message: `${path} is due and could not be removed: ${why}`, hint: 'The next run tries again.' });
    return (retained?.journal_seq ?? null) !== null;
  }

  async #pull(writer: Writer): Promise<void> {
    const { sources, config, signal, effects, tell, deadlineMs = config.run.deadline_minutes * 60_000 } = this.#job;
    const reason = new Error(`it was still pulling when the run's deadline came, ${Math.round(deadlineMs / 6000) / 10} min after the start`);
    const deadline = deadlineOf(deadlineMs, signal, reason);
    let isOver = false;
    try {
      this.#pulled = await pullSources(writer, sources, {
        signal: deadline.signal,
        effects,
        // What was left behind may still talk.
        progress: (source, event) => { if (!isOver) tell({ kind: 'source', source, event }); },
      });
    } finally {
      isOver = true;
      deadline.end();
    }
    this.#sources = runSources(this.#pulled, new Map());
    this.#steps.throwIfStopping();
    for (const { id, failures } of this.#pulled.sources) {
      for (const { stream, message, hint } of failures) this.#steps.fail({ what: `source ${id}`, stream: stream === '' ? null : stream, message, hint: hint ?? null });
    }
  }

  /** Publishes, unless nothing that readers see has changed; then the reports. */
  async #finish(writer: Writer, runs: readonly Run[], isSame: boolean): Promise<void> {
    if (isSame) this.#steps.skip('publish');
    else await this.#steps.step(writer.db, 'publish', async () => {
      await writer.publish();
      this.#isChanged = true;
    });
    const publication = readManifest(this.#job.dataDir)?.publication;
    if (publication === undefined || !(isSame || this.#isChanged)) return;
    // Where detections failed, findings are those of an earlier run: what they mean now is not known.
    if (this.#detected) await this.#steps.step(writer.db, 'alert', async () => this.#alert());
    else this.#steps.skip('alert');
    if (this.#job.config.run.reports.length === 0) return;
    await this.#steps.step(writer.db, 'report', async () => this.#report(writer, runs, publication));
  }

  /** Tells what there is to tell. A channel that fails is named, and takes nothing from the others. */
  async #alert(): Promise<void> {
    const { dataDir, config, channels = { channels: [], unmade: [] }, effects, signal, scrub } = this.#job;
    this.#alerts = await sendAlerts({ dataDir, config, channels: channels.channels, runId: this.#began.run_id, effects, signal, scrub, budgetMs: this.#sendingBudgetMs() });
    const failures: RunFailure[] = [
      ...channels.unmade.map(({ id, message, hint }) => ({ what: `channel ${id}`, stream: null, message, hint })),
      ...this.#alerts.channels.flatMap(({ channel, failure }) => (failure === null ? [] : [{ what: `channel ${channel}`, stream: null, ...failure }])),
    ];
    for (const failure of failures) this.#steps.fail(failure);
    if (failures.length > 0) throw new NamedAlready();
  }

  /** What the run's deadline leaves for telling. */
  #sendingBudgetMs(): number {
    const { config, effects, deadlineMs = config.run.deadline_minutes * 60_000 } = this.#job;
    return sendingBudgetMs(effects.now().getTime(), Date.parse(this.#began.at) + deadlineMs);
  }

  async #report(writer: Writer, runs: readonly Run[], publication: number): Promise<void> {
    const { config, effects, version, tell } = this.#job;
    const failures: RunFailure[] = [];
    for (const report of config.run.reports) {
      try {
        const progress = (step: string): void => { tell({ kind: 'progress', message: `report ${report.id}: ${step}` }); };
        this.#reports.push(await writeReport(writer, report, { now: effects.now(), runs, publication, version, progress }));
      } catch (error) {
        this.#steps.throwIfStopping();
        failures.push(failureOf(`report ${report.id}`, error, this.#job));
      }
    }
    for (const failure of failures) this.#steps.fail(failure);
    if (failures.length > 0) throw new NamedAlready();
  }

  /** Runs before this one that never said how they ended: nobody else can hold the lock, so they are over. */
  #crashed(runs: readonly Run[]): RunEnded[] {
    const { tell, effects, version } = this.#job;
    const at = effects.now().toISOString();
    return runs.filter(({ ended }) => ended === null).map((run) => {
      tell({ kind: 'note', message: `the run of ${run.began_at} never ended: it was killed, or its disk was full; this one goes on from what it landed` });
      return {
        kind: 'ended', run_id: run.run_id, trigger: run.trigger, began_at: run.began_at, at, outcome: 'crashed', is_changed: false, sources: [], steps: [],
        findings: null, alerts: null, reports: [], failures: [], version,
      };
    });
  }

  #outcome(): RunOutcome {
    const { isStopped, steps, failures } = this.#steps;
    if (isStopped) return 'interrupted';
    const isBroken = steps.some(({ step, outcome }) => outcome === 'failed' && (step === 'pull' || step === 'stage' || step === 'publish'));
    const isUnopened = failures.some(({ what }) => what === 'open');
    const isFruitless = this.#sources.length > 0 && this.#sources.every(({ outcome }) => outcome === 'failed');
    if (isBroken || isUnopened || isFruitless) return 'failed';
    return failures.length > 0 ? 'partial' : 'done';
  }

  #ended(): RunEnded {
    const { version, trigger, effects } = this.#job;
    const { run_id, at } = this.#began;
    return {
      kind: 'ended', run_id, trigger, began_at: at, at: effects.now().toISOString(), outcome: this.#outcome(), is_changed: this.#isChanged,
      sources: this.#sources, steps: this.#steps.steps,
      findings: this.#detected ? { open: this.#detected.open, provisional: this.#detected.provisional } : null,
      alerts: this.#alerts ? runAlerts(this.#alerts) : null,
      reports: this.#reports, failures: this.#steps.failures, version,
    };
  }

  /** Writes the end down while the lock is held. False where the disk refuses. */
  #record(ended: RunEnded): boolean {
    try {
      appendRun(this.#job.dataDir, ended);
      return true;
    } catch {
      return false;
    }
  }

  /** Closing the writer has given back what its copy of the database took: there may be room now. */
  async #recordAfterwards(ended: RunEnded): Promise<void> {
    const failure = await recordBriefly(this.#job.dataDir, ended);
    if (failure !== null) this.#job.tell({ kind: 'note', message: `the end of this run could not be recorded: ${this.#job.scrub(failure)}` });
  }

  async #notify(ended: RunEnded): Promise<void> {
    const { notify, dataDir, effects, scrub, tell } = this.#job;
    // A run that was told to stop has not failed; if none comes after it, the silence tells.
    if (!notify || ended.outcome === 'interrupted') return;
    const failure = await notify(ended);
    if (failure === null) return;
    const message = scrub(failure);
    tell({ kind: 'failure', failure: { what: 'ping', stream: null, message, hint: null } });
    await recordBriefly(dataDir, { kind: 'not_pinged', run_id: ended.run_id, at: effects.now().toISOString(), message });
  }
}
