/**
 * Cuts a JSON file into its records: one document, one value a line, values one after another, and lists of records
 * within them. What is broken costs itself alone: the cutter finds where the next record begins and goes on there.
 */
import type { BrokenCut, Cut } from './cut.ts';
import {
  CLOSE_BRACKET, COMMA, JsonScan, LINE_FEED, OPEN_BRACE, OPEN_BRACKET, QUOTE,
  lineEnd, objectMembers, skipSpace, stringEnd, type RecordList,
} from './json-scan.ts';
import { isKnownRecord } from './known-record.ts';

/** Lists within lists: Event Hub capture writes arrays of `{"records":[…]}`. Nothing nests deeper. */
const MAXIMUM_LIST_NESTING = 3;
/** Of garbage lines or elements one after another each is a reject of its own; what follows this many is one more. */
const SINGLE_REJECTS_IN_A_ROW = 100;
/** Looking for the next whole record re-reads bytes. After so many times the file's size, the rest is one reject. */
const RECOVERY_BUDGET = 4;
/** A record's opening, `{` and its first key, by which its siblings are recognised. */
const LONGEST_OPENING_BYTES = 120;

/** The list that the cutter is in. `bare` is an array without a name. */
type ListName = RecordList | 'bare';

/** Cuts of a whole file, in order. `bytes` begin with the first value, white space or garbage; no byte order mark. */
export function jsonCuts(bytes: Buffer): Generator<Cut> {
  return new JsonCutter(bytes).cuts();
}

class JsonCutter {
  readonly #bytes: Buffer;
  readonly #limit: number;
  readonly #scan = new JsonScan();
  #budget: number;
  /** Set where a list was left before its closing bracket: its callers leave theirs too. */
  #escaped = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#limit = bytes.length;
    this.#budget = bytes.length * RECOVERY_BUDGET;
  }

  *cuts(): Generator<Cut> {
    let at = this.#skipSeparators(0);
    let garbageLines = 0;
    while (at < this.#limit) {
      this.#escaped = false;
      const byte = this.#bytes[at];
      if (byte === OPEN_BRACE) {
        at = yield* this.#object(at, undefined, 0);
        garbageLines = 0;
      } else if (byte === OPEN_BRACKET) {
        at = yield* this.#list(at, 'bare', 1);
        garbageLines = 0;
      } else if (byte === QUOTE && stringEnd(this.#bytes, at, this.#limit) !== undefined) {
        at = yield* this.#string(at, undefined);
        garbageLines = 0;
      } else {
        const end = ++garbageLines > SINGLE_REJECTS_IN_A_ROW ? this.#nextValueLine(at) : lineEnd(this.#bytes, at, this.#limit);
        yield broken(at, end, 'not_json');
        at = end;
      }
      at = this.#skipSeparators(at);
    }
  }

  /** White space, and the commas of an array that lost its brackets. */
  #skipSeparators(at: number): number {
    for (;;) {
      at = skipSpace(this.#bytes, at, this.#limit);
      if (this.#bytes[at] !== COMMA) return at;
      at++;
    }
  }

  /** Start of the next line that begins with `{` or `[`, or the end. */
  #nextValueLine(at: number): number {
    for (;;) {
      const end = lineEnd(this.#bytes, at, this.#limit);
      if (end >= this.#limit) return this.#limit;
      const first = this.#bytes[end + 1];
      if (first === OPEN_BRACE || first === OPEN_BRACKET) return end + 1;
      at = end + 1;
    }
  }

  /** The object at `at`: a record, or what holds a list of them. Returns the position after it. */
  *#object(at: number, list: RecordList | undefined, nesting: number): Generator<Cut, number> {
    const scan = this.#scan;
    // In a named list each element is a record, whatever its members are called.
    const mayHoldList = (list === undefined || list === 'tables') && nesting < MAXIMUM_LIST_NESTING;
    scan.run(this.#bytes, at, this.#limit, mayHoldList && list !== 'tables');
    if (scan.list) return yield* this.#listsOf(at, nesting);
    if (scan.fault) return yield* this.#recover(at, nesting > 0, scan.fault);
    const { end, members, depth } = scan;
    if (list === undefined && nesting === 0) {
      const next = this.#nextAfterFalseExtent(at, end);
      if (next !== undefined) {
        yield broken(at, next, 'cut_off');
        return next;
      }
    }
    if (list === 'tables') return yield* this.#table(at, end);
    yield { kind: 'json', start: at, end, list, members, depth };
    return end;
  }

  /** The record lists of the object at `objectStart`; the scan stands at the first one's bracket. */
  *#listsOf(objectStart: number, nesting: number): Generator<Cut, number> {
    const scan = this.#scan;
    let at = objectStart;
    while (scan.list) {
      at = yield* this.#list(scan.end, scan.list, nesting + 1);
      if (this.#escaped) return at;
      scan.run(this.#bytes, at, this.#limit, true, 1);
    }
    if (!scan.fault) return scan.end;
    const next = this.#standaloneLine(at, this.#limit);
    yield broken(at, next ?? this.#limit, 'list_cut_off');
    this.#escaped = true;
    return next ?? this.#limit;
  }

  /** The elements of the array at `at`. Returns the position after its closing bracket. */
  *#list(at: number, name: ListName, nesting: number): Generator<Cut, number> {
    const list = name === 'bare' ? undefined : name;
    const open = at;
    let strays = 0;
    at++;
    for (;;) {
      at = this.#skipSeparators(at);
      if (at >= this.#limit) {
        yield broken(open, this.#limit, 'list_cut_off');
        this.#escaped = true;
        return this.#limit;
      }
      const byte = this.#bytes[at];
      if (byte === CLOSE_BRACKET) return at + 1;
      if (byte === OPEN_BRACE) {
        strays = 0;
        at = yield* this.#object(at, list, nesting);
        if (this.#escaped) return at;
      } else if (byte === QUOTE && stringEnd(this.#bytes, at, this.#limit) !== undefined) {
        at = yield* this.#string(at, list);
      } else {
        const end = this.#strayEnd(at, ++strays > SINGLE_REJECTS_IN_A_ROW);
        yield broken(at, end, 'not_object');
        at = end;
      }
    }
  }

  /** Position after a list element that is no object: a number, a nested array, garbage; with `run`, after all such in a row. */
  #strayEnd(at: number, run: boolean): number {
    do {
      if (this.#bytes[at] === OPEN_BRACKET) {
        this.#scan.run(this.#bytes, at, this.#limit, false);
        at = this.#scan.end;
      } else {
        at++;
        while (at < this.#limit) {
          const byte = this.#bytes[at];
          if (byte === COMMA || byte === CLOSE_BRACKET || byte === OPEN_BRACE || byte === LINE_FEED) break;
          at++;
        }
      }
      if (!run) return at;
      at = this.#skipSeparators(at);
    } while (at < this.#limit && this.#bytes[at] !== CLOSE_BRACKET && this.#bytes[at] !== OPEN_BRACE);
    return at;
  }

  /** A string where a record is due: `lookup-events --query 'Events[].CloudTrailEvent'` prints such. */
  *#string(at: number, list: RecordList | undefined): Generator<Cut, number> {
    const end = stringEnd(this.#bytes, at, this.#limit) ?? this.#limit;
    yield { kind: 'json', start: at, end, list, members: 0, depth: 0 };
    return end;
  }

  /** A table of a Log Analytics answer: its rows, under the names of its columns. */
  *#table(at: number, end: number): Generator<Cut, number> {
    const bytes = this.#bytes;
    let columns: string[] | undefined;
    let rows: number | undefined;
    for (const member of objectMembers(bytes, at, end)) {
      if (member.key === 'columns' || member.key === 'columnDescriptors') columns = columnNames(bytes.toString('utf8', member.start, member.end));
      if (member.key === 'rows' && bytes[member.start] === OPEN_BRACKET) rows = member.start;
    }
    if (!columns || rows === undefined) {
      yield broken(at, end, 'bad_table');
      return end;
    }
    let row = this.#skipSeparators(rows + 1);
    while (row < end && bytes[row] !== CLOSE_BRACKET) {
      let rowEnd: number;
      if (bytes[row] === OPEN_BRACKET) {
        this.#scan.run(bytes, row, end, false);
        rowEnd = this.#scan.end;
        yield { kind: 'row', start: row, end: rowEnd, syntax: 'array', columns, separator: COMMA };
      } else {
        rowEnd = this.#strayEnd(row, true);
        yield broken(row, rowEnd, 'bad_table');
      }
      row = this.#skipSeparators(rowEnd);
    }
    return end;
  }

  /** Gives up the record at `at` alone: returns where the next one begins. */
  *#recover(at: number, inList: boolean, fault: 'cut_off' | 'line_break'): Generator<Cut, number> {
    this.#budget -= this.#scan.end - at;
    const sibling = inList ? this.#sibling(at) : undefined;
    const line = sibling === undefined ? this.#standaloneLine(at, this.#limit) : undefined;
    const next = sibling ?? line ?? (inList ? undefined : this.#sibling(at)) ?? this.#limit;
    yield broken(at, next, fault);
    this.#escaped = inList && sibling === undefined;
    return next;
  }

  /**
   * Brackets may balance by chance over several broken lines. Where the object from `at` to `end` spans lines, is no JSON,
   * and a later line of it stands on its own, that line's start.
   */
  #nextAfterFalseExtent(at: number, end: number): number | undefined {
    const firstLine = lineEnd(this.#bytes, at, end);
    if (firstLine >= end || isJson(this.#bytes, at, end)) return undefined;
    this.#budget -= end - at;
    return this.#standaloneLine(at, end);
  }

  /** Start of the first line after `at`'s that is a whole JSON object by itself, beginning in its first column. */
  #standaloneLine(at: number, limit: number): number | undefined {
    for (let end = lineEnd(this.#bytes, at, limit); end < limit && this.#budget > 0; ) {
      const start = end + 1;
      end = lineEnd(this.#bytes, start, limit);
      this.#budget -= end - start;
      if (this.#bytes[start] !== OPEN_BRACE) continue;
      this.#scan.run(this.#bytes, start, end, false);
      if (!this.#scan.fault && skipSpace(this.#bytes, this.#scan.end, end) === end && isJson(this.#bytes, start, this.#scan.end)) return start;
    }
    return undefined;
  }

  /** Start of the next whole and known record that opens as the one at `at` does: `{` and the same first key. */
  #sibling(at: number): number | undefined {
    const key = skipSpace(this.#bytes, at + 1, this.#limit);
    const keyEnd = this.#bytes[key] === QUOTE ? stringEnd(this.#bytes, key, this.#limit) : undefined;
    if (keyEnd === undefined || keyEnd - at > LONGEST_OPENING_BYTES) return undefined;
    const opening = this.#bytes.subarray(at, keyEnd);
    for (let from = at + 1; this.#budget > 0; ) {
      const found = this.#bytes.indexOf(opening, from);
      if (found === -1) return undefined;
      this.#scan.run(this.#bytes, found, this.#limit, false);
      this.#budget -= this.#scan.end - found;
      if (!this.#scan.fault && isKnownRecord(this.#bytes.subarray(found, this.#scan.end))) return found;
      from = found + 1;
    }
    return undefined;
  }
}

function broken(start: number, end: number, fault: BrokenCut['fault']): BrokenCut {
  return { kind: 'broken', start, end, fault };
}

function isJson(bytes: Buffer, start: number, end: number): boolean {
  try {
    JSON.parse(bytes.toString('utf8', start, end));
    return true;
  } catch {
    return false;
  }
}

/** Names out of `[{"name":…,"type":…}, …]`; undefined where it is no such list. */
function columnNames(json: string): string[] | undefined {
  try {
    const columns: unknown = JSON.parse(json);
    if (!Array.isArray(columns)) return undefined;
    const names = columns.map((column: unknown) =>
      typeof column === 'object' && column !== null && 'name' in column && typeof column.name === 'string' ? column.name : undefined,
    );
    return names.every((name) => name !== undefined) ? names : undefined;
  } catch {
    return undefined;
  }
}
