import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { DoubleServer, type DoubleAnswer, type DoubleRequest } from '../../fixtures/doubles/double-server.ts';
import { isSignedBy, keyIdOf, parseEnvelope } from '../verifier/dsse.ts';
import { keyFileSigner, newKeyFile } from './key-file-signer.ts';
import { kmsSigner } from './kms-signer.ts';
import { openSigner } from './open-signer.ts';
import { signStatement } from './statement.ts';

const folder = mkdtempSync(join(tmpdir(), 'whoran-keys-'));
afterAll(() => { rmSync(folder, { recursive: true }); });
let files = 0;
const fileOf = (text: string, mode = 0o600): string => {
  const path = join(folder, `key-${(files += 1)}.pem`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const pemOf = (key: ReturnType<typeof generateKeyPairSync>['privateKey']): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const MANIFEST = Buffer.from(JSON.stringify({ report: { id: 'made' }, ledger: {}, journal: {}, redaction: null, corrects: null }));

test('a new key: private for its owner alone, and what it signs holds', async () => {
  const made = await newKeyFile(join(folder, 'new.pem'));
  expect([statSync(made.private_key_file).mode & 0o777, made.public_key_file]).toEqual([0o600, `${made.private_key_file}.pub`]);
  const publicKey = createPublicKey(readFileSync(made.public_key_file));
  const { text, signature, keyId } = await signStatement(MANIFEST, await openSigner({ signing_key_file: made.private_key_file }), true);
  const envelope = parseEnvelope(Buffer.from(text));
  expect(isSignedBy(envelope, publicKey)).toBe(true);
  expect([keyId, envelope.keyId, signature]).toEqual([made.key_id, keyIdOf(publicKey), envelope.signature]);
  expect(JSON.parse(envelope.payload.toString())).toMatchObject({ _type: 'https://in-toto.io/Statement/v1', predicateType: 'urn:whoran:report-bundle:1', predicate: { report: { id: 'made' }, timestamp: true } });
});

test('a key is never overwritten', async () => {
  const path = fileOf('there');
  await expect(newKeyFile(path)).rejects.toThrow('a key is never overwritten');
  expect(readFileSync(path, 'utf8')).toBe('there');
  await expect(newKeyFile(join(folder, 'none', 'key.pem'))).rejects.toThrow('its folder does not exist');
});

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
test.each<[string, () => string, string]>([
  ['nothing', () => join(folder, 'none.pem'), 'there is no such file'],
  ['what its group may read', () => fileOf(pemOf(privateKey), 0o640), 'others may use it (mode 0640)'],
  ['what everybody may read', () => fileOf(pemOf(privateKey), 0o604), 'others may use it (mode 0604)'],
  ['an encrypted key', () => fileOf(privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()), 'the key is encrypted'],
  ['a public key', () => fileOf(publicKey.export({ type: 'spki', format: 'pem' }).toString()), 'it is a public key'],
  ['a key of another kind', () => fileOf(pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)), 'it is a key for ec'],
  ['something else', () => fileOf('secret words'), 'it holds no private key in PEM'],
  ['a large file', () => fileOf('x'.repeat(70_000)), 'it is 70000 bytes long'],
])('%s is refused as a signing key, and nothing of it is said', (_, path, words) => {
  expect(() => keyFileSigner(path())).toThrow(words);
  expect(() => keyFileSigner(path())).not.toThrow('secret words');
});

test('none, or both ways to sign: said, with what to do', async () => {
  await expect(openSigner({})).rejects.toMatchObject({ hint: expect.stringContaining('whoran keys new') as string });
  await expect(openSigner({ signing_key_file: 'x', kms_key_id: 'y' })).rejects.toThrow('names both');
});

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
let kms: DoubleServer | undefined;
afterEach(async () => { await kms?.close(); });

/** KMS with one key: checks what the API's documentation asks for. */
function answer(request: DoubleRequest, spec: string, lie: boolean): DoubleAnswer {
  const json = (status: number, body: object): DoubleAnswer => ({ status, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(body) });
  if (!/^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/eu-central-1\/kms\/aws4_request/.test(request.headers['authorization'] ?? '')) return json(403, { __type: 'AccessDeniedException' });
  const input = JSON.parse(request.body.toString()) as Record<string, string>;
  if (input['KeyId'] !== KEY) return json(400, { __type: 'NotFoundException' });
  if (request.headers['x-amz-target'] === 'TrentService.GetPublicKey') return json(200, { KeyId: KEY, KeySpec: spec, KeyUsage: 'SIGN_VERIFY', PublicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'), SigningAlgorithms: ['ED25519_SHA_512'] });
  const message = Buffer.from(input['Message'] ?? '', 'base64');
  if (input['MessageType'] !== 'RAW' || input['SigningAlgorithm'] !== 'ED25519_SHA_512' || message.length > 4096) return json(400, { __type: 'ValidationException' });
  const signature = sign(null, lie ? Buffer.from('another message') : message, privateKey);
  return json(200, { KeyId: KEY, Signature: signature.toString('base64'), SigningAlgorithm: 'ED25519_SHA_512' });
}

async function viaKms(keyId = KEY, { spec = 'ECC_NIST_EDWARDS25519', lie = false, hangs = false } = {}): ReturnType<typeof kmsSigner> {
  kms = await DoubleServer.start({ handle: (request) => answer(request, spec, lie), refuse: () => ({ status: 500 }), ...(hangs ? { fault: () => ({ kind: 'hang' }) } : {}) });
  return kmsSigner({ keyId, region: keyId.startsWith('arn:') ? undefined : 'eu-central-1' }, { endpoint: kms.url, credentials: async () => Promise.resolve({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'not-a-secret' }), callMs: hangs ? 100 : 10_000 });
}

test('KMS signs raw bytes with Ed25519, and what it signs holds', async () => {
  const { text, keyId } = await signStatement(MANIFEST, await viaKms(), false);
  expect(isSignedBy(parseEnvelope(Buffer.from(text)), publicKey)).toBe(true);
  expect(keyId).toBe(keyIdOf(publicKey));
  expect(kms?.requests.map(({ headers }) => headers['x-amz-target'])).toEqual(['TrentService.GetPublicKey', 'TrentService.Sign']);
});

test('a signature that does not hold is not written', async () => {
  await expect(signStatement(MANIFEST, await viaKms(KEY, { lie: true }), false)).rejects.toThrow('does not hold with its public key');
});

test('more than KMS takes is not sent', async () => {
  const signer = await viaKms();
  await expect(signer.sign(Buffer.alloc(4097))).rejects.toThrow('4097 bytes, and KMS signs at most 4096');
});

test('a key of another spec, none, and no answer: said, with what to do', async () => {
  await expect(viaKms(KEY, { spec: 'ECC_NIST_P256' })).rejects.toMatchObject({ message: expect.stringContaining('it is a ECC_NIST_P256 for SIGN_VERIFY') as string, hint: expect.stringContaining('ECC_NIST_EDWARDS25519') as string });
  await kms?.close();
  await expect(viaKms('alias/none')).rejects.toThrow('kms:GetPublicKey on alias/none: there is no such key');
  await kms?.close();
  await expect(viaKms(KEY, { hangs: true })).rejects.toThrow('no answer in time');
});
