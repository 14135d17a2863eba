/**
 * What a run tells, as log lines and metrics.
 */
import type { Log, LogFields } from '../operations/log.ts';
import type { Metrics } from '../operations/metrics.ts';
import type { RunEnded, RunEvent } from '../pipeline/run-job.ts';

type SourceEvent = Extract<RunEvent, { kind: 'source' }>['event'];

/** A listener for one run after another. */
export function watchRuns(log: Log, metrics: Metrics | undefined): (event: RunEvent) => void {
  let run = log;
  return (event) => {
    switch (event.kind) {
      case 'began':
        run = log.with({ run_id: event.run.run_id });
        metrics?.began();
        run.info('the run begins', { trigger: event.run.trigger, version: event.run.version });
        break;
      case 'note':
        run.warn(event.message);
        break;
      case 'step':
        run.info(`step ${event.step} begins`, { step: event.step });
        break;
      case 'progress':
        run.debug(event.message);
        break;
      case 'source':
        if (event.event.kind === 'request') metrics?.request(event.source);
        if (event.event.kind === 'retry') metrics?.retry(event.source);
        sourceLine(run.with({ source: event.source }), event.event);
        break;
      case 'failure': {
        const { what, stream, message, hint } = event.failure;
        if (what === 'ping') metrics?.pingFailed();
        const source = /^source (.+)$/.exec(what)?.[1];
        run.error(`${what} failed`, { ...optional('source', source), ...optional('stream', stream), error: message, ...optional('hint', hint) });
        break;
      }
      case 'ended':
        metrics?.ended(event.run);
        endLines(run, event.run);
        break;
    }
  };
}

function optional(name: keyof LogFields, value: string | null | undefined): LogFields {
  return value === null || value === undefined ? {} : { [name]: value };
}

function sourceLine(log: Log, event: SourceEvent): void {
  switch (event.kind) {
    case 'progress':
      log.debug(event.message, { stream: event.stream });
      break;
    case 'request':
      log.debug('request', { operation: event.operation });
      break;
    case 'retry':
      log.info('trying again', { operation: event.operation, attempt: event.attempt, wait_ms: event.waitMs, reason: event.reason });
      break;
    case 'warning':
      log.warn(event.message, optional('stream', event.stream));
      break;
    case 'landed':
      log.debug('landed', { stream: event.stream, landed: event.landed, bytes: event.bytes });
      break;
  }
}

function endLines(log: Log, run: RunEnded): void {
  for (const { source, outcome, delivered, landed, repeated, bytes, records, requests, retries } of run.sources) {
    const level = outcome === 'ok' ? 'info' : 'warn';
    log[level]('source pulled', { source, outcome, delivered, landed, repeated, bytes, records: records.new, rejected: records.rejected, requests, retries });
  }
  for (const { report, is_new: isNew } of run.reports) log.info(isNew ? 'report written' : 'report stands as it was written', { report });
  const seconds = (Date.parse(run.at) - Date.parse(run.began_at)) / 1000;
  const level = run.outcome === 'done' ? 'info' : run.outcome === 'failed' ? 'error' : 'warn';
  log[level](run.outcome === 'done' && !run.is_changed ? 'the run is done: nothing new' : 'the run ended', { outcome: run.outcome, seconds, ...(run.findings ? { findings: run.findings.open } : {}) });
}
