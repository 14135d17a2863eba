import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { DoubleServer, type DoubleAnswer } from '../../fixtures/doubles/double-server.ts';
import { packageRoot } from '../core/package-root.ts';
import { elements, encode, objectId } from './der.ts';
import { takeTimestamp } from './timestamp-request.ts';
import { bareResponseOf, TimestampFault } from './timestamp-token.ts';
import { bareResponse, certificatesOf, checkTimestamp } from './timestamp.ts';

const file = (name: string): Buffer => readFileSync(join(packageRoot(), 'fixtures/timestamps', name));
const signature = file('signature.bin');
const trusted = certificatesOf(file('root.pem').toString());
const strangers = certificatesOf(file('other-root.pem').toString());
/** fixtures/timestamps/README.md. */
const NONCE = Buffer.from(`08${'07'.repeat(15)}`, 'hex');

const faultOf = async (response: Buffer, { message = signature, roots = trusted, nonce = NONCE } = {}): Promise<string> =>
  checkTimestamp(response, message, roots, nonce).then(() => 'none', (error: unknown) => (error instanceof TimestampFault ? error.expected : String(error)));

test.each([
  ['rsa', 'O=Example, CN=Example RSA TSA'],
  ['ecdsa', 'O=Example, CN=Example ECDSA TSA'],
])('a timestamp by OpenSSL (%s) holds', async (name, authority) => {
  const timestamp = await checkTimestamp(bareResponse(file(`${name}.tsr`)), signature, trusted, NONCE);
  expect(timestamp).toMatchObject({ authority, policy: '1.2.3.4.1', at: expect.stringMatching(/^2026-11-24T21:27:\d\dZ$/) as string });
});

test('what is over something else, for another request, or by nobody that is trusted does not', async () => {
  const response = bareResponse(file('rsa.tsr'));
  expect(await faultOf(response, { message: Buffer.from('another') })).toContain('a timestamp on the statement’s signature');
  expect(await faultOf(response, { nonce: Buffer.from('0102', 'hex') })).toBe('the nonce of the request');
  expect(await faultOf(response, { roots: strangers })).toMatch(/led to a trusted one at|an enclosed or trusted one has signed/);
  expect(await faultOf(bareResponse(file('ecdsa.tsr')), { roots: strangers })).toMatch(/led to a trusted one at|an enclosed or trusted one has signed/);
});

test('a certificate that is for servers makes no timestamps', async () => {
  expect(await faultOf(bareResponseOf(file('server-token.der')))).toBe('an authority’s certificate with the critical extended key usage timeStamping alone');
});

test('a refusal is told in the authority’s words', () => {
  expect(() => bareResponse(file('refused.tsr'))).toThrow('status 2: Message digest algorithm is not supported.');
  expect(() => bareResponse(Buffer.from('<html>'))).toThrow(TimestampFault);
});

test('a status with a text would be free bytes: only the bare one is taken', async () => {
  const [outer] = elements(file('rsa.tsr'))!;
  const [, token] = elements(outer!.content)!;
  const words = encode(0x30, encode(0x0c, Buffer.from('granted by eve')));
  expect(await faultOf(encode(0x30, encode(0x30, Buffer.of(2, 1, 0), words), token!.raw))).toContain('status granted');
});

test.each(['rsa', 'ecdsa'])('there is no byte of a timestamp that can be changed (%s)', async (name) => {
  const response = bareResponse(file(`${name}.tsr`));
  const missed: number[] = [];
  for (let at = 0; at < response.length; at += 1) {
    const altered = Buffer.from(response);
    // Another bit at each byte; all eight take 15 s, and were tried once with none missed.
    altered[at] = (altered[at] ?? 0) ^ (1 << at % 8);
    const fault = await checkTimestamp(altered, signature, trusted).catch((error: unknown) => error);
    if (!(fault instanceof TimestampFault)) missed.push(at);
  }
  expect(missed).toEqual([]);
});

test('DER: lengths in their shortest form alone, object ids as X.690 has them', () => {
  expect(elements(Buffer.from('0481020102', 'hex'))).toBeUndefined();
  expect(elements(Buffer.from('048000', 'hex'))).toBeUndefined();
  expect(elements(Buffer.from('0402', 'hex'))).toBeUndefined();
  expect(elements(encode(4, Buffer.alloc(300)))?.[0]?.content.length).toBe(300);
  expect(objectId('1.2.840.113549').toString('hex')).toBe('06062a864886f70d');
});

let server: DoubleServer | undefined;
afterEach(async () => { await server?.close(); });

async function take(handle: (query: Buffer) => DoubleAnswer, requestMs = 5000): Promise<unknown> {
  server = await DoubleServer.start({ tls: true, handle: (request) => handle(request.body), refuse: () => ({ status: 500 }), ...(requestMs < 1000 ? { fault: () => ({ kind: 'hang' }) } : {}) });
  return takeTimestamp(signature, { url: `${server.url}/tsr?key=customer`, trusted }, { tlsCa: server.certificate!, requestMs, random: (bytes) => Buffer.alloc(bytes, 7) });
}
const reply = (body: Buffer): DoubleAnswer => ({ headers: { 'content-type': 'application/timestamp-reply' }, body });

test('asked over https, with nonce and certificate request; what comes is checked and kept bare', async () => {
  const taken = await take(() => reply(file('rsa.tsr')));
  expect(taken).toMatchObject({ response: bareResponse(file('rsa.tsr')), timestamp: { policy: '1.2.3.4.1' } });
  const [request] = server!.requests;
  expect([request?.method, request?.headers['content-type']]).toEqual(['POST', 'application/timestamp-query']);
  const fields = elements(elements(request!.body)![0]!.content)!;
  expect(fields.map(({ tag }) => tag)).toEqual([0x02, 0x30, 0x02, 0x01]);
  expect([fields[2]?.content, fields[3]?.content]).toEqual([NONCE, Buffer.of(0xff)]);
});

test.each<[string, (query: Buffer) => DoubleAnswer, string]>([
  ['a refusal', () => reply(file('refused.tsr')), 'status 2: Message digest algorithm is not supported.'],
  ['a page', () => ({ headers: { 'content-type': 'text/html' }, body: '<html>' }), 'it answered 200 with text/html'],
  ['a redirect', () => ({ status: 302, headers: { location: 'https://tsa.example.com' } }), 'it answered 302'],
  ['an endless answer', () => reply(Buffer.alloc(1024 * 1024 + 1)), 'longer than any timestamp'],
])('%s: said, and no key of the customer with it', async (_, handle, words) => {
  const error = await take(handle).catch((thrown: unknown) => thrown);
  expect(String(error)).toContain(words);
  expect(String(error)).not.toContain('customer');
});

test('no answer is waited for without end', async () => {
  await expect(take(() => ({}), 50)).rejects.toThrow('no answer in time');
});
