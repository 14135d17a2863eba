import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCursor, cursorText } from './cursor.ts';
import { beforeHour, dayFolder, stampOf, type TrailStream } from './layout.ts';
import { byKey, digestOf, hourOf, unseen, type ListedObject } from './seen.ts';

const object = fc.record({ key: fc.string({ minLength: 1 }), etag: fc.constantFrom('1', '2'), bytes: fc.constant(1), modifiedAt: fc.integer({ min: 0, max: 50 }) });
const objects = fc.uniqueArray(object, { selector: ({ key }) => key, maxLength: 12 });

describe('unseen', () => {
  it('never leaves out an object that was not seen, whatever the names and times', () => {
    fc.assert(fc.property(objects, fc.integer({ min: 0, max: 12 }), (listed, count) => {
      const before = listed.slice(0, count);
      const found = unseen(listed, before.length === 0 ? undefined : digestOf(before));
      for (const added of listed.slice(count)) expect(found).toContain(added);
    }));
  });

  it('names just the new ones where they are the last by name, or the last by time', () => {
    fc.assert(fc.property(objects, fc.integer({ min: 1, max: 12 }), (listed, count) => {
      for (const order of [byKey, (a: ListedObject, b: ListedObject): number => a.modifiedAt - b.modifiedAt || byKey(a, b)]) {
        const sorted = [...listed].sort(order);
        const before = sorted.slice(0, count);
        if (before.length > 0) expect([...unseen(listed, digestOf(before))].sort(byKey)).toEqual(sorted.slice(count).sort(byKey));
      }
    }));
  });

  it('gives the hour again where one was written over or deleted', () => {
    const listed = ['a', 'b', 'c'].map((key) => ({ key, etag: '1', bytes: 1, modifiedAt: 0 }));
    expect(unseen(listed.map((one) => (one.key === 'b' ? { ...one, etag: '2' } : one)), digestOf(listed))).toHaveLength(3);
    expect(unseen(listed.slice(1), digestOf(listed))).toHaveLength(2);
  });
});

describe('names', () => {
  const trail: TrailStream = { stream: '111122223333/us-east-1', kind: 'CloudTrail', accountId: '111122223333', region: 'us-east-1', folders: [] };
  const key = 'AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/08/111122223333_CloudTrail_us-east-1_20260308T0955Z_Ab3dEfGh1jKlMn0p.json.gz';

  it('say when an object was delivered, to the minute or the second, and nothing where they are others', () => {
    expect(stampOf(key)).toBe(Date.parse('2026-03-08T09:55:00Z'));
    expect(stampOf('x_CloudTrail-Digest_us-east-1_trail_us-east-1_20260308T095507Z.json.gz')).toBe(Date.parse('2026-03-08T09:55:07Z'));
    expect(stampOf('x_CloudTrail-Digest_us-east-1_trail_us-east-1_20260308T095507Z_backfill.json.gz')).toBe(Date.parse('2026-03-08T09:55:07Z'));
    expect(stampOf('notes.json.gz')).toBeUndefined();
    expect(hourOf(key, Date.parse('2026-03-08'))).toBe('2026030809');
    expect(hourOf(key, Date.parse('2026-03-09'))).toBe('20260309-');
    expect(hourOf('notes', Date.parse('2026-03-09'))).toBe('20260309-');
  });

  it('sort after their own hour begins, and not after the next one', () => {
    const folder = 'AWSLogs/111122223333/CloudTrail/us-east-1/';
    expect(key.startsWith(dayFolder(folder, Date.parse('2026-03-08')))).toBe(true);
    expect(beforeHour(trail, folder, Date.parse('2026-03-08T09:00:00Z'))! < key).toBe(true);
    expect(beforeHour(trail, folder, Date.parse('2026-03-08T10:00:00Z'))! > key).toBe(true);
  });
});

describe('the cursor', () => {
  it('says the same after it was kept, and nothing of another form', () => {
    const cursor = { through: Date.parse('2026-03-08T10:00:00Z'), seen: { 2026030809: '12.abcdefghij' }, missed: ['a'] };
    expect(parseCursor(cursorText(cursor))).toEqual(cursor);
    for (const text of ['', '{}', '{"v":2}', '{"v":1,"through":"yesterday","seen":{}}']) expect(parseCursor(text)).toBeUndefined();
  });
});
