/**
 * The delivered records behind a report, with the proof of each one's place in landing: `records/` and `proofs/` of a bundle.
 */
import { mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { queryText } from '../engine/query-file.ts';
import type { Database } from '../engine/database.ts';
import { literal, quoted } from '../engine/sql-text.ts';
import { LineFile, recordText, type BatchProofLine, type HeadLine, type JournalProofLine, type RecordLine } from '../evidence/bundle-lines.ts';
import { LogTree, type LogHead } from '../evidence/log-tree.ts';
import { leafHash } from '../verifier/merkle.ts';
import { batchRecords, treeOf, type BatchReader } from '../evidence/record-tree.ts';
import type { JournalLine, LandedBatches, LedgerLine } from '../landing/landed-batches.ts';
import { RecordIndex } from '../verifier/record-index.ts';
import { readJsonLines } from './json-lines.ts';
import type { Redaction } from './redaction.ts';

/** One result table whose rows name records. */
export interface EvidenceTable {
  /** Its rows as JSON lines, evidence hashed. */
  readonly path: string;
  readonly columns: readonly string[];
}

export interface BundleRecords {
  /** Records enclosed, by source. */
  readonly records: Readonly<Record<string, number>>;
  readonly batches: number;
  /** Records that the tables name and no batch gave: 0, unless landing is damaged. */
  readonly missing: number;
  readonly ledger: LogHead;
  readonly journal: LogHead;
  /** What is enclosed by its hash alone. */
  readonly attested: { readonly records: number; readonly ledger_lines: number; readonly journal_lines: number };
}

export interface BundleRecordsOptions {
  /** Where people stand under pseudonyms: records' bytes are left out then, and what is shown of them is attested, not proved. */
  readonly redaction?: Pick<Redaction, 'names' | 'aliases'>;
  /** Findings that are shown: what people decided about them is enclosed. */
  readonly findings: ReadonlySet<string>;
  readonly progress: (step: string) => void;
}

interface PlaceRow {
  readonly batch_seq: number;
  readonly source: string;
  readonly owner_id: string;
  readonly record_id: string;
  readonly sha256: string;
}

/**
 * Writes `records/*.jsonl`, `proofs/batches.jsonl`, `proofs/journal.jsonl` and `proofs/heads.jsonl` below `folder`.
 *
 * @param db the published database that the tables came from
 * @throws WhoranError where a batch that is needed is gone or altered
 */
export async function writeRecords(db: Database, landing: LandedBatches, tables: readonly EvidenceTable[], folder: string, options: BundleRecordsOptions): Promise<BundleRecords> {
  await mkdir(join(folder, 'proofs'), { recursive: true });
  const { redaction } = options;
  const wanted = await loadWanted(db, tables, redaction);
  const ledger = new LogTree(join(landing.folder, 'ledger.jsonl'));
  const files = new RecordFiles(join(folder, 'records'), redaction);
  const proofs = new LineFile(join(folder, 'proofs', 'batches.jsonl'));
  let batches = 0;
  let ledgerLines = 0;
  for await (const places of byBatch(db)) {
    const line = writeBatch(landing, ledger, places, files, redaction);
    if (!line) continue;
    if (line.ledger_line === null) ledgerLines += 1;
    batches += 1;
    if (batches % 20 === 0) options.progress(`proving records of batch ${line.batch}`);
    proofs.add(line);
  }
  proofs.close();
  files.close();
  // A million records' names are hundreds of megabytes, and the replay comes next.
  await db.run('drop table bundle_wanted');
  const journal = new LogTree(join(landing.folder, 'journal.jsonl'));
  const withheld = writeJournal(landing, journal, folder, options.findings, redaction !== undefined);
  writeHeads(ledger, journal, folder, redaction);
  const attested = { records: redaction ? Object.values(files.counts).reduce((sum, count) => sum + count, 0) : 0, ledger_lines: ledgerLines, journal_lines: withheld };
  return { records: files.counts, batches, missing: wanted - files.enclosed, ledger: ledger.head, journal: journal.head, attested };
}

/** Gathers what the tables name in `bundle_wanted`. @returns how many records that are */
async function loadWanted(db: Database, tables: readonly EvidenceTable[], redaction: BundleRecordsOptions['redaction']): Promise<number> {
  await db.run('create or replace temp table bundle_wanted (source varchar, owner_id varchar, record_id varchar, sha256 varchar)');
  for (const { path, columns } of tables) {
    for (const column of columns) {
      const type = 'struct(source varchar, owner_id varchar, record_id varchar, sha256 varchar)[]';
      await db.run(
        `insert into bundle_wanted select distinct e.source, e.owner_id, e.record_id, e.sha256
         from (select unnest(${quoted(column)}) as e from ${await readJsonLines(path, `${quoted(column)}: ${literal(type)}`)})
         where e.sha256 is not null and e.source <> 'landing'`,
      );
    }
  }
  await db.run('create or replace temp table bundle_wanted as select distinct source, owner_id, record_id, sha256 from bundle_wanted');
  // Landing knows records by the names that they really have.
  for (const alias of redaction?.aliases ?? []) {
    await db.run('update bundle_wanted set owner_id = $owner, record_id = $id where source = $source and owner_id = $shown_owner and record_id = $shown_id', { source: alias.source, owner: alias.owner_id, id: alias.record_id, shown_owner: alias.shown_owner_id, shown_id: alias.shown_record_id });
  }
  const row = await db.get<{ records: number }>('select count(*) as records from bundle_wanted');
  return row?.records ?? 0;
}

/** The places of records, gathered batch by batch. */
async function* byBatch(db: Database): AsyncGenerator<PlaceRow[]> {
  let held: PlaceRow[] = [];
  for await (const rows of db.stream<PlaceRow>(await queryText('bundles/record_places'))) {
    for (const row of rows) {
      if (held[0] && held[0].batch_seq !== row.batch_seq) {
        yield held;
        held = [];
      }
      held.push(row);
    }
  }
  if (held.length > 0) yield held;
}

/** Encloses a batch's records that are not enclosed yet; undefined where it gave none. */
function writeBatch(landing: BatchReader, ledger: LogTree, places: readonly PlaceRow[], files: RecordFiles, redaction: BundleRecordsOptions['redaction']): BatchProofLine | undefined {
  const batch = places[0]?.batch_seq ?? 0;
  const open = places.filter((place) => !files.has(place));
  if (open.length === 0) return undefined;
  const bySha256 = new Map<string, PlaceRow[]>();
  for (const place of open) bySha256.set(place.sha256, [...(bySha256.get(place.sha256) ?? []), place]);
  const { text, proof } = ledger.line(batch);
  const { hashes, found } = batchRecords(landing, JSON.parse(text) as LedgerLine, new Set(bySha256.keys()));
  if (found.length === 0) return undefined;
  for (const { leaf, sha256, bytes } of found) {
    for (const place of bySha256.get(sha256) ?? []) files.add(place, batch, leaf, bytes);
  }
  const tree = treeOf(hashes);
  return {
    batch,
    // A file's path may name who landed it.
    ...(redaction?.names.in(text) === undefined ? { ledger_line: text } : { ledger_line: null, ledger_leaf: leafHash(Buffer.from(text)).toString('hex') }),
    ledger_proof: proof,
    records: tree.size,
    record_root: tree.root.toString('hex'),
    record_proof: tree.multiproof(found.map(({ leaf }) => leaf)).map((one) => one.toString('hex')),
  };
}

/** The files of `records/`, one a source. */
class RecordFiles {
  readonly #folder: string;
  readonly #aliases: ReadonlyMap<string, { readonly owner_id: string; readonly record_id: string }> | undefined;
  readonly #files = new Map<string, LineFile>();
  readonly #counts = new Map<string, number>();
  /** Packed: a million records' names as strings would be hundreds of megabytes. */
  readonly #enclosed = new RecordIndex();

  constructor(folder: string, redaction: BundleRecordsOptions['redaction']) {
    this.#folder = folder;
    this.#aliases = redaction && new Map(redaction.aliases.map((alias) => [JSON.stringify([alias.source, alias.owner_id, alias.record_id]), { owner_id: alias.shown_owner_id, record_id: alias.shown_record_id }]));
  }

  get enclosed(): number {
    return this.#enclosed.size;
  }

  get counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort());
  }

  has(place: PlaceRow): boolean {
    return this.#enclosed.has(place);
  }

  add(place: PlaceRow, batch: number, leaf: number, bytes: Buffer): void {
    const { source, sha256 } = place;
    const { owner_id, record_id } = this.#aliases?.get(JSON.stringify([source, place.owner_id, place.record_id])) ?? place;
    const line: RecordLine = { sha256, source, owner_id, record_id, batch, leaf, ...(this.#aliases ? { text: null } : recordText(bytes)) };
    let file = this.#files.get(source);
    // Made when there is one to write: an empty folder would be none of a bundle's.
    if (!file) {
      mkdirSync(this.#folder, { recursive: true });
      this.#files.set(source, (file = new LineFile(join(this.#folder, `${source}.jsonl`))));
    }
    file.add(line);
    this.#counts.set(source, (this.#counts.get(source) ?? 0) + 1);
    this.#enclosed.add(batch, leaf, place);
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
  }
}

/**
 * Decisions about the findings that are shown. Each names who decided, and says why in that person's words: a redacted bundle has their hashes.
 * @returns how many are withheld
 */
function writeJournal(landing: LandedBatches, journal: LogTree, folder: string, findings: ReadonlySet<string>, isRedacted: boolean): number {
  const file = new LineFile(join(folder, 'proofs', 'journal.jsonl'));
  const size = journal.head.tree_size;
  let withheld = 0;
  for (const { seq, subject } of landing.decisions()) {
    if (seq > size || !findings.has(subject)) continue;
    const { text, proof } = journal.line(seq);
    if (isRedacted) withheld += 1;
    file.add((isRedacted ? { line: null, seq, leaf: leafHash(Buffer.from(text)).toString('hex'), proof } : { line: text, proof }) satisfies JournalProofLine);
  }
  file.close();
  return withheld;
}

/** Decisions whose very existence may be nobody's business who gets a report: legal holds, removals, an erasure of a person's data. */
const CONFIDENTIAL = /^(?:hold|landing)\./;

/** The last lines of both logs, which bind how many there are. One that shows what isn't the reader's to know is withheld. */
function writeHeads(ledger: LogTree, journal: LogTree, folder: string, redaction: BundleRecordsOptions['redaction']): void {
  const file = new LineFile(join(folder, 'proofs', 'heads.jsonl'));
  for (const [log, tree] of [['ledger', ledger], ['journal', journal]] as const) {
    const { tree_size: size } = tree.head;
    if (size === 0) continue;
    const { text, proof } = tree.line(size);
    const isWithheld = log === 'journal' ? redaction !== undefined || CONFIDENTIAL.test((JSON.parse(text) as JournalLine).action) : redaction?.names.in(text) !== undefined;
    file.add((isWithheld ? { log, line: null, proof: [] } : { log, line: text, proof }) satisfies HeadLine);
  }
  file.close();
}
