/**
 * DER, read strictly: definite lengths in their shortest form, and nothing behind the last element. Libraries are lenient, and
 * what they overlook could be changed unseen.
 */

/** One element. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly raw: Buffer;
}

export const TAG = { integer: 0x02, octetString: 0x04, objectId: 0x06, sequence: 0x30, set: 0x31, context0: 0xa0 } as const;

/** The elements that stand one after another in `bytes`, or undefined where they are no DER. */
export function elements(bytes: Buffer): Element[] | undefined {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const element = elementAt(bytes, at);
    if (!element) return undefined;
    found.push(element);
    at += element.raw.length;
  }
  return found;
}

function elementAt(bytes: Buffer, start: number): Element | undefined {
  const tag = bytes[start] ?? 0;
  const first = bytes[start + 1];
  // No tag that we read has more than one byte.
  if (first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  const digits = first & 0x80 ? first & 0x7f : 0;
  const body = start + 2 + digits;
  if ((first & 0x80 && digits === 0) || digits > 4 || body > bytes.length) return undefined;
  const length = digits === 0 ? first : bytes.readUIntBE(start + 2, digits);
  const isShortest = digits === 0 || (length >= 0x80 && bytes[start + 2] !== 0);
  if (!isShortest || body + length > bytes.length) return undefined;
  return { tag, content: bytes.subarray(body, body + length), raw: bytes.subarray(start, body + length) };
}

/** An element of these parts. */
export function encode(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body]);
  const digits = body.length.toString(16);
  const length = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, body]);
}

/** An object identifier's element. @param dotted `1.2.840…`, of arcs below 2^31 */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...arcs] = dotted.split('.').map(Number);
  const base128 = (arc: number): number[] => (arc < 0x80 ? [arc] : [...base128(arc >> 7).map((byte) => byte | 0x80), arc & 0x7f]);
  return encode(TAG.objectId, Buffer.from([first * 40 + second, ...arcs].flatMap(base128)));
}
