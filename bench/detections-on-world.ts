/**
 * How good the detections are: what they find in a world of stories, against what its truth says that they must find.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deliver, makeWorld, type DeliverOptions, type ExpectedFinding, type World } from '../fixtures/world/index.ts';
import { configSchema } from '../src/config/config.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openWriter } from '../src/store/writer.ts';

export interface DetectionTrial {
  readonly seed: number;
  readonly liars: boolean;
  readonly delivery: Partial<DeliverOptions>;
  /** Default 2 days of 300 events. */
  readonly days?: number;
  readonly eventsPerDay?: number;
}

/** A finding, by what it is about. */
export interface Found {
  readonly detection: string;
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly status: string;
}

/** What one detection did. `provisional` rows are listed and never alerted, so they are neither found nor missed. */
export interface DetectionTally {
  /** Findings that are open, and those of them that the truth asks for. */
  found: number;
  right: number;
  /** Findings that the truth asks for, and those of them that are open. */
  due: number;
  hit: number;
  /** The same of stories of which every record arrived: what was delivered is enough. */
  due_whole: number;
  hit_whole: number;
}

export interface DetectionQuality {
  /** By detection: every one that ran. */
  readonly tallies: ReadonlyMap<string, DetectionTally>;
  /** Expected, and not there with the expected status. */
  readonly missed: readonly (ExpectedFinding & { readonly story: string })[];
  /** Open, and asked for by no story. */
  readonly unexpected: readonly Found[];
  /** Open, though a story says that it must be quiet. */
  readonly loud: readonly ExpectedFinding[];
}

const EMPTY: DetectionTally = { found: 0, right: 0, due: 0, hit: 0, due_whole: 0, hit_whole: 0 };

/** Makes the world, delivers it, lets every detection run with its own values, and compares. Leaves nothing on the disk. */
export async function detectionsOnWorld(trial: DetectionTrial): Promise<DetectionQuality> {
  const world = makeWorld({ seed: trial.seed, liars: trial.liars, days: trial.days ?? 2, eventsPerDay: trial.eventsPerDay ?? 300 });
  const folder = await mkdtemp(join(tmpdir(), 'whoran-detections-'));
  try {
    const { lost } = await deliver(world, join(folder, 'logs'), trial.delivery);
    await writeFile(join(folder, 'registry.csv'), world.registry.csv());
    const writer = await openWriter(join(folder, 'data'));
    try {
      await ingest(writer, [join(folder, 'registry.csv')], { isRegistry: true });
      await ingest(writer, [join(folder, 'logs')]);
      const { detected } = await bringUpToDate(writer, configSchema.parse(world.config));
      const found = await writer.db.all<Found>('select detection, subject_kind, subject_id, status from findings order by detection, subject_id');
      return compare(world, found, detected.detections.map(({ id }) => id), brokenStories(world, lost));
    } finally {
      writer.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Stories of which some record never arrived. */
function brokenStories(world: World, lost: ReadonlySet<string>): ReadonlySet<string> {
  const broken = new Set<string>();
  if (lost.size > 0) for (const { key, story } of world.records()) if (story !== null && lost.has(key)) broken.add(story);
  return broken;
}

function compare(world: World, found: readonly Found[], detections: readonly string[], broken: ReadonlySet<string>): DetectionQuality {
  const name = (detection: string, kind: string, id: string): string => `${detection} ${kind} ${id}`;
  const status = new Map(found.map((row) => [name(row.detection, row.subject_kind, row.subject_id), row.status]));
  const statusOf = ({ detection, subject }: ExpectedFinding): string | undefined => status.get(name(detection, subject.kind, subject.id));
  const expected = world.stories.flatMap((story) => story.findings.map((finding) => ({ ...finding, story: story.id })));
  const missed = expected.filter((finding) => statusOf(finding) !== (finding.status ?? 'open'));
  const wanted = new Set(expected.map(({ detection, subject }) => name(detection, subject.kind, subject.id)));
  const open = found.filter((row) => row.status === 'open');
  const unexpected = open.filter((row) => !wanted.has(name(row.detection, row.subject_kind, row.subject_id)));

  const tallies = new Map(detections.map((id) => [id, { ...EMPTY }]));
  const of = (id: string): DetectionTally => {
    const tally = tallies.get(id) ?? { ...EMPTY };
    tallies.set(id, tally);
    return tally;
  };
  for (const { detection } of open) of(detection).found += 1;
  for (const id of tallies.keys()) of(id).right = of(id).found - unexpected.filter(({ detection }) => detection === id).length;
  for (const finding of expected) {
    if (finding.status === 'provisional') continue;
    const tally = of(finding.detection);
    const isHit = !missed.includes(finding);
    tally.due += 1;
    if (isHit) tally.hit += 1;
    if (broken.has(finding.story)) continue;
    tally.due_whole += 1;
    if (isHit) tally.hit_whole += 1;
  }
  return { tallies, missed, unexpected, loud: world.stories.flatMap((story) => story.quiet).filter((finding) => statusOf(finding) === 'open') };
}

/** Adds one world's tallies to sums. */
export function addTallies(sums: Map<string, DetectionTally>, tallies: ReadonlyMap<string, DetectionTally>): void {
  for (const [id, tally] of tallies) {
    const sum = sums.get(id) ?? { ...EMPTY };
    sums.set(id, {
      found: sum.found + tally.found, right: sum.right + tally.right, due: sum.due + tally.due, hit: sum.hit + tally.hit,
      due_whole: sum.due_whole + tally.due_whole, hit_whole: sum.hit_whole + tally.hit_whole,
    });
  }
}

/** `0.950, 19 of 20`. Nothing of nothing is no number: `none` then says what there was none of. */
export function shareOf(part: number, whole: number, none: 'none expected' | 'none found' = 'none expected'): string {
  return whole === 0 ? none : `${(part / whole).toFixed(3)}, ${part} of ${whole}`;
}

/** A detection's precision as text. */
export function precisionOf({ found, right, due }: DetectionTally): string {
  return shareOf(right, found, due === 0 ? 'none expected' : 'none found');
}
