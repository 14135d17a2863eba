/**
 * Every story of the world, asked: what each tells must be what `ask` answers, once everything is delivered and settled.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliver, makeWorld } from '../fixtures/world/index.ts';
import type { Activity, Answer } from '../src/answers/answer.ts';
import { ask } from '../src/answers/ask.ts';
import type { AnswerReader } from '../src/answers/reader.ts';
import { taskAnswer, type TaskAnswer } from '../src/answers/task-answer.ts';
import { findTask } from '../src/answers/walk.ts';
import { configSchema } from '../src/config/config.ts';
import { correlate } from '../src/pipeline/correlate.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openReader, type Reader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';

const world = makeWorld();

let folder: string;
let opened: Reader;
let reader: AnswerReader;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-stories-'));
  const logs = join(folder, 'logs');
  const registry = join(folder, 'registry.csv');
  await deliver(world, logs, { forms: 'all' });
  await writeFile(registry, world.registry.csv());
  const writer = await openWriter(join(folder, 'data'));
  await ingest(writer, [logs]);
  await ingest(writer, [registry], { isRegistry: true });
  await correlate(writer.db, configSchema.parse(world.config), {});
  await writer.publishAndClose();
  opened = await openReader(join(folder, 'data'));
  reader = { db: opened.db, landing: { readMember: async (seq, member) => Promise.resolve(opened.landing.unpackMember(seq, member)) } };
}, 120_000);

afterAll(async () => {
  opened.close();
  await rm(folder, { recursive: true });
});

test('what an answer says of a task is what the view of all tasks says', async () => {
  const tasks = await opened.db.all<{ task_key: string } & TaskAnswer>('select task_key, how, confidence, reason, is_provisional from cor_tasks order by task_key');
  expect(tasks.length).toBeGreaterThan(50);
  for (const { task_key: key, ...expected } of tasks) {
    const led = await findTask(reader, key);
    expect(led && taskAnswer(led.task, led.session)).toEqual(expected);
  }
});

/** An answer in the terms of the story's expectation: only what that says. */
function told(answer: Answer, expected: (typeof world.stories)[number]['asks'][number]['expect']): unknown {
  const who = Object.fromEntries(Object.keys(expected.who).map((key) => [key, answer.who[key as keyof Answer['who']]]));
  return {
    subject: answer.subject,
    who,
    ...('how' in expected ? { how: answer.how } : {}),
    confidence: answer.confidence,
    identity_method: answer.identity.method,
    sign_in: answer.sign_in,
    reason: answer.reason,
    ...(expected.candidates ? { candidates: answer.candidates.flatMap((candidate) => ('sign_in_id' in candidate ? [candidate.sign_in_id] : [])) } : {}),
    ...(expected.hop_methods
      ? { hop_methods: expected.hop_methods.filter((method) => answer.chain.some((hop) => hop.method === method)) }
      : {}),
  };
}

describe.each(world.stories.filter((story) => story.asks.length + story.activities.length > 0).map((story) => [story.id, story] as const))('%s', (_id, story) => {
  test.each(story.asks.map(({ id, expect: expected }) => [id, expected] as const))('%s', async (id, expected) => {
    const answer = (await ask(reader, id)) as Answer;
    expect(answer.schema).toBe('whoran.answer/1');
    expect(told(answer, expected)).toEqual(expected);
    expect(answer.chain.at(-1)?.id).toBe(answer.subject.id);
  });

  test.each(story.activities.map((activity) => [activity.id, activity] as const))('activity of %s', async (id, { kind, sessions, tasks }) => {
    const activity = (await ask(reader, id)) as Activity;
    expect(activity.schema).toBe('whoran.activity/1');
    expect(activity.subject.kind).toBe(kind);
    expect(activity.sessions.map((session) => session.id).sort()).toEqual([...sessions].sort());
    expect(activity.tasks.map((task) => task.id).sort()).toEqual([...tasks].sort());
  });
});
