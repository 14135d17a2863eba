import { describe, expect, it } from 'vitest';
import type { FrameResult } from './frame.ts';
import { frames } from './framing.ts';
import { MAXIMUM_RECORD_BYTES } from './framing/read-json.ts';

const framed = (content: string | Buffer, origin = 'file.json'): FrameResult[] => [...frames(typeof content === 'string' ? Buffer.from(content) : content, origin)];
const event = (id: number | string): string => `{"eventVersion":"1.08","eventID":"e-${id}","eventTime":"t","eventSource":"s","eventName":"n","tags":{"k":"v"}}`;

/** Ids of the records that came through, and the reasons of those that did not. */
function outcome(content: string | Buffer): { ids: string[]; reasons: string[] } {
  const results = framed(content);
  expect(results.map((result) => result.recordNumber)).toEqual(results.map((_, index) => index + 1));
  const ids = results.flatMap((result) => (result.kind === 'record' ? [(JSON.parse(result.bytes.toString()) as { eventID: string }).eventID] : []));
  return { ids, reasons: results.flatMap((result) => (result.kind === 'reject' ? [result.reason] : [])) };
}

describe('a bad record costs itself alone', () => {
  const good = [event(1), event(2)];
  const bad: Record<string, string> = {
    'no closing brace': event('x').slice(0, -1),
    'cut in the middle': event('x').slice(0, 40),
    'a quote that does not close': event('x').replace('"v"', '"v'),
    'a missing comma': event('x').replace('","', '""'),
    'a bare word': 'not json',
    'a brace too many': `${event('x')}}`,
    'a control character': event('x').replace('"v"', '"v\u0001"'),
    'a bad escape': event('x').replace('"v"', '"\\x41"'),
    'a number': '42',
    'null': 'null',
    'NaN': event('x').replace('"v"', 'NaN'),
    'a string of text': '"text"',
  };
  for (const [name, line] of Object.entries(bad)) {
    const isGoodBesides = name === 'a brace too many';
    it(`on lines: ${name}, first, between and last`, () => {
      for (const lines of [[line, ...good], [good[0], line, good[1]], [...good, line], [line, good[0], line, line, good[1], line]]) {
        const { ids, reasons } = outcome(lines.join('\n'));
        expect(ids.filter((id) => id !== 'e-x'), lines.join('\n')).toEqual(['e-1', 'e-2']);
        expect(reasons.length, reasons.join('\n')).toBe(lines.filter((each) => each === line).length);
        if (!isGoodBesides) expect(ids).not.toContain('e-x');
      }
    });

    it(`in a list: ${name}`, () => {
      for (const separator of [',', ',\n', ' ,\n  ']) {
        const { ids, reasons } = outcome(`{"Records":[${[good[0], line, good[1]].join(separator)}]}`);
        expect(ids.filter((id) => id !== 'e-x')).toEqual(['e-1', 'e-2']);
        expect(reasons.length, reasons.join('\n')).toBeGreaterThan(0);
      }
    });
  }

  it('where brackets balance by chance over several lines', () => {
    const { ids, reasons } = outcome([`{"a":${event('x')}`, event(1), event(2), '}'].join('\n'));
    expect(ids).toEqual(['e-1', 'e-2']);
    expect(reasons).toHaveLength(2);
  });

  it('where a page on a line is cut off', () => {
    const page = `{"Records":[${event(1)},${event(2)}]}`;
    const { ids } = outcome([page, page.slice(0, 150), page.replaceAll('e-', 'f-')].join('\n'));
    expect(ids).toEqual(['e-1', 'e-2', 'e-1', 'f-1', 'f-2']);
  });

  it('where documents that span lines stand among lines', () => {
    const pretty = JSON.stringify(JSON.parse(event(3)), null, 2);
    expect(outcome([event(1), pretty, event(2), pretty].join('\n')).ids).toEqual(['e-1', 'e-3', 'e-2', 'e-3']);
    expect(outcome([pretty, pretty.slice(0, 50), pretty, event(1)].join('\n')).ids).toEqual(['e-3', 'e-3', 'e-1']);
  });

  it('with a thousand bad lines among a thousand good ones', () => {
    const lines = Array.from({ length: 2000 }, (_, index) => (index % 2 ? event(index) : event(index).slice(0, -(1 + (index % 60)))));
    const { ids, reasons } = outcome(lines.join('\n'));
    expect(ids).toHaveLength(1000);
    expect(reasons).toHaveLength(1000);
    expect(reasons[999]).toMatch(/^line 1999: /);
  });
});

describe('a file cut off', () => {
  const page = `{"Records":[${event(1)},${event(2)},${event(3)}]}`;
  it('keeps every whole record and says so, wherever it is cut', () => {
    for (let length = 0; length < page.length; length++) {
      const { ids, reasons } = outcome(page.slice(0, length));
      const whole = [1, 2, 3].filter((id) => page.indexOf(event(id)) + event(id).length <= length).map((id) => `e-${id}`);
      expect(ids, String(length)).toEqual(whole);
      expect(reasons, String(length)).toHaveLength(1);
    }
  });

  it('names the line where the lost record begins', () => {
    expect(outcome(`${event(1)}\n${event(2).slice(0, 30)}`).reasons).toEqual([
      'line 2: the record that begins here does not end: the file is cut off, or a bracket or quote is missing',
    ]);
  });
});

describe('whole files that can’t be read', () => {
  const reason = (content: string | Buffer): string => {
    const results = framed(content);
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ kind: 'reject', form: 'unknown', recordNumber: 1 });
    return results[0]?.kind === 'reject' ? results[0].reason : '';
  };

  it('says why', () => {
    for (const empty of ['', '  \n\t\r\n', '\ufeff', '\ufeff \n']) expect(reason(empty)).toBe('empty file');
    expect(reason(Buffer.from('\ufeff[{}]', 'utf16le'))).toContain('UTF-16');
    expect(reason(Buffer.from('{"a":1}', 'utf16le'))).toContain('UTF-16');
    expect(reason(Buffer.from('{"a":1}', 'utf16le').swap16())).toContain('UTF-16');
    expect(reason(Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]))).toContain('gzip within gzip');
    expect(reason('hello\nworld\n')).toBe('unknown_form: neither JSON nor a CSV export that is read');
    expect(reason('a,b,c,d\n1,2,3,4\n')).toContain('"a", "b", "c", "d"');
    expect(reason(Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 167) % 251)))).toContain('unknown_form');
    expect(reason('{}')).toBe('unknown_form: line 1: an object with the members none');
  });
});

describe('bombs', () => {
  const within = (milliseconds: number, work: () => void): void => {
    const start = performance.now();
    work();
    expect(performance.now() - start).toBeLessThan(milliseconds);
  };

  it('nest, closed or not', () => {
    within(2000, () => {
      for (const open of ['[', '{"a":', '{"Records":[']) expect(outcome(open.repeat(1_000_000)).ids).toEqual([]);
      const nested = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
      expect(outcome(nested).reasons).toHaveLength(1);
      const { ids, reasons } = outcome([event(1), event('x').replace('"v"', `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`), event(2)].join('\n'));
      expect(ids).toEqual(['e-1', 'e-2']);
      expect(reasons).toEqual(['line 2: brackets nest 302 deep: at most 200 levels are read, at byte 1 of the record']);
    });
  });

  it('are long: a huge line is a reject of its own', () => {
    const huge = event('x').replace('"v"', `"${'v'.repeat(MAXIMUM_RECORD_BYTES)}"`);
    const { ids, reasons } = outcome([event(1), huge, event(2)].join('\n'));
    expect(ids).toEqual(['e-1', 'e-2']);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain('larger than any real record');
  });

  it('repeat what makes a reader look again: they end, where time that grows with the square would not within the limit', () => {
    const cases = (size: number): string[] => [
      '{"eventVersion":"'.repeat(size),
      '{"eventVersion"\n'.repeat(size),
      `${event(1)}\n`.repeat(10) + '{"eventVersion":{\n'.repeat(size),
      `{"Records":[${'{"eventVersion":1,'.repeat(size)}`,
      '{"a":1,}\n'.repeat(size),
      '"\n'.repeat(size),
      '[1,'.repeat(size),
      `{"tables":[{"columns":[{"name":"a"}],"rows":[${'{'.repeat(size)}`,
      '{"Records":['.repeat(size),
      `Id,CreatedDateTime,AppId,UserId\n${'"\n'.repeat(size)}`,
      `Id,CreatedDateTime,AppId,UserId\n${'"a"x\n'.repeat(size)}`,
    ];
    for (const [index, content] of cases(200_000).entries()) {
      expect(framed(content).length, `case ${index}`).toBeGreaterThan(0);
    }
  });

  it('do not become a million rejects', () => {
    expect(outcome(`{"Records":[${'1,'.repeat(1_000_000)}2]}`).reasons.length).toBeLessThan(200);
    expect(outcome(`garbage\n${'x\n'.repeat(1_000_000)}${event(1)}`).reasons.length).toBeLessThan(200);
    expect(outcome(`garbage\n${'x\n'.repeat(1_000_000)}${event(1)}`).ids).toEqual(['e-1']);
  });
});

describe('what JSON readers disagree about', () => {
  const one = (content: string | Buffer): Extract<FrameResult, { kind: 'record' }> => {
    const [result] = framed(content);
    if (result?.kind !== 'record') throw new Error(JSON.stringify(result));
    return result;
  };

  it('a key twice: the last one counts, for staging too, and the bytes stay', () => {
    const text = event(1).replace('{', '{"eventID":"e-0","tags":{"k":1,"k":2},');
    const frame = one(text);
    expect(frame.bytes.toString()).toBe(text);
    expect(JSON.parse(String(frame.stagingJson))).toEqual(JSON.parse(text));
    expect(String(frame.stagingJson).match(/"eventID"/g)).toHaveLength(1);
    expect(one(event(1)).stagingJson).toBeUndefined();
  });

  it('half a surrogate pair: U+FFFD for staging', () => {
    expect(String(one(event('\\ud800x')).stagingJson)).toContain('"e-\ufffdx"');
    expect(one(event('\\ud83d\\ude00')).stagingJson).toBeUndefined();
    expect(one(event('\\\\ud800')).stagingJson).toBeUndefined();
  });

  it('line breaks between members: spaces for staging, numbers kept to the digit', () => {
    const frame = one(`{"big":12345678901234567890,\r\n${event(1).slice(1)}`);
    expect(String(frame.stagingJson)).toBe(`{"big":12345678901234567890,  ${event(1).slice(1)}`);
  });

  it('a byte order mark, and keys that JavaScript knows', () => {
    expect(one(`\ufeff${event(1)}`).bytes.toString()).toBe(event(1));
    const frame = one(event(1).replace('{', '{"__proto__":{"eventID":"p"},"constructor":1,"toString":2,'));
    expect(JSON.parse(frame.bytes.toString())).toMatchObject({ eventID: 'e-1' });
  });

  it('bytes that are not UTF-8: that record is rejected, the others not', () => {
    const lines = Buffer.from([event(1), event('\u00e9'), event(2)].join('\n'));
    const broken = Buffer.from(lines.map((byte, index) => (byte === 0xc3 || (byte === 0xa9 && lines[index - 1] === 0xc3) ? 0xe9 : byte)));
    const { ids, reasons } = outcome(broken);
    expect(ids).toEqual(['e-1', 'e-2']);
    expect(reasons).toEqual(['line 2: not valid UTF-8, at byte 1 of the record']);
  });
});

describe('reasons', () => {
  it('never hold a session token, nor control characters', () => {
    const token = 'MARKER-TOKEN-0123456789';
    const credentials = `"responseElements":{"credentials":{"sessionToken":"${token}"}}`;
    const records = [
      `{"eventVersion":"1",${credentials}`,
      `{"eventVersion":"1",${credentials},}`,
      `{"eventVersion":"1","responseElements":{"credentials":{"sessionToken":"${token}}}}`,
      token,
      `{"odd":{${credentials}}}`,
      `{"\u001b[31m\u202e":1}`,
      JSON.stringify({ EventId: 'x', CloudTrailEvent: `{"eventVersion":"1",${credentials}` }),
      JSON.stringify({ timestamp: 1, message: token }),
      `"${token}"`,
    ];
    const contents = [records.join('\n'), `{"Records":[${records.join(',')}]}`, ...records];
    for (const content of contents) {
      for (const result of framed(content)) {
        if (result.kind !== 'reject') continue;
        expect(result.reason).not.toContain('MARKER');
        expect(result.reason).not.toMatch(/\p{Cc}|\u202e/u);
        expect(result.reason.length).toBeLessThan(400);
      }
    }
  });
});
