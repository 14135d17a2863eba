/**
 * JSON that somebody else wrote: parsed, and told apart.
 */
import { Unreadable } from './faults.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const HEX = /^[0-9a-f]{64}$/;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether it is a SHA-256 in lower-case hex. */
export function isHex(value: unknown): value is string {
  return typeof value === 'string' && HEX.test(value);
}

/** The hashes of a list of them in lower-case hex; undefined where it is no such list. */
export function hashesOf(value: unknown): Buffer[] | undefined {
  if (!Array.isArray(value) || !value.every(isHex)) return undefined;
  return value.map((hex) => Buffer.from(hex, 'hex'));
}

/** @throws Unreadable where the bytes are no JSON object in UTF-8 */
export function parseJson(bytes: Buffer, file: string): JsonObject {
  const value = tryJson(bytes.toString('utf8'));
  if (!isObject(value)) throw new Unreadable(file, 'a JSON object', value === undefined ? 'no JSON' : 'other JSON');
  return value;
}

/** The value of a JSON text, or undefined where it is none. */
export function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value of JSON as text, for faults; `none` where there is none. */
export function textOf(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
