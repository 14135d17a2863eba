/**
 * Control lists: the criteria that a query gives evidence for, by framework.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { CatalogFault } from './faults.ts';

const controlsSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+$/),
  title: z.string().min(1),
  criteria: z.record(
    z.string(),
    z.strictObject({
      name: z.string().min(1),
      /** What reports and detections show for it, in a sentence. Left out where nothing does. */
      shows: z.string().min(1).optional(),
      /** What they do not show, and where it is to be had. */
      not_shown: z.string().min(1),
    }),
  ),
});

export interface Control {
  /** As headers name it: `soc2:CC6.1`. */
  readonly id: string;
  readonly framework: string;
  readonly criterion: string;
  /** A short name in our own words. */
  readonly name: string;
  /** What reports and detections show for it, in a sentence; null where nothing does. */
  readonly shows: string | null;
  /** What they do not show, and where it is to be had. */
  readonly notShown: string;
}

/** Reads `queries/controls/*.yml`, in order of framework and place in its file; a file that can't be read is a fault. */
export async function loadControls(root: string): Promise<{ controls: Control[]; faults: CatalogFault[] }> {
  const folder = join(root, 'queries/controls');
  const controls: Control[] = [];
  const faults: CatalogFault[] = [];
  for (const name of (await readdir(folder)).filter((entry) => entry.endsWith('.yml')).sort()) {
    const file = `queries/controls/${name}`;
    let yaml: unknown;
    try {
      yaml = parse(await readFile(join(folder, name), 'utf8'));
    } catch (error) {
      faults.push({ file, message: `no YAML: ${String(error)}` });
      continue;
    }
    const list = controlsSchema.safeParse(yaml);
    if (!list.success) {
      faults.push(...list.error.issues.map(({ path, message }) => ({ file, message: `field ${path.join('.')}: ${message}` })));
      continue;
    }
    const framework = list.data.id;
    if (`${framework}.yml` !== name) faults.push({ file, message: `id ${framework} is not the file's name` });
    for (const [criterion, { name: short, shows, not_shown: notShown }] of Object.entries(list.data.criteria)) {
      controls.push({ id: `${framework}:${criterion}`, framework, criterion, name: short, shows: shows ?? null, notShown });
    }
  }
  return { controls, faults };
}
