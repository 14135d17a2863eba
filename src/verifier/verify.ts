/**
 * Checks a bundle's folder, from the signature down to each record. Uses nothing but the folder, the signer's public key and Node's
 * own SHA-256 and Ed25519. docs/evidence-bundle.md has the format, docs/verifying-a-bundle.md how to read the result.
 */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { STATEMENT_FILE, type Envelope } from './dsse.ts';
import { Faults, Unreadable } from './faults.ts';
import { compareFiles, filesIn } from './folder.ts';
import { readOnce, readSmall, type Read } from './lines.ts';
import { MANIFEST_FILE, readManifest, type Manifest, type ManifestFile } from './manifest.ts';
import { plainFiles, readPlainFiles, type PlainFiles, type PlainRead } from './plain-files.ts';
import { BatchProofs, JournalProofs, LastLines } from './proofs.ts';
import { RecordIndex } from './record-index.ts';
import { RecordsFile } from './records.ts';
import { checkStatement, TIMESTAMP_FILE, type Signer } from './statement.ts';
import { readTablesBeside } from './table-thread.ts';
import { checkMentions, readTables, type TablesRead, type TablesToRead } from './tables.ts';
import { findingsOf, NOT_PROVED, type Counts, type Outcome, type Verification } from './verification.ts';

const BATCHES_FILE = 'proofs/batches.jsonl';
const JOURNAL_FILE = 'proofs/journal.jsonl';
const HEADS_FILE = 'proofs/heads.jsonl';

/** A statement names one file and a report's facts; a manifest has a line a file. */
const LARGEST_STATEMENT = 16 * 1024 * 1024;
const LARGEST_MANIFEST = 64 * 1024 * 1024;

export interface VerifyOptions {
  /** The signer's public key, had from elsewhere. */
  readonly key?: KeyObject | undefined;
  /** What the bundle is called in the result; the folder where this is left out. */
  readonly name?: string;
  readonly progress?: (step: string) => void;
}

export interface Verified {
  readonly verification: Verification;
  /** For further checks; undefined where they could not be read. */
  readonly manifest: Manifest | undefined;
  readonly envelope: Envelope | undefined;
}

type Part = Parameters<Outcome['isFaulty']>[0];

/** Whether more than a file's length and hash is checked. */
const isChecked = (file: ManifestFile): boolean => isLines('records', file) || isLines('tables', file) || [BATCHES_FILE, JOURNAL_FILE, HEADS_FILE].includes(file.path);

const isLines = (folder: string, { path }: ManifestFile): boolean => path.startsWith(`${folder}/`) && path.endsWith('.jsonl');

/**
 * Checks the bundle in a folder.
 * @throws Error of the file system where the folder cannot be read; what is wrong with the bundle stands in the result
 */
export function verifyBundle(folder: string, options: VerifyOptions = {}): Verified {
  const check = new BundleCheck(folder, options);
  check.begin();
  check.checkAllButTables();
  check.checkTables(readTables(check.tablesToRead()));
  return check.end();
}

/** As `verifyBundle`, with the tables in a thread of their own: a long report takes half the time. */
export async function verifyBundleInThreads(folder: string, options: VerifyOptions = {}): Promise<Verified> {
  const check = new BundleCheck(folder, options);
  check.begin();
  const tables = readTablesBeside(check.tablesToRead());
  // Its failure is thrown below, where it is waited for.
  tables.catch(() => undefined);
  check.checkAllButTables();
  check.checkTables(await tables);
  return check.end();
}

class BundleCheck {
  readonly #folder: string;
  readonly #options: VerifyOptions;
  readonly #faults = new Faults();
  readonly #faulty = new Set<Part>();
  readonly #records = new RecordIndex();
  readonly #counts = { files: 0, bytes: 0, records: 0, records_attested: 0, batches: 0, ledger_lines_attested: 0, journal_lines: 0, journal_lines_attested: 0, table_rows: 0, table_rows_attested: 0, evidence: 0 } satisfies { -readonly [Name in keyof Counts]: number };
  #unhashed = 0;
  #withheld: readonly string[] = [];
  #signer: Signer;
  #envelope: Envelope | undefined;
  #present = new Set<string>();
  #manifest: Manifest | undefined;
  #files: readonly ManifestFile[] = [];
  #plain: PlainFiles;
  #plainReads: readonly PlainRead[] = [];

  constructor(folder: string, options: VerifyOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#plain = plainFiles(folder, []);
    this.#signer = { key_id: null, is_named_key: options.key === undefined ? null : false };
  }

  /** Reads which files there are and should be, and who signed that. */
  begin(): void {
    this.#part('files', () => {
      this.#present = filesIn(this.#folder, this.#faults);
    });
    this.#part('statement', () => {
      const bytes = readSmall(join(this.#folder, MANIFEST_FILE), MANIFEST_FILE, LARGEST_MANIFEST);
      this.#manifest = readManifest(bytes, this.#faults);
      const statement = readSmall(join(this.#folder, STATEMENT_FILE), STATEMENT_FILE, LARGEST_STATEMENT);
      const { signer, envelope } = checkStatement(statement, bytes, this.#present.has(TIMESTAMP_FILE), this.#options.key, this.#faults);
      this.#signer = signer;
      this.#envelope = envelope;
    });
    const manifest = this.#manifest;
    if (!manifest) return;
    this.#part('files', () => {
      compareFiles(this.#present, manifest, this.#faults);
    });
    this.#files = [...manifest.files.values()].filter(({ path }) => this.#present.has(path));
    this.#plain = plainFiles(this.#folder, this.#files.filter((file) => !isChecked(file)).map(({ path }) => path));
  }

  tablesToRead(): TablesToRead {
    return { folder: this.#folder, paths: this.#files.filter((file) => isLines('tables', file)).map(({ path }) => path), isRedacted: (this.#manifest?.redaction ?? null) !== null, plain: this.#plain };
  }

  checkAllButTables(): void {
    const manifest = this.#manifest;
    if (!manifest) return;
    // Records first: proofs speak of them.
    for (const file of this.#files) if (isLines('records', file)) this.#checkRecords(file, manifest);
    for (const file of this.#files) {
      if (file.path === BATCHES_FILE) this.#checkBatches(file, manifest);
      else if (file.path === JOURNAL_FILE) this.#checkJournal(file, manifest);
      else if (file.path === HEADS_FILE) this.#checkHeads(file, manifest);
    }
    this.#plainReads = readPlainFiles(this.#plain, (path) => {
      this.#tell(path);
    });
  }

  #checkRecords(file: ManifestFile, { redaction }: Manifest): void {
    this.#part('records', () => {
      const records = new RecordsFile(file.path, redaction !== null, this.#records, this.#faults);
      this.#read(file, records.line);
      this.#counts.records_attested += records.attested;
    });
    this.#counts.records = this.#records.size;
  }

  #checkBatches(file: ManifestFile, { ledger, redaction }: Manifest): void {
    this.#part('batches', () => {
      const batches = new BatchProofs(file.path, ledger, redaction !== null, this.#records, this.#faults);
      this.#read(file, batches.line);
      batches.end();
      this.#counts.batches = batches.count;
      this.#counts.ledger_lines_attested = batches.attested;
    });
  }

  #checkJournal(file: ManifestFile, { journal, redaction }: Manifest): void {
    this.#part('journal', () => {
      const lines = new JournalProofs(file.path, journal, redaction !== null, this.#faults);
      this.#read(file, lines.line);
      this.#counts.journal_lines = lines.count;
      this.#counts.journal_lines_attested = lines.attested;
    });
  }

  #checkHeads(file: ManifestFile, manifest: Manifest): void {
    this.#part('heads', () => {
      const heads = new LastLines(file.path, manifest, this.#faults);
      this.#read(file, heads.line);
      heads.end();
      this.#withheld = heads.withheld;
    });
  }

  checkTables(read: TablesRead): void {
    const manifest = this.#manifest;
    if (!manifest) return;
    this.#options.progress?.('checking tables');
    this.#part('tables', () => {
      for (const fault of read.faults) this.#faults.add(fault.file, fault.expected, fault.found);
      this.#faults.count += read.faultCount - read.faults.length;
      for (const table of read.tables) {
        const rows = manifest.tables.get(table.path.slice('tables/'.length, -'.jsonl'.length));
        if (rows !== table.rows) this.#faults.add(table.path, rows === undefined ? 'a table that manifest.json counts' : `${rows} rows`, `${table.rows} rows`);
        this.#counts.table_rows += table.rows;
        this.#counts.table_rows_attested += table.pseudonymised;
        this.#counts.evidence += table.evidence - table.unhashed;
        this.#unhashed += table.unhashed;
      }
      checkMentions(read, this.#records, this.#faults);
    });
    this.#part('files', () => {
      for (const { path, read: found } of read.tables) {
        const file = manifest.files.get(path);
        if (file && found) this.#compare(file, found);
      }
      this.#comparePlain(manifest, [...this.#plainReads, ...read.plain]);
    });
    this.#checkTotals(manifest);
  }

  #checkTotals({ files, redaction, tables, ledger, journal }: Manifest): void {
    this.#part('heads', () => {
      if (ledger.tree_size + journal.tree_size > 0 && !files.has(HEADS_FILE)) this.#faults.add(HEADS_FILE, 'the last lines of ledger and journal', 'none');
    });
    this.#part('batches', () => {
      if (this.#records.size > 0 && !files.has(BATCHES_FILE)) this.#faults.add(BATCHES_FILE, 'proofs of the records', 'none');
    });
    this.#part('records', () => {
      for (const [member, where] of [['records_attested', 'records/'], ['ledger_lines_attested', BATCHES_FILE], ['journal_lines_attested', JOURNAL_FILE]] as const) {
        const said = redaction?.[member] ?? 0;
        if (said !== this.#counts[member]) this.#faults.add(MANIFEST_FILE, `${member} ${this.#counts[member]}, as in ${where}`, `${said}`);
      }
    });
    this.#part('tables', () => {
      for (const query of tables.keys()) if (!files.has(`tables/${query}.jsonl`)) this.#faults.add(MANIFEST_FILE, `the rows of table ${query} in tables/`, 'no such file');
    });
  }

  /** Reads a file once, and compares its length and hash with the manifest's. */
  #read(file: ManifestFile, onLine: (line: Buffer, number: number) => void): void {
    const { path } = file;
    this.#tell(path);
    this.#part('files', () => {
      this.#compare(file, readOnce(join(this.#folder, path), path, onLine));
    });
  }

  #tell(path: string): void {
    this.#options.progress?.(`checking ${path.replace(/\/.*/, '')}`);
  }

  /** In the manifest's order, whichever thread read which: the same faults come in the same order. */
  #comparePlain({ files }: Manifest, reads: readonly PlainRead[]): void {
    const found = new Map(reads.map((one) => [one.path, one.found]));
    for (const path of this.#plain.paths) {
      const [file, read] = [files.get(path), found.get(path)];
      if (!file || !read) throw new Error(`${path} was not read`);
      if ('file' in read) this.#faults.add(read.file, read.expected, read.found);
      else this.#compare(file, read);
    }
  }

  #compare({ path, bytes, sha256 }: ManifestFile, found: Read): void {
    this.#counts.files += 1;
    this.#counts.bytes += found.bytes;
    if (found.bytes !== bytes) this.#faults.add(path, `${bytes} bytes`, `${found.bytes} bytes`);
    if (found.sha256 !== sha256) this.#faults.add(path, `SHA-256 ${sha256}`, found.sha256);
  }

  /** Does a part of the check, and remembers whether it found a fault. */
  #part(part: Part, check: () => void): void {
    const before = this.#faults.count;
    try {
      check();
    } catch (error) {
      if (error instanceof Unreadable) this.#faults.add(error.file, error.expected, error.found);
      // JSON that is nested too deep for the stack is nothing that we write.
      else if (error instanceof RangeError) this.#faults.add(part, 'JSON of few levels', error.message);
      else throw error;
    }
    if (this.#faults.count > before) this.#faulty.add(part);
  }

  end(): Verified {
    return { verification: this.#result(), manifest: this.#manifest, envelope: this.#envelope };
  }

  #result(): Verification {
    const manifest = this.#manifest;
    const outcome = { signer: this.#signer, manifest, counts: this.#counts, unhashed: this.#unhashed, withheld: this.#withheld, hasTimestamp: this.#present.has(TIMESTAMP_FILE), isFaulty: (part: Part): boolean => this.#faulty.has(part) };
    return {
      schema: 'whoran.verification/1',
      bundle: this.#options.name ?? this.#folder,
      verdict: this.#faults.count === 0 ? 'intact' : 'altered',
      signer: this.#signer,
      report: manifest?.report ?? null,
      ...findingsOf(outcome),
      not_proved: NOT_PROVED,
      counts: this.#counts,
      faults: this.#faults.listed,
      faults_left_off: this.#faults.count - this.#faults.listed.length,
    };
  }
}
