/**
 * A new detection's two files, from the template.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadCatalog } from '../catalog/catalog.ts';
import { detectionTemplate } from '../catalog/detection-template.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { PACKAGE_ROOT } from '../engine/query-file.ts';

export interface NewDetection {
  readonly schema: 'whoran.new_detection/1';
  readonly id: string;
  readonly area: string;
  /** Whether no detection was in that area before. */
  readonly is_new_area: boolean;
  /** Paths of what was written, the SQL first. */
  readonly files: readonly [string, string];
}

/** A file name, a column's value, and a key in the configuration: short enough for all of them. */
const NAME = /^[a-z][a-z0-9_]{2,62}$/;

/**
 * Writes `queries/detections/<area>/<id>.sql` and `<id>.cases.yml`; never over a file that is there.
 * @param root the folder that holds `queries/`: a checkout
 * @throws WhoranError (exit 2) where a name is bad or taken, or the root is an installed package
 */
export async function newDetection(id: string, area: string, root: string = PACKAGE_ROOT): Promise<NewDetection> {
  checkName('the id', id);
  checkName('--area', area);
  if (root.includes('/node_modules/')) throw wrongUse(`${root} is an installed package: the next install would drop what is written there`, 'Work in a checkout of the project: docs/adding-a-detection.md begins with that.');
  const { detections } = await loadCatalog(root);
  const taken = detections.find((one) => one.id === id);
  if (taken) throw wrongUse(`there is a detection ${id} already: ${taken.file}`, 'Ids are unique among all detections: choose another, or change that one.');
  const folder = join(root, 'queries/detections');
  const areas = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
  const near = nearest(area, areas);
  const isNew = !areas.includes(area);
  if (isNew && near !== undefined) throw wrongUse(`there is no area ${area}`, `Did you mean ${near}? There are: ${areas.join(', ')}. Make the folder queries/detections/${area} first where it is to be another.`);
  const { sql, cases } = detectionTemplate(id);
  const files = [join(folder, area, `${id}.sql`), join(folder, area, `${id}.cases.yml`)] as const;
  for (const file of files) if (existsSync(file)) throw wrongUse(`${file} is there already`, 'Take it away, or choose another id.');
  await mkdir(dirname(files[0]), { recursive: true });
  await writeFile(files[0], sql, { flag: 'wx' });
  await writeFile(files[1], cases, { flag: 'wx' });
  return { schema: 'whoran.new_detection/1', id, area, is_new_area: isNew, files };
}

function checkName(what: string, name: string): void {
  if (!NAME.test(name)) throw wrongUse(`${what} is ${JSON.stringify(name.slice(0, 80))}: expected 3 to 63 lower-case letters, digits and underscores, a letter first`, 'For example: whoran new detection break_glass_role_used --area sessions');
}

function wrongUse(message: string, hint: string): WhoranError {
  return new WhoranError(message, { exitCode: EXIT.wrongUse, hint });
}
