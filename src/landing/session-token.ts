/**
 * Session tokens in CloudTrail's STS records, and the SHA-256 that a record keeps when its token is blanked (RULINGS 20).
 */
import { hash } from 'node:crypto';

const KEY = Buffer.from('"sessionToken"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Whether an odd number of backslashes stands before `at`: then the quote there is part of a string. */
function isEscaped(bytes: Buffer, at: number): boolean {
  let backslashes = 0;
  while (at - backslashes > 0 && bytes[at - backslashes - 1] === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

/** Where the string values of `"sessionToken"` keys lie, quotes excluded; in order. */
function tokenValues(bytes: Buffer): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (let key = bytes.indexOf(KEY); key !== -1; key = bytes.indexOf(KEY, key + KEY.length)) {
    if (isEscaped(bytes, key)) continue;
    let at = key + KEY.length;
    while (isSpace(bytes[at])) at++;
    if (bytes[at] !== COLON) continue;
    at++;
    while (isSpace(bytes[at])) at++;
    if (bytes[at] !== QUOTE) continue;
    const start = at + 1;
    let end = bytes.indexOf(QUOTE, start);
    while (end !== -1 && isEscaped(bytes, end)) end = bytes.indexOf(QUOTE, end + 1);
    if (end === -1) end = bytes.length;
    found.push({ start, end });
    key = end - KEY.length;
  }
  return found;
}

/** The value between its quotes, decoded: `\/` may stand for `/` in base64. */
function decoded(raw: Buffer): Buffer {
  if (!raw.includes(BACKSLASH)) return raw;
  try {
    return Buffer.from(String(JSON.parse(`"${raw.toString('utf8')}"`)));
  } catch {
    return raw;
  }
}

/**
 * The copy of a record that may be shown: the value of every `sessionToken` key, wherever it stands, is replaced by the
 * lower-case hex SHA-256 of that value's UTF-8 bytes. Without such a key, the same buffer.
 */
export function blankSessionToken(bytes: Buffer): Buffer {
  const values = tokenValues(bytes);
  if (values.length === 0) return bytes;
  const parts: Buffer[] = [];
  let at = 0;
  for (const { start, end } of values) {
    parts.push(bytes.subarray(at, start), Buffer.from(hash('sha256', decoded(bytes.subarray(start, end)), 'hex')));
    at = end;
  }
  parts.push(bytes.subarray(at));
  return Buffer.concat(parts);
}

/** SHA-256 of a record in lower-case hex, taken over its blanked copy, so that this copy still verifies (RULINGS 20). */
export function recordSha256(bytes: Buffer): string {
  return hash('sha256', blankSessionToken(bytes), 'hex');
}
