/**
 * Bundles of any size with made-up records, for the verifier's bench and tests: everything that docs/evidence-bundle.md asks for, without
 * the database that real ones come from.
 */
import { createHash, hash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Signer } from '../src/evidence/signer.ts';
import { signStatement } from '../src/evidence/statement.ts';
import { HASH_BYTES, MerkleTree, MerkleTreeBuilder } from '../src/verifier/merkle.ts';

export interface MadeBundle {
  readonly folder: string;
  readonly signer: Signer;
  readonly batches: number;
  /** In each batch, every second one a sign-in, the others CloudTrail records. */
  readonly recordsPerBatch: number;
  /** Every so manieth record is enclosed; 1: all. */
  readonly every: number;
  /** Length of a record's text, about. */
  readonly textBytes: number;
  readonly journalLines: number;
  readonly isRedacted?: boolean;
  readonly isTimestamped?: boolean;
}

/** Batches of the ledger beyond those that the bundle names. */
const OTHER_BATCHES = 3;
const SOURCES = ['cloudtrail', 'sign_ins'] as const;
type Source = (typeof SOURCES)[number];

interface MadeRecord {
  readonly source: Source;
  readonly owner_id: string;
  readonly record_id: string;
  readonly text: string;
  readonly sha256: string;
}

/** Writes a bundle. @returns the signature, for a timestamp, how many records are enclosed, and the whole ledger's lines */
export async function makeBundle(options: MadeBundle): Promise<{ readonly signature: Buffer; readonly records: number; readonly ledger: readonly string[] }> {
  const { folder, signer, batches, recordsPerBatch, every, journalLines } = options;
  const write = new BundleFiles(folder);
  const trees: { readonly size: number; readonly root: string; readonly proof: string[] }[] = [];
  let enclosed = 0;
  for (let batch = 1; batch <= batches; batch += 1) {
    const leaves = new MerkleTreeBuilder();
    const shown: number[] = [];
    for (let leaf = 0; leaf < recordsPerBatch; leaf += 1) {
      const record = madeRecord(batch, leaf, options.textBytes);
      leaves.add(Buffer.from(record.sha256, 'hex'));
      if (leaf % every !== 0) continue;
      shown.push(leaf);
      writeRecord(write, record, batch, leaf, options.isRedacted ?? false);
    }
    enclosed += shown.length;
    const tree = leaves.tree();
    trees.push({ size: tree.size, root: tree.root.toString('hex'), proof: hexes(tree.multiproof(shown)) });
  }
  const ledger = chain(batches + OTHER_BATCHES, (seq) => ({ landed_at: '2026-01-15T09:00:00.000Z', source: 'files', form: 'file', origin: `logs/${seq}.json`, sha256: hash('sha256', `batch ${seq}`, 'hex') }));
  const ledgerTree = MerkleTree.of(ledger.map((line) => Buffer.from(line)));
  trees.forEach(({ size, root, proof }, at) => {
    write.line('proofs/batches.jsonl', { batch: at + 1, ledger_line: ledger[at], ledger_proof: hexes(ledgerTree.path(at)), records: size, record_root: root, record_proof: proof });
  });
  const journal = chain(journalLines, (seq) => ({ at: '2026-01-15T10:00:00.000Z', by: 'ada@example.com', action: 'finding.acknowledge', subject: `finding ${seq}`, reason: 'known', detail: {} }));
  const journalTree = MerkleTree.of(journal.map((line) => Buffer.from(line)));
  journal.forEach((line, at) => {
    write.line('proofs/journal.jsonl', { line, proof: hexes(journalTree.path(at)) });
  });
  for (const [log, lines, tree] of [['ledger', ledger, ledgerTree], ['journal', journal, journalTree]] as const) {
    if (lines.length > 0) write.line('proofs/heads.jsonl', options.isRedacted === true && log === 'journal' ? { log, line: null, proof: [] } : { log, line: lines.at(-1), proof: hexes(tree.path(lines.length - 1)) });
  }
  write.text('README.txt', 'A made-up bundle.\n');
  write.text('report/report.html', '<!doctype html><title>Made up</title>\n');
  write.text('queries/reports/rpt_made.sql', 'select 1 as one;\n');
  write.text('tables/rpt_made.csv', 'made,up\n');
  write.text('inputs/made.parquet', 'PAR1');
  const manifest = {
    schema: 'whoran.bundle/1',
    report: { id: 'made', title: 'Made up', from: '2026-01-15T00:00:00Z', to: '2026-01-16T00:00:00Z', time_zone: 'UTC', parameters: {}, as_of: '2026-01-15T23:59:59Z', known_at: null, run_at: '2026-01-16T02:00:00Z', run_by: 'ada', program: { name: 'whoran', version: '0.1.0' } },
    ledger: headOf(ledger, ledgerTree),
    journal: headOf(journal, journalTree),
    redaction: options.isRedacted === true ? { method: 'HMAC-SHA-256', people: 3, addresses: 0, ordinary_names: 0, records_attested: enclosed, ledger_lines_attested: 0, journal_lines_attested: 0 } : null,
    corrects: null,
    tables: { rpt_made: { rows: enclosed } },
    files: write.end(),
  };
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(folder, 'manifest.json'), bytes);
  const { text, signature } = await signStatement(bytes, signer, options.isTimestamped ?? false);
  writeFileSync(join(folder, 'statement.dsse.json'), text);
  return { signature, records: enclosed, ledger };
}

function writeRecord(write: BundleFiles, record: MadeRecord, batch: number, leaf: number, isRedacted: boolean): void {
  const { source, owner_id, record_id, sha256, text } = record;
  write.line(`records/${source}.jsonl`, { sha256, source, owner_id, record_id, batch, leaf, text: isRedacted ? null : text });
  write.line('tables/rpt_made.jsonl', { at: '2026-01-15T09:00:00Z', name: 'RunTask', who: 'Ada', how: 'ran', confidence: 'proved', evidence: [{ hop: 'action', source, owner_id, record_id, sha256 }] });
}

/** A record like CloudTrail's or Entra's, quotes and all, from nothing but its place. */
function madeRecord(batch: number, leaf: number, textBytes: number): MadeRecord {
  const source = SOURCES[leaf % 2] ?? 'cloudtrail';
  const digits = hash('sha256', `${batch}/${leaf}`, 'hex');
  const id = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
  const owner = source === 'cloudtrail' ? '111122223333' : '11111111-1111-4111-8111-111111111111';
  const parameters = Object.fromEntries(Array.from({ length: Math.max(1, Math.round((textBytes - 300) / 34)) }, (_, at) => [`parameter${at}`, digits.slice(at % 40, (at % 40) + 16)]));
  const text = JSON.stringify({
    eventVersion: '1.11', eventID: id, eventTime: '2026-01-15T09:00:00Z', eventName: 'RunTask', awsRegion: 'eu-central-1', sourceIPAddress: '192.0.2.1', recipientAccountId: owner,
    userIdentity: { type: 'AssumedRole', accessKeyId: 'ASIAEXAMPLE000000001' }, requestParameters: parameters,
  });
  return { source, owner_id: owner, record_id: id, text, sha256: hash('sha256', text, 'hex') };
}

/** A log's lines, each with the hash of the one before. */
function chain(count: number, entry: (seq: number) => object): string[] {
  const lines: string[] = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const before = lines.at(-1);
    lines.push(JSON.stringify({ seq, ...entry(seq), previous_sha256: before === undefined ? null : hash('sha256', before, 'hex') }));
  }
  return lines;
}

function headOf(lines: readonly string[], tree: MerkleTree): object {
  const last = lines.at(-1);
  return { tree_size: lines.length, root: last === undefined ? null : tree.root.toString('hex'), head_sha256: last === undefined ? null : hash('sha256', last, 'hex') };
}

function hexes(hashes: readonly Buffer[]): string[] {
  return hashes.map((one) => one.toString('hex', 0, HASH_BYTES));
}

/** The bundle's files, written line by line, hashed on the way. */
class BundleFiles {
  readonly #folder: string;
  readonly #open = new Map<string, { readonly fd: number; readonly sum: ReturnType<typeof createHash>; bytes: number; waiting: string[]; held: number }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  line(path: string, value: object): void {
    this.text(path, `${JSON.stringify(value)}\n`);
  }

  text(path: string, text: string): void {
    let file = this.#open.get(path);
    if (!file) {
      mkdirSync(dirname(join(this.#folder, path)), { recursive: true });
      file = { fd: openSync(join(this.#folder, path), 'wx'), sum: createHash('sha256'), bytes: 0, waiting: [], held: 0 };
      this.#open.set(path, file);
    }
    file.waiting.push(text);
    file.held += text.length;
    if (file.held > 1024 * 1024) this.#flush(file);
  }

  /** Closes all files. @returns the manifest's list */
  end(): object[] {
    const files = [...this.#open].sort(([a], [b]) => (a < b ? -1 : 1));
    return files.map(([path, file]) => {
      this.#flush(file);
      closeSync(file.fd);
      return { path, bytes: file.bytes, sha256: file.sum.digest('hex') };
    });
  }

  #flush(file: { readonly fd: number; readonly sum: ReturnType<typeof createHash>; bytes: number; waiting: string[]; held: number }): void {
    const bytes = Buffer.from(file.waiting.join(''));
    for (let at = 0; at < bytes.length; ) at += writeSync(file.fd, bytes, at);
    Object.assign(file, { bytes: file.bytes + bytes.length, waiting: [], held: 0 });
    file.sum.update(bytes);
  }
}
