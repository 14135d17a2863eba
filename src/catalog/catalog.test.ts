import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../core/package-root.ts';
import { loadCatalog } from './catalog.ts';
import { CatalogError } from './faults.ts';

const EXPIRY = 'queries/detections/sessions/activity_after_session_expiry.sql';

test('the package\'s own catalog loads, each detection with the SHA-256 of its file', async () => {
  const { detections, controls, queries } = await loadCatalog();
  const expiry = detections.find(({ file }) => file === EXPIRY);
  const bytes = await readFile(join(packageRoot(), EXPIRY));
  expect(expiry).toMatchObject({ id: 'activity_after_session_expiry', layer: 'detections', area: 'sessions' });
  expect(expiry?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(detections.map(({ id }) => id)).toEqual(detections.map(({ id }) => id).sort());
  expect(controls).toContainEqual(expect.objectContaining({ id: 'soc2:CC6.1', framework: 'soc2', criterion: 'CC6.1' }));
  expect(queries.map(({ file }) => file)).toEqual(expect.arrayContaining(['queries/staging/tables.sql', 'queries/correlated/tables.sql']));
});

describe('a catalog with faults', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'whoran-catalog-'));
    await cp(join(packageRoot(), 'queries/controls'), join(root, 'queries/controls'), { recursive: true });
    await mkdir(join(root, 'queries/detections/sessions'), { recursive: true });
    await mkdir(join(root, 'queries/answers'), { recursive: true });
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const detection = (id: string, controls = 'soc2:CC6.1'): string =>
    `/*---\nid: ${id}\ntitle: Abc\ndescription: d\nseverity: low\nsources: [cloudtrail]\ncontrols: ['${controls}']\nfalse_positives: f\nrunbook: 1. Ask.\n---*/\nselect 1\n`;

  test('names every fault at once', async () => {
    await mkdir(join(root, 'queries/detections/tasks'));
    await writeFile(join(root, 'queries/detections/sessions/one.sql'), detection('one'));
    await writeFile(join(root, 'queries/detections/tasks/one.sql'), detection('one'));
    await writeFile(join(root, 'queries/detections/tasks/two.sql'), detection('three', 'soc2:CC99'));
    await writeFile(join(root, 'queries/answers/bare.sql'), 'select 1');
    const error = await loadCatalog(root).then(() => undefined, (thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CatalogError);
    const { faults, exitCode, message } = error as CatalogError;
    expect(exitCode).toBe(2);
    expect(faults.map(({ file }) => file)).toEqual([
      'queries/answers/bare.sql', 'queries/detections/tasks/one.sql', 'queries/detections/tasks/two.sql', 'queries/detections/tasks/two.sql',
    ]);
    for (const words of ['no header', 'taken by queries/detections/sessions/one.sql', 'id is three', 'soc2:CC99']) expect(message).toContain(words);
  });

  test('names a control list that is none', async () => {
    await writeFile(join(root, 'queries/controls/soc2.yml'), 'id: other\ntitle: t\ncriteria: { CC6.1: 1 }\n');
    await expect(loadCatalog(root)).rejects.toThrow(/queries\/controls\/soc2\.yml: field criteria\.CC6\.1/);
  });

  test('lets one id stand in two layers', async () => {
    await writeFile(join(root, 'queries/detections/sessions/one.sql'), detection('one'));
    await writeFile(join(root, 'queries/answers/one.sql'), '/*---\nid: one\ntitle: One\ndescription: d\n---*/\nselect 1\n');
    await expect(loadCatalog(root)).resolves.toMatchObject({ queries: [{ id: 'one', layer: 'answers' }], detections: [{ id: 'one' }] });
  });
});
