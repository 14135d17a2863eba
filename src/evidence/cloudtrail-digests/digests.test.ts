import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DigestChain, DigestSigner } from '../../../fixtures/world/forms/digest-chain.ts';
import { digestKey } from '../../../fixtures/world/forms/digest-key.ts';
import { DigestFault, parseDigest } from './digest.ts';
import { digestName, logName, s3Place } from './object-names.ts';
import { isSignedBy, parsePublicKeys, rsaKey } from './public-keys.ts';
import { unpackOne } from './unpack.ts';

const SAMPLES = '/work/shared/reference/samples/aws';
const sample = (name: string): Buffer => readFileSync(`${SAMPLES}/${name}`);
const HOUR = 3_600_000;
const START = Date.parse('2026-01-15T08:00:00Z');
const PLACE = { bucket: 'example-org-trail', accountPath: 'AWSLogs/111122223333', accountId: '111122223333', region: 'eu-central-1', trail: 'example_trail.v2', homeRegion: 'us-east-1' };

describe.skipIf(!existsSync(SAMPLES))('what AWS has published (skipped where the samples are not there)', () => {
  it('keys are read in both encodings, with their times', () => {
    const keys = parsePublicKeys(sample('21-cloudtrail-list-public-keys-docs.json'));
    expect(keys.map(({ fingerprint, validFrom }) => [fingerprint, validFrom])).toEqual([
      ['8eba5db5bea9b640d1c96a77256fe7f2', '2015-07-08T01:04:01.000Z'],
      ['8933b39ddc64d26d8e14ffbf6566fee4', '2015-06-18T01:04:20.000Z'],
      ['31e8b5433410dfb61a9dc45cc65b22ff', '2015-06-18T01:02:50.000Z'],
    ]);
    const md5 = keys.map(({ der }) => createHash('md5').update(Buffer.from(der, 'base64')).digest('hex'));
    expect(keys.map(({ fingerprint }, index) => fingerprint === md5[index])).toEqual([true, true, true]);
    expect(keys.map(({ der }) => rsaKey(Buffer.from(der, 'base64'))?.asymmetricKeyDetails?.modulusLength)).toEqual([2048, 2048, 2048]);
  });

  it('digests are read, and so are the names of their objects', () => {
    const digest = parseDigest(sample('19-cloudtrail-digest-docs.json'));
    expect(digest).toMatchObject({
      name: { accountId: '111122223333', region: 'us-east-2', trail: 'your-trail-name', homeRegion: 'us-east-2', isBackfill: false },
      startAt: '2015-08-17T14:01:31.000Z', endAt: '2015-08-17T15:01:31.000Z', keyFingerprint: '31e8b5433410dfb61a9dc45cc65b22ff',
    });
    expect(digest.name.at.toISOString()).toBe(digest.endAt);
    expect(digest.logs.map(({ key }) => logName(key.slice(key.lastIndexOf('/') + 1))?.at.toISOString())).toEqual(['2015-08-17T14:45:00.000Z']);
    expect(digest.signingText.split('\n').slice(0, 2)).toEqual(['2015-08-17T15:01:31Z', `S3-bucket-name/${digest.key}`]);
    expect(parseDigest(sample('20-cloudtrail-digest-empty-docs.json')).logs).toEqual([]);
  });
});

describe('a digest', () => {
  const signer = new DigestSigner(digestKey);
  const chain = new DigestChain(PLACE, signer);
  const [first, second] = [chain.next(START, START + HOUR, []), chain.next(START + HOUR, START + 2 * HOUR, [])];
  const [listed] = parsePublicKeys(Buffer.from(JSON.stringify({ PublicKeyList: [signer.listed(START, START + HOUR)] })));
  const key = rsaKey(Buffer.from(listed?.der ?? '', 'base64'));
  if (!key) throw new Error('the made-up key is none');

  it('is signed over its end, its place, its hash and the signature before', () => {
    const [one, two] = [parseDigest(Buffer.from(first.content)), parseDigest(Buffer.from(second.content))];
    expect(isSignedBy(key, one.signingText, first.signature)).toBe(true);
    expect(isSignedBy(key, two.signingText, second.signature)).toBe(true);
    expect(one.signingText).toBe(`2026-01-15T09:00:00Z\n${PLACE.bucket}/${first.key}\n${first.sha256}\nnull`);
    expect(two.previous).toEqual({ bucket: PLACE.bucket, key: first.key, hash: first.sha256, signature: first.signature });
    expect(isSignedBy(key, one.signingText, two.previous?.signature ?? '')).toBe(true);
    expect(one.name).toMatchObject({ trail: 'example_trail.v2', homeRegion: 'us-east-1' });
  });

  it('is signed by that key in either encoding, and by no other', () => {
    const [other] = parsePublicKeys(Buffer.from(JSON.stringify({ publicKeyList: [new DigestSigner(digestKey, 'spki').listed(START, START + HOUR)] })));
    const spki = rsaKey(Buffer.from(other?.der ?? '', 'base64'));
    const text = parseDigest(Buffer.from(first.content)).signingText;
    expect(spki && isSignedBy(spki, text, first.signature)).toBe(true);
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    expect(isSignedBy(stranger, text, first.signature)).toBe(false);
    for (const signature of ['', 'zz', first.signature.slice(2), first.signature.slice(1), `${first.signature}00`]) expect(isSignedBy(key, text, signature), signature).toBe(false);
    expect(rsaKey(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }))).toBeUndefined();
    expect(rsaKey(Buffer.from('no key'))).toBeUndefined();
  });

  it.each([
    ['not JSON', '{"digestEndTime"', 'it is not JSON'],
    ['no object', '[]', /expected object/],
    ['a member missing', JSON.stringify({ ...JSON.parse(second.content) as object, digestEndTime: undefined }), /^digestEndTime: /],
    ['half a digest before', JSON.stringify({ ...JSON.parse(second.content) as object, previousDigestHashValue: null }), /^previousDigest…/],
    ['a hash that is none', JSON.stringify({ ...JSON.parse(second.content) as object, previousDigestHashValue: '\u001b[31m' }), /64 hexadecimal digits$/],
    ['a key that is no name of a digest', JSON.stringify({ ...JSON.parse(second.content) as object, digestS3Object: 'a/b' }), "digestS3Object: no digest's name"],
    ['an end before its start', JSON.stringify({ ...JSON.parse(second.content) as object, digestEndTime: '2026-01-15T00:00:00Z' }), /before digestStartTime/],
  ])('with %s is none', (_what, content, message) => {
    expect(() => parseDigest(Buffer.from(content))).toThrow(DigestFault);
    expect(() => parseDigest(Buffer.from(content))).toThrow(message);
  });
});

describe('names', () => {
  it.each([
    ['111122223333_CloudTrail-Digest_us-gov-west-1_a_b_us-gov-west-1_20260115T090000Z_backfill.json.gz', { trail: 'a_b', region: 'us-gov-west-1', isBackfill: true }],
    ['111122223333_CloudTrail-Digest_eu-central-1_t_eu-central-1_20260115T090000Z.json', { isBackfill: false }],
    ['111122223333_CloudTrail-Digest_eu-central-1_t_eu-central-1_20260230T090000Z.json.gz', undefined],
    ['111122223333_CloudTrail_eu-central-1_20260115T0900Z_abcdefghijklmnop.json.gz', undefined],
    ['../111122223333_CloudTrail-Digest_eu-central-1_t_eu-central-1_20260115T090000Z.json.gz', undefined],
  ])('digest %s', (name, expected) => {
    if (expected) expect(digestName(name)).toMatchObject(expected);
    else expect(digestName(name)).toBeUndefined();
  });

  it('places in S3', () => {
    expect(s3Place('s3://bucket/a/b c')).toEqual({ bucket: 'bucket', key: 'a/b c' });
    expect(s3Place('logs/s3://x')).toBeUndefined();
  });
});

describe('unpacking', () => {
  const packed = gzipSync('{"Records":[]}');
  it.each<[string, Buffer, Buffer | string]>([
    ['one member', packed, Buffer.from('{"Records":[]}')],
    ['plain bytes', Buffer.from('{"Records":[]}'), Buffer.from('{"Records":[]}')],
    ['text behind it', Buffer.concat([packed, Buffer.from('more')]), 'trailing_bytes'],
    ['a byte behind it, like a member that begins', Buffer.concat([packed, Buffer.from('x')]), 'not_unpacked'],
    ['zeros behind it', Buffer.concat([packed, Buffer.alloc(4)]), 'trailing_bytes'],
    ['a second member', Buffer.concat([packed, packed]), 'trailing_bytes'],
    ['an empty second member', Buffer.concat([packed, gzipSync('')]), 'trailing_bytes'],
    ['an end cut off', packed.subarray(0, -1), 'not_unpacked'],
    ['a wrong checksum', Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8)]), 'not_unpacked'],
  ])('%s', (_what, bytes, expected) => {
    expect(unpackOne(bytes)).toEqual(expected);
  });
});
