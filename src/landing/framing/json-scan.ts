/**
 * Finds where a JSON value ends by brackets and quotes alone, without parsing it: what cuts records out of pages and files.
 *
 * A scan can be fooled by text that is no JSON; `JSON.parse` judges each record afterwards.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const LINE_FEED = 0x0a;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** Members whose value is a list of records: trail objects, LookupEvents, FilterLogEvents, subscriptions, Graph, Event Hub, Log Analytics, DescribeTasks. */
const RECORD_LISTS = ['Records', 'Events', 'events', 'logEvents', 'value', 'records', 'tables', 'tasks'] as const;
export type RecordList = (typeof RECORD_LISTS)[number];

/**
 * `cut_off`: the bytes end first, or what follows shows that a bracket or quote was missing: the wrong kind of bracket
 * closes, an object opens where a key is due, a letter follows a string. `line_break`: a string holds a raw line break.
 */
export type ScanFault = 'cut_off' | 'line_break';

/** First position at or after `from` that is no JSON white space, or `limit`. */
export function skipSpace(bytes: Buffer, from: number, limit: number): number {
  let at = from;
  while (at < limit) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== LINE_FEED && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
  return limit;
}

/** Position of the line feed that ends the line of `at`, or `limit`. */
export function lineEnd(bytes: Buffer, at: number, limit: number): number {
  const found = bytes.indexOf(LINE_FEED, at);
  return found === -1 || found > limit ? limit : found;
}

/** Position after the closing quote of the string whose opening quote is at `at`; undefined where it does not close on its line. */
export function stringEnd(bytes: Buffer, at: number, limit: number): number | undefined {
  for (let i = at + 1; i < limit; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH) i++;
    else if (byte === LINE_FEED) return undefined;
  }
  return undefined;
}

/** One scan's findings. One object is used over and over: read them before the next scan. */
export class JsonScan {
  /** Position after the value; of the fault, where there is one; of `[`, where a record list was found. */
  end = 0;
  /** How many members the objects in it have, taken together. */
  members = 0;
  /** Deepest nesting of brackets. */
  depth = 0;
  fault: ScanFault | undefined;
  /** The record list that stopped the scan, where it was told to look for one. */
  list: RecordList | undefined;
  /** The open brackets, outermost first. */
  #open = new Uint8Array(256);

  /**
   * Scans from the `{` or `[` at `start`, or, with `inObject`, from within an object.
   *
   * @param findList stop at the first record list that is a member of the outermost object
   */
  run(bytes: Buffer, start: number, limit: number, findList: boolean, inObject = false): void {
    let open = this.#open;
    let depth = 0;
    if (inObject) open[depth++] = OPEN_BRACE;
    let deepest = depth;
    let members = 0;
    let keyStart = -1;
    let keyEnd = -1;
    this.fault = undefined;
    this.list = undefined;
    for (let i = start; i < limit; i++) {
      const byte = bytes[i];
      if (byte === QUOTE) {
        const from = ++i;
        for (; i < limit; i++) {
          const inside = bytes[i];
          if (inside === QUOTE) break;
          if (inside === BACKSLASH) i++;
          else if (inside === LINE_FEED) {
            this.#finish(i, members, deepest, 'line_break');
            return;
          }
        }
        if (depth === 1) {
          keyStart = from;
          keyEnd = i;
        }
        if (i + 1 < limit && !mayFollowString(bytes[i + 1])) {
          this.#finish(i + 1, members, deepest, 'cut_off');
          return;
        }
      } else if (byte === COLON) {
        members++;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (findList && depth === 1 && open[0] === OPEN_BRACE && byte === OPEN_BRACKET && keyStart !== -1) {
          const list = recordList(bytes, keyStart, keyEnd);
          if (list) {
            this.#finish(i, members, deepest, undefined);
            this.list = list;
            return;
          }
        }
        if (depth > 0 && open[depth - 1] === OPEN_BRACE && !isAfterColon(bytes, i)) {
          this.#finish(i, members, deepest, 'cut_off');
          return;
        }
        if (depth === open.length) open = this.#deeper();
        open[depth] = byte;
        if (++depth > deepest) deepest = depth;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        // `{` and `}`, `[` and `]` are two apart.
        if (open[--depth] !== byte - 2) {
          this.#finish(i, members, deepest, 'cut_off');
          return;
        }
        if (depth === 0) {
          this.#finish(i + 1, members, deepest, undefined);
          return;
        }
      }
    }
    this.#finish(limit, members, deepest, 'cut_off');
  }

  #deeper(): Uint8Array<ArrayBuffer> {
    const larger = new Uint8Array(this.#open.length * 4);
    larger.set(this.#open);
    this.#open = larger;
    return larger;
  }

  #finish(end: number, members: number, depth: number, fault: ScanFault | undefined): void {
    this.end = end;
    this.members = members;
    this.depth = depth;
    this.fault = fault;
  }
}

/** Whether a byte can stand after a closing quote. A quote can't, but a missing comma is for the parser to find. */
function mayFollowString(byte: number | undefined): boolean {
  switch (byte) {
    case COMMA: case COLON: case CLOSE_BRACE: case CLOSE_BRACKET: case QUOTE: case 0x20: case LINE_FEED: case 0x0d: case 0x09:
      return true;
    default:
      return false;
  }
}

/** Whether the last byte before `at` that is no white space is a colon: within an object, every value's is. */
function isAfterColon(bytes: Buffer, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (bytes[before] === 0x20 || bytes[before] === LINE_FEED || bytes[before] === 0x0d || bytes[before] === 0x09)) before--;
  return bytes[before] === COLON;
}

function recordList(bytes: Buffer, keyStart: number, keyEnd: number): RecordList | undefined {
  const length = keyEnd - keyStart;
  if (length < 5 || length > 9) return undefined;
  const key = bytes.toString('latin1', keyStart, keyEnd);
  return RECORD_LISTS.find((name) => name === key);
}

/** One member of an object: its key as it stands between the quotes, and where its value lies. */
export interface MemberExtent {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** The members of the object whose `{` is at `start`. Ends early, without a word, where the text is no JSON. */
export function* objectMembers(bytes: Buffer, start: number, limit: number): Generator<MemberExtent> {
  const scan = new JsonScan();
  let at = start + 1;
  for (;;) {
    at = skipSpace(bytes, at, limit);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1, limit);
    if (at >= limit || bytes[at] !== QUOTE) return;
    const keyEnd = stringEnd(bytes, at, limit);
    if (keyEnd === undefined) return;
    const key = bytes.toString('utf8', at + 1, keyEnd - 1);
    at = skipSpace(bytes, keyEnd, limit);
    if (bytes[at] !== COLON) return;
    at = skipSpace(bytes, at + 1, limit);
    const first = bytes[at];
    let end: number | undefined;
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      scan.run(bytes, at, limit, false);
      end = scan.fault ? undefined : scan.end;
    } else if (first === QUOTE) {
      end = stringEnd(bytes, at, limit);
    } else {
      end = at;
      while (end < limit && bytes[end] !== COMMA && bytes[end] !== CLOSE_BRACE) end++;
    }
    if (end === undefined) return;
    yield { key, start: at, end };
    at = end;
  }
}
