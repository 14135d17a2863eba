/** Checks the bytes of one JSON value and says what staging may read of them. */
import { isUtf8 } from 'node:buffer';
import { firstJsonFault } from './json-fault.ts';
import { skipSpace } from './json-scan.ts';
import { isJsonObject } from './known-record.ts';

/** No record is larger: CloudTrail's are cut at 256 KB (aws.md §6), Entra's stay below 100 KB. */
export const MAXIMUM_RECORD_BYTES = 16 * 1024 * 1024;
/** Brackets within brackets. Real records reach about 12; deeper is a nesting bomb. */
export const MAXIMUM_RECORD_DEPTH = 200;

export interface JsonRead {
  readonly value: unknown;
  /** Set where DuckDB must not read the bytes as they are: a key stands twice in an object (DuckDB takes the first,
   * JavaScript the last), or half a surrogate pair is written (DuckDB refuses the whole text). */
  readonly mustRewrite: boolean;
}

/** A JSON value, or in words why the bytes are none; `at` is the offset in `bytes` where that shows. Quotes nothing of them. */
export type JsonOutcome = JsonRead | { readonly problem: string; readonly at: number };

/**
 * Parses the bytes of one value.
 *
 * @param members how many object members the scan counted in it
 * @param depth how deep its brackets nest
 * @param knownUtf8 the whole file was checked already
 */
export function readJson(bytes: Buffer, members: number, depth: number, knownUtf8: boolean): JsonOutcome {
  if (bytes.length > MAXIMUM_RECORD_BYTES) {
    return { problem: `larger than any real record: ${bytes.length} bytes, at most ${MAXIMUM_RECORD_BYTES} are read`, at: 0 };
  }
  if (depth > MAXIMUM_RECORD_DEPTH) return { problem: `brackets nest ${depth} deep: at most ${MAXIMUM_RECORD_DEPTH} levels are read`, at: 0 };
  if (!knownUtf8 && !isUtf8(bytes)) return { problem: 'not valid UTF-8', at: 0 };
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const fault = firstJsonFault(bytes);
    return { problem: `not valid JSON: ${fault.expected}`, at: fault.at };
  }
  const hasHalfPair = text.includes('\\u') && !isWellFormed(value);
  return { value, mustRewrite: hasHalfPair || countMembers(value) !== members };
}

/** Half a surrogate pair: under `u` a whole pair is one character of another kind. */
const HALF_PAIR = /\p{Surrogate}/u;
const HALF_PAIRS = /\p{Surrogate}/gu;

function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return !HALF_PAIR.test(value);
  if (Array.isArray(value)) return value.every(isWellFormed);
  if (isJsonObject(value)) return Object.entries(value).every(([key, item]) => !HALF_PAIR.test(key) && isWellFormed(item));
  return true;
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) if (typeof item === 'object') count += countMembers(item);
    return count;
  }
  for (const key of Object.keys(value)) {
    count++;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object') count += countMembers(item);
  }
  return count;
}

/** The value with half surrogate pairs replaced by U+FFFD. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(HALF_PAIRS, '\ufffd');
  if (Array.isArray(value)) return value.map(wellFormed);
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.replace(HALF_PAIRS, '\ufffd'), wellFormed(item)]));
  return value;
}

/** A value as one line of JSON that DuckDB takes. Integers past 2^53 lose digits. */
export function rewritten(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(wellFormed(value)));
}

/**
 * What staging reads instead of a record's bytes; undefined where the bytes do. Line breaks between members become
 * spaces: within a string JSON has none.
 */
export function stagingJson(bytes: Buffer, value: unknown, mustRewrite: boolean): Buffer | undefined {
  if (mustRewrite) return rewritten(value);
  if (!bytes.includes(0x0a) && !bytes.includes(0x0d)) return undefined;
  const line = Buffer.from(bytes);
  for (let at = skipSpace(line, 0, line.length); at < line.length; at++) if (line[at] === 0x0a || line[at] === 0x0d) line[at] = 0x20;
  return line;
}
