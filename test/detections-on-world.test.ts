/**
 * Detections on generated worlds with known truth: each story's findings fire, what it calls quiet stays quiet, and nothing else
 * is open. Precision and recall per detection are printed.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deliver, makeWorld, type World } from '../fixtures/world/index.ts';
import { configSchema } from '../src/config/config.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openWriter } from '../src/store/writer.ts';

interface Found {
  readonly detection: string;
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly status: string;
}

async function findingsOf(world: World): Promise<Found[]> {
  const folder = await mkdtemp(join(tmpdir(), 'whoran-detections-'));
  try {
    await deliver(world, join(folder, 'logs'), { forms: 'all', duplicate: 0.2, reorder: true });
    await writeFile(join(folder, 'registry.csv'), world.registry.csv());
    const writer = await openWriter(join(folder, 'data'));
    try {
      await ingest(writer, [join(folder, 'registry.csv')], { isRegistry: true });
      await ingest(writer, [join(folder, 'logs')]);
      await bringUpToDate(writer, configSchema.parse(world.config));
      return await writer.db.all<Found>('select detection, subject_kind, subject_id, status from findings order by detection, subject_id');
    } finally {
      writer.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const name = (detection: string, kind: string, id: string): string => `${detection} ${kind} ${id}`;

describe.each([21, 22])('world %i', (seed) => {
  test('every story finds what it must, and nothing else is open', async () => {
    const world = makeWorld({ seed, days: 2, eventsPerDay: 300 });
    const found = await findingsOf(world);
    const status = new Map(found.map((row) => [name(row.detection, row.subject_kind, row.subject_id), row.status]));
    const expected = world.stories.flatMap((story) => story.findings.map((finding) => ({ ...finding, story: story.id })));
    const missed = expected.filter(({ detection, subject, status: wanted }) => status.get(name(detection, subject.kind, subject.id)) !== (wanted ?? 'open'));
    const loud = world.stories.flatMap((story) => story.quiet).filter(({ detection, subject }) => status.get(name(detection, subject.kind, subject.id)) === 'open');
    expect(loud).toEqual([]);
    const wanted = new Set(expected.map(({ detection, subject }) => name(detection, subject.kind, subject.id)));
    const open = found.filter((row) => row.status === 'open');
    const unexpected = open.filter((row) => !wanted.has(name(row.detection, row.subject_kind, row.subject_id)));
    for (const detection of new Set(expected.map((finding) => finding.detection))) {
      const fired = open.filter((row) => row.detection === detection).length;
      const right = fired - unexpected.filter((row) => row.detection === detection).length;
      const due = expected.filter((finding) => finding.detection === detection && finding.status !== 'provisional');
      const hit = due.filter((finding) => !missed.includes(finding)).length;
      process.stdout.write(`${detection}: ${fired} open, precision ${(right / fired).toFixed(3)}, recall ${(hit / due.length).toFixed(3)}\n`);
    }
    expect(missed).toEqual([]);
    expect(unexpected).toEqual([]);
  });
});
