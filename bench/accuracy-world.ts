/**
 * A world, delivered in some way and correlated: what accuracy is measured on.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deliver, makeWorld, type DeliverOptions } from '../fixtures/world/index.ts';
import { configSchema } from '../src/config/config.ts';
import { correlate } from '../src/pipeline/correlate.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { openWriter } from '../src/store/writer.ts';
import { measureAccuracy, type Accuracy } from './accuracy-figures.ts';

export interface Trial {
  readonly seed: number;
  readonly liars: boolean;
  readonly delivery: Partial<DeliverOptions>;
  /** Default 2 days of 400 events. */
  readonly days?: number;
  readonly eventsPerDay?: number;
}

/** Delivers, ingests batch by batch, correlates after each, and compares with the truth. */
export async function measured(trial: Trial): Promise<Accuracy> {
  const world = makeWorld({ seed: trial.seed, liars: trial.liars, days: trial.days ?? 2, eventsPerDay: trial.eventsPerDay ?? 400 });
  const folder = await mkdtemp(join(tmpdir(), 'whoran-accuracy-'));
  const config = configSchema.parse(world.config);
  try {
    const delivery = await deliver(world, join(folder, 'logs'), { seed: trial.seed, ...trial.delivery });
    const registry = join(folder, 'registry.csv');
    await writeFile(registry, world.registry.csv());
    const writer = await openWriter(join(folder, 'data'));
    try {
      await ingest(writer, [registry], { isRegistry: true });
      for (const batch of delivery.batches) {
        await ingest(writer, [batch]);
        await correlate(writer.db, config);
      }
      return await measureAccuracy(writer.db, world);
    } finally {
      writer.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
