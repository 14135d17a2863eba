/**
 * The evidence bundle of a report: the rendered report, its tables, the SQL and what it read, the delivered records and their proofs, a manifest,
 * and a signed statement about it. docs/evidence-bundle.md is the format.
 */
import { hash } from 'node:crypto';
import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Database } from '../engine/database.ts';
import { dirname, join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { scopeMembers } from '../core/report-parameters.ts';
import { bundleFiles, MANIFEST_FILE, manifestText, type BundleManifest } from '../evidence/manifest.ts';
import { openLandedBatches } from '../landing/landed-batches.ts';
import { FUNCTIONS, VIEWS, writeInputs, type BundleInputs } from './bundle-inputs.ts';
import { bundleReadme, README } from './bundle-readme.ts';
import { writeRecords } from './bundle-records.ts';
import { replayBundle } from './bundle-replay.ts';
import { writeTables } from './bundle-tables.ts';
import { zipFolder } from './bundle-zip.ts';
import { scanForPeople } from './redact-scan.ts';
import type { Redaction } from './redaction.ts';
import { baseName } from './report-document.ts';
import { evidenceColumnsOf, type RenderedReport, type RenderOptions, type ReportMaterial } from './report-render.ts';

/** What signs a bundle, and proves when. */
export interface BundleSigner {
  /**
   * Writes `statement.dsse.json`, and `statement.tsr` where a timestamp authority is configured, into `folder`.
   * @returns the signing key's id (SHA-256 of its SubjectPublicKeyInfo in hex), and the timestamp's time where there is one
   */
  sign(folder: string, manifest: BundleManifest, manifestSha256: string): Promise<{ readonly keyId: string; readonly timestampedAt: string | null }>;
}

/** What a bundle is asked to be. */
export interface BundleWish {
  /** Whose landing the records are taken from. */
  readonly dataDir: string;
  readonly signer: BundleSigner;
  /** Whether the folder is zipped beside. */
  readonly hasZip: boolean;
}

export interface BundleResult {
  /** The folder. */
  readonly path: string;
  readonly zip: string | null;
  readonly manifest_sha256: string;
  readonly key_id: string;
  /** RFC 3339 UTC; null without a timestamp. */
  readonly timestamped_at: string | null;
  readonly bytes: number;
  readonly files: number;
  /** Delivered records enclosed, by source. */
  readonly records: Readonly<Record<string, number>>;
  /** Records that tables name and landing could not give. */
  readonly missing_records: number;
  /** What stands under pseudonyms, and what is enclosed by its hash alone; null where nothing is redacted. */
  readonly redaction: BundleManifest['redaction'];
}

/** A redacted bundle: what the report was made of, and the published database, where records are found. */
export interface BundleRedacting {
  readonly redaction: Redaction;
  readonly published: Database;
}

/**
 * Writes `<scratch>/<report>_<from>_<to>.bundle`, replays it, signs it, and zips it.
 *
 * @returns the result with its paths in `options.outDir`, where the caller moves the folder and the zip
 * @throws WhoranError where a replay of what was written gives other tables: such a bundle would not stand, and is not signed
 */
export async function writeBundle(material: ReportMaterial, rendered: RenderedReport, options: RenderOptions & { readonly outDir: string }, wish: BundleWish, scratch: string, redacting?: BundleRedacting): Promise<BundleResult> {
  const { catalog, definition } = material;
  const db = redacting?.published ?? material.db;
  const redaction = redacting?.redaction;
  const step = (text: string): void => options.progress?.(text);
  const name = `${baseName(definition.id, options)}.bundle`;
  const folder = join(scratch, name);
  await mkdir(join(folder, 'report'), { recursive: true });
  for (const file of rendered.files) await copyFile(join(scratch, file.name), join(folder, 'report', file.name));
  step('writing tables');
  const evidenceColumns = evidenceColumnsOf(definition);
  await writeTables(db, rendered, evidenceColumns, join(folder, 'report'), join(folder, 'tables'));
  step('writing what the queries read');
  if (redaction) await cp(redaction.inputsFolder, join(folder, 'inputs'), { recursive: true });
  const inputs = redaction?.inputs ?? (await writeInputs(db, catalog, definition.queries, join(folder, 'inputs'), { from: options.from, to: options.to }));
  await writeProgram(material, inputs, join(folder, 'program'));
  step('gathering records');
  const tables = [...rendered.spooled.values()].map(({ path, columns }) => ({ path, columns: columns.filter((column) => evidenceColumns.includes(column)) }));
  const findings = await shownFindings(rendered);
  const records = await writeRecords(db, openLandedBatches(wish.dataDir), tables, folder, { ...(redaction ? { redaction } : {}), findings, progress: step });
  const { document } = rendered;
  const head: Omit<BundleManifest, 'files'> = {
    schema: 'whoran.bundle/1',
    report: {
      id: document.id,
      title: document.title,
      ...document.period,
      time_zone: document.parameters.timeZone,
      parameters: scopeMembers(document.parameters),
      as_of: document.asOf,
      known_at: document.knownAt,
      ...(document.filedAs === null ? {} : { filed_as: document.filedAs.id }),
      run_at: document.runAt,
      run_by: document.runBy,
      program: document.program,
    },
    ledger: records.ledger,
    journal: records.journal,
    redaction: redaction
      ? {
          method: 'HMAC-SHA-256', people: redaction.names.people, addresses: redaction.names.addresses, ordinary_names: redaction.names.ordinary,
          records_attested: records.attested.records, ledger_lines_attested: records.attested.ledger_lines, journal_lines_attested: records.attested.journal_lines,
        }
      : null,
    corrects: document.filedAs?.corrects ?? null,
    tables: Object.fromEntries([...rendered.spooled].map(([id, { rowCount, missingEvidence }]) => [id, { rows: rowCount, missing_evidence: missingEvidence }])),
  };
  await writeFile(join(folder, README), bundleReadme(head));
  step('replaying');
  const replay = await replayBundle(folder, head, { ...(options.progress ? { progress: options.progress } : {}) });
  if (replay.faults.length > 0) {
    throw new WhoranError(`the bundle does not replay: ${replay.faults.map(({ file, found }) => `${file}: ${found}`).slice(0, 3).join('; ')}`, {
      exitCode: EXIT.found,
      hint: 'Nothing was signed. This is a fault of the program: what a query reads is missing from the bundle (queries/bundles).',
    });
  }
  const files = await bundleFiles(folder);
  const manifest: BundleManifest = { ...head, files };
  const text = manifestText(manifest);
  await writeFile(join(folder, MANIFEST_FILE), text);
  if (redaction) {
    step('looking for people’s names');
    await scanForPeople(db, folder, redaction.names);
  }
  const manifestSha256 = hash('sha256', text, 'hex');
  step('signing');
  const { keyId, timestampedAt } = await wish.signer.sign(folder, manifest, manifestSha256);
  if (wish.hasZip) step('zipping');
  const zip = wish.hasZip ? await zipFolder(folder, `${folder}.zip`) : null;
  return {
    path: join(options.outDir, name),
    zip: zip === null ? null : join(options.outDir, `${name}.zip`),
    manifest_sha256: manifestSha256,
    key_id: keyId,
    timestamped_at: timestampedAt,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    files: files.length,
    records: records.records,
    missing_records: records.missing,
    redaction: head.redaction,
  };
}

/** The parts of the program that made the tables: its queries, the report's definition, and the words for controls. */
async function writeProgram({ catalog, definition }: ReportMaterial, { relations, hasViews }: BundleInputs, folder: string): Promise<void> {
  const scopes = catalog.queries.filter(({ layer, id }) => layer === 'bundles' && relations.includes(id)).map(({ file }) => file);
  const controls = ['queries/controls/soc2.yml', 'queries/controls/iso27001.yml'];
  for (const file of [definition.file, ...definition.parts.map((part) => part.file), ...definition.queries.map((query) => query.file), ...(hasViews ? [VIEWS] : []), FUNCTIONS, ...scopes, ...controls]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), await readFile(join(catalog.root, file)));
  }
}

/** Ids of the findings in any table. */
async function shownFindings({ spooled }: RenderedReport): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const rows of spooled.values()) {
    if (!rows.columns.includes('finding_id')) continue;
    for await (const { finding_id: id } of rows.rows()) if (typeof id === 'string') ids.add(id);
  }
  return ids;
}
