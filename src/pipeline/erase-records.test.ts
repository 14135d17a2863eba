/**
 * Cutting records out of files of every syntax: what stays keeps its number and hash, and what cannot be cut goes as a whole.
 */
import { describe, expect, test } from 'vitest';
import { eraseRecords } from '../landing/erase-records.ts';
import type { FrameResult } from '../landing/frame.ts';
import { frameRegistry, frames } from '../landing/framing.ts';
import { PersonNames } from './person-names.ts';

const names = new PersonNames([
  { kind: 'user_principal_name', text: 'ada@example.com' }, { kind: 'display_name', text: 'ada stone' }, { kind: 'session_name', text: 'deploy' },
  { kind: 'object_id', text: '11111111-aaaa-4aaa-8aaa-000000000001' },
]);
const isNamed = (bytes: Buffer): boolean => names.areIn(bytes);
const record = (number: number, who: string): string => JSON.stringify({
  eventVersion: '1.11', userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::111122223333:user/${who}`, userName: who }, eventTime: '2026-01-15T10:00:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks',
  awsRegion: 'eu-central-1', sourceIPAddress: '192.0.2.7', eventID: `00000000-0000-4000-8000-00000000000${number}`, eventType: 'AwsApiCall', recipientAccountId: '111122223333',
});
const token = (who: string): string => ['{"alg":"RS256"}', JSON.stringify({ iss: 'https://login.example.com', preferred_username: who }), 'signature'].map((part) => Buffer.from(part).toString('base64url')).join('.');
const signIn = (id: string, who: string): string => `2026-01-15T10:00:00Z,${who},${id},app,Example,0,192.0.2.7`;
const HEADING = 'CreatedDateTime,UserPrincipalName,UserId,AppId,AppDisplayName,ResultType,IPAddress';

function shown(results: Iterable<FrameResult>): string[] {
  return [...results].map((one) => `${one.recordNumber} ${one.form} ${one.kind === 'record' ? one.sha256 : one.kind}`);
}

const files: Record<string, { readonly text: string; readonly gone: readonly number[]; readonly isRegistry?: boolean }> = {
  'a trail object': { text: `{"Records":[${record(1, 'bob')},${record(2, 'ada@example.com')},${record(3, 'bob')}]}`, gone: [2] },
  'lines': { text: `${record(1, 'ada@example.com')}\n${record(2, 'bob')}\n\n${record(3, 'ADA@Example.COM')}\n`, gone: [1, 3] },
  'a name behind escapes': { text: `[${record(1, 'bob')},${record(2, 'bob').replace('user/bob', 'user/ada\\u0040example.com')}]`, gone: [2] },
  'a token in base64url': { text: `${record(1, 'bob')}\n${record(2, `Bearer ${token('Ada@Example.com')}`)}\n${record(3, token('eve@example.com'))}\n`, gone: [2] },
  'base64 after letters that look like it, and escaped': { text: `[${record(1, 'bob')},${record(2, `saml/x${Buffer.from('<<<?>~~~ NameID: ada@example.com ~~~?>').toString('base64')}`).replaceAll('/', '\\/').replaceAll('+', '\\u002b')}]`, gone: [2] },
  'strings that hold records': { text: JSON.stringify([record(1, 'ada@example.com'), record(2, 'bob')]), gone: [1] },
  'what is around a record': { text: JSON.stringify({ Events: [{ Username: 'ada@example.com', CloudTrailEvent: record(1, 'x') }, { Username: 'bob', CloudTrailEvent: record(2, 'y') }] }), gone: [1] },
  'log events': { text: JSON.stringify({ events: [{ timestamp: 1, message: record(1, 'bob'), eventId: '1' }, { timestamp: 2, message: record(2, 'ada@example.com'), eventId: '2' }] }), gone: [2] },
  'a CSV export with a byte order mark': { text: `\ufeff${HEADING}\r\n${signIn('u1', 'bob@example.com')}\r\n${signIn('u2', 'ada@example.com')}\r\n${signIn('u3', '"Stone, Ada, ada@example.com"')}\r\n${signIn('u4', 'eve@example.com')}\r\n`, gone: [2, 3] },
  'a Log Analytics answer': { text: JSON.stringify({ tables: [{ name: 'PrimaryResult', columns: HEADING.split(',').map((name) => ({ name, type: 'string' })), rows: [signIn('u1', 'bob').split(','), signIn('u2', 'ada@example.com').split(',')] }] }), gone: [2] },
  'a record that is broken': { text: `${record(1, 'bob')}\n{"eventID": "ada@example.com", \n${record(2, 'bob')}\n`, gone: [2] },
  'a registry': { text: 'issuer,audience,subject,tenant_id,object_id,name\nhttps://a.example.com,aud,s1,t,11111111-aaaa-4aaa-8aaa-000000000001,Ada\nhttps://a.example.com,aud,s2,t,22222222-aaaa-4aaa-8aaa-000000000001,Bob\n', gone: [1], isRegistry: true },
};

describe.each(Object.keys(files))('%s', (name) => {
  test('loses the records that name the person, and no other', () => {
    const { text, gone, isRegistry = false } = files[name]!;
    const framed = (bytes: Buffer): FrameResult[] => [...(isRegistry ? frameRegistry(bytes, 'file') : frames(bytes, 'file'))];
    const raw = Buffer.from(text);
    const before = shown(framed(raw));
    const erased = eraseRecords(raw, 'file', isRegistry, isNamed);
    expect(erased).toMatchObject({ takenAlong: 0, left: before.length - gone.length });
    expect(erased?.erased.map(({ recordNumber }) => recordNumber)).toEqual(gone);
    expect(shown(framed(erased!.bytes))).toEqual(before.map((line, index) => (gone.includes(index + 1) ? `${index + 1} erased set_aside` : line)));
    expect(isNamed(erased!.bytes)).toBe(false);
    expect(eraseRecords(erased!.bytes, 'file', isRegistry, isNamed)).toBeUndefined();
  });
});

test('a file whose frame names the person goes whole, and says whom it took along', () => {
  const raw = Buffer.from(`{"owner":"ada@example.com","Records":[${record(1, 'bob')},${record(2, 'ada@example.com')}]}`);
  const erased = eraseRecords(raw, 'file', false, isNamed);
  expect(erased).toMatchObject({ takenAlong: 1, left: 0 });
  expect(shown(frames(erased!.bytes, 'file'))).toEqual(['1 erased set_aside', '2 erased set_aside']);
});

test('a list that is cut off keeps what is whole in it', () => {
  const raw = Buffer.from(`{"Records":[${record(1, 'bob')},${record(2, 'ada@example.com')},${record(3, 'bob').slice(0, 60)}`);
  const erased = eraseRecords(raw, 'file', false, isNamed);
  expect(isNamed(erased!.bytes)).toBe(false);
  expect(shown(frames(erased!.bytes, 'file'))[0]).toBe(shown(frames(raw, 'file'))[0]);
});

test.each([
  ['"user":"ada@example.com"', true], ['AROAEXAMPLE:ada@example.com', true], ['x%3Aada%40example.com%22', true], ['mail ada@example.com.', true], ['{\\"a\\":\\"\\\\u0061da@example.com\\"}', true],
  ['bob.ada@example.com', false], ['ada@example.com.au', false], ['canada stone', false], ['Ada Stone', true], ['ada stones', false],
  ['arn:aws:sts::111122223333:assumed-role/Admin/deploy"', true], ['"roleSessionName":"deploy"', true], ['"serviceName":"deploy"', false], ['assumed-role/deploy/bob', false], ['assumed-role/Admin/deploy-2', false],
])('%s: %s', (text, expected) => {
  expect(isNamed(Buffer.from(text))).toBe(expected);
});
