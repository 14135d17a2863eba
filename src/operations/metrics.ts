/**
 * Metrics for Prometheus: how far each source reaches, what runs did and when, how much is stored. Labels are the configured
 * sources' ids and words of ours, so their number is bounded.
 *
 * Counters begin at 0 with the process, as Prometheus expects; times and gauges are taken from the record of runs at start.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import { RUN_OUTCOMES, RUN_STEPS, type Run, type RunEnded } from '../landing/run-log.ts';

export interface MetricsOptions {
  /** Ids of the configured sources: what another id does counts for nobody. */
  readonly sources: readonly string[];
  /** Ids of the configured alert channels, likewise. */
  readonly channels?: readonly string[];
  readonly version: string;
  readonly now: () => Date;
}

/** What is stored, in bytes. */
export interface StoreSizes {
  readonly landing_bytes: number;
  readonly database_bytes: number;
  readonly events: number;
}

const SOURCE = ['source'] as const;
const CHANNEL = ['channel'] as const;

export class Metrics {
  readonly #registry = new Registry();
  readonly #sources: ReadonlySet<string>;
  readonly #now: () => Date;
  /** Milliseconds since 1970 UTC. */
  readonly #completeThrough = new Map<string, number>();

  readonly #requests = this.#counter('whoran_source_requests_total', 'Requests made to the source’s service, retries among them.', SOURCE);
  readonly #retries = this.#counter('whoran_source_retries_total', 'Requests that were made again after a failure.', SOURCE);
  readonly #delivered = this.#counter('whoran_source_delivered_total', 'Objects and response bodies that the source delivered.', SOURCE);
  readonly #landed = this.#counter('whoran_source_landed_total', 'Objects and response bodies landed for the first time.', SOURCE);
  readonly #bytes = this.#counter('whoran_source_delivered_bytes_total', 'Bytes that the source delivered.', SOURCE);
  readonly #records = this.#counter('whoran_source_records_total', 'Records staged, by what became of them.', ['source', 'outcome']);
  readonly #success = this.#gauge('whoran_source_last_success_timestamp_seconds', 'When a run last pulled the source whole.', SOURCE);
  readonly #failure = this.#gauge('whoran_source_last_failure_timestamp_seconds', 'When a run last failed to pull the source, or a part of it.', SOURCE);
  readonly #runs = this.#counter('whoran_runs_total', 'Runs since the process began, by outcome.', ['outcome']);
  readonly #lastRun = this.#gauge('whoran_run_last_timestamp_seconds', 'When the last run with this outcome ended.', ['outcome']);
  readonly #outcome = this.#gauge('whoran_run_outcome', 'Outcome of the last run: 1 for the one it had, 0 for the others.', ['outcome']);
  readonly #duration = this.#gauge('whoran_run_duration_seconds', 'How long the last run took.');
  readonly #steps = this.#gauge('whoran_run_step_duration_seconds', 'How long each step of the last run took.', ['step']);
  readonly #inProgress = this.#gauge('whoran_run_in_progress', 'Whether a run goes on: 1 or 0.');
  readonly #next = this.#gauge('whoran_run_next_timestamp_seconds', 'When the next run is due.');
  readonly #pingFailures = this.#counter('whoran_ping_failures_total', 'Pings of the dead man’s URL that came to nothing.');
  readonly #findings = this.#gauge('whoran_findings', 'Findings after the last run, by status.', ['status']);
  readonly #alertsSent = this.#counter('whoran_alerts_sent_total', 'Messages that the channel took.', CHANNEL);
  readonly #alertsFailed = this.#counter('whoran_alerts_failed_total', 'Attempts to send a message that failed.', CHANNEL);
  readonly #alertsDead = this.#counter('whoran_alerts_given_up_total', 'Messages that were given up: nobody was told over this channel.', CHANNEL);
  readonly #alertsWaiting = this.#gauge('whoran_alerts_waiting', 'Messages that the last run left to a later one.', CHANNEL);
  readonly #alertsHeld = this.#gauge('whoran_alerts_held_back_findings', 'Findings that the last run held back from the channel.', CHANNEL);
  readonly #alertsLast = this.#gauge('whoran_alerts_last_sent_timestamp_seconds', 'When a run last sent something to the channel.', CHANNEL);
  readonly #storeBytes = this.#gauge('whoran_store_bytes', 'Size of the data folder, by part.', ['part']);
  readonly #storeEvents = this.#gauge('whoran_store_events', 'CloudTrail records in the database.');

  readonly #channels: ReadonlySet<string>;

  constructor({ sources, channels = [], version, now }: MetricsOptions) {
    this.#sources = new Set(sources);
    this.#channels = new Set(channels);
    this.#now = now;
    this.#gauge('whoran_build_info', 'The program’s version.', ['version']).set({ version }, 1);
    const lag = this.#gauge('whoran_source_lag_seconds', 'From complete_through to now; no sample where nothing was pulled yet.', SOURCE, () => {
      for (const [source, at] of this.#completeThrough) lag.set({ source }, Math.max(0, (this.#now().getTime() - at) / 1000));
    });
    const through = this.#gauge('whoran_source_complete_through_timestamp_seconds', 'Everything up to here was delivered, as far as can be known; of the source’s streams the least.', SOURCE, () => {
      for (const [source, at] of this.#completeThrough) through.set({ source }, at / 1000);
    });
    // Series that exist from the start: a rate over one that appears with its first failure would miss that failure.
    for (const source of sources) {
      for (const counter of [this.#requests, this.#retries, this.#delivered, this.#landed, this.#bytes]) counter.inc({ source }, 0);
      for (const outcome of ['new', 'repeated', 'rejected', 'set_aside']) this.#records.inc({ source, outcome }, 0);
    }
    for (const channel of channels) for (const counter of [this.#alertsSent, this.#alertsFailed, this.#alertsDead]) counter.inc({ channel }, 0);
    for (const outcome of RUN_OUTCOMES) this.#runs.inc({ outcome }, 0);
    this.#pingFailures.inc(0);
    this.#inProgress.set(0);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything in the text format 0.0.4. */
  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Takes what earlier runs left: times and gauges, no counts. */
  restore(runs: readonly Run[]): void {
    for (const { ended } of runs) if (ended) this.#state(ended);
  }

  began(): void {
    this.#inProgress.set(1);
  }

  /** A run was to begin, and could not. */
  notBegun(): void {
    this.#inProgress.set(0);
  }

  ended(run: RunEnded): void {
    this.#inProgress.set(0);
    this.#runs.inc({ outcome: run.outcome });
    this.#state(run);
    this.#told(run);
    for (const { source, records, delivered, landed, bytes } of run.sources) {
      if (!this.#sources.has(source)) continue;
      this.#delivered.inc({ source }, delivered);
      this.#landed.inc({ source }, landed);
      this.#bytes.inc({ source }, bytes);
      for (const outcome of ['new', 'repeated', 'rejected', 'set_aside'] as const) this.#records.inc({ source, outcome }, records[outcome]);
    }
  }

  #told(run: RunEnded): void {
    for (const { channel, sent, failed, dead } of run.alerts?.channels ?? []) {
      if (!this.#channels.has(channel)) continue;
      this.#alertsSent.inc({ channel }, sent);
      this.#alertsFailed.inc({ channel }, failed);
      this.#alertsDead.inc({ channel }, dead);
    }
  }

  request(source: string): void {
    if (this.#sources.has(source)) this.#requests.inc({ source });
  }

  retry(source: string): void {
    if (this.#sources.has(source)) this.#retries.inc({ source });
  }

  /** Sets how far a source reaches; later times of the same source replace it. */
  completeThrough(source: string, at: Date): void {
    if (this.#sources.has(source)) this.#completeThrough.set(source, at.getTime());
  }

  pingFailed(): void {
    this.#pingFailures.inc();
  }

  nextRun(at: Date): void {
    this.#next.set(at.getTime() / 1000);
  }

  stored({ landing_bytes: landing, database_bytes: database, events }: StoreSizes): void {
    this.#storeBytes.set({ part: 'landing' }, landing);
    this.#storeBytes.set({ part: 'database' }, database);
    this.#storeEvents.set(events);
  }

  #state(run: RunEnded): void {
    const at = Date.parse(run.at) / 1000;
    this.#lastRun.set({ outcome: run.outcome }, at);
    for (const outcome of RUN_OUTCOMES) this.#outcome.set({ outcome }, outcome === run.outcome ? 1 : 0);
    this.#duration.set((Date.parse(run.at) - Date.parse(run.began_at)) / 1000);
    for (const step of RUN_STEPS) this.#steps.set({ step }, run.steps.find((one) => one.step === step)?.seconds ?? 0);
    if (run.findings) for (const status of ['open', 'provisional'] as const) this.#findings.set({ status }, run.findings[status]);
    for (const channel of run.alerts ? this.#channels : []) {
      const told = run.alerts?.channels?.find((one) => one.channel === channel);
      this.#alertsWaiting.set({ channel }, told?.pending ?? 0);
      this.#alertsHeld.set({ channel }, (run.alerts?.held ?? []).reduce((sum, { findings, channels }) => sum + (channels.includes(channel) ? findings : 0), 0));
      if (told && told.sent > 0) this.#alertsLast.set({ channel }, at);
    }
    for (const { source, outcome, complete_through: through } of run.sources) {
      if (!this.#sources.has(source)) continue;
      // A run that was told to stop has neither succeeded with a source nor failed.
      if (outcome === 'ok') this.#success.set({ source }, at);
      else if (run.outcome !== 'interrupted') this.#failure.set({ source }, at);
      if (through !== null) this.#completeThrough.set(source, Date.parse(through));
    }
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[] = [], collect?: () => void): Gauge<Label> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.#registry], ...(collect ? { collect } : {}) });
  }
}

