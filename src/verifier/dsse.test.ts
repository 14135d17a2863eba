import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { envelopeText, isSignedBy, keyIdOf, pae, parseEnvelope, PAYLOAD_TYPE, publicKeyOfDer, publicKeyOfPem } from './dsse.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const payload = Buffer.from('{"a":"é"}');
const signature = sign(null, pae(PAYLOAD_TYPE, payload), privateKey);
const text = envelopeText({ payload, keyId: keyIdOf(publicKey), signature });

test('the pre-authentication encoding of the specification’s test vector (secure-systems-lab/dsse, protocol.md)', () => {
  expect(pae('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
});

test('lengths are of bytes, not of characters', () => {
  expect(pae('é', Buffer.from('é')).toString()).toBe('DSSEv1 2 é 2 é');
});

test('an envelope is read, and its signature holds with its key alone', () => {
  const envelope = parseEnvelope(Buffer.from(text));
  expect(envelope).toEqual({ payload, keyId: keyIdOf(publicKey), signature });
  expect(isSignedBy(envelope, publicKey)).toBe(true);
  expect(isSignedBy(envelope, generateKeyPairSync('ed25519').publicKey)).toBe(false);
  expect(isSignedBy({ ...envelope, payload: Buffer.from('{"a":"e"}') }, publicKey)).toBe(false);
});

test('there is no byte that can be changed', () => {
  const bytes = Buffer.from(text);
  const missed: string[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ (1 << bit);
      try {
        const envelope = parseEnvelope(altered);
        if (isSignedBy(envelope, publicKey) && envelope.keyId === keyIdOf(publicKey)) missed.push(`${at}.${bit}`);
      } catch {
        // Refused, as it should be.
      }
    }
  }
  expect(missed).toEqual([]);
});

const edited = (edit: (json: { payload: string; payloadType: string; signatures: { keyid: string; sig: string }[] }) => void): Buffer => {
  const json = JSON.parse(text) as Parameters<typeof edit>[0];
  edit(json);
  return Buffer.from(`${JSON.stringify(json)}\n`);
};

test.each([
  ['another payload type', edited((json) => { json.payloadType = 'text/plain'; }), 'payloadType application/vnd.in-toto+json'],
  ['no signature', edited((json) => { json.signatures = []; }), 'exactly one signature'],
  ['two signatures', edited((json) => { json.signatures.push(json.signatures[0]!); }), 'exactly one signature'],
  ['a short signature', edited((json) => { json.signatures[0]!.sig = 'AAAA'; }), 'a signature of 64 bytes'],
  ['base64 for URLs', edited((json) => { json.payload = json.payload.replace(/=+$/, ''); }), 'exactly the members'],
  ['a further member', Buffer.from(text.replace('{', '{"x":1,')), 'exactly the members'],
  ['a line break more', Buffer.from(`${text}\n`), 'exactly the members'],
  ['no JSON', Buffer.from('…'), 'a DSSE envelope in JSON'],
  ['a list', Buffer.from('[]'), 'a DSSE envelope'],
])('%s is refused', (_, bytes, expected) => {
  expect(() => parseEnvelope(bytes)).toThrow(expected);
});

test('keys: Ed25519 alone, and never a private one', () => {
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  expect(keyIdOf(publicKeyOfPem(pem))).toBe(keyIdOf(publicKey));
  expect(keyIdOf(publicKeyOfDer(publicKey.export({ type: 'spki', format: 'der' })))).toBe(keyIdOf(publicKey));
  expect(() => publicKeyOfPem(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())).toThrow('give the public one');
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
  expect(() => publicKeyOfPem(p256)).toThrow('it is a key for ec: Ed25519 is needed');
  expect(() => publicKeyOfPem('')).toThrow('it is no public key in PEM');
  expect(() => publicKeyOfDer(Buffer.from('x'))).toThrow('it is no public key');
});
