import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { blankSessionToken, recordSha256 } from './session-token.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const blanked = (text: string): string => blankSessionToken(Buffer.from(text)).toString();

describe('blankSessionToken', () => {
  it('puts the value’s SHA-256 in its place, wherever the key stands', () => {
    expect(blanked('{"responseElements":{"credentials":{"sessionToken":"abc","x":1}}}')).toBe(
      `{"responseElements":{"credentials":{"sessionToken":"${sha256('abc')}","x":1}}}`);
    expect(blanked('{"sessionToken" :\n "abc","a":[{"sessionToken":"d"}]}')).toBe(`{"sessionToken" :\n "${sha256('abc')}","a":[{"sessionToken":"${sha256('d')}"}]}`);
    expect(blanked('{"sessionToken":""}')).toBe(`{"sessionToken":"${sha256('')}"}`);
  });

  it('hashes the value, however it is written', () => {
    expect(blanked('{"sessionToken":"a\\/b"}')).toBe(`{"sessionToken":"${sha256('a/b')}"}`);
    expect(blanked('{"sessionToken":"a\\"b\\\\"}')).toBe(`{"sessionToken":"${sha256('a"b\\')}"}`);
    expect(blanked('{"sessionToken":"é\\u0061"}')).toBe(`{"sessionToken":"${sha256('éa')}"}`);
  });

  it('leaves alone what is no such key or no string', () => {
    for (const text of ['{"a":"sessionToken"}', '{"sessionToken":null}', '{"sessionToken":{"a":"b"}}', '{"x\\"sessionToken":"a"}', '["sessionToken","a"]', '{"sessionTokens":"a"}']) {
      expect(blanked(text)).toBe(text);
    }
    const bytes = Buffer.from('{}');
    expect(blankSessionToken(bytes)).toBe(bytes);
  });

  it('leaves nothing of a token whose text is cut off', () => {
    expect(blanked('{"sessionToken":"abc')).toBe(`{"sessionToken":"${sha256('abc')}`);
  });
});

describe('recordSha256', () => {
  it('is that of the blanked copy, so that the copy verifies', () => {
    const text = '{"a":1,"sessionToken":"abc"}';
    expect(recordSha256(Buffer.from(text))).toBe(sha256(blanked(text)));
    expect(recordSha256(Buffer.from('{"a":1}'))).toBe(sha256('{"a":1}'));
  });
});
