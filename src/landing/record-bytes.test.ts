import { describe, expect, it } from 'vitest';
import { frames } from './framing.ts';
import { blankSessionToken, recordBytes, recordSha256 } from './record-bytes.ts';

const event = (id: string, more = ''): string =>
  `{"eventVersion":"1.08","eventID":"${id}","eventTime":"2026-01-15T09:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole"${more}}`;
const trail = (records: string[]): Buffer => Buffer.from(`{"Records":[${records.join(',')}]}`);

describe('recordBytes', () => {
  it('finds by event id what framing cut, not what only mentions the id', () => {
    const raw = trail([event('a', ',"addendum":{"originalEventID":"c"}'), event('b', ',"note":"{\\"eventID\\":\\"c\\"}"'), event('c'), event('d')]);
    expect(recordBytes(raw, 'x', { eventId: 'c' })?.bytes.toString()).toBe(event('c'));
    expect(recordBytes(raw, 'x', { eventId: 'd' })?.bytes.toString()).toBe(event('d'));
    for (const eventId of ['e', '', '"', 'AssumeRole']) expect(recordBytes(raw, 'x', { eventId }), eventId).toBeUndefined();
  });

  it('finds events in every other form too', () => {
    const lookup = Buffer.from(JSON.stringify({ Events: [{ EventId: 'a', CloudTrailEvent: event('a') }] }));
    const log = Buffer.from(JSON.stringify({ events: [{ timestamp: 1, message: event('a') }] }));
    const lines = Buffer.from(`\ufeffnot json\n${event('a')}\n`);
    for (const raw of [lookup, log, lines]) expect(recordBytes(raw, 'x', { eventId: 'a' })?.bytes.toString()).toBe(event('a'));
    const ecs = '{"id":"t","source":"aws.ecs","detail-type":"ECS Service Action","detail":{}}';
    expect(recordBytes(Buffer.from(ecs), 'x', { eventId: 't' })?.bytes.toString()).toBe(ecs);
  });

  it('finds by number exactly what framing numbered', () => {
    const files = [
      trail([event('a'), '7', event('b')]),
      Buffer.from(`${event('a')}\nbroken\n${event('b')}\n{"digestStartTime":1,"digestEndTime":2}\n${event('c')}`),
      Buffer.from('Id,CreatedDateTime,AppId,UserId\n1,2,3,4\nshort\n5,6,"7\n",8\n'),
    ];
    for (const raw of files) {
      const results = [...frames(raw, 'x')];
      for (const result of results) {
        const found = recordBytes(raw, 'x', { recordNumber: result.recordNumber });
        expect(found).toEqual(result.kind === 'record' ? { bytes: result.bytes, sha256: result.sha256 } : undefined);
      }
      for (const recordNumber of [0, -1, results.length + 1, 1.5]) expect(recordBytes(raw, 'x', { recordNumber })).toBeUndefined();
    }
    expect(recordBytes(Buffer.alloc(0), 'x', { recordNumber: 1 })).toBeUndefined();
  });

  it('finds an entry of the identity registry when told that it is one', () => {
    const entry = '{"issuer":"i","audience":"a","subject":"s","tenant_id":"t","object_id":"o"}';
    const raw = Buffer.from(`[${entry}]`);
    expect(recordBytes(raw, 'x', { recordNumber: 1 })).toBeUndefined();
    expect(recordBytes(raw, 'x', { recordNumber: 1 }, { isRegistry: true })).toEqual({ bytes: Buffer.from(entry), sha256: recordSha256(Buffer.from(entry)) });
  });

  it('gives the bytes as they were landed, and a SHA-256 that a blanked copy verifies against', () => {
    const raw = trail([event('a'), event('b', ',"responseElements":{"credentials":{"sessionToken":"IQoJb3JpZ2luX2VjEXAMPLE"}}')]);
    const found = recordBytes(raw, 'x', { eventId: 'b' });
    expect(found?.bytes.toString()).toContain('IQoJb3JpZ2luX2VjEXAMPLE');
    const shown = blankSessionToken(found?.bytes ?? Buffer.alloc(0));
    expect(shown.toString()).not.toContain('IQoJ');
    expect(recordSha256(found?.bytes ?? Buffer.alloc(0))).toBe(found?.sha256);
  });

  it('takes milliseconds in an object of 2,000 records', () => {
    const padding = `,"requestParameters":{"text":"${'x'.repeat(1200)}"}`;
    const raw = trail(Array.from({ length: 2000 }, (_, index) => event(`id-${index}-`, padding)));
    const times = Array.from({ length: 9 }, () => {
      const start = performance.now();
      expect(recordBytes(raw, 'x', { eventId: 'id-1999-' })).toBeDefined();
      return performance.now() - start;
    });
    // Measured: about 5 ms on the machine of bench/. The least, so that a busy machine does not fail it.
    expect(Math.min(...times)).toBeLessThan(30);
  });
});
