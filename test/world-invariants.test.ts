/**
 * ATTRIBUTION §5, invariants 1, 2 and 4, from files to answers: however the same records are delivered, in batches or at once,
 * early or late, once or twice, and rebuilt from landing too, every answer, finding and count is the same, byte for byte; and
 * no id is in an answer that is in no landed record. One in six of the stories' questions is asked, and the tables behind all
 * answers are compared; WHORAN_ASK_ALL=1 asks every one.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deliver, makeWorld, type World } from '../fixtures/world/index.ts';
import type { Answer } from '../src/answers/answer.ts';
import { ask } from '../src/answers/ask.ts';
import { coverage } from '../src/answers/coverage.ts';
import { findings } from '../src/answers/findings.ts';
import type { AnswerReader } from '../src/answers/reader.ts';
import { configSchema } from '../src/config/config.ts';
import type { SqlRow } from '../src/engine/database.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { rebuild } from '../src/pipeline/rebuild.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';
import { correlatedOutcome, questionsOf } from './correlated-outcome.ts';

/** Landing times are held fixed: what is about landing itself (rejects of a day) is dated by them. */
const LANDED = new Date('2026-03-01T00:00:00Z');

interface Told {
  readonly tables: Record<string, SqlRow[]>;
  readonly answers: readonly Answer[];
  readonly documents: readonly string[];
}

/** What a person can be told of a data folder: stories' answers, the tables behind all answers, findings, coverage with its rows. */
async function told(data: string, ids: readonly string[]): Promise<Told> {
  const opened = await openReader(data);
  try {
    const reader: AnswerReader = { db: opened.db, landing: { readMember: async (seq, member) => Promise.resolve(opened.landing.unpackMember(seq, member)) } };
    const answers: Answer[] = [];
    for (const id of ids) answers.push((await ask(reader, id)) as Answer);
    const documents = [await findings(reader, {}), await coverage(reader, { list: true })];
    return { tables: await correlatedOutcome(opened.db), answers, documents: documents.map((document) => JSON.stringify(document, null, 1)) };
  } finally {
    opened.close();
  }
}

/** Ingests folders one after another, everything brought up to date after each, into a new data folder. */
async function fill(data: string, registry: string, folders: readonly (readonly string[])[], world: World): Promise<void> {
  const config = configSchema.parse(world.config);
  for (const paths of [[registry], ...folders]) {
    const writer = await openWriter(data, { now: () => LANDED });
    await ingest(writer, paths, { isRegistry: paths[0] === registry });
    await bringUpToDate(writer, config);
    await writer.publishAndClose();
  }
}

/** The text of every file below a folder, unpacked. */
async function everyText(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile()).map((name) => readFileSync(join(name.parentPath, name.name)));
  return files.map((bytes) => (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')).join('\n');
}

/** Keys that are put together out of fields of one record: a registry entry's, and a caller's without an access key. */
function fieldsOf(id: string): string[] {
  const keyless = /^(.+)@(\d{4}-\d\d-\d\dT[\d:]+Z)$/.exec(id);
  return keyless ? keyless.slice(1) : id.split(' ');
}

/** Ids in an answer that must come out of records: hops, evidence, sign-ins, candidates and the person. */
function idsOf(answer: Answer): string[] {
  const candidates = answer.candidates.flatMap((candidate) => ('sign_in_id' in candidate ? [candidate.sign_in_id] : []));
  const hops = answer.chain.flatMap((hop) => [hop.id, ...hop.evidence.map((item) => item.record_id)]);
  return [answer.sign_in.id, answer.who.object_id, answer.who.subject, ...candidates, ...hops].filter((id): id is string => typeof id === 'string');
}

test('answers, findings and counts are the same for any delivery of the same records, and after a rebuild', async () => {
  const trial = fc.record({ seed: fc.integer({ min: 1, max: 1000 }), batches: fc.integer({ min: 2, max: 4 }), duplicate: fc.constantFrom(0, 0.4), forms: fc.constantFrom('trail' as const, 'all' as const) });
  await fc.assert(
    fc.asyncProperty(trial, async ({ seed, batches, duplicate, forms }) => {
      const folder = await mkdtemp(join(tmpdir(), 'whoran-invariants-'));
      try {
        const world = makeWorld({ seed, days: 2, eventsPerDay: 60 });
        const ids = questionsOf(world.stories.flatMap((story) => story.asks.map((asked) => asked.id)), seed);
        const registry = join(folder, 'registry.csv');
        await writeFile(registry, world.registry.csv());
        const delivery = await deliver(world, join(folder, 'logs'), { seed, forms, batches, duplicate, reorder: true, lag: 20 });
        const [stepwise, backwards] = [join(folder, 'stepwise'), join(folder, 'backwards')];
        await fill(stepwise, registry, delivery.batches.map((batch) => [batch]), world);
        await fill(backwards, registry, [[...delivery.batches].reverse()], world);
        const expected = await told(stepwise, ids);
        expect(await told(backwards, ids)).toEqual(expected);

        const rebuilt = await rebuild(stepwise);
        await bringUpToDate(rebuilt, configSchema.parse(world.config));
        await rebuilt.publishAndClose();
        expect(await told(stepwise, ids)).toEqual(expected);

        const landed = (await everyText(join(folder, 'logs'))) + readFileSync(registry, 'utf8');
        const invented = expected.answers.flatMap(idsOf).flatMap(fieldsOf).filter((id) => !landed.includes(id));
        expect(invented).toEqual([]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: Number(process.env['WHORAN_PROPERTY_RUNS'] ?? 1), endOnFailure: true },
  );
}, 240_000);
