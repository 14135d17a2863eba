/**
 * Whether the daemon does what it is for. Alive: its next run is not overdue. Ready: the last run left something to read.
 */
import type { RunOutcome } from '../landing/run-log.ts';

/** What the daemon knows of itself. */
export interface DaemonState {
  readonly started_at: Date;
  readonly is_running: boolean;
  /** When the run at hand began, or the next is due. */
  readonly due_at: Date | null;
  readonly last: { readonly run_id: string; readonly outcome: RunOutcome; readonly at: string } | null;
  /** How long a run may take, and a start may be late: after that something hangs. */
  readonly patience_ms: number;
}

export interface Health {
  readonly isWell: boolean;
  readonly document: Readonly<Record<string, string | number | boolean | null>>;
}

/** `/healthz`: a run that is due, or under way, for longer than it may take makes it fail. */
export function health(state: DaemonState, now: Date): Health {
  const lateMs = state.due_at === null ? 0 : now.getTime() - state.due_at.getTime();
  const isWell = lateMs <= state.patience_ms;
  return { isWell, document: { status: isWell ? 'ok' : 'overdue', overdue_seconds: isWell ? 0 : Math.round(lateMs / 1000), ...facts(state, now) } };
}

/** `/readyz`: a run has ended, and it left its work published. */
export function readiness(state: DaemonState, now: Date): Health {
  const outcome = state.last?.outcome;
  const isWell = outcome === 'done' || outcome === 'partial';
  return { isWell, document: { status: isWell ? 'ready' : outcome === undefined ? 'no run has ended yet' : `the last run ended as ${outcome}`, ...facts(state, now) } };
}

function facts({ started_at: startedAt, is_running: isRunning, due_at: dueAt, last }: DaemonState, now: Date): Health['document'] {
  return {
    is_running: isRunning,
    next_run_at: isRunning || dueAt === null ? null : dueAt.toISOString(),
    last_run_at: last?.at ?? null,
    last_run_outcome: last?.outcome ?? null,
    last_run_age_seconds: last === null ? null : Math.max(0, Math.round((now.getTime() - Date.parse(last.at)) / 1000)),
    uptime_seconds: Math.max(0, Math.round((now.getTime() - startedAt.getTime()) / 1000)),
  };
}
