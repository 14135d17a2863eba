/**
 * The stories of a generated world, as whoever is told of them reads them: through real files, detections, plan and a receiver that checks
 * signatures on loopback. What must be told is told once, with proof that is landed and a command that answers; nothing else is told.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DoubleServer } from '../fixtures/doubles/double-server.ts';
import { deliver, makeWorld, type World } from '../fixtures/world/index.ts';
import { createChannel } from '../src/alerts/index.ts';
import type { WebhookAlert } from '../src/alerts/webhook.ts';
import { ask } from '../src/answers/ask.ts';
import { configSchema, type Config } from '../src/config/config.ts';
import { sendAlerts, type AlertsResult } from '../src/pipeline/alert.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';

let folder: string;
let data: string;
let world: World;
let config: Config;
let server: DoubleServer;
const received: WebhookAlert[] = [];

const tell = async (at: string): Promise<AlertsResult> => {
  const channels = await Promise.all(config.alerts.channels.map(async (one) => createChannel(one, { env: { KEY: 'k'.repeat(40) }, stdout: { write: () => true }, version: '0.0.0' })));
  return sendAlerts({ dataDir: data, config, channels, runId: null, effects: { now: () => new Date(at), sleep: async () => Promise.resolve(), random: () => 0.5 }, signal: new AbortController().signal, scrub: (text) => text });
};

async function update(paths: readonly string[]): Promise<void> {
  const writer = await openWriter(data);
  try {
    if (paths.length > 0) await ingest(writer, paths);
    await bringUpToDate(writer, config);
    await writer.publish();
  } finally {
    writer.close();
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-alert-stories-'));
  data = join(folder, 'data');
  world = makeWorld({ seed: 31, days: 2, eventsPerDay: 100 });
  server = await DoubleServer.start({ handle: ({ body }) => { received.push(JSON.parse(body.toString('utf8')) as WebhookAlert); return { status: 200 }; }, refuse: () => ({ status: 500 }) });
  config = configSchema.parse({ ...world.config, alerts: { channels: [{ id: 'hook', type: 'webhook', url: `${server.url}/x`, secret: '${KEY}', rate_per_minute: 100_000 }], routes: [{ channels: ['hook'], min_severity: 'low' }] } });
  await deliver(world, join(folder, 'logs'), { forms: 'all', duplicate: 0.1, reorder: true });
  await writeFile(join(folder, 'registry.csv'), world.registry.csv());
  const writer = await openWriter(data);
  try {
    await ingest(writer, [join(folder, 'registry.csv')], { isRegistry: true });
    await ingest(writer, [join(folder, 'logs')]);
    await bringUpToDate(writer, config);
    await writer.publish();
  } finally {
    writer.close();
  }
}, 120_000);

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test('each story that must be told is told once; what is quiet or provisional is not', async () => {
  const result = await tell('2026-03-01T09:00:00Z');
  expect(result).toMatchObject({ pending: 0, dead: 0, held: [] });
  const all = received.flatMap(({ findings }) => findings.map(({ detection, subject }) => `${detection} ${subject.kind} ${subject.id}`));
  expect(new Set(all).size).toBe(all.length);
  // What is about the delivery (Graph's audit rows name no tenant, and are rejected) is no story's.
  const told = all.filter((one) => !one.includes(' source '));
  const wanted = world.stories.flatMap(({ findings }) => findings.filter(({ status }) => status !== 'provisional').map(({ detection, subject }) => `${detection} ${subject.kind} ${subject.id}`));
  expect([...told].sort()).toEqual([...new Set(wanted)].sort());
  process.stdout.write(`alert stories: ${received.length} messages for ${told.length} findings of ${world.stories.length} stories, each told once\n`);
});

test('every message says what, who, how sure, what is not known, and shows landed records', async () => {
  const reader = await openReader(data);
  try {
    for (const { findings } of received) {
      for (const finding of findings.filter(({ subject }) => subject.kind !== 'source')) {
        expect(finding.what.length).toBeGreaterThan(20);
        expect(finding.who?.sentence.length ?? 0).toBeGreaterThan(20);
        expect(['proved', 'asserted', 'inferred', 'none']).toContain(finding.who?.confidence);
        expect(finding.not_known.length).toBeGreaterThan(0);
        expect(finding.steps.length).toBeGreaterThan(1);
        expect(finding.evidence.length).toBeGreaterThan(0);
        for (const { sha256 } of finding.evidence) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
        // The command is one that a shell runs as it stands, and that finds something.
        const [program, verb, typed, ...rest] = execFileSync('sh', ['-c', `printf '%s\\n' ${finding.ask}`], { encoding: 'utf8' }).trimEnd().split('\n');
        expect([program, verb, rest]).toEqual(['whoran', 'ask', []]);
        const answers = { db: reader.db, landing: { readMember: async (seq: number, member: number) => Promise.resolve(reader.landing.unpackMember(seq, member)) } };
        const answer = await ask(answers, typed ?? '');
        if (answer.schema === 'whoran.answer/1') expect(answer.reason).not.toBe('not_seen');
      }
    }
  } finally {
    reader.close();
  }
}, 120_000);

test('nothing is told twice by later runs; when a configured exception takes one away, its end is told once', async () => {
  const before = received.length;
  expect((await tell('2026-03-01T10:00:00Z')).sent).toBe(0);
  await update([]);
  expect((await tell('2026-03-01T11:00:00Z')).sent).toBe(0);
  expect(received.length).toBe(before);
  const first = received[0]?.findings[0];
  if (!first) throw new Error('something was told');
  config = configSchema.parse({ ...config, detections: { ...config.detections, [first.detection]: { enabled: false } } });
  await update([]);
  await tell('2026-03-01T12:00:00Z');
  const over = received.slice(before);
  expect(over.map(({ notice }) => notice)).toEqual(over.map(() => 'resolved'));
  expect(over.flatMap(({ findings }) => findings.map(({ id }) => id)).sort()).toEqual(received.slice(0, before).flatMap(({ findings }) => findings.filter(({ detection }) => detection === first.detection).map(({ id }) => id)).sort());
  expect(over[0]?.findings[0]?.change?.by).toBe('whoran');
  expect((await tell('2026-03-01T13:00:00Z')).sent).toBe(0);
}, 120_000);
