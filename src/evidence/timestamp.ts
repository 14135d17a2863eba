/**
 * RFC 3161 timestamps, offline: whether statement.tsr says that the signature was there at a time, in the words of an authority that is
 * trusted by name.
 */
import { fromBER } from 'asn1js';
import { hash, verify, X509Certificate } from 'node:crypto';
import { Certificate, CertificateChainValidationEngine, ExtKeyUsage, PKIStatus, TimeStampResp, TSTInfo } from 'pkijs';
import { rfc3339 } from '../core/times.ts';
import { elements, encode, objectId, TAG } from './der.ts';
import { bareResponseOf, readToken, TimestampFault, TST_INFO, type Digest, type TimestampToken } from './timestamp-token.ts';

export { TimestampFault } from './timestamp-token.ts';

/** What a timestamp proves. */
export interface Timestamp {
  /** RFC 3339 UTC; the authority's clock. */
  readonly at: string;
  /** The subject of the authority's certificate. */
  readonly authority: string;
  /** Lower-case hex. */
  readonly serial: string;
  readonly policy: string;
}

const CONTENT_TYPE = objectId('1.2.840.113549.1.9.3').toString('hex');
const MESSAGE_DIGEST = objectId('1.2.840.113549.1.9.4').toString('hex');
/** SigningCertificate of RFC 2634 (SHA-1), and SigningCertificateV2 of RFC 5035. */
const SIGNING_CERTIFICATE = objectId('1.2.840.113549.1.9.16.2.12').toString('hex');
const SIGNING_CERTIFICATE_V2 = objectId('1.2.840.113549.1.9.16.2.47').toString('hex');
const EXTENDED_KEY_USAGE = '2.5.29.37';
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const DIGESTS: Readonly<Record<string, Digest>> = { '2.16.840.1.101.3.4.2.1': 'sha256', '2.16.840.1.101.3.4.2.2': 'sha384', '2.16.840.1.101.3.4.2.3': 'sha512' };

/**
 * The certificates of a PEM text.
 * @throws Error where there is none, or one cannot be read
 */
export function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('no certificate in PEM (-----BEGIN CERTIFICATE-----)');
  return blocks.map((block) => new X509Certificate(block));
}

/**
 * A TimeStampResp whose status is just `granted`, with the token as it came: nobody signs the rest of the status.
 * @param response as an authority answers (RFC 3161 section 2.4.2)
 * @throws TimestampFault where it refused, or answered something else
 */
export function bareResponse(response: Buffer): Buffer {
  const { status } = reading(() => new TimeStampResp({ schema: fromBER(toArrayBuffer(response)).result }));
  const [, token] = elements(elements(response)?.[0]?.content ?? Buffer.alloc(0)) ?? [];
  if (status.status > PKIStatus.grantedWithMods || !token) {
    const words = (status.statusStrings ?? []).map(({ valueBlock }) => `: ${valueBlock.value}`).join('');
    throw new TimestampFault('a timestamp', `the authority’s refusal, status ${status.status}${words}`);
  }
  return bareResponseOf(token.raw);
}

/**
 * Checks a timestamp of a bundle.
 * @param response the bytes of statement.tsr
 * @param message what it is over: the bytes of the statement's signature
 * @param trusted certificates to which the authority's must lead
 * @param nonce what was sent with the request; later, nobody knows it any more
 * @throws TimestampFault
 */
export async function checkTimestamp(response: Buffer, message: Buffer, trusted: readonly X509Certificate[], nonce?: Buffer): Promise<Timestamp> {
  const token = readToken(response);
  checkSignature(token);
  const info = reading(() => TSTInfo.fromBER(toArrayBuffer(token.info)));
  checkImprint(info, message);
  if (nonce && !(info.nonce && Buffer.from(info.nonce.valueBlock.valueHexView).equals(nonce))) throw new TimestampFault('the nonce of the request', 'another, or none');
  checkSigningCertificate(token);
  checkEveryCertificate(token, trusted);
  await checkAuthority(token, info.genTime, trusted);
  return { at: rfc3339(info.genTime), authority: subjectOf(token.signer), serial: Buffer.from(info.serialNumber.valueBlock.valueHexView).toString('hex'), policy: info.policy };
}

/** RFC 5652 section 5.4 to 5.6: the attributes are signed, and name the content's type and digest. */
function checkSignature({ signer, digest, info, signedAttributes, attributes, signature }: TimestampToken): void {
  const isSigned = reading(() => verify(digest, signedAttributes, signer.publicKey, signature));
  if (!isSigned) throw new TimestampFault(`a signature that holds with the certificate of ${subjectOf(signer)}`, 'one that does not');
  if (attributes.get(CONTENT_TYPE)?.equals(TST_INFO) !== true) throw new TimestampFault('a signed attribute with content type TSTInfo', 'none');
  const expected = encode(TAG.octetString, hash(digest, info, 'buffer'));
  if (attributes.get(MESSAGE_DIGEST)?.equals(expected) !== true) throw new TimestampFault('a signed attribute with the content’s digest', 'another digest');
}

function checkImprint({ messageImprint }: TSTInfo, message: Buffer): void {
  const digest = DIGESTS[messageImprint.hashAlgorithm.algorithmId];
  if (digest === undefined) throw new TimestampFault('an imprint by SHA-256, SHA-384 or SHA-512', messageImprint.hashAlgorithm.algorithmId);
  const found = Buffer.from(messageImprint.hashedMessage.valueBlock.valueHexView).toString('hex');
  const expected = hash(digest, message, 'hex');
  if (found !== expected) throw new TimestampFault(`a timestamp on the statement’s signature (${digest} ${expected})`, found);
}

/** RFC 3161 section 2.4.2, RFC 5816: the signed attributes name the certificate, so that none of the same key can stand in for it. */
function checkSigningCertificate({ attributes, signer }: TimestampToken): void {
  const v2 = attributes.get(SIGNING_CERTIFICATE_V2);
  // SigningCertificate: SEQUENCE { certs SEQUENCE OF ESSCertID, … }, the first being the signer's.
  const [value] = elements(v2 ?? attributes.get(SIGNING_CERTIFICATE) ?? Buffer.alloc(0)) ?? [];
  const [certs] = elements(value?.content ?? Buffer.alloc(0)) ?? [];
  const [first] = elements(certs?.content ?? Buffer.alloc(0)) ?? [];
  // ESSCertID: certHash, …; V2: hashAlgorithm where it is not SHA-256, certHash, ….
  const [one, other] = elements(first?.content ?? Buffer.alloc(0)) ?? [];
  const named = one?.tag === TAG.octetString ? one : other;
  const algorithm = v2 === undefined ? 'sha1' : one?.tag === TAG.octetString ? 'sha256' : (['sha256', 'sha384', 'sha512'] as const).find((digest) => one?.content.includes(DIGEST_IDS[digest]) === true);
  if (!named || algorithm === undefined) throw new TimestampFault('a signed attribute that names the authority’s certificate', 'none');
  if (!named.content.equals(hash(algorithm, signer.raw, 'buffer'))) throw new TimestampFault(`the certificate of ${algorithm} ${named.content.toString('hex')}`, hash(algorithm, signer.raw, 'hex'));
}

const DIGEST_IDS = Object.fromEntries(Object.entries(DIGESTS).map(([id, digest]) => [digest, objectId(id)])) as Record<Digest, Buffer>;

/** Each enclosed certificate is signed by another one here or a trusted one: so no byte of theirs can be changed unseen. */
function checkEveryCertificate({ certificates }: TimestampToken, trusted: readonly X509Certificate[]): void {
  const known = [...certificates, ...trusted];
  for (const one of certificates) {
    const isSigned = trusted.some(({ raw }) => raw.equals(one.raw)) || known.some((other) => one.checkIssued(other) && one.verify(other.publicKey));
    if (!isSigned) throw new TimestampFault('certificates that an enclosed or trusted one has signed', subjectOf(one));
  }
}

/** RFC 3161 section 2.3, RFC 5280 section 6: a certificate for timestamps alone, that led to a trusted one at that time. */
async function checkAuthority({ certificates, signer }: TimestampToken, at: Date, trusted: readonly X509Certificate[]): Promise<void> {
  const read = ({ raw }: X509Certificate): Certificate => reading(() => Certificate.fromBER(toArrayBuffer(raw)));
  const own = read(signer);
  const usage = own.extensions?.find(({ extnID }) => extnID === EXTENDED_KEY_USAGE);
  const purposes = usage?.parsedValue instanceof ExtKeyUsage ? usage.parsedValue.keyPurposes : [];
  if (usage?.critical !== true || purposes.length !== 1 || purposes[0] !== TIME_STAMPING) {
    throw new TimestampFault('an authority’s certificate with the critical extended key usage timeStamping alone', usage === undefined ? 'none' : `${usage.critical ? '' : 'not critical, '}${purposes.join(', ')}`);
  }
  // The last one is whose path is looked for.
  const certs = [...certificates.filter((one) => one !== signer).map(read), own];
  const { result, resultMessage } = await new CertificateChainValidationEngine({ trustedCerts: trusted.map(read), certs, checkDate: at }).verify();
  if (!result) throw new TimestampFault(`a certificate that led to a trusted one at ${rfc3339(at)}`, `${subjectOf(signer)}: ${resultMessage}`);
}

/** Parsers throw what they like at bytes that are no such structure. */
function reading<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw error instanceof TimestampFault ? error : new TimestampFault('a TimeStampResp with a token', error instanceof Error ? error.message.slice(0, 200) : 'something else');
  }
}

function subjectOf({ subject }: X509Certificate): string {
  return subject.replaceAll('\n', ', ');
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
