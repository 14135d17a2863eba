/**
 * Where and how a text is not JSON (RFC 8259), in words that quote none of it: the parser's own message would print a
 * stretch of the record, session token included. Runs only on what `JSON.parse` refused.
 */

const SPACE = new Set([0x20, 0x0a, 0x0d, 0x09]);
const LITERAL = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;
const ESCAPE = /^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/;
const DELIMITER = new Set([0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x3a, 0x22]);

export interface JsonFault {
  /** Offset of the byte that is wrong. */
  readonly at: number;
  readonly expected: string;
}

/** The first fault in the bytes of one value. Walks without recursion: brackets may nest a million deep. */
export function firstJsonFault(bytes: Buffer): JsonFault {
  const open: ('{' | '[')[] = [];
  // What may come next: a value, a key, a colon, a comma or closing bracket, or nothing more.
  let state = 'value' as 'value' | 'value_or_end' | 'key' | 'key_or_end' | 'colon' | 'more';
  let at = 0;
  for (;;) {
    while (at < bytes.length && SPACE.has(bytes[at] ?? 0)) at++;
    if (at >= bytes.length) return { at, expected: open.length > 0 ? 'it ends before its brackets close' : 'it ends early' };
    const character = String.fromCharCode(bytes[at] ?? 0);
    switch (state) {
      case 'key':
      case 'key_or_end':
        if (character === '}' && state === 'key_or_end') {
          open.pop();
          at++;
          state = 'more';
        } else if (character === '"') {
          const end = stringFault(bytes, at);
          if (typeof end !== 'number') return end;
          at = end;
          state = 'colon';
        } else {
          return { at, expected: state === 'key' ? 'expected a key in quotes after the comma' : 'expected a key in quotes or }' };
        }
        break;
      case 'colon':
        if (character !== ':') return { at, expected: 'expected : after the key' };
        at++;
        state = 'value';
        break;
      case 'more': {
        const inside = open.at(-1);
        if (inside === undefined) return { at, expected: 'expected nothing more' };
        if (character === ',') state = inside === '{' ? 'key' : 'value';
        else if (character === (inside === '{' ? '}' : ']')) open.pop();
        else return { at, expected: `expected , or ${inside === '{' ? '}' : ']'} after the value` };
        at++;
        break;
      }
      case 'value':
      case 'value_or_end':
        if (character === '{') {
          open.push('{');
          state = 'key_or_end';
          at++;
        } else if (character === '[') {
          open.push('[');
          state = 'value_or_end';
          at++;
        } else if (character === ']' && state === 'value_or_end') {
          open.pop();
          at++;
          state = 'more';
        } else if (character === '"') {
          const end = stringFault(bytes, at);
          if (typeof end !== 'number') return end;
          at = end;
          state = 'more';
        } else {
          let end = at;
          while (end < bytes.length && !SPACE.has(bytes[end] ?? 0) && !DELIMITER.has(bytes[end] ?? 0)) end++;
          if (!LITERAL.test(bytes.toString('latin1', at, Math.min(end, at + 400)))) return { at, expected: 'expected a value' };
          at = end;
          state = 'more';
        }
    }
  }
}

/** Position after the string whose opening quote is at `at`, or what is wrong in it. */
function stringFault(bytes: Buffer, at: number): number | JsonFault {
  for (let i = at + 1; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === 0x22) return i + 1;
    if (byte < 0x20) return { at: i, expected: 'a control character or line break stands unescaped in a string' };
    if (byte === 0x5c) {
      if (!ESCAPE.test(bytes.toString('latin1', i + 1, i + 6))) return { at: i, expected: 'a backslash in a string begins no known escape' };
      i++;
    }
  }
  return { at: bytes.length, expected: 'a string does not close' };
}
