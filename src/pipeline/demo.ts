/**
 * The demo: a made-up company's logs with known truth, through the whole job.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { deliver, makeWorld, type World } from '../../fixtures/world/index.ts';
import type { Answer } from '../answers/answer.ts';
import { ask } from '../answers/ask.ts';
import { coverage, type Coverage } from '../answers/coverage.ts';
import { findings, type FindingsDocument } from '../answers/findings.ts';
import type { AnswerReader } from '../answers/reader.ts';
import { configSchema } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { openReader } from '../store/reader.ts';
import { openWriter } from '../store/writer.ts';
import { bringUpToDate } from './bring-up-to-date.ts';
import { ingest } from './ingest.ts';
import { runReport, type ReportFile } from './report.ts';

/** Where a demo's parts lie below its folder. */
const PLACES = { logs: 'logs', data: 'data', config: 'whoran.yaml', registry: 'registry.csv', report: 'report', mark: 'a-whoran-demo.txt' } as const;

export interface DemoJob {
  /** Why this job was picked. */
  readonly about: string;
  readonly answer: Answer;
}

export interface Demo {
  readonly schema: 'whoran.demo/1';
  readonly out: string;
  readonly logs: string;
  readonly data: string;
  readonly config: string;
  readonly files: number;
  readonly records: number;
  readonly jobs: readonly DemoJob[];
  readonly coverage: Coverage;
  readonly findings: FindingsDocument;
  readonly report: readonly ReportFile[];
}

/** The jobs to show: the first task that each story asks about. */
const JOBS = [
  { story: 'signed-tags-exact', about: 'a person ran it, and it is proved' },
  { story: 'service-deployment', about: 'AWS started it, and a person had configured that' },
  { story: 'subject-unmapped', about: "it can't be said, and here is why" },
] as const;

/**
 * Makes the world, writes its files below `out`, and runs the whole job on them. An earlier demo there is made anew.
 * @param progress told each step as it begins
 * @throws WhoranError where `out` holds something else
 */
export async function runDemo(out: string, now: Date, progress: (step: string) => void): Promise<Demo> {
  await makeRoom(out);
  const place = (part: keyof typeof PLACES): string => join(out, PLACES[part]);
  progress('making the world');
  const world = makeWorld();
  const delivery = await deliver(world, place('logs'), { forms: 'all' });
  await writeFile(place('config'), stringify(world.config));
  await writeFile(place('registry'), world.registry.csv());
  const records = await runJob(world, { data: place('data'), logs: place('logs'), registry: place('registry') }, progress);
  const opened = await openReader(place('data'));
  try {
    const reader: AnswerReader = {
      db: opened.db,
      landing: { readMember: async (batchSeq, member) => Promise.resolve(opened.landing.unpackMember(batchSeq, member)) },
    };
    progress('writing the report');
    const period = { from: new Date(world.start), to: new Date(world.end) };
    const report = await runReport(reader, 'traceability', { ...period, outDir: place('report'), dataDir: place('data'), now });
    return {
      schema: 'whoran.demo/1',
      out,
      logs: place('logs'),
      data: place('data'),
      config: place('config'),
      files: delivery.files.length,
      records,
      jobs: await jobs(reader, world),
      coverage: await coverage(reader),
      findings: await findings(reader),
      report: report.files,
    };
  } finally {
    opened.close();
  }
}

async function makeRoom(out: string): Promise<void> {
  const mark = join(out, PLACES.mark);
  if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(mark)) {
    throw new WhoranError(`${out} holds something else than a demo`, { exitCode: EXIT.wrongUse, hint: 'Name a folder that is new or empty: whoran demo --out DIR' });
  }
  for (const part of Object.values(PLACES)) rmSync(join(out, part), { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await writeFile(mark, 'Made by `whoran demo`, which makes everything here anew when it runs again.\n');
}

/** Ingest, registry, correlate, detect, publish. Returns how many records were read. */
async function runJob(world: World, places: { data: string; logs: string; registry: string }, progress: (step: string) => void): Promise<number> {
  const writer = await openWriter(places.data);
  try {
    const result = await ingest(writer, [places.logs], {
      progress: ({ files, totalFiles }) => {
        progress(`ingesting: ${files} of ${totalFiles} files`);
      },
    });
    await ingest(writer, [places.registry], { isRegistry: true });
    await bringUpToDate(writer, configSchema.parse(world.config), { progress });
    await writer.publishAndClose();
    return result.totals.read;
  } finally {
    writer.close();
  }
}

async function jobs(reader: AnswerReader, world: World): Promise<DemoJob[]> {
  const found: DemoJob[] = [];
  for (const { story, about } of JOBS) {
    const asked = world.stories.find((one) => one.id === story)?.asks.find((one) => one.expect.subject.kind === 'task');
    if (!asked) throw new Error(`the world has no task in story ${story}`);
    const answer = await ask(reader, asked.id);
    if (answer.schema !== 'whoran.answer/1') throw new Error(`${asked.id} is no task`);
    found.push({ about, answer });
  }
  return found;
}
