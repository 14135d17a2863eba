/**
 * manifest.json: every other file of the bundle with its length and hash, and what the report is.
 */
import { isHex, isObject, parseJson, textOf, type JsonObject } from './json.ts';
import { Unreadable, type Faults } from './faults.ts';

export const MANIFEST_FILE = 'manifest.json';
export const MANIFEST_SCHEMA = 'whoran.bundle/1';

/** A log of landing as it was when the report was made. */
export interface TreeHead {
  readonly tree_size: number;
  /** Null where there is no line. */
  readonly root: string | null;
  /** Of the last line. */
  readonly head_sha256: string | null;
}

export interface ManifestFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The manifest as far as a check needs to understand it. */
export interface Manifest {
  readonly report: JsonObject;
  readonly ledger: TreeHead;
  readonly journal: TreeHead;
  readonly redaction: { readonly people: number; readonly records_attested: number; readonly ledger_lines_attested: number; readonly journal_lines_attested: number } | null;
  readonly corrects: { readonly filed: string; readonly manifest_sha256: string | null } | null;
  /** How many rows each result table has. */
  readonly tables: ReadonlyMap<string, number>;
  readonly files: ReadonlyMap<string, ManifestFile>;
}

/** The manifest's members that the signed statement repeats. */
export const STATED = ['report', 'ledger', 'journal', 'redaction', 'corrects'] as const;

/** A path that means one file on every system: no `..`, nothing absolute, no drive, no dot or space at an end. */
const PATH = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._=@+-]*[A-Za-z0-9_=@+-])?\/)*[A-Za-z0-9_](?:[A-Za-z0-9._=@+-]*[A-Za-z0-9_=@+-])?$/;
/** Whether a path inside a bundle is one that a manifest may list. */
export function isPlainPath(path: string): boolean {
  return path.length <= 1000 && PATH.test(path);
}

/** Those that a list in the manifest cannot hold the hash of. */
export const UNLISTED: ReadonlySet<string> = new Set([MANIFEST_FILE, 'statement.dsse.json', 'statement.tsr']);

/**
 * Reads the manifest. Faults of its list of files are collected, so that the files can still be checked.
 * @throws Unreadable where it is no manifest
 */
export function readManifest(bytes: Buffer, faults: Faults): Manifest {
  const json = parseJson(bytes, MANIFEST_FILE);
  if (json['schema'] !== MANIFEST_SCHEMA) throw bad(`schema ${MANIFEST_SCHEMA}`, textOf(json['schema']));
  const { report, tables, files, corrects } = json;
  if (!isObject(report)) throw bad('the report’s facts in "report"', 'none');
  if (!isObject(tables)) throw bad('the result tables in "tables"', 'none');
  if (!Array.isArray(files)) throw bad('a list in "files"', 'none');
  if (corrects !== null && !(isObject(corrects) && typeof corrects['filed'] === 'string' && (corrects['manifest_sha256'] === null || isHex(corrects['manifest_sha256'])))) throw bad('"corrects" with filed and manifest_sha256 (null where it has none), or null', textOf(corrects));
  return {
    report,
    ledger: treeHead(json, 'ledger'),
    journal: treeHead(json, 'journal'),
    redaction: redactionOf(json['redaction']),
    corrects: corrects as Manifest['corrects'],
    tables: new Map(Object.entries(tables).map(([query, table]) => [query, rowsOf(query, table)])),
    files: filesOf(files, faults),
  };
}

function treeHead(json: JsonObject, name: 'ledger' | 'journal'): TreeHead {
  const head = json[name];
  if (!isObject(head) || !isCount(head['tree_size'])) throw bad(`"${name}" with tree_size, root and head_sha256`, textOf(head));
  const { tree_size: size, root, head_sha256: last } = head;
  const isEmpty = root === null && last === null;
  if (size === 0 ? !isEmpty : !(isHex(root) && isHex(last))) throw bad(`"${name}" with root and head_sha256 as hashes, or null at size 0`, textOf(head));
  return { tree_size: size, root: root as string | null, head_sha256: last as string | null };
}

function redactionOf(value: unknown): Manifest['redaction'] {
  if (value === null) return null;
  const { people, records_attested: records, ledger_lines_attested: ledger, journal_lines_attested: journal } = isObject(value) ? value : {};
  if (!isCount(people) || !isCount(records) || !isCount(ledger) || !isCount(journal)) throw bad('"redaction" with people, records_attested, ledger_lines_attested and journal_lines_attested, or null', textOf(value));
  return { people, records_attested: records, ledger_lines_attested: ledger, journal_lines_attested: journal };
}

function rowsOf(query: string, table: unknown): number {
  if (!isObject(table) || !isCount(table['rows'])) throw bad(`the number of rows of table ${query}`, textOf(table));
  return table['rows'];
}

/** The files by path. A path that two entries share, or that differs from another in case only, would be one file on some systems and two on others. */
function filesOf(entries: readonly unknown[], faults: Faults): Map<string, ManifestFile> {
  const files = new Map<string, ManifestFile>();
  const folded = new Map<string, string>();
  let before = '';
  for (const [index, entry] of entries.entries()) {
    const place = `${MANIFEST_FILE}, files[${index}]`;
    if (!isObject(entry) || typeof entry['path'] !== 'string' || !isCount(entry['bytes']) || !isHex(entry['sha256'])) {
      faults.add(place, 'path, bytes and sha256', textOf(entry));
      continue;
    }
    const { path, bytes, sha256 } = entry;
    if (!isPlainPath(path)) faults.add(place, 'a plain relative path', path);
    else if (UNLISTED.has(path)) faults.add(place, 'any file but the manifest and the statement', path);
    else if (files.has(path)) faults.add(place, 'each file once', `${path} again`);
    else {
      const twin = folded.get(path.toLowerCase());
      if (twin !== undefined) faults.add(place, `no other file than ${twin} with these letters`, path);
      if (path < before) faults.add(place, `a path that sorts after ${before}`, path);
      files.set(path, { path, bytes, sha256 });
      folded.set(path.toLowerCase(), path);
      before = path;
    }
  }
  return files;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function bad(expected: string, found: string): Unreadable {
  return new Unreadable(MANIFEST_FILE, expected, found);
}
