/**
 * proofs/: from each record to its batch's record tree, from each batch to the ledger's root, from each decision to the journal's, and from
 * the last line of each to how many lines it had.
 */
import { hash } from 'node:crypto';
import type { Faults } from './faults.ts';
import { hashesOf, isHex, isObject, textOf, tryJson, type JsonObject } from './json.ts';
import type { Manifest, TreeHead } from './manifest.ts';
import { leafHash, rootFromMultiproof, rootFromPath } from './merkle.ts';
import { isPageOf } from './page-name.ts';
import type { RecordIndex } from './record-index.ts';

/** Checks proofs/batches.jsonl against the records, which were read before. */
export class BatchProofs {
  count = 0;
  /** Batches whose ledger line is withheld: only the signer says what it holds. */
  attested = 0;
  readonly #name: string;
  readonly #log: LogProofs;
  readonly #isRedacted: boolean;
  readonly #records: RecordIndex;
  readonly #order: Uint32Array;
  readonly #faults: Faults;
  /** How many records, in order, are behind us. */
  #next = 0;

  constructor(name: string, ledger: TreeHead, isRedacted: boolean, records: RecordIndex, faults: Faults) {
    this.#name = name;
    this.#isRedacted = isRedacted;
    this.#log = new LogProofs(name, 'ledger', ledger, faults);
    this.#records = records;
    this.#order = records.inOrder();
    this.#faults = faults;
  }

  readonly line = (bytes: Buffer, number: number): void => {
    this.count += 1;
    const place = `${this.#name}:${number}`;
    const line = tryJson(bytes.toString('utf8'));
    const proof = isObject(line) ? hashesOf(line['record_proof']) : undefined;
    const path = isObject(line) ? hashesOf(line['ledger_proof']) : undefined;
    const withheld = isObject(line) && this.#isRedacted && line['ledger_line'] === null && isHex(line['ledger_leaf']) ? line['ledger_leaf'] : undefined;
    const isWhole = isObject(line) && (typeof line['ledger_line'] === 'string' || withheld !== undefined) && Object.keys(line).length === (withheld === undefined ? 6 : 7);
    if (!isWhole || !proof || !path || !isHex(line['record_root']) || !Number.isSafeInteger(line['batch']) || !Number.isSafeInteger(line['records'])) {
      this.#faults.add(place, 'batch, ledger_line, ledger_proof, records, record_root and record_proof', isObject(line) ? Object.keys(line).join(', ') : 'no JSON object');
      return;
    }
    const batch = line['batch'] as number;
    let stated: JsonObject | undefined;
    if (withheld === undefined) stated = this.#log.check(place, line['ledger_line'] as string, batch, path);
    else {
      this.attested += 1;
      this.#log.checkLeaf(place, withheld, batch, path);
    }
    if (stated && !isHex(stated['sha256'])) this.#faults.add(place, 'a ledger line with the SHA-256 of the batch', textOf(stated['sha256']));
    // The first that is no such page: what a line is called may be long, and so may the list.
    const other = stated && [...new Set(this.#records.namedByLedger(batch))].find((id) => !isPageOf(id, stated));
    if (other !== undefined) this.#faults.add(place, `a ledger line whose origin is ${other}`, textOf(stated?.['origin']));
    this.#checkRecords(place, batch, line['records'] as number, line['record_root'], proof);
  };

  /** After the last line: records whose batch has none. */
  end(): void {
    this.#skipTo(Infinity);
  }

  #checkRecords(place: string, batch: number, size: number, root: string, proof: readonly Buffer[]): void {
    this.#skipTo(batch);
    const first = this.#next;
    const leaves: number[] = [];
    const places: number[] = [];
    for (; this.#at(this.#next) === batch; this.#next += 1) {
      const record = this.#order[this.#next] ?? 0;
      const leaf = this.#records.leaf(record);
      if (leaf >= size) {
        this.#faults.add(place, `leaves below ${size}, the batch’s count of records`, `a record at leaf ${leaf}`);
        continue;
      }
      // Two sources may each show the same record: then it is one leaf.
      const isTwin = this.#next > first && leaf === leaves.at(-1);
      if (isTwin && !this.#records.sha256(record).equals(this.#records.sha256(places.at(-1) ?? 0))) this.#faults.add(place, `one record at leaf ${leaf}`, 'two with different hashes');
      if (isTwin) continue;
      leaves.push(leaf);
      places.push(record);
    }
    const found = rootFromMultiproof(size, leaves, (n) => leafHash(this.#records.sha256(places[n] ?? 0)), proof);
    if (found?.toString('hex') !== root) this.#faults.add(place, `records and record_proof that lead to record_root ${root}`, found?.toString('hex') ?? 'a proof of another length');
  }

  /** Names the batches below `batch` that have records and no line. */
  #skipTo(batch: number): void {
    let named = -1;
    for (let at = this.#at(this.#next); at !== undefined && at < batch; at = this.#at(this.#next)) {
      if (at !== named) this.#faults.add(this.#name, `a line for batch ${at}, which has records here`, 'none in its place');
      named = at;
      this.#next += 1;
    }
  }

  #at(next: number): number | undefined {
    const record = this.#order[next];
    return record === undefined ? undefined : this.#records.batch(record);
  }
}

/** Checks proofs/journal.jsonl. */
export class JournalProofs {
  count = 0;
  /** Lines that are withheld, since they name people. */
  attested = 0;
  readonly #isRedacted: boolean;
  readonly #name: string;
  readonly #log: LogProofs;
  readonly #faults: Faults;

  constructor(name: string, journal: TreeHead, isRedacted: boolean, faults: Faults) {
    this.#name = name;
    this.#isRedacted = isRedacted;
    this.#log = new LogProofs(name, 'journal', journal, faults);
    this.#faults = faults;
  }

  readonly line = (bytes: Buffer, number: number): void => {
    this.count += 1;
    const place = `${this.#name}:${number}`;
    const line = tryJson(bytes.toString('utf8'));
    const path = isObject(line) ? hashesOf(line['proof']) : undefined;
    if (isObject(line) && path && typeof line['line'] === 'string' && Object.keys(line).length === 2) this.#log.check(place, line['line'], undefined, path);
    else if (this.#isRedacted && isObject(line) && path && line['line'] === null && isHex(line['leaf']) && Number.isSafeInteger(line['seq']) && Object.keys(line).length === 4) {
      this.attested += 1;
      this.#log.checkLeaf(place, line['leaf'], line['seq'] as number, path);
    } else this.#faults.add(place, 'line and proof', isObject(line) ? Object.keys(line).join(', ') : 'no JSON object');
  };
}

/**
 * Checks proofs/heads.jsonl: the last line of the ledger and of the journal. A root does not say how many leaves it has, and the path of another line
 * may fit several counts; the last line says its own number, and its path has nothing to the right of it.
 */
export class LastLines {
  /** Logs whose last line is withheld: how many lines they had is then the signer's word. */
  readonly withheld: string[] = [];
  readonly #name: string;
  readonly #logs: Pick<Manifest, 'ledger' | 'journal'>;
  readonly #isRedacted: boolean;
  readonly #faults: Faults;
  /** Logs that have lines and were not met yet, in their order in the file. */
  readonly #open: ('ledger' | 'journal')[];

  constructor(name: string, { ledger, journal, redaction }: Pick<Manifest, 'ledger' | 'journal' | 'redaction'>, faults: Faults) {
    this.#name = name;
    this.#logs = { ledger, journal };
    this.#isRedacted = redaction !== null;
    this.#faults = faults;
    this.#open = (['ledger', 'journal'] as const).filter((log) => this.#logs[log].tree_size > 0);
  }

  readonly line = (bytes: Buffer, number: number): void => {
    const place = `${this.#name}:${number}`;
    const json = tryJson(bytes.toString('utf8'));
    const line = isObject(json) && Object.keys(json).length === 3 ? json : {};
    const log = this.#open.shift();
    const path = hashesOf(line['proof']);
    if (log === undefined || line['log'] !== log || !path) this.#faults.add(place, log === undefined ? 'no further line' : `log ${log}, its last line and proof`, isObject(json) ? `log ${textOf(json['log'])}` : 'no JSON object');
    else if (typeof line['line'] === 'string') new LogProofs(this.#name, log, this.#logs[log], this.#faults).check(place, line['line'], this.#logs[log].tree_size, path);
    else if (line['line'] === null && path.length === 0 && (log === 'journal' || this.#isRedacted)) this.withheld.push(log);
    else this.#faults.add(place, `the last line of the ${log}, and its path`, textOf(line['line']));
  };

  /** After the last line: logs whose last one is not there. */
  end(): void {
    for (const log of this.#open) this.#faults.add(this.#name, `the last line of the ${log}, which has ${this.#logs[log].tree_size} lines`, 'none');
  }
}

/** Lines of one of landing's logs, each with its audit path. */
class LogProofs {
  readonly #file: string;
  readonly #what: string;
  readonly #head: TreeHead;
  readonly #faults: Faults;
  #seq = 0;
  #sha256: string | null = null;
  /** Whether the line before is known by its text. */
  #isShown = true;

  constructor(file: string, what: string, head: TreeHead, faults: Faults) {
    this.#file = file;
    this.#what = what;
    this.#head = head;
    this.#faults = faults;
  }

  /**
   * Checks one line: its number, its place after the line before, its path to the root.
   * @param wanted the number that it must have, where that is known
   */
  check(place: string, text: string, wanted: number | undefined, path: readonly Buffer[]): JsonObject | undefined {
    const line = tryJson(text);
    const seq = isObject(line) ? line['seq'] : undefined;
    if (!isObject(line) || typeof seq !== 'number' || (wanted !== undefined && seq !== wanted)) {
      this.#faults.add(place, wanted === undefined ? `a line of the ${this.#what} with its seq` : `line ${wanted} of the ${this.#what}`, seq === undefined ? 'none' : `seq ${textOf(seq)}`);
      return undefined;
    }
    if (seq <= this.#seq) this.#faults.add(place, `a line after ${this.#seq}`, `seq ${seq}`);
    const sha256 = hash('sha256', text, 'hex');
    const previous = line['previous_sha256'];
    if (seq === this.#seq + 1 && this.#isShown && previous !== this.#sha256) this.#faults.add(place, `previous_sha256 ${this.#sha256 ?? 'null'}`, textOf(previous));
    if (seq === this.#head.tree_size && sha256 !== this.#head.head_sha256) this.#faults.add(place, `the last line, of SHA-256 ${this.#head.head_sha256 ?? 'null'}`, sha256);
    this.#seq = seq;
    this.#sha256 = sha256;
    this.#isShown = true;
    this.#checkPath(place, leafHash(Buffer.from(text)), seq, path);
    return line;
  }

  /** Checks a line that is not shown, by the hash of its leaf: its place after the line before, and its path to the root. */
  checkLeaf(place: string, leaf: string, seq: number, path: readonly Buffer[]): void {
    if (seq <= this.#seq) this.#faults.add(place, `a line after ${this.#seq}`, `seq ${seq}`);
    // The line after it cannot be held against it.
    this.#seq = Math.max(seq, this.#seq);
    this.#isShown = false;
    this.#checkPath(place, Buffer.from(leaf, 'hex'), seq, path);
  }

  #checkPath(place: string, leaf: Buffer, seq: number, path: readonly Buffer[]): void {
    const root = rootFromPath(leaf, seq - 1, this.#head.tree_size, path)?.toString('hex');
    if (root === undefined || root !== this.#head.root) {
      this.#faults.add(place, `line ${seq} and a path that lead to the ${this.#what}’s root ${this.#head.root ?? 'null'} (manifest.json)`, root ?? `a path of another length for ${this.#head.tree_size} lines`);
    }
  }
}
