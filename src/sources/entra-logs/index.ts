/**
 * Sign-ins and directory audits out of a Log Analytics workspace, where Entra's diagnostic setting sends them.
 */
import type { EntraLogsConfig } from '../../config/sources/entra-logs.ts';
import { runStreams } from '../_streams.ts';
import { SourceError, type CheckResult, type PullContext, type Source, type SourceEffects, type Step, type StreamFailure } from '../source.ts';
import { checkWorkspace, serviceTime } from './check.ts';
import { hintFor } from './failures.ts';
import { pullTable } from './pull-table.ts';
import { tablesOf } from './tables.ts';
import { Workspace, type EntraLogsGiven } from './workspace.ts';

export type { EntraLogsGiven } from './workspace.ts';

/**
 * The source of one workspace; a stream is a table, by its name. Credentials by Azure's default chain; needs the role Log
 * Analytics Reader on the workspace.
 */
export function entraLogs(config: EntraLogsConfig, given: EntraLogsGiven = {}): Source {
  const workspace = new Workspace(config, given);
  const tables = tablesOf(config);
  return {
    id: config.id,
    type: config.type,
    streams: tables.map(({ name, covers }) => ({ stream: name, covers })),
    pull: (context: PullContext): AsyncGenerator<Step> => pullTables(workspace, config, context),
    check: (effects: SourceEffects & { readonly signal: AbortSignal }): AsyncGenerator<CheckResult> => checkWorkspace(workspace, config, effects),
  };
}

/** Of one user's queries five run at once, others wait and are refused in the end (Azure Monitor, query limits): two are left to others. */
const PARALLEL_TABLES = 3;

/** The service's clock is asked first, for all tables. */
async function* pullTables(workspace: Workspace, config: EntraLogsConfig, context: PullContext): AsyncGenerator<Step> {
  const tables = tablesOf(config);
  let now: Date;
  try {
    now = await serviceTime(workspace, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw new SourceError(tables.map(({ name }) => failureOf(name, error, hintFor(error))), error);
  }
  yield* runStreams(
    tables.map((table) => ({ stream: table.name, pull: () => pullTable(table, workspace, config, context, now) })),
    {
      parallel: PARALLEL_TABLES,
      signal: context.signal,
      failureOf: (stream, error) => failureOf(stream, error, hintFor(error, tables.find(({ name }) => name === stream))),
    },
  );
}

function failureOf(stream: string, error: unknown, hint: string | undefined): StreamFailure {
  const message = error instanceof Error ? error.message : 'failed';
  return hint === undefined ? { stream, message } : { stream, message, hint };
}
