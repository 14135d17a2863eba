/**
 * Finds where the next record begins after one that does not end: so that a broken record costs itself alone. Every
 * search reads bytes again; a budget keeps the whole linear in the file's size, whatever is in it.
 */
import { JsonScan, OPEN_BRACE, QUOTE, lineEnd, skipSpace, stringEnd } from './json-scan.ts';
import { isKnownRecord } from './known-record.ts';

/** After so many times the file's size, read in searches, whatever is broken takes the rest of the file with it. */
const BUDGET = 4;
/** A record's opening, `{` and its first key, by which its siblings are recognised. */
const LONGEST_OPENING_BYTES = 120;

export class Recovery {
  readonly #bytes: Buffer;
  readonly #scan = new JsonScan();
  #budget: number;
  /** The last answer of `standaloneLine` and the position it was asked for: the same for every position between. */
  #lineAsked = -1;
  #lineFound: number | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#budget = bytes.length * BUDGET;
  }

  /** Books bytes that were read in vain. */
  spend(bytes: number): void {
    this.#budget -= bytes;
  }

  /** Start of the first line after `at`'s that is a whole JSON object by itself, beginning in its first column. */
  standaloneLine(at: number, limit: number): number | undefined {
    const isKnown = this.#lineAsked !== -1 && at >= this.#lineAsked && (this.#lineFound === undefined || at < this.#lineFound);
    if (!isKnown) {
      this.#lineFound = this.#findLine(at, this.#bytes.length);
      this.#lineAsked = at;
    }
    return this.#lineFound !== undefined && this.#lineFound < limit ? this.#lineFound : undefined;
  }

  #findLine(at: number, limit: number): number | undefined {
    let end = lineEnd(this.#bytes, at, limit);
    while (end < limit && this.#budget > 0) {
      const start = end + 1;
      end = lineEnd(this.#bytes, start, limit);
      this.#budget -= end - start;
      if (this.#bytes[start] !== OPEN_BRACE) continue;
      this.#scan.run(this.#bytes, start, end, false);
      if (this.#scan.fault || skipSpace(this.#bytes, this.#scan.end, end) !== end) continue;
      if (this.#isJson(start, this.#scan.end)) return start;
    }
    return undefined;
  }

  /** Start of the next whole and known record before `limit` that opens as the one at `at` does: `{` and the same first key. */
  sibling(at: number, limit: number): number | undefined {
    const key = skipSpace(this.#bytes, at + 1, limit);
    const keyEnd = this.#bytes[key] === QUOTE ? stringEnd(this.#bytes, key, limit) : undefined;
    if (keyEnd === undefined || keyEnd - at > LONGEST_OPENING_BYTES) return undefined;
    const opening = this.#bytes.subarray(at, keyEnd);
    let from = at + 1;
    while (this.#budget > 0) {
      const found = this.#bytes.indexOf(opening, from);
      if (found === -1 || found >= limit) return undefined;
      this.#scan.run(this.#bytes, found, limit, false);
      this.#budget -= this.#scan.end - from;
      if (!this.#scan.fault && isKnownRecord(this.#bytes.subarray(found, this.#scan.end))) return found;
      from = found + 1;
    }
    return undefined;
  }

  /**
   * Brackets may balance by chance over several broken lines. Where the object from `at` to `end` spans lines, is no JSON,
   * and a later line of it stands on its own, that line's start.
   */
  withinFalseExtent(at: number, end: number): number | undefined {
    if (lineEnd(this.#bytes, at, end) >= end || this.#isJson(at, end)) return undefined;
    this.#budget -= end - at;
    return this.standaloneLine(at, end);
  }

  #isJson(start: number, end: number): boolean {
    try {
      JSON.parse(this.#bytes.toString('utf8', start, end));
      return true;
    } catch {
      return false;
    }
  }
}
