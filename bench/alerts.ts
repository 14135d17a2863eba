/**
 * `node dist/bench/alerts.js [seconds [events a second]]`: from the last record that a finding needs, delivered, to the alert received. The
 * daemon (`run --schedule`, every five seconds) watches a folder into which an object of that many events is put each second; now and
 * then one more record, of a kind that is found at once. A receiver on loopback notes when it is told.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DoubleServer } from '../fixtures/doubles/double-server.ts';
import { writeBulkTrailObjects } from '../fixtures/world/bulk.ts';
import { readRuns } from '../src/pipeline/run-record.ts';

const [seconds = 120, rate = 1000] = process.argv.slice(2).map(Number);
/** A finding every so many seconds. */
const EVERY = 7;
/** After the feed, the slowest alert is waited for this long. */
const GRACE_MS = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'whoran-bench-alerts-'));
const inbox = join(folder, 'inbox');
mkdirSync(inbox);
const delivered = new Map<string, number>();
const took: number[] = [];

const receiver = await DoubleServer.start({
  handle: ({ body }) => {
    const { findings } = JSON.parse(body.toString('utf8')) as { findings: readonly { subject: { id: string } }[] };
    for (const { subject } of findings) {
      const at = delivered.get(subject.id);
      if (at !== undefined) took.push((performance.now() - at) / 1000);
    }
    return { status: 200 };
  },
  refuse: () => ({ status: 500 }),
});

/** A call of a long-lived key that nobody used before: found at once, whatever else is landed. */
function planted(number: number): { readonly id: string; readonly text: string } {
  const id = `bbbbbbbb-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const key = `AKIAPLANTED${String(number).padStart(9, '0')}`;
  const record = {
    eventVersion: '1.11', eventID: id, eventTime: new Date().toISOString().replace(/\.\d+Z/, 'Z'), eventName: 'StopTask', eventSource: 'ecs.amazonaws.com', awsRegion: 'eu-central-1',
    recipientAccountId: '111122223333', sourceIPAddress: '192.0.2.7', userAgent: 'example', readOnly: false, eventType: 'AwsApiCall', managementEvent: true,
    userIdentity: { type: 'IAMUser', principalId: `AIDA${number}`, arn: 'arn:aws:iam::111122223333:user/build', accountId: '111122223333', accessKeyId: key, userName: 'build' },
    requestParameters: { cluster: 'prod', task: '0'.repeat(32) }, responseElements: null, requestID: id,
  };
  return { id, text: JSON.stringify({ Records: [record] }) };
}

async function main(): Promise<void> {
  const bulk = await writeBulkTrailObjects(join(folder, 'bulk'), { objects: seconds, recordsPerObject: rate, seed: 1, days: 1, level: 1 });
  const objects = readdirSync(bulk.trail, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
  const config = join(folder, 'whoran.yaml');
  writeFileSync(config, JSON.stringify({
    tenants: [{ id: bulk.tenantId }],
    sources: [{ id: 'inbox', type: 'files', path: inbox, quiet_seconds: 0 }],
    alerts: { channels: [{ id: 'hook', type: 'webhook', url: `${receiver.url}/`, secret: '${BENCH_SECRET}', rate_per_minute: 60_000 }], routes: [{ channels: ['hook'], min_severity: 'low' }] },
  }));
  const bin = fileURLToPath(new URL('../src/main.js', import.meta.url));
  const data = join(folder, 'data');
  const daemon = spawn(process.execPath, [bin, '--data', data, '--config', config, 'run', '--schedule', '*/5 * * * * *'], { env: { ...process.env, BENCH_SECRET: 'b'.repeat(40) }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  daemon.stderr.on('data', (text: Buffer) => { said = (said + text.toString('utf8')).slice(-2000); });
  const exited = new Promise<void>((resolve) => { daemon.on('exit', () => { resolve(); }); });
  const began = performance.now();
  for (let second = 0; second < seconds; second += 1) {
    const object = objects[second];
    if (object !== undefined) renameSync(object, join(inbox, `${String(second).padStart(6, '0')}.json.gz`));
    if (second % EVERY === 0) {
      const { id, text } = planted(second);
      const path = join(folder, 'planted.json');
      writeFileSync(path, text);
      delivered.set(id, performance.now());
      renameSync(path, join(inbox, `planted-${String(second).padStart(6, '0')}.json`));
    }
    await sleep(Math.max(0, began + (second + 1) * 1000 - performance.now()));
  }
  for (const end = performance.now() + GRACE_MS; took.length < delivered.size && performance.now() < end; ) await sleep(200);
  daemon.kill('SIGTERM');
  await exited;
  took.sort((a, b) => a - b);
  const at = (share: number): number => Number((took[Math.min(took.length - 1, Math.ceil(share * took.length) - 1)] ?? Number.NaN).toFixed(1));
  const runs = readRuns(data).flatMap(({ ended }) => ended ?? []).filter(({ is_changed: changed }) => changed);
  const lengths = runs.map(({ began_at: from, at: to }) => (Date.parse(to) - Date.parse(from)) / 1000).sort((a, b) => a - b);
  if (took.length === 0) throw new Error(`no alert came; the daemon said: ${said}`);
  process.stdout.write(`${JSON.stringify({
    events: bulk.records, events_per_second: rate, planted: delivered.size, told: took.length, p50_seconds: at(0.5), p95_seconds: at(0.95), max_seconds: at(1),
    runs: runs.length, run_p50_seconds: lengths[Math.floor(lengths.length / 2)] ?? 0, run_max_seconds: lengths.at(-1) ?? 0,
  })}\n`);
}

try {
  await main();
} finally {
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
}
