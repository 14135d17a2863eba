/**
 * A reproducible sample of a report's population, drawn from its bundle, with a dossier for each item: the row, its chain, and the delivered
 * records with their places in landing. It needs the bundle alone, so whoever audits draws it themselves.
 */
import type { KeyObject } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadCatalog } from '../catalog/catalog.ts';
import { loadReports, type ReportDefinition } from '../catalog/reports.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { Database, type SqlRow } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';
import type { BatchProofLine, RecordLine } from '../evidence/bundle-lines.ts';
import { hashFile } from '../evidence/manifest.ts';
import { withIntactBundle, type OpenBundle } from '../evidence/verify-bundle.ts';
import { dossierHtml, sampleCsv, sampleHtml, type Dossier, type DossierRecord, type SampleFacts } from '../render/dossier.ts';
import { readOnce } from '../verifier/lines.ts';
import { columnsOf } from './report-document.ts';
import { writeText } from './report-files.ts';
import { evidenceColumnsOf } from './report-render.ts';

export interface SampleRequest {
  /** The bundle: its folder, or its zip. */
  readonly path: string;
  /** The signer's public key, had from elsewhere. */
  readonly key?: KeyObject | undefined;
  /** How many items; all of the population where it has no more. */
  readonly size: number;
  /** Any text. The same one draws the same items. */
  readonly seed: string;
  /** Which table is the population; the report's rows when left out. */
  readonly table?: string;
  /** Made; it must not be there, or be empty. */
  readonly outDir: string;
  readonly progress?: (step: string) => void;
}

export interface SampleResult extends SampleFacts {
  readonly schema: 'whoran.sample/1';
  /** Whether the bundle's signature was held against a key that was named. */
  readonly is_named_key: boolean;
  /** Where the files lie. */
  readonly path: string;
  readonly items: readonly { readonly item: number; readonly position: number; readonly dossier: string }[];
  /** Pieces of evidence of the items whose record the bundle does not enclose. */
  readonly missing_records: number;
}

/**
 * Verifies the bundle, draws, and writes `sample.json`, `sample.csv`, `index.html` and a dossier an item (HTML and JSON). With the same
 * bundle, table, size and seed the bytes are the same.
 *
 * @throws WhoranError where the bundle is altered (exit 1), has no such table, or the folder holds something (wrong use)
 */
export async function drawSample(request: SampleRequest): Promise<SampleResult> {
  await checkFree(request.outDir);
  const { path, key, progress } = request;
  return withIntactBundle({ path, key, ...(progress ? { progress } : {}) }, async (bundle, { signer }) => {
    const table = tableOf(bundle, request.table);
    progress?.('drawing');
    const population = bundle.manifest.tables.get(table) ?? 0;
    const positions = await draw(population, request);
    const facts: SampleFacts = {
      report: textOf(bundle, 'id'), title: textOf(bundle, 'title'), from: textOf(bundle, 'from'), to: textOf(bundle, 'to'), as_of: textOf(bundle, 'as_of'),
      manifest_sha256: (await hashFile(join(bundle.folder, 'manifest.json'))).sha256, key_id: signer.key_id ?? '',
      table, population, size: positions.length, seed: request.seed,
    };
    const definition = await definitionOf(bundle);
    const columns = columnsOf(definition, Object.keys((await rowsAt(bundle, table, [1])).get(1) ?? {}), table);
    const dossiers = await gather(bundle, table, positions, evidenceColumnsOf(definition), progress);
    await mkdir(dirname(request.outDir), { recursive: true });
    const scratch = await mkdtemp(join(dirname(request.outDir), '.sample-'));
    try {
      progress?.(`writing ${dossiers.length} dossiers`);
      const result: SampleResult = {
        schema: 'whoran.sample/1', ...facts, is_named_key: signer.is_named_key === true, path: request.outDir,
        items: dossiers.map(({ item, position }) => ({ item, position, dossier: `${nameOf(item)}.html` })),
        missing_records: dossiers.reduce((sum, { records }) => sum + records.filter(({ batch }) => batch === null).length, 0),
      };
      for (const dossier of dossiers) {
        await writeText(join(scratch, `${nameOf(dossier.item)}.html`), dossierHtml(facts, columns, dossier));
        await writeText(join(scratch, `${nameOf(dossier.item)}.json`), [`${JSON.stringify({ schema: 'whoran.dossier/1', sample: facts, ...dossier }, null, 2)}\n`]);
      }
      await writeText(join(scratch, 'index.html'), sampleHtml(facts, columns, dossiers, nameOf));
      await writeText(join(scratch, 'sample.csv'), sampleCsv(columns, dossiers));
      const { path: _, ...stated } = result;
      await writeText(join(scratch, 'sample.json'), [`${JSON.stringify(stated, null, 2)}\n`]);
      await rm(request.outDir, { recursive: true, force: true });
      await rename(scratch, request.outDir);
      return result;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}

/** An item's files begin with its number: nothing out of a record is in a name. */
function nameOf(item: number): string {
  return String(item).padStart(4, '0');
}

async function checkFree(folder: string): Promise<void> {
  if (!existsSync(folder) || (await readdir(folder)).length === 0) return;
  throw new WhoranError(`${inert(folder, 300)}: the folder holds something already`, { exitCode: EXIT.wrongUse, hint: 'Give --out a folder that is not there yet: a drawn sample is never written over.' });
}

function tableOf({ manifest }: OpenBundle, asked: string | undefined): string {
  const rows = `rpt_${textOf({ manifest }, 'id').replaceAll('-', '_')}_rows`;
  const table = asked ?? rows;
  if (manifest.tables.has(table)) return table;
  throw new WhoranError(`the bundle has no table ${inert(table, 100)}`, { exitCode: EXIT.wrongUse, hint: `Name one with --table: ${[...manifest.tables.keys()].map((id) => inert(id, 100)).join(', ')}.` });
}

function textOf({ manifest }: Pick<OpenBundle, 'manifest'>, member: string): string {
  const value = manifest.report[member];
  return typeof value === 'string' ? value : '';
}

async function draw(population: number, { size, seed }: SampleRequest): Promise<{ position: number; lot: string }[]> {
  const db = await Database.open({ path: ':memory:' });
  try {
    return await db.all<{ position: number; lot: string }>(await queryText('bundles/sample_positions'), { population, size: Math.min(size, population), seed });
  } finally {
    db.close();
  }
}

async function definitionOf({ folder, manifest }: OpenBundle): Promise<ReportDefinition> {
  const catalog = await loadCatalog(join(folder, 'program'));
  const id = textOf({ manifest }, 'id');
  const definition = (await loadReports(catalog)).find((one) => one.id === id);
  if (!definition) throw new WhoranError(`the bundle does not define the report ${inert(id, 100)}`, { exitCode: EXIT.found, hint: 'It was made by another version of the program: draw with that one.' });
  return definition;
}

/** The rows at those positions, counted from 1. */
async function rowsAt({ folder }: OpenBundle, table: string, positions: readonly number[]): Promise<Map<number, SqlRow>> {
  const wanted = new Set(positions);
  const rows = new Map<number, SqlRow>();
  const name = `tables/${table}.jsonl`;
  readOnce(join(folder, name), name, (line, number) => {
    if (wanted.has(number)) rows.set(number, JSON.parse(line.toString('utf8')) as SqlRow);
  });
  return Promise.resolve(rows);
}

/** Each item's row with its records and their batches, each file of the bundle read once. */
async function gather(bundle: OpenBundle, table: string, positions: readonly { position: number; lot: string }[], evidenceColumns: readonly string[], progress?: (step: string) => void): Promise<Dossier[]> {
  const rows = await rowsAt(bundle, table, positions.map(({ position }) => position));
  progress?.('gathering records');
  const evidence = new Map([...rows].map(([position, row]) => [position, evidenceColumns.flatMap((column) => (row[column] ?? []) as unknown as Evidence[])]));
  const lines = recordsOf(bundle, new Set([...evidence.values()].flat().map(keyOf)));
  const batches = batchesOf(bundle, new Set([...lines.values()].map(({ batch }) => batch)));
  return positions.map(({ position, lot }, index) => ({
    item: index + 1, position, lot, row: rows.get(position) ?? {},
    records: (evidence.get(position) ?? []).map((piece): DossierRecord => {
      const line = lines.get(keyOf(piece));
      const { hop, source, owner_id, record_id, record_at, sha256 } = piece;
      return { hop, source, owner_id, record_id, record_at: record_at ?? null, sha256, batch: line?.batch ?? null, leaf: line?.leaf ?? null, text: line?.text ?? null };
    }),
    batches: [...new Set((evidence.get(position) ?? []).flatMap((piece) => lines.get(keyOf(piece))?.batch ?? []))].sort((a, b) => a - b).flatMap((batch) => batches.get(batch) ?? []),
  }));
}

interface Evidence {
  readonly hop: string;
  readonly source: string;
  readonly owner_id: string;
  readonly record_id: string;
  readonly record_at?: string | null;
  readonly sha256: string | null;
}

function keyOf({ source, owner_id: owner, record_id: id, sha256 }: Evidence | RecordLine): string {
  return JSON.stringify([source, owner, id, sha256]);
}

function recordsOf({ folder, manifest }: OpenBundle, wanted: ReadonlySet<string>): Map<string, RecordLine> {
  const found = new Map<string, RecordLine>();
  for (const name of [...manifest.files.keys()].filter((path) => /^records\/[^/]+\.jsonl$/.test(path))) {
    readOnce(join(folder, name), name, (text) => {
      const line = JSON.parse(text.toString('utf8')) as RecordLine;
      if (wanted.has(keyOf(line))) found.set(keyOf(line), line);
    });
  }
  return found;
}

function batchesOf({ folder, manifest }: OpenBundle, wanted: ReadonlySet<number>): Map<number, BatchProofLine> {
  const found = new Map<number, BatchProofLine>();
  const name = 'proofs/batches.jsonl';
  if (!manifest.files.has(name)) return found;
  readOnce(join(folder, name), name, (text) => {
    const line = JSON.parse(text.toString('utf8')) as BatchProofLine;
    if (wanted.has(line.batch)) found.set(line.batch, line);
  });
  return found;
}
