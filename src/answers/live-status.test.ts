import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PullLog } from '../landing/pull-log.ts';
import { appendRun, type RunBegan, type RunEnded, type RunSource } from '../landing/run-log.ts';
import { liveStatus } from './live-status.ts';

const NOW = new Date('2026-02-03T03:00:00Z');
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'whoran-live-'));
  mkdirSync(join(dataDir, 'landing'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

function pulled(source: string, stream: string, at: string, completeThrough: string | null): void {
  const log = PullLog.open(join(dataDir, 'landing'), 0);
  log.append({ at, source, stream, covers: [], window_from: null, window_to: null, cursor: 'opaque-cursor-text', complete_through: completeThrough, ledger_seq: 0, delivered: 1, landed: 1, bytes: 1 });
  log.close();
}

const SOURCE: RunSource = {
  source: 'graph', type: 'entra-graph', outcome: 'ok', delivered: 0, landed: 0, repeated: 0, bytes: 0, records: { read: 0, new: 0, repeated: 0, rejected: 0, set_aside: 0 },
  requests: 0, retries: 0, warnings: 0, complete_through: null,
};
const began = (id: string, at: string): RunBegan => ({ kind: 'began', run_id: id, trigger: 'schedule', at, schedule: '0 2 * * *', version: '0.0.0', node: 'v20' });
const ended = (id: string, at: string, more: Partial<RunEnded> = {}): RunEnded => ({
  kind: 'ended', run_id: id, trigger: 'schedule', began_at: at, at, outcome: 'done', is_changed: true, sources: [SOURCE], steps: [], findings: null, reports: [], failures: [], version: '0.0.0', ...more,
});
const failedAt = (id: string, at: string): RunEnded =>
  ended(id, at, { outcome: 'failed', sources: [{ ...SOURCE, outcome: 'failed' }], failures: [{ what: 'source graph', stream: 'sign-ins', message: 'HTTP 403', hint: 'grant AuditLog.Read.All' }] });

test('nothing pulled and nothing run', () => {
  expect(liveStatus(dataDir, NOW)).toEqual({ live: [], last_run: null });
});

test('of streams: the cursor that moved last, and the completeness of the one that lags most; no cursor text', () => {
  pulled('graph', 'sign-ins', '2026-02-03T02:30:00Z', '2026-02-03T02:00:00Z');
  pulled('graph', 'audits', '2026-02-03T02:40:00Z', '2026-02-03T01:00:00Z');
  const status = liveStatus(dataDir, NOW);
  expect(status.live).toMatchObject([{
    source: 'graph', cursor_at: '2026-02-03T02:40:00Z', cursor_age_seconds: 1200, complete_through: '2026-02-03T01:00:00Z', lag_seconds: 7200, last_success_at: null, last_error: null,
    streams: [{ stream: 'audits', cursor_age_seconds: 1200 }, { stream: 'sign-ins', cursor_age_seconds: 1800 }],
  }]);
  expect(JSON.stringify(status)).not.toContain('opaque-cursor-text');
  pulled('graph', 'groups', '2026-02-03T02:50:00Z', null);
  expect(liveStatus(dataDir, NOW).live).toMatchObject([{ complete_through: null, lag_seconds: null }]);
});

test('the last error and the last success of a source, also of one that never delivered', () => {
  appendRun(dataDir, ended('r1', '2026-02-01T02:30:00Z'), failedAt('r2', '2026-02-02T02:30:00Z'));
  expect(liveStatus(dataDir, NOW)).toMatchObject({
    live: [{ source: 'graph', cursor_at: null, last_success_at: '2026-02-01T02:30:00Z', last_error: { at: '2026-02-02T02:30:00Z', stream: 'sign-ins', message: 'HTTP 403', hint: 'grant AuditLog.Read.All' } }],
    last_run: { run_id: 'r2', outcome: 'failed', failures: [{ what: 'source graph' }] },
  });
});

test('the last run: how it ended, that it goes on, and a ping that failed', () => {
  appendRun(dataDir, began('r1', '2026-02-03T02:30:00Z'), ended('r1', '2026-02-03T02:31:00Z'), { kind: 'not_pinged', run_id: 'r1', at: '2026-02-03T02:32:00Z', message: 'example.com answered HTTP 404' });
  expect(liveStatus(dataDir, NOW).last_run).toMatchObject({ outcome: 'done', ended_at: '2026-02-03T02:31:00Z', ping_failure: 'example.com answered HTTP 404' });
  appendRun(dataDir, began('r2', '2026-02-03T02:59:00Z'));
  expect(liveStatus(dataDir, NOW).last_run).toMatchObject({ run_id: 'r2', outcome: 'unfinished', ended_at: null, ping_failure: null });
});
