/**
 * Cuts a JSON file into its records: one document, one value a line, values one after another, and lists of records
 * within them. What is broken costs itself alone (recovery.ts).
 */
import type { BrokenCut, Cut } from './cut.ts';
import {
  CLOSE_BRACKET, COMMA, JsonScan, LINE_FEED, OPEN_BRACE, OPEN_BRACKET, QUOTE,
  lineEnd, objectMembers, skipSpace, stringEnd, type RecordList, type ScanFault,
} from './json-scan.ts';
import { Recovery } from './recovery.ts';

/** Lists within lists: Event Hub capture writes arrays of `{"records":[…]}`. Nothing nests deeper. */
const MAXIMUM_LIST_NESTING = 3;
/** Of garbage lines or elements one after another each is a reject of its own; what follows this many is one more. */
const SINGLE_REJECTS_IN_A_ROW = 100;

/** The list that the cutter is in. `bare` is an array without a name. */
type ListName = RecordList | 'bare';

/**
 * Cuts of a whole file, in order. `bytes` begin with the first value, white space or garbage; no byte order mark.
 * @param wholePages each object is a record, whatever lists it holds
 */
export function jsonCuts(bytes: Buffer, wholePages = false): Generator<Cut> {
  return new JsonCutter(bytes, wholePages).cuts();
}

/** Methods that cut return the position where to go on. */
class JsonCutter {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #scan = new JsonScan();
  readonly #recovery: Recovery;
  readonly #wholePages: boolean;
  /** Where the value being cut must have ended: the file's end, or, once values are known to stand on lines, the next that does. */
  #limit: number;
  /** A value was found whole on a line of its own, with more after it: JSON lines. */
  #isLines = false;
  /** Where the object begins that holds the list at hand. */
  #page = 0;
  /** Set where a list was left before its closing bracket: those around it are left too. */
  #escaped = false;

  constructor(bytes: Buffer, wholePages: boolean) {
    this.#bytes = bytes;
    this.#wholePages = wholePages;
    this.#end = bytes.length;
    this.#limit = bytes.length;
    this.#recovery = new Recovery(bytes);
  }

  *cuts(): Generator<Cut> {
    let at = this.#skipSeparators(0);
    let garbageLines = 0;
    while (at < this.#end) {
      this.#escaped = false;
      const byte = this.#bytes[at];
      const isString = byte === QUOTE && stringEnd(this.#bytes, at, this.#end) !== undefined;
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET || isString) {
        garbageLines = 0;
        const lineStop = lineEnd(this.#bytes, at, this.#end);
        const next = isString ? yield* this.#string(at, undefined) : yield* this.#topValue(at, lineStop);
        if (next <= lineStop && lineStop < this.#end) this.#isLines = true;
        at = next;
      } else {
        const stop = ++garbageLines > SINGLE_REJECTS_IN_A_ROW ? this.#nextValueLine(at) : lineEnd(this.#bytes, at, this.#end);
        yield broken(at, stop, 'not_json');
        at = stop;
      }
      at = this.#skipSeparators(at);
    }
  }

  /** A value outside any list. Its line is tried first: on lines, what is broken must not run on into its neighbours. */
  *#topValue(at: number, lineStop: number): Generator<Cut, number> {
    const scan = this.#scan;
    if (this.#isLines) {
      const isObject = this.#bytes[at] === OPEN_BRACE;
      scan.run(this.#bytes, at, lineStop, isObject && !this.#wholePages);
      if (isObject && !scan.list && !scan.fault) {
        const { end, members, depth } = scan;
        yield { kind: 'json', start: at, end, list: undefined, page: undefined, members, depth };
        return end;
      }
      if (scan.list) scan.run(this.#bytes, at, lineStop, false);
      this.#limit = scan.fault ? (this.#recovery.standaloneLine(at, this.#end) ?? this.#end) : scan.end;
    }
    const next = this.#bytes[at] === OPEN_BRACE ? yield* this.#object(at, undefined, 0) : yield* this.#list(at, 'bare', 1);
    this.#limit = this.#end;
    return next;
  }

  /** White space, and the commas of an array that lost its brackets. */
  #skipSeparators(from: number): number {
    let at = skipSpace(this.#bytes, from, this.#limit);
    while (at < this.#limit && this.#bytes[at] === COMMA) at = skipSpace(this.#bytes, at + 1, this.#limit);
    return at;
  }

  /** Start of the next line that begins with `{` or `[`, or the end. */
  #nextValueLine(from: number): number {
    let at = from;
    for (;;) {
      const stop = lineEnd(this.#bytes, at, this.#end);
      if (stop >= this.#end) return this.#end;
      at = stop + 1;
      if (this.#bytes[at] === OPEN_BRACE || this.#bytes[at] === OPEN_BRACKET) return at;
    }
  }

  /** The object at `at`: a record, or what holds a list of them. */
  *#object(at: number, list: RecordList | undefined, nesting: number): Generator<Cut, number> {
    const scan = this.#scan;
    // In a named list each element is a record, whatever its members are called.
    scan.run(this.#bytes, at, this.#limit, !this.#wholePages && list === undefined && nesting < MAXIMUM_LIST_NESTING);
    if (scan.list) return yield* this.#listsOf(at, nesting);
    if (scan.fault) return yield* this.#recover(at, nesting > 0, scan.fault);
    const { end, members, depth } = scan;
    const next = nesting === 0 ? this.#recovery.withinFalseExtent(at, end) : undefined;
    if (next !== undefined) {
      this.#isLines = true;
      yield broken(at, next, 'cut_off');
      return next;
    }
    if (list === 'tables') return yield* this.#table(at, end);
    yield { kind: 'json', start: at, end, list, page: list && this.#page, members, depth };
    return end;
  }

  /** The record lists of the object at `objectStart`; the scan stands at the first one's bracket. */
  *#listsOf(objectStart: number, nesting: number): Generator<Cut, number> {
    const scan = this.#scan;
    let at = objectStart;
    while (scan.list) {
      this.#page = objectStart;
      at = yield* this.#list(scan.end, scan.list, nesting + 1);
      if (this.#escaped) return at;
      scan.run(this.#bytes, at, this.#limit, true, true);
    }
    if (!scan.fault) return scan.end;
    const next = this.#recovery.standaloneLine(at, this.#end) ?? this.#end;
    yield broken(at, next, 'list_cut_off');
    this.#escaped = true;
    return next;
  }

  /** The elements of the array at `open`. */
  *#list(open: number, name: ListName, nesting: number): Generator<Cut, number> {
    const list = name === 'bare' ? undefined : name;
    let strays = 0;
    let at = this.#skipSeparators(open + 1);
    while (at < this.#limit && this.#bytes[at] !== CLOSE_BRACKET) {
      const byte = this.#bytes[at];
      if (byte === OPEN_BRACE) {
        strays = 0;
        at = yield* this.#object(at, list, nesting);
        if (this.#escaped) return at;
      } else if (byte === QUOTE && stringEnd(this.#bytes, at, this.#limit) !== undefined) {
        strays = 0;
        at = yield* this.#string(at, list);
      } else {
        const end = this.#strayEnd(at, ++strays > SINGLE_REJECTS_IN_A_ROW);
        yield broken(at, end, 'not_object');
        at = end;
      }
      at = this.#skipSeparators(at);
    }
    if (at < this.#limit) return at + 1;
    yield broken(open, this.#limit, 'list_cut_off');
    this.#escaped = true;
    return this.#limit;
  }

  /** Position after a list element that is no object: a number, a nested array, garbage; with `run`, after all such in a row. */
  #strayEnd(from: number, run: boolean): number {
    let at = from;
    do {
      if (this.#bytes[at] === OPEN_BRACKET) {
        this.#scan.run(this.#bytes, at, this.#limit, false);
        at = this.#scan.end;
      } else {
        do at++;
        while (at < this.#limit && !this.#endsStray(this.#bytes[at]));
      }
      if (!run) return at;
      at = this.#skipSeparators(at);
    } while (at < this.#limit && this.#bytes[at] !== CLOSE_BRACKET && this.#bytes[at] !== OPEN_BRACE);
    return at;
  }

  #endsStray(byte: number | undefined): boolean {
    return byte === COMMA || byte === CLOSE_BRACKET || byte === OPEN_BRACE || byte === LINE_FEED;
  }

  /** A string where a record is due: `lookup-events --query 'Events[].CloudTrailEvent'` prints such. */
  *#string(at: number, list: RecordList | undefined): Generator<Cut, number> {
    const end = stringEnd(this.#bytes, at, this.#limit) ?? this.#limit;
    yield { kind: 'json', start: at, end, list, page: list && this.#page, members: 0, depth: 0 };
    return end;
  }

  /** A table of a Log Analytics answer, an object from `at` to `end`: its rows, under the names of its columns. */
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
      const rowEnd = Math.min(this.#strayEnd(row, bytes[row] !== OPEN_BRACKET), end);
      if (bytes[row] === OPEN_BRACKET) yield { kind: 'row', start: row, end: rowEnd, syntax: 'array', columns, separator: COMMA };
      else yield broken(row, rowEnd, 'bad_table');
      row = bytes[rowEnd] === OPEN_BRACE ? end : this.#skipSeparators(rowEnd);
    }
    return end;
  }

  /** Gives up the record at `at` alone. In a list its siblings come next, else a line of its own does. */
  *#recover(at: number, inList: boolean, fault: ScanFault): Generator<Cut, number> {
    this.#recovery.spend(this.#scan.end - at);
    const sibling = inList ? this.#recovery.sibling(at, this.#limit) : undefined;
    const line = sibling === undefined ? this.#recovery.standaloneLine(at, this.#end) : undefined;
    let next = sibling ?? line ?? this.#recovery.sibling(at, this.#end) ?? this.#end;
    // On lines each broken one is a reject of its own.
    if (!inList && line !== undefined) next = this.#isLines ? lineEnd(this.#bytes, at, line) : this.#nextValueLine(at);
    this.#isLines ||= line !== undefined;
    yield broken(at, next, fault);
    this.#escaped = inList && sibling === undefined;
    return next;
  }
}

function broken(start: number, end: number, fault: BrokenCut['fault']): BrokenCut {
  return { kind: 'broken', start, end, fault };
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
