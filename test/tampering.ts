/**
 * Changes that a forger may make to a file, by class, each from a seed; and the table of what was tried and what was caught.
 */
import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Numbers from 0 to 1 out of a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const below = (random: () => number, count: number): number => Math.floor(random() * count);
export const pick = <One>(random: () => number, from: readonly One[]): One => {
  const one = from[below(random, from.length)];
  if (one === undefined) throw new Error('there is nothing to pick from');
  return one;
};

const NEWLINE = 0x0a;

/** Lines with their breaks; what is no text, in pieces of 16 bytes. */
function piecesOf(bytes: Buffer, isText: boolean): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = isText ? bytes.indexOf(NEWLINE, start) + 1 : start + 16;
    const end = found <= start ? bytes.length : Math.min(found, bytes.length);
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
}

/** Changes to a file's content. Each returns undefined where it would change nothing: a file of one line has no other order. */
export const CONTENT_CHANGES: Readonly<Record<string, (bytes: Buffer, random: () => number, isText: boolean) => Buffer | undefined>> = {
  flip: (bytes, random) => {
    if (bytes.length === 0) return undefined;
    const altered = Buffer.from(bytes);
    const at = below(random, bytes.length);
    altered[at] = (altered[at] ?? 0) ^ (1 << below(random, 8));
    return altered;
  },
  insert: (bytes, random) => {
    const at = below(random, bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), Buffer.of(below(random, 256)), bytes.subarray(at)]);
  },
  reorder: (bytes, random, isText) => {
    const pieces = piecesOf(bytes, isText);
    const first = below(random, pieces.length);
    const others = pieces.flatMap((piece, at) => (pieces[first]?.equals(piece) === false ? [at] : []));
    if (others.length === 0) return undefined;
    const second = pick(random, others);
    [pieces[first], pieces[second]] = [pieces[second] ?? Buffer.alloc(0), pieces[first] ?? Buffer.alloc(0)];
    const altered = Buffer.concat(pieces);
    return altered.equals(bytes) ? undefined : altered;
  },
  truncate: (bytes, random) => (bytes.length === 0 ? undefined : bytes.subarray(0, below(random, bytes.length))),
  double: (bytes, random, isText) => {
    const pieces = piecesOf(bytes, isText);
    if (pieces.length === 0) return undefined;
    const at = below(random, pieces.length);
    return Buffer.concat([...pieces.slice(0, at + 1), ...pieces.slice(at)]);
  },
};

/** Puts something in a file's place while `look` looks, and what was there back afterwards. Undefined: the file is gone meanwhile. */
export async function altered<Result>(path: string, content: Buffer | undefined | { readonly link: string }, look: () => Promise<Result> | Result): Promise<Result> {
  const before = lstatSync(path, { throwIfNoEntry: false }) ? readFileSync(path) : undefined;
  rmSync(path, { force: true });
  if (Buffer.isBuffer(content)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  } else if (content) symlinkSync(content.link, path);
  try {
    return await look();
  } finally {
    rmSync(path, { force: true });
    if (before) writeFileSync(path, before, { mode: 0o600 });
  }
}

/** Every path is of a kind: one that nobody thought of fails the test, and not silently. */
export function kindsOf(paths: readonly string[], kinds: readonly (readonly [RegExp, string])[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of paths) {
    const kind = kinds.find(([form]) => form.test(path))?.[1];
    if (kind === undefined) throw new Error(`${path} is of no kind that is tampered with: add it to the table`);
    found.set(kind, [...(found.get(kind) ?? []), path]);
  }
  return found;
}

/** What was tried and what was caught, by kind of file and class of change. */
export class Matrix {
  readonly missed: string[] = [];
  readonly #cells = new Map<string, Map<string, { tried: number; caught: number }>>();
  readonly #notes: string[] = [];

  add(kind: string, change: string, isCaught: boolean, what: string): void {
    const row = this.#cells.get(kind) ?? new Map<string, { tried: number; caught: number }>();
    const cell = row.get(change) ?? { tried: 0, caught: 0 };
    cell.tried += 1;
    if (isCaught) cell.caught += 1;
    else this.missed.push(`${kind}, ${change}: ${what}`);
    row.set(change, cell);
    this.#cells.set(kind, row);
  }

  /** What cannot be found, in words. */
  note(text: string): void {
    this.#notes.push(text);
  }

  get tried(): number {
    return this.#sum(({ tried }) => tried);
  }

  get caught(): number {
    return this.#sum(({ caught }) => caught);
  }

  /** As a table: caught/tried; `–` where a change does not apply. */
  text(title: string): string {
    const changes = [...new Set([...this.#cells.values()].flatMap((row) => [...row.keys()]))];
    const lines = [...this.#cells].map(([kind, row]) => [kind, ...changes.map((change) => (row.has(change) ? `${row.get(change)?.caught ?? 0}/${row.get(change)?.tried ?? 0}` : '–'))]);
    const all = [['', ...changes], ...lines];
    const widths = all[0]?.map((_, at) => Math.max(...all.map((line) => line[at]?.length ?? 0))) ?? [];
    const table = all.map((line) => line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '));
    return [`${title}: ${this.caught} of ${this.tried} caught`, ...table, ...this.#notes].join('\n');
  }

  #sum(of: (cell: { tried: number; caught: number }) => number): number {
    return [...this.#cells.values()].flatMap((row) => [...row.values()]).reduce((sum, cell) => sum + of(cell), 0);
  }
}

/** `WHORAN_TAMPER_SEED` picks the places, `WHORAN_TAMPER_ROUNDS` how often each kind of file is changed in each way; more rounds take every file. */
export const TAMPER_SEED = Number(process.env['WHORAN_TAMPER_SEED'] ?? '20260115');
export const TAMPER_ROUNDS = Number(process.env['WHORAN_TAMPER_ROUNDS'] ?? '1');

/** The files of one kind that a run changes: one a round, from the seed; with more than one round, every one of them so often. */
export function chosen(random: () => number, paths: readonly string[]): string[] {
  return TAMPER_ROUNDS > 1 ? Array.from({ length: TAMPER_ROUNDS }, () => paths).flat() : [pick(random, paths)];
}

/** A path beside another, for a file that nobody listed. */
export const beside = (path: string): string => join(dirname(path), `0${path.slice(path.lastIndexOf('/') + 1)}`);
