/**
 * The catalog: every query file of the package with its header, text and SHA-256.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { packageRoot } from '../core/package-root.ts';
import { loadControls, type Control } from './controls.ts';
import { CatalogError, type CatalogFault } from './faults.ts';
import { detectionHeaderSchema, fileHeaderSchema, parseHeader, type DetectionHeader, type FileHeader } from './header.ts';

/** A SQL file of the package. */
interface QueryFile {
  /** The file's name without `.sql`. Unique among the files of a layer; a detection's among all detections. */
  readonly id: string;
  /** The folder below `queries/`: `staging`, `correlated`, `detections`, `answers`, `reports`; empty for files above them all. */
  readonly layer: string;
  /** Path below the root, with slashes. */
  readonly file: string;
  /** The whole text, header included. */
  readonly sql: string;
  /** SHA-256 of the file's bytes in hex: `query_sha256` of what it finds. */
  readonly sha256: string;
}

/** A file that fills, answers or reports. */
export interface Query extends QueryFile {
  readonly header: FileHeader;
}

/** A query under `queries/detections/<area>/`, which finds something. */
export interface Detection extends QueryFile {
  readonly area: string;
  readonly header: DetectionHeader;
}

export interface Catalog {
  readonly root: string;
  /** Every query but detections, in order of path. */
  readonly queries: readonly Query[];
  /** In order of id. */
  readonly detections: readonly Detection[];
  readonly controls: readonly Control[];
}

/** What detecting needs of the catalog. */
export interface DetectionCatalog extends Pick<Catalog, 'root' | 'detections' | 'controls'> {
  /** The files that serve all detections: those of `queries/detections` itself. */
  readonly shared: readonly Query[];
}

/**
 * Reads every SQL file under `queries/`, checks its header, and that ids are file names, unique, and name known controls.
 * What the SQL itself may say is checked by `checkDetection`.
 *
 * @param root the folder that holds `queries/`; the package's own when left out
 * @throws CatalogError naming every fault
 */
export async function loadCatalog(root: string = packageRoot()): Promise<Catalog> {
  if (root !== packageRoot()) return await readCatalog(root, 'queries');
  // The package's own files don't change while it runs, and to read them takes longer than to detect in a small folder.
  own ??= readCatalog(root, 'queries').catch((error: unknown) => {
    own = undefined;
    throw error;
  });
  return await own;
}

/**
 * The package's own detections and what they need, without the other nine tenths of its headers: to read those takes half a
 * second, and every run detects.
 *
 * @throws CatalogError naming every fault in these files
 */
export async function loadDetections(): Promise<DetectionCatalog> {
  ownDetections ??= readCatalog(packageRoot(), 'queries/detections').catch((error: unknown) => {
    ownDetections = undefined;
    throw error;
  });
  const { root, detections, controls, queries } = await ownDetections;
  return { root, detections, controls, shared: queries };
}

let own: Promise<Catalog> | undefined;
let ownDetections: Promise<Catalog> | undefined;

/** Reads the files below one folder of `root`. */
async function readCatalog(root: string, folder: string): Promise<Catalog> {
  const { controls, faults } = await loadControls(root);
  const queries: Query[] = [];
  const detections: Detection[] = [];
  for (const file of await sqlFiles(root, folder)) {
    const read = await readQueryFile(root, file);
    faults.push(...read.faults.map((message) => ({ file, message })));
    if (read.detection) detections.push(read.detection);
    if (read.query) queries.push(read.query);
  }
  detections.sort((a, b) => (a.id < b.id ? -1 : 1));
  faults.push(...idFaults([...queries, ...detections]), ...controlFaults([...queries, ...detections], controls));
  if (faults.length > 0) throw new CatalogError(faults);
  return { root, queries, detections, controls };
}

interface ReadFile {
  readonly query?: Query;
  readonly detection?: Detection;
  readonly faults: readonly string[];
}

/** The package's own, so that a detection is one object however it is asked for: what is known of it is kept by object. */
const ownFiles = new Map<string, ReadFile>();

async function readQueryFile(root: string, file: string): Promise<ReadFile> {
  const isOwn = root === packageRoot();
  const known = isOwn ? ownFiles.get(file) : undefined;
  if (known) return known;
  const bytes = await readFile(join(root, file));
  const [, layer = '', area] = /^queries\/(?:([^/]+)\/)?(?:([^/]+)\/)?[^/]+$/.exec(file) ?? [];
  const common = { id: basename(file, '.sql'), layer, file, sql: bytes.toString('utf8'), sha256: createHash('sha256').update(bytes).digest('hex') };
  let read: ReadFile;
  // What lies in detections/ itself serves all detections; those lie in a folder named for what they watch.
  if (layer === 'detections' && area !== undefined) {
    const { header, faults } = parseHeader(common.sql, detectionHeaderSchema);
    read = header ? { detection: { ...common, area, header }, faults } : { faults };
  } else {
    const { header, faults } = parseHeader(common.sql, fileHeaderSchema);
    read = header ? { query: { ...common, header }, faults } : { faults };
  }
  if (isOwn) ownFiles.set(file, read);
  return read;
}

async function sqlFiles(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true });
  return entries
    .filter((entry) => entry.endsWith('.sql'))
    .map((entry) => `${folder}/${entry.split(sep).join('/')}`)
    .sort();
}

function idFaults(queries: readonly (Query | Detection)[]): CatalogFault[] {
  const faults: CatalogFault[] = [];
  const seen = new Map<string, string>();
  for (const { id, layer, file, header } of queries) {
    if (header.id !== id) faults.push({ file, message: `id is ${header.id}, the file's name ${id}: they must be the same` });
    const first = seen.get(`${layer}/${id}`);
    if (first !== undefined) faults.push({ file, message: `id ${id} is taken by ${first}` });
    seen.set(`${layer}/${id}`, file);
  }
  return faults;
}

function controlFaults(queries: readonly (Query | Detection)[], controls: readonly Control[]): CatalogFault[] {
  const known = new Set(controls.map(({ id }) => id));
  return queries.flatMap(({ file, header }) =>
    header.controls.filter((id) => !known.has(id)).map((id) => ({ file, message: `control ${id} is in no file of queries/controls` })),
  );
}
