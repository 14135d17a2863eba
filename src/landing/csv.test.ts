import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { csvFields, csvRows } from './csv.ts';

const COMMA = 0x2c;
function rows(text: string): (string[] | string)[] {
  const bytes = Buffer.from(text);
  return [...csvRows(bytes, 0, COMMA)].map(({ start, end, closed }) =>
    closed ? csvFields(bytes.subarray(start, end), COMMA) : bytes.toString('utf8', start, end));
}

describe('csvRows and csvFields', () => {
  it('follow RFC 4180', () => {
    expect(rows('a,b\r\n1,2')).toEqual([['a', 'b'], ['1', '2']]);
    expect(rows('"a ""quoted""","b,\r\nc",\n')).toEqual([['a "quoted"', 'b,\r\nc', '']]);
    expect(rows(',\n"",""\n,,')).toEqual([['', ''], ['', ''], ['', '', '']]);
    expect(rows('\n\r\n\na\n')).toEqual([['a']]);
    expect(rows('')).toEqual([]);
  });

  it('take a quote within a field for a character', () => {
    expect(rows('a "b" c,d\n')).toEqual([['a "b" c', 'd']]);
  });

  it('lose one row to a stray quote', () => {
    expect(rows('a,"b\nc,d\ne,f\n')).toEqual(['a,"b', ['c', 'd'], ['e', 'f']]);
    expect(rows('a,"b"x\nc,"d"\n')).toEqual(['a,"b"x', ['c', 'd']]);
  });

  it('read back whatever a writer wrote, whole rows and bytes', () => {
    // Rows of one empty field are written as an empty line, which says nothing: two fields at least.
    const table = fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 5 }), { maxLength: 8 });
    fc.assert(fc.property(table, fc.constantFrom('\n', '\r\n'), (written, ending) => {
      const text = written.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')).join(ending);
      expect(rows(text)).toEqual(written);
    }));
  });
});
