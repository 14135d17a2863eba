/**
 * The token of an RFC 3161 timestamp, taken apart so strictly that no byte of it lies outside of what somebody signed: the
 * content, the signed attributes and each certificate are covered by signatures, and all around them can be written in one way only.
 */
import { X509Certificate } from 'node:crypto';
import { elements, encode, objectId, TAG, type Element } from './der.ts';

/** What is wrong with a timestamp. */
export class TimestampFault extends Error {
  readonly expected: string;
  readonly found: string;

  constructor(expected: string, found: string) {
    super(`expected ${expected}, found ${found}`);
    this.name = 'TimestampFault';
    this.expected = expected;
    this.found = found;
  }
}

export type Digest = 'sha256' | 'sha384' | 'sha512';

/** A token's parts that signatures cover, and the signature. */
export interface TimestampToken {
  /** TSTInfo in DER. */
  readonly info: Buffer;
  readonly certificates: readonly X509Certificate[];
  readonly signer: X509Certificate;
  readonly digest: Digest;
  /** What was signed: the attributes as a SET (RFC 5652 section 5.4). */
  readonly signedAttributes: Buffer;
  /** The attributes' values by type, each as a whole element. */
  readonly attributes: ReadonlyMap<string, Buffer>;
  readonly signature: Buffer;
}

const SIGNED_DATA = objectId('1.2.840.113549.1.7.2');
export const TST_INFO = objectId('1.2.840.113549.1.9.16.1.4');
const NULL = Buffer.of(0x05, 0x00);
/** PKIStatusInfo with status granted and nothing else. */
const GRANTED = Buffer.of(0x30, 0x03, 0x02, 0x01, 0x00);

const DIGESTS: readonly (readonly [Digest, string])[] = [['sha256', '2.16.840.1.101.3.4.2.1'], ['sha384', '2.16.840.1.101.3.4.2.2'], ['sha512', '2.16.840.1.101.3.4.2.3']];
/** RFC 8017 appendix A.2.4 and C, RFC 5758 section 3.2. `rsaEncryption` leaves the digest to the other field. */
const SIGNATURES: readonly (readonly [Digest | 'any', string])[] = [
  ['any', '1.2.840.113549.1.1.1'],
  ['sha256', '1.2.840.113549.1.1.11'], ['sha384', '1.2.840.113549.1.1.12'], ['sha512', '1.2.840.113549.1.1.13'],
  ['sha256', '1.2.840.10045.4.3.2'], ['sha384', '1.2.840.10045.4.3.3'], ['sha512', '1.2.840.10045.4.3.4'],
];

/** A TimeStampResp around a token: status granted, without a text. */
export function bareResponseOf(token: Uint8Array): Buffer {
  return encode(TAG.sequence, GRANTED, token);
}

/**
 * Takes apart the bytes of statement.tsr.
 * @throws TimestampFault at whatever is not as `bareResponseOf` and the standards write it
 */
export function readToken(response: Buffer): TimestampToken {
  const [outer] = shape(response, 'TimeStampResp', [TAG.sequence]);
  const [status, token] = shape(outer.content, 'TimeStampResp', [TAG.sequence, TAG.sequence]);
  same(status.raw, GRANTED, 'status granted, without a text');
  const [type, wrapped] = shape(token.content, 'ContentInfo', [TAG.objectId, TAG.context0]);
  same(type.raw, SIGNED_DATA, 'content type SignedData');
  const [signedData] = shape(wrapped.content, 'SignedData', [TAG.sequence]);
  const [version, digests, content, certificates, signers] = shape(signedData.content, 'SignedData without revocation lists', [TAG.integer, TAG.set, TAG.sequence, TAG.context0, TAG.set]);
  same(version.raw, Buffer.of(TAG.integer, 1, 3), 'SignedData of version 3');
  const [digestAlgorithm] = shape(digests.content, 'one digest algorithm', [TAG.sequence]);
  const info = contentOf(content);
  const enclosed = (elements(certificates.content) ?? []).map(certificateOf);
  const [signerInfo] = shape(signers.content, 'one signer', [TAG.sequence]);
  return { info, certificates: enclosed, ...signerOf(signerInfo, enclosed, digestOf(digestAlgorithm)) };
}

function contentOf(content: Element): Buffer {
  const [type, wrapped] = shape(content.content, 'EncapsulatedContentInfo', [TAG.objectId, TAG.context0]);
  same(type.raw, TST_INFO, 'content of type TSTInfo');
  return shape(wrapped.content, 'TSTInfo', [TAG.octetString])[0].content;
}

function signerOf({ content }: Element, certificates: readonly X509Certificate[], digest: Digest): Omit<TimestampToken, 'info' | 'certificates'> {
  const [version, id, digestAlgorithm, signed, signatureAlgorithm, signature] = shape(content, 'SignerInfo by issuer and serial number, with signed attributes alone', [TAG.integer, TAG.sequence, TAG.sequence, TAG.context0, TAG.sequence, TAG.octetString]);
  same(version.raw, Buffer.of(TAG.integer, 1, 1), 'SignerInfo of version 1');
  if (digestOf(digestAlgorithm) !== digest) throw new TimestampFault(`digest algorithm ${digest}`, digestOf(digestAlgorithm));
  checkSignatureAlgorithm(signatureAlgorithm, digest);
  const signer = certificates.find((one) => issuerAndSerial(one)?.equals(id.content) === true);
  if (!signer) throw new TimestampFault('the certificate that the signer names', 'none');
  return { signer, digest, signedAttributes: encode(TAG.set, signed.content), attributes: attributesOf(signed.content), signature: signature.content };
}

function attributesOf(content: Buffer): Map<string, Buffer> {
  const attributes = new Map<string, Buffer>();
  for (const attribute of elements(content) ?? []) {
    const [type, values] = shape(attribute.content, 'a signed attribute', [TAG.objectId, TAG.set]);
    const key = type.raw.toString('hex');
    if (attributes.has(key)) throw new TimestampFault('each signed attribute once', 'one twice');
    attributes.set(key, values.content);
  }
  return attributes;
}

/** Where a certificate names its issuer and serial number, as SignerInfo names them: issuer, then number. */
function issuerAndSerial({ raw }: X509Certificate): Buffer | undefined {
  const [outer] = elements(raw) ?? [];
  const [toBeSigned] = elements(outer?.content ?? Buffer.alloc(0)) ?? [];
  const fields = elements(toBeSigned?.content ?? Buffer.alloc(0)) ?? [];
  // The version stands first, but for those of version 1.
  const [serial, , issuer] = fields[0]?.tag === TAG.context0 ? fields.slice(1) : fields;
  return serial && issuer && Buffer.concat([issuer.raw, serial.raw]);
}

function certificateOf({ raw }: Element): X509Certificate {
  try {
    const certificate = new X509Certificate(raw);
    if (certificate.raw.equals(raw)) return certificate;
  } catch {
    // No certificate: said below.
  }
  throw new TimestampFault('X.509 certificates in DER', 'something else');
}

function digestOf({ content }: Element): Digest {
  const known = DIGESTS.find(([, id]) => isAlgorithm(content, id));
  if (!known) throw new TimestampFault('SHA-256, SHA-384 or SHA-512', 'another algorithm');
  return known[0];
}

function checkSignatureAlgorithm({ content }: Element, digest: Digest): void {
  const known = SIGNATURES.find(([, id]) => isAlgorithm(content, id));
  if (known?.[0] !== 'any' && known?.[0] !== digest) throw new TimestampFault(`an RSA (PKCS #1 v1.5) or ECDSA signature over ${digest}`, 'another algorithm');
}

/** AlgorithmIdentifier with no parameters, or with NULL. */
function isAlgorithm(content: Buffer, id: string): boolean {
  const wanted = objectId(id);
  return content.equals(wanted) || content.equals(Buffer.concat([wanted, NULL]));
}

type Shaped<Tags extends readonly number[]> = { readonly [Index in keyof Tags]: Element };

/** The elements of `bytes`, which must have exactly these tags. */
function shape<const Tags extends readonly number[]>(bytes: Buffer, what: string, tags: Tags): Shaped<Tags> {
  const found = elements(bytes);
  if (found?.length !== tags.length || !found.every(({ tag }, at) => tag === tags[at])) throw new TimestampFault(`${what} in DER`, 'something else');
  return found as unknown as Shaped<Tags>;
}

function same(found: Buffer, expected: Buffer, what: string): void {
  if (!found.equals(expected)) throw new TimestampFault(what, 'something else');
}
