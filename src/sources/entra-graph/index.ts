/**
 * Sign-ins, directory audits and the directory itself through Microsoft Graph (ATTRIBUTION §5; entra.md §5.1).
 */
import type { EntraGraphConfig } from '../../config/sources/entra-graph.ts';
import { runStreams, type RunningStream } from '../_streams.ts';
import type { Source } from '../source.ts';
import { checkGraph } from './check.ts';
import { graphFailure } from './failures.ts';
import { GraphClient, type GraphGiven } from './graph-client.ts';
import { pullLog } from './log-stream.ts';
import { permissionOf, reportsOf } from './reports.ts';
import { SNAPSHOT_STREAMS, pullSnapshot, snapshotCovers } from './snapshot-streams.ts';

export type { GraphGiven } from './graph-client.ts';

/** @param given what tests pass in place of the platform's own credential and certificate authorities */
export function entraGraph(config: EntraGraphConfig, given: GraphGiven = {}): Source {
  const client = new GraphClient(config, given);
  const reports = reportsOf(config);
  const snapshots = config.snapshot_hours > 0 ? SNAPSHOT_STREAMS : [];
  return {
    id: config.id,
    type: config.type,
    streams: [...reports.map(({ stream, covers }) => ({ stream, covers })), ...snapshots.map((stream) => ({ stream, covers: snapshotCovers(config) }))],
    pull: (context) => {
      const logs = reports.map((report): RunningStream => ({ stream: report.stream, pull: () => pullLog(report, client, config, context) }));
      const streams = [...logs, ...snapshots.map((stream): RunningStream => ({ stream, pull: () => pullSnapshot(stream, client, config, context) }))];
      return runStreams(streams, {
        parallel: streams.length,
        signal: context.signal,
        failureOf: (stream, error) => graphFailure(stream, error, permissionOf(stream)),
      });
    },
    check: (effects) => checkGraph(client, config, reports, effects),
  };
}
