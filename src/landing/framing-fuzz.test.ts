import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../engine/database.ts';
import type { FrameResult } from './frame.ts';
import { frameRegistry, frames, isTrailObject } from './framing.ts';
import { blankSessionToken, recordBytes } from './record-bytes.ts';

const event = JSON.stringify({
  eventVersion: '1.08', eventID: 'e-1', eventTime: '2026-01-15T09:00:00Z', eventSource: 'sts.amazonaws.com', eventName: 'AssumeRole',
  requestParameters: null, responseElements: { credentials: { sessionToken: 'SYNTHETIC/+token==' } }, note: 'quote " backslash \\ é 😀',
});
const row = { Id: 'i', CreatedDateTime: '2026-01-15T09:00:00Z', AppId: 'a', UserId: 'u', Status: '{"errorCode":0}' };
const SEEDS = [
  `{"Records":[${event},${event}]}`,
  `${event}\n${event}\n`,
  JSON.stringify([JSON.parse(event)], null, 2),
  JSON.stringify({ Events: [{ EventId: 'e', CloudTrailEvent: event }] }),
  JSON.stringify({ events: [{ timestamp: 1, message: event }], nextToken: 'n' }),
  JSON.stringify({ 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.sts', account: '111122223333', detail: JSON.parse(event) as unknown }),
  JSON.stringify({ 'detail-type': 'ECS Task State Change', source: 'aws.ecs', detail: { taskArn: 'x' } }),
  JSON.stringify({ records: [{ category: 'SignInLogs', tenantId: 't', properties: { id: 'i' } }] }),
  JSON.stringify({ tables: [{ name: 'P', columns: Object.keys(row).map((name) => ({ name })), rows: [Object.values(row)] }] }),
  `Id,CreatedDateTime [UTC],AppId,UserId,Status\r\ni,"1/15/2026, 9:00:00.000 AM",a,u,"{""errorCode"":0}"\r\n`,
];
/** What breaks framers, one of these at a time. */
const SPLINTERS = ['"', '\\', '{', '}', '[', ']', ',', ':', '\n', '\r\n', '\0', '\ufeff', '\u2028', '"Records":[', '{"Records":[', '{"eventVersion"', '\\ud800', '"a":1,"a":2,', '[UTC]', ';', 'null', '1e999', '-'];

const mutation = fc.record({ at: fc.nat(5000), remove: fc.nat(8), insert: fc.oneof(fc.constantFrom(...SPLINTERS), fc.string({ maxLength: 3 })) });
const mutated = fc.tuple(fc.constantFrom(...SEEDS), fc.array(mutation, { minLength: 1, maxLength: 5 })).map(([seed, mutations]) =>
  mutations.reduce((text, { at, remove, insert }) => {
    const position = at % (text.length + 1);
    return text.slice(0, position) + insert + text.slice(position + remove);
  }, seed));
const content = fc.oneof(
  { weight: 6, arbitrary: mutated.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...SPLINTERS, ...SEEDS), { maxLength: 12 }).map((parts) => Buffer.from(parts.join(''))) },
  { weight: 1, arbitrary: fc.tuple(mutated, fc.nat(5000), fc.nat(255)).map(([text, at, byte]) => {
    const bytes = Buffer.from(text);
    if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
);

/** String values of `sessionToken` keys. */
function tokens(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => (key === 'sessionToken' && typeof item === 'string' ? [item] : tokens(item)));
}

function checked(results: FrameResult[], raw: Buffer): void {
  expect(results.map((result) => result.recordNumber)).toEqual(results.map((_, index) => index + 1));
  if (/^\ufeff?[ \t\r\n]*$/.test(raw.toString('utf8'))) expect(results).toMatchObject([{ kind: 'reject', reason: 'empty file' }]);
  for (const result of results) {
    if (result.kind === 'reject') {
      expect(result.reason).not.toMatch(/\p{Cc}/u);
      expect(result.reason.length).toBeLessThan(700);
    }
    if (result.kind === 'record') {
      expect(result.sha256).toMatch(/^[0-9a-f]{64}$/);
      for (const token of tokens(JSON.parse((result.stagingJson ? '{}' : blankSessionToken(result.bytes)).toString()))) expect(token).toMatch(/^[0-9a-f]{64}$/);
    }
  }
}

describe('any bytes whatever', () => {
  let database: Database;
  beforeAll(async () => {
    database = await Database.open({ path: ':memory:' });
  });
  afterAll(() => {
    database.close();
  });

  it('are framed without an error, with numbers that add up, each record found again', () => {
    fc.assert(fc.property(content, (raw) => {
      const results = [...frames(raw, 'file')];
      checked(results, raw);
      isTrailObject(raw);
      checked([...frameRegistry(raw, 'file')], raw);
      for (const result of results) {
        const found = recordBytes(raw, 'file', { recordNumber: result.recordNumber });
        expect(found?.sha256).toBe(result.kind === 'record' ? result.sha256 : undefined);
      }
    }), { numRuns: 3000 });
  }, 60_000);

  it('become one line of JSON that DuckDB reads as JavaScript does', async () => {
    await fc.assert(fc.asyncProperty(fc.array(content, { minLength: 20, maxLength: 20 }), async (files) => {
      const staged = files.flatMap((raw) => [...frames(raw, 'file')]).flatMap((result) => (result.kind === 'record' ? [result.stagingJson ?? result.bytes] : []));
      for (const json of staged) expect(json.includes(0x0a) || json.includes(0x0d)).toBe(false);
      const read = await database.all<{ event_id: string | null }>(
        `select json ->> '$.eventID' as event_id from (select unnest($texts)::json as json)`, { texts: staged.map((json) => json.toString('utf8')) });
      expect(read).toHaveLength(staged.length);
      staged.forEach((json, index) => {
        const value: unknown = (JSON.parse(json.toString('utf8')) as Record<string, unknown>)['eventID'];
        if (typeof value === 'string' || value === undefined) expect(read[index]?.event_id).toBe(value ?? null);
      });
    }), { numRuns: 60 });
  }, 60_000);

  it('lose nothing that stands before the damage, nor the lines after it', () => {
    const lines = Array.from({ length: 6 }, (_, index) => event.replace('e-1', `id-${index}`));
    fc.assert(fc.property(fc.nat(5), mutation, (target, { at, remove, insert }) => {
      const line = lines[target] ?? '';
      const position = at % (line.length + 1);
      // A line break within the damage makes two lines of it; the others stay whole either way.
      const damaged = lines.with(target, line.slice(0, position) + insert + line.slice(position + remove));
      const ids = [...frames(Buffer.from(damaged.join('\n')), 'file')].flatMap((result) =>
        result.kind === 'record' ? [(JSON.parse(result.bytes.toString()) as { eventID?: string }).eventID] : []);
      for (const index of [0, 1, 2, 3, 4, 5]) if (index !== target) expect(ids).toContain(`id-${index}`);
    }), { numRuns: 3000 });
  }, 60_000);
});
