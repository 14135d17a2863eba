import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstJsonFault } from './json-fault.ts';

const fault = (text: string): [number, string] => {
  const { at, expected } = firstJsonFault(Buffer.from(text));
  return [at, expected];
};

describe('firstJsonFault', () => {
  it('says where and what', () => {
    expect(fault('{"a":1 "b":2}')).toEqual([7, 'expected , or } after the value']);
    expect(fault('{"a":1,}')).toEqual([7, 'expected a key in quotes after the comma']);
    expect(fault('{a:1}')).toEqual([1, 'expected a key in quotes or }']);
    expect(fault('{"a" 1}')).toEqual([5, 'expected : after the key']);
    expect(fault('[1,]')).toEqual([3, 'expected a value']);
    expect(fault('[1}')).toEqual([2, 'expected , or ] after the value']);
    expect(fault('{"a":tru}')).toEqual([5, 'expected a value']);
    expect(fault('{"a":01}')).toEqual([5, 'expected a value']);
    expect(fault('{"a":"\n"}')).toEqual([6, 'a control character or line break stands unescaped in a string']);
    expect(fault('{"a":"\\x"}')).toEqual([6, 'a backslash in a string begins no known escape']);
    expect(fault('{"a":"')).toEqual([6, 'a string does not close']);
    expect(fault('{"a":1')).toEqual([6, 'it ends before its brackets close']);
    expect(fault('{} {}')).toEqual([3, 'expected nothing more']);
    expect(fault('')).toEqual([0, 'it ends early']);
  });

  it('takes a million brackets', () => {
    expect(fault('['.repeat(1_000_000))).toEqual([1_000_000, 'it ends before its brackets close']);
  });

  it('points at a fault in every text that JSON.parse refuses, and never past what is right', () => {
    const mutated = fc.tuple(fc.json(), fc.nat(), fc.string({ minLength: 1, maxLength: 3 }), fc.nat(3));
    fc.assert(fc.property(mutated, ([json, position, inserted, removed]) => {
      const at = position % (json.length + 1);
      const text = json.slice(0, at) + inserted + json.slice(at + removed);
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      const found = firstJsonFault(Buffer.from(text));
      // A whole value reads through to its end; anything else is found wrong before or there.
      expect(found.at).toBeLessThanOrEqual(Buffer.byteLength(text));
      if (isJson) expect(found).toEqual({ at: Buffer.byteLength(text), expected: 'it ends early' });
      else if (text.trim() !== '') expect(found.expected).not.toBe('it ends early');
    }), { numRuns: 500 });
  });
});
