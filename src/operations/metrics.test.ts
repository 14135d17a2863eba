import { expect, test } from 'vitest';
import type { RunEnded } from '../landing/run-log.ts';
import { Metrics } from './metrics.ts';

const NOW = new Date('2026-02-03T03:00:00Z');
const RECORDS = { read: 10, new: 6, repeated: 2, rejected: 1, set_aside: 1 };
const source = (id: string, outcome: 'ok' | 'failed', through: string | null): RunEnded['sources'][number] => ({
  source: id, type: 'files', outcome, delivered: 3, landed: 2, repeated: 1, bytes: 100, records: RECORDS, requests: 4, retries: 1, warnings: 0, complete_through: through,
});
const ended: RunEnded = {
  kind: 'ended', run_id: 'r1', trigger: 'schedule', began_at: '2026-02-03T02:30:00.000Z', at: '2026-02-03T02:31:30.000Z', outcome: 'partial', is_changed: true,
  sources: [source('trail', 'ok', '2026-02-03T02:00:00Z'), source('graph', 'failed', null), source('stranger', 'ok', '2026-02-03T02:00:00Z')],
  steps: [{ step: 'pull', outcome: 'done', seconds: 80 }], findings: { open: 5, provisional: 2 }, reports: [], failures: [], version: '0.0.0',
};

interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: Map<string, number>;
}

/** Reads the text format 0.0.4 strictly: HELP and TYPE before the samples, each family once, labels quoted, a line break at the end. */
function parse(text: string): Map<string, Family> {
  expect(text.endsWith('\n')).toBe(true);
  const families = new Map<string, Family>();
  let help: [string, string] | undefined;
  let at: [string, Family] | undefined;
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const helped = /^# HELP ([a-z_]+) (.+)$/.exec(line);
    const typed = /^# TYPE ([a-z_]+) (counter|gauge)$/.exec(line);
    const sample = /^([a-z_]+)(?:\{((?:[a-z_]+="[^"\\\n]*",?)+)\})? (-?[0-9.e+-]+)$/.exec(line);
    if (helped) help = [helped[1]!, helped[2]!];
    else if (typed) {
      expect(help?.[0]).toBe(typed[1]);
      expect(families.has(typed[1]!)).toBe(false);
      at = [typed[1]!, { help: help![1], type: typed[2]!, samples: new Map() }];
      families.set(...at);
    } else {
      expect(sample, line).not.toBeNull();
      expect(sample![1]).toBe(at?.[0]);
      const labels = sample![2] ?? '';
      expect(at![1].samples.has(labels), line).toBe(false);
      at![1].samples.set(labels, Number(sample![3]));
    }
  }
  return families;
}

function metrics(): Metrics {
  return new Metrics({ sources: ['trail', 'graph'], version: '0.0.0', now: () => NOW });
}
const read = async (from: Metrics): Promise<Map<string, Family>> => parse(await from.text());

test('names follow the conventions, and each says what it is', async () => {
  const all = metrics();
  all.ended(ended);
  const families = await read(all);
  expect(families.size).toBeGreaterThan(20);
  for (const [name, { help, type }] of families) {
    expect(name).toMatch(/^whoran_/);
    expect(help.length).toBeGreaterThan(10);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
  }
  expect(all.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
});

test('a run is told: counts, times, lag, outcome', async () => {
  const all = metrics();
  all.began();
  expect((await read(all)).get('whoran_run_in_progress')?.samples).toEqual(new Map([['', 1]]));
  all.request('trail');
  all.retry('trail');
  all.ended(ended);
  all.stored({ landing_bytes: 1000, database_bytes: 500, events: 7 });
  all.nextRun(new Date('2026-02-04T02:30:00Z'));
  all.pingFailed();
  const families = await read(all);
  const value = (name: string, labels = ''): number | undefined => families.get(name)?.samples.get(labels);
  const at = Date.parse(ended.at) / 1000;
  expect(value('whoran_source_lag_seconds', 'source="trail"')).toBe(3600);
  expect(value('whoran_source_complete_through_timestamp_seconds', 'source="trail"')).toBe(Date.parse('2026-02-03T02:00:00Z') / 1000);
  expect(value('whoran_source_lag_seconds', 'source="graph"')).toBeUndefined();
  expect(value('whoran_source_requests_total', 'source="trail"')).toBe(1);
  expect(value('whoran_source_retries_total', 'source="trail"')).toBe(1);
  expect(value('whoran_source_delivered_total', 'source="trail"')).toBe(3);
  expect(value('whoran_source_records_total', 'source="trail",outcome="rejected"')).toBe(1);
  expect(value('whoran_source_last_success_timestamp_seconds', 'source="trail"')).toBe(at);
  expect(value('whoran_source_last_failure_timestamp_seconds', 'source="graph"')).toBe(at);
  expect(value('whoran_source_last_success_timestamp_seconds', 'source="graph"')).toBeUndefined();
  expect(value('whoran_run_duration_seconds')).toBe(90);
  expect(value('whoran_run_step_duration_seconds', 'step="pull"')).toBe(80);
  expect(value('whoran_run_outcome', 'outcome="partial"')).toBe(1);
  expect(value('whoran_run_outcome', 'outcome="done"')).toBe(0);
  expect(value('whoran_runs_total', 'outcome="partial"')).toBe(1);
  expect(value('whoran_run_in_progress')).toBe(0);
  expect(value('whoran_findings', 'status="open"')).toBe(5);
  expect(value('whoran_store_bytes', 'part="landing"')).toBe(1000);
  expect(value('whoran_run_next_timestamp_seconds')).toBe(Date.parse('2026-02-04T02:30:00Z') / 1000);
  expect(value('whoran_ping_failures_total')).toBe(1);
});

test('labels are the configured sources and words of ours: nothing else makes a series', async () => {
  const all = metrics();
  const before = [...(await read(all)).values()].reduce((sum, { samples }) => sum + samples.size, 0);
  for (let count = 0; count < 50; count += 1) {
    all.request(`x${count}`);
    all.ended({ ...ended, sources: [source(`x${count}`, 'ok', '2026-02-03T02:00:00Z')] });
  }
  const text = await all.text();
  expect(text).not.toMatch(/x\d+|stranger/);
  expect([...parse(text).values()].reduce((sum, { samples }) => sum + samples.size, 0)).toBeLessThan(before + 40);
});

test('earlier runs give times and gauges, and no counts', async () => {
  const all = metrics();
  all.restore([{ run_id: 'r1', trigger: 'schedule', began_at: ended.began_at, ended, ping_failure: null }]);
  const families = await read(all);
  expect(families.get('whoran_source_lag_seconds')?.samples.get('source="trail"')).toBe(3600);
  expect(families.get('whoran_runs_total')?.samples.get('outcome="partial"')).toBe(0);
  expect(families.get('whoran_source_delivered_total')?.samples.get('source="trail"')).toBe(0);
});

test('channels are told by run: messages taken, failed attempts, given up, waiting, held back; only configured ones', async () => {
  const all = new Metrics({ sources: [], channels: ['slack', 'mail'], version: '0.0.0', now: () => NOW });
  const one = (channel: string, counts: readonly [sent: number, failed: number, pending: number, dead: number]) => ({ channel, sent: counts[0], failed: counts[1], pending: counts[2], dead: counts[3], left_because: null });
  const run = { ...ended, sources: [], alerts: { sent: 3, pending: 4, dead: 1, held: [{ why: 'quiet hours', findings: 5, channels: ['slack'] }], channels: [one('slack', [3, 0, 0, 0]), one('mail', [0, 2, 4, 1]), one('stranger', [9, 9, 9, 9])] } };
  all.ended(run);
  all.ended({ ...run, at: '2026-02-03T02:41:30.000Z' });
  const text = await all.text();
  const families = parse(text);
  const value = (name: string, channel: string): number | undefined => families.get(`whoran_alerts_${name}`)?.samples.get(`channel="${channel}"`);
  expect([value('sent_total', 'slack'), value('failed_total', 'mail'), value('given_up_total', 'mail'), value('waiting', 'mail'), value('waiting', 'slack'), value('held_back_findings', 'slack')]).toEqual([6, 4, 2, 4, 0, 5]);
  expect(value('last_sent_timestamp_seconds', 'slack')).toBe(Date.parse('2026-02-03T02:41:30Z') / 1000);
  expect(value('last_sent_timestamp_seconds', 'mail')).toBeUndefined();
  expect(text).not.toContain('stranger');
});
