/**
 * What ran on a cluster, against a world with known truth: at many instants, exactly the tasks that lived then, each with who
 * really did it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliver, makeWorld } from '../fixtures/world/index.ts';
import { ask } from '../src/answers/ask.ts';
import { askCluster, type ClusterAnswer } from '../src/answers/cluster.ts';
import { clusterLines } from '../src/cli/print/cluster.ts';
import { styleFor } from '../src/cli/print/style.ts';
import { configSchema } from '../src/config/config.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openReader, type Reader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';

const world = makeWorld({ days: 3, eventsPerDay: 300 });
const PAGE = { style: styleFor(false), columns: 80, commandOptions: '' };

/** A task's life as the world's ECS events tell it: nothing here reads what the program made of them. */
interface Life {
  readonly arn: string;
  readonly cluster: string;
  readonly accountId: string;
  created: number;
  started: number | undefined;
  stopped: number | undefined;
}
const lives = new Map<string, Life>();
for (const record of world.records()) {
  if (record.source !== 'ecs_event') continue;
  const detail = (record.body as { detail: Record<string, string> }).detail;
  const { taskArn, clusterArn, createdAt, startedAt, stoppedAt } = detail as Partial<Record<string, string>>;
  if (taskArn === undefined || clusterArn === undefined || createdAt === undefined) continue;
  const life = lives.get(taskArn) ?? { arn: taskArn, cluster: clusterArn.slice(clusterArn.lastIndexOf('/') + 1), accountId: record.accountId, created: Date.parse(createdAt), started: undefined, stopped: undefined };
  if (startedAt !== undefined) life.started = Date.parse(startedAt);
  if (stoppedAt !== undefined) life.stopped = Date.parse(stoppedAt);
  lives.set(taskArn, life);
}
const clusters = [...new Set([...lives.values()].map(({ cluster }) => cluster))];

let folder: string;
let reader: Reader;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-cluster-'));
  await deliver(world, join(folder, 'logs'), { forms: 'all' });
  const writer = await openWriter(join(folder, 'data'));
  await ingest(writer, [join(folder, 'logs')]);
  await bringUpToDate(writer, configSchema.parse(world.config));
  await writer.publishAndClose();
  reader = await openReader(join(folder, 'data'));
}, 120_000);
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

const at = async (cluster: string, ms: number, more = {}): Promise<ClusterAnswer> => askCluster(reader, { cluster, at: new Date(ms), ...more });

test('at any instant: the tasks that lived then, by ECS’s own events, no other, and their states', async () => {
  expect(lives.size).toBeGreaterThan(20);
  const all = [...lives.values()];
  const instants = all.filter((_, index) => index % 5 === 0).flatMap(({ cluster, created, started, stopped }) => [created, (started ?? created) - 1000, (started ?? created) + 1000, (stopped ?? created) - 1000, stopped ?? created].map((ms) => ({ cluster, ms })));
  let listed = 0;
  for (const { cluster, ms } of instants) {
    const answer = await at(cluster, ms);
    const expected = all.filter((life) => life.cluster === cluster && life.created <= ms && (life.stopped === undefined || life.stopped > ms));
    const known = answer.tasks.filter(({ id }) => lives.has(id));
    expect(known.map(({ id }) => id).sort()).toEqual(expected.map(({ arn }) => arn).sort());
    for (const task of known) {
      const { started, stopped } = lives.get(task.id)!;
      // A task without a stop runs as long as ECS events are complete to the instant.
      const isHeardOf = stopped !== undefined || ms <= Date.parse(answer.sources.find(({ source }) => source === 'ecs_events')?.complete_through ?? '');
      expect(task.state, task.id).toBe(started === undefined || started > ms ? 'pending' : isHeardOf ? 'running' : 'unknown');
    }
    // Tasks that no ECS event tells of are known by their launch: nobody can say that they still ran.
    for (const task of answer.tasks) if (!lives.has(task.id)) expect(task.state).toBe('unknown');
    listed += known.length;
  }
  expect(listed).toBeGreaterThan(50);
}, 60_000);

test('each task is answered as `ask` answers it, and who is proved is who did it', async () => {
  let proved = 0;
  const asked = new Set<string>();
  for (const life of [...lives.values()].filter((_, index) => index % 4 === 0)) {
    const { tasks } = await at(life.cluster, life.created + 60_000);
    for (const task of tasks) {
      if (asked.has(task.id)) continue;
      asked.add(task.id);
      const single = await ask({ db: reader.db, landing: { readMember: async (batch, member) => Promise.resolve(reader.landing.unpackMember(batch, member)) } }, `${task.account_id}/${task.id.slice(task.id.lastIndexOf('/') + 1)}`);
      expect(single).toMatchObject({ who: task.who, how: task.how, confidence: task.confidence, reason: task.reason, is_provisional: task.is_provisional, sign_in: task.sign_in });
      const truth = world.truth.tasks.get(task.id);
      if (task.confidence !== 'proved' || task.who.object_id === null || truth === undefined) continue;
      expect(task.who.object_id).toBe(truth.actor.object_id);
      proved += 1;
    }
  }
  expect(asked.size).toBeGreaterThan(20);
  expect(proved).toBeGreaterThan(5);
}, 60_000);

describe('what is not known is said', () => {
  test('an instant after what is complete', async () => {
    const { gaps } = await at(clusters[0]!, world.end + 86_400_000);
    expect(gaps).toContainEqual(expect.stringMatching(/^ECS events: complete through .*, before the instant asked about/) as string);
    expect(gaps).toContainEqual(expect.stringMatching(/^CloudTrail: complete through/) as string);
  });

  test('an instant before the first event', async () => {
    const { gaps, total } = await at(clusters[0]!, world.start - 86_400_000);
    expect(total).toBe(0);
    expect(gaps).toContainEqual(expect.stringMatching(/^ECS events begin at/) as string);
  });

  test('a cluster that nothing names', async () => {
    const answer = await at(`${clusters[0]!}x`, world.start + 86_400_000);
    expect(answer).toMatchObject({ reason: 'not_seen', tasks: [], total: 0 });
    expect(answer.gaps[0]).toBe(`No landed record names this cluster; there is ${clusters[0]!}.`);
    expect((await at(clusters[0]!, world.start + 86_400_000, { accountId: '999988887777' })).gaps[0]).toMatch(/No landed record names this cluster in account 999988887777; \d{12}/);
  });
});

test('an account, an ARN and a limit narrow it; what is beyond the limit is counted', async () => {
  const life = [...lives.values()].find(({ started }) => started !== undefined)!;
  const ms = life.started! + 1000;
  const all = await at(life.cluster, ms);
  const ofAccount = await at(life.cluster, ms, { accountId: life.accountId });
  expect(ofAccount.tasks).toEqual(all.tasks.filter(({ account_id: id }) => id === life.accountId));
  const region = life.arn.split(':')[3]!;
  const byArn = await at(`arn:aws:ecs:${region}:${life.accountId}:cluster/${life.cluster}`, ms);
  expect(byArn.tasks.map(({ id }) => id)).toEqual(ofAccount.tasks.filter(({ aws_region: of }) => of === region).map(({ id }) => id));
  const first = await at(life.cluster, ms, { limit: 1 });
  expect(first).toMatchObject({ total: all.total, limit: 1, tasks: [all.tasks[0]] });
});

test('a person reads whole ids in lines that fit', async () => {
  const life = [...lives.values()].find(({ started }) => started !== undefined)!;
  const answer = await at(life.cluster, life.started! + 1000);
  const lines = clusterLines(answer, PAGE);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  for (const task of answer.tasks) expect(lines).toContain(task.id.slice(task.id.lastIndexOf('/') + 1));
  expect(lines[0]).toMatch(/^\d+ tasks? on cluster /);
  expect(lines.join('\n')).toContain(`$ whoran ask`);
});
