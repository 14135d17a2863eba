/**
 * Signing with a key that never leaves AWS KMS.
 *
 * The key spec is ECC_NIST_EDWARDS25519 and the algorithm ED25519_SHA_512, which is Ed25519 of RFC 8032 and wants MessageType RAW; the
 * other one, ED25519_PH_SHA_512, hashes beforehand and gives signatures that DSSE's readers refuse. RAW messages end at 4,096 bytes.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 */
import { GetPublicKeyCommand, KMSClient, KMSServiceException, SignCommand } from '@aws-sdk/client-kms';
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { KeyObject } from 'node:crypto';
import { deadlineOf } from '../core/deadline.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { publicKeyOfDer } from '../verifier/dsse.ts';
import type { Signer } from './signer.ts';

/** KMS's limit for RAW messages. */
export const KMS_LARGEST_MESSAGE = 4096;
const SIGNATURE_BYTES = 64;
/** For one call, the SDK's own three tries included. */
const CALL_MS = 30_000;

export interface KmsKey {
  /** ARN, id, or alias. */
  readonly keyId: string;
  /** Where the key is, unless its ARN says so; without either, the environment's region. */
  readonly region?: string | undefined;
  readonly roleArn?: string | undefined;
}

/** What tests give in place of the platform's own. */
export interface KmsGiven {
  readonly endpoint?: string;
  readonly credentials?: () => Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }>;
  readonly callMs?: number;
}

/**
 * The signer of a KMS key; asks KMS for its public key.
 * @throws WhoranError where KMS refuses or cannot be reached, or the key is of another kind
 */
export async function kmsSigner(key: KmsKey, given: KmsGiven = {}): Promise<Signer> {
  const region = key.region ?? /^arn:[^:]*:kms:([a-z0-9-]+):/.exec(key.keyId)?.[1];
  const client = new KMSClient({
    ...(region === undefined ? {} : { region }),
    ...(given.endpoint === undefined ? {} : { endpoint: given.endpoint }),
    credentials: given.credentials ?? credentialsOf(key.roleArn, region),
    customUserAgent: 'whoran',
  });
  const call = async <Output>(operation: string, work: (signal: AbortSignal) => Promise<Output>): Promise<Output> => {
    const deadline = deadlineOf(given.callMs ?? CALL_MS);
    try {
      return await work(deadline.signal);
    } catch (error) {
      throw kmsFailure(operation, key.keyId, deadline.isPast, error);
    } finally {
      deadline.end();
    }
  };
  const { PublicKey: der, KeySpec: spec, KeyUsage: usage } = await call('kms:GetPublicKey', async (abortSignal) => client.send(new GetPublicKeyCommand({ KeyId: key.keyId }), { abortSignal }));
  return {
    name: `KMS key ${key.keyId}`,
    publicKey: publicKeyOf(key.keyId, der, spec, usage),
    sign: async (message) => {
      if (message.length > KMS_LARGEST_MESSAGE) {
        throw new WhoranError(`the statement to sign is ${message.length} bytes, and KMS signs at most ${KMS_LARGEST_MESSAGE}`, { exitCode: EXIT.wrongUse, hint: 'Ask for the report with fewer parameters, or sign with a key file (evidence.signing_key_file).' });
      }
      const command = new SignCommand({ KeyId: key.keyId, Message: message, MessageType: 'RAW', SigningAlgorithm: 'ED25519_SHA_512' });
      const { Signature: signature } = await call('kms:Sign', async (abortSignal) => client.send(command, { abortSignal }));
      if (signature?.length !== SIGNATURE_BYTES) throw unfit(key.keyId, `KMS gave a signature of ${signature?.length ?? 0} bytes`);
      return Buffer.from(signature);
    },
  };
}

function credentialsOf(roleArn: string | undefined, region: string | undefined): ReturnType<typeof fromNodeProviderChain> {
  const chain = fromNodeProviderChain();
  if (roleArn === undefined) return chain;
  return fromTemporaryCredentials({ masterCredentials: chain, params: { RoleArn: roleArn, RoleSessionName: 'whoran-signer' }, ...(region === undefined ? {} : { clientConfig: { region } }) });
}

function publicKeyOf(keyId: string, der: Uint8Array | undefined, spec: string | undefined, usage: string | undefined): KeyObject {
  if (spec !== 'ECC_NIST_EDWARDS25519' || usage !== 'SIGN_VERIFY') throw unfit(keyId, `it is a ${spec ?? 'key of no spec'} for ${usage ?? 'nothing'}`);
  try {
    return publicKeyOfDer(Buffer.from(der ?? []));
  } catch (error) {
    throw unfit(keyId, `its public key: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}

function unfit(keyId: string, why: string): WhoranError {
  return new WhoranError(`KMS key ${inert(keyId)}: ${why}`, { exitCode: EXIT.wrongUse, hint: 'Make one with key spec ECC_NIST_EDWARDS25519 and key usage SIGN_VERIFY, and name it under evidence.kms_key_id.' });
}

function kmsFailure(operation: string, keyId: string, isPast: boolean, error: unknown): WhoranError {
  const said = (why: string, hint: string): WhoranError => new WhoranError(`${operation} on ${inert(keyId)}: ${why}`, { exitCode: EXIT.wrongUse, hint });
  if (isPast) return said('no answer in time', 'Check the network and the region (evidence.kms_region).');
  const name = error instanceof Error ? error.name : 'an unknown fault';
  if (name === 'CredentialsProviderError') return said('no credentials were found', 'Give whoran a role (task role, instance profile), or credentials in the environment.');
  if (!(error instanceof KMSServiceException)) {
    const isRegion = error instanceof Error && /region is missing/i.test(error.message);
    return isRegion ? said('no region', "Give the key's ARN, or evidence.kms_region.") : said(`KMS could not be reached: ${name}`, 'Check the network and the region (evidence.kms_region).');
  }
  if (name.includes('AccessDenied')) return said(`refused (${name})`, `Grant ${operation} on the key, in its key policy or to the role that whoran uses.`);
  if (name === 'NotFoundException') return said('there is no such key', 'Check evidence.kms_key_id, and evidence.kms_region where it is no ARN.');
  if (/Disabled|KMSInvalidState/.test(name)) return said(`the key cannot be used now (${name})`, 'Enable it, or name another.');
  if (/InvalidKeyUsage|UnsupportedOperation|Validation/.test(name)) return said(`the key cannot do this (${name})`, 'It must be of spec ECC_NIST_EDWARDS25519, for SIGN_VERIFY.');
  return said(`failed (${inert(name)})`, 'Try again; WHORAN_DEBUG=1 shows where the error came from.');
}
