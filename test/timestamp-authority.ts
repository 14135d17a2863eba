/**
 * An RFC 3161 timestamp authority of the test's own: a root, a certificate below it, and tokens at whatever time is wanted.
 */
import { Integer, ObjectIdentifier, OctetString, PrintableString, Sequence } from 'asn1js';
import { createHash, hash, X509Certificate, type webcrypto } from 'node:crypto';
import {
  AlgorithmIdentifier, Attribute, AttributeTypeAndValue, BasicConstraints, Certificate, ContentInfo, EncapsulatedContentInfo, ExtKeyUsage, Extension, IssuerAndSerialNumber, MessageImprint,
  SignedAndUnsignedAttributes, SignedData, SignerInfo, TSTInfo,
} from 'pkijs';
import { bareResponseOf } from '../src/evidence/timestamp-token.ts';

const SHA256 = '2.16.840.1.101.3.4.2.1';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const FROM = new Date('2020-01-01T00:00:00Z');
const TO = new Date('2040-01-01T00:00:00Z');
const KEY = { name: 'ECDSA', namedCurve: 'P-256' };

export interface TimestampAuthority {
  /** Its root: what a verifier trusts. */
  readonly trusted: readonly X509Certificate[];
  /** The bytes of statement.tsr over `message`, as if made at `at`. */
  stamp(message: Buffer, at: Date): Promise<Buffer>;
}

interface Identity {
  readonly certificate: Certificate;
  readonly privateKey: webcrypto.CryptoKey;
}

async function identity(name: string, serial: number, issuer: Identity | undefined): Promise<Identity> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ value: serial });
  certificate.subject.typesAndValues.push(new AttributeTypeAndValue({ type: '2.5.4.3', value: new PrintableString({ value: name }) }));
  certificate.issuer = issuer?.certificate.subject ?? certificate.subject;
  certificate.notBefore.value = FROM;
  certificate.notAfter.value = TO;
  const isRoot = issuer === undefined;
  const constraints = new BasicConstraints({ cA: isRoot });
  certificate.extensions = [new Extension({ extnID: '2.5.29.19', critical: true, extnValue: constraints.toSchema().toBER(), parsedValue: constraints })];
  if (!isRoot) {
    const usage = new ExtKeyUsage({ keyPurposes: ['1.3.6.1.5.5.7.3.8'] });
    certificate.extensions.push(new Extension({ extnID: '2.5.29.37', critical: true, extnValue: usage.toSchema().toBER(), parsedValue: usage }));
  }
  await certificate.subjectPublicKeyInfo.importKey(publicKey);
  await certificate.sign(issuer?.privateKey ?? privateKey, 'SHA-256');
  return { certificate, privateKey };
}

const derOf = ({ certificate }: Identity): Buffer => Buffer.from(certificate.toSchema(false).toBER());
const attribute = (type: string, value: ObjectIdentifier | OctetString | Sequence): Attribute => new Attribute({ type, values: [value] });

export async function timestampAuthority(name: string): Promise<TimestampAuthority> {
  const root = await identity(`${name} root`, 1, undefined);
  const own = await identity(name, 2, root);
  let serial = 0;
  const stamp = async (message: Buffer, at: Date): Promise<Buffer> => {
    serial += 1;
    const imprint = new MessageImprint({ hashAlgorithm: new AlgorithmIdentifier({ algorithmId: SHA256 }), hashedMessage: new OctetString({ valueHex: createHash('sha256').update(message).digest() }) });
    const info = Buffer.from(new TSTInfo({ version: 1, policy: '1.2.3.4.1', messageImprint: imprint, serialNumber: new Integer({ value: serial }), genTime: at }).toSchema().toBER());
    // RFC 5035: the certificate by its SHA-256.
    const named = new Sequence({ value: [new Sequence({ value: [new Sequence({ value: [new OctetString({ valueHex: hash('sha256', derOf(own), 'buffer') })] })] })] });
    const content = new EncapsulatedContentInfo({ eContentType: TST_INFO });
    // Given to the constructor, it would be cut into pieces, which is no DER.
    content.eContent = new OctetString({ valueHex: info });
    const signed = new SignedData({
      version: 3,
      encapContentInfo: content,
      certificates: [own.certificate],
      signerInfos: [new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({ issuer: own.certificate.issuer, serialNumber: own.certificate.serialNumber }),
        signedAttrs: new SignedAndUnsignedAttributes({
          type: 0,
          attributes: [
            attribute('1.2.840.113549.1.9.3', new ObjectIdentifier({ value: TST_INFO })),
            attribute('1.2.840.113549.1.9.4', new OctetString({ valueHex: hash('sha256', info, 'buffer') })),
            attribute('1.2.840.113549.1.9.16.2.47', named),
          ],
        }),
      })],
    });
    await signed.sign(own.privateKey, 0, 'SHA-256', info);
    return bareResponseOf(Buffer.from(new ContentInfo({ contentType: '1.2.840.113549.1.7.2', content: signed.toSchema(true) }).toSchema().toBER()));
  };
  return { trusted: [new X509Certificate(derOf(root))], stamp };
}
