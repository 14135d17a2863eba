/**
 * Asks an RFC 3161 authority for a timestamp. It learns the hash of a signature, and nothing else.
 */
import { Integer, OctetString } from 'asn1js';
import { hash, randomBytes, type X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { AlgorithmIdentifier, MessageImprint, TimeStampReq } from 'pkijs';
import { deadlineOf } from '../core/deadline.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { bareResponse, checkTimestamp, TimestampFault, type Timestamp } from './timestamp.ts';

const SHA256 = '2.16.840.1.101.3.4.2.1';
const QUERY_TYPE = 'application/timestamp-query';
const REPLY_TYPE = 'application/timestamp-reply';
/** A token with its certificates is some kB. */
const LARGEST_ANSWER = 1024 * 1024;
const REQUEST_MS = 30_000;
const NONCE_BYTES = 16;

export interface TimestampAuthority {
  /** https. */
  readonly url: string;
  /** Certificates to which the authority's must lead. */
  readonly trusted: readonly X509Certificate[];
}

/** What tests give in place of the platform's own. */
export interface TimestampGiven {
  /** The certificate of a stand-in's TLS, PEM. */
  readonly tlsCa?: string;
  readonly random?: (bytes: number) => Buffer;
  readonly requestMs?: number;
}

/** A timestamp as it goes into a bundle. */
export interface TakenTimestamp {
  /** The bytes of statement.tsr. */
  readonly response: Buffer;
  readonly timestamp: Timestamp;
}

/**
 * Asks for a timestamp on `message` and checks the answer as `whoran verify` does later, and its nonce.
 * @throws WhoranError where there is no answer in 30 s, a refusal, or an answer that does not hold
 */
export async function takeTimestamp(message: Buffer, authority: TimestampAuthority, given: TimestampGiven = {}): Promise<TakenTimestamp> {
  const nonce = nonceOf((given.random ?? randomBytes)(NONCE_BYTES));
  const answer = await post(authority.url, queryOf(message, nonce), given);
  try {
    const response = bareResponse(answer);
    return { response, timestamp: await checkTimestamp(response, message, authority.trusted, nonce) };
  } catch (error) {
    if (!(error instanceof TimestampFault)) throw error;
    throw failed(authority.url, `its answer does not hold: expected ${inert(error.expected, 300)}, found ${inert(error.found, 300)}`, 'Check evidence.timestamp_url, and that evidence.timestamp_ca_file has the certificates above the authority’s.');
  }
}

/** The request in DER: RFC 3161 section 2.4.1, with the authority's certificate asked for. */
export function queryOf(message: Buffer, nonce: Buffer): Buffer {
  const query = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: SHA256 }),
      hashedMessage: new OctetString({ valueHex: Uint8Array.from(hash('sha256', message, 'buffer')).buffer }),
    }),
    nonce: new Integer({ valueHex: Uint8Array.from(nonce).buffer }),
    certReq: true,
  });
  return Buffer.from(query.toSchema().toBER());
}

/** A positive integer in DER's shortest form: the first byte is 1 to 127. */
function nonceOf(random: Buffer): Buffer {
  const nonce = Buffer.from(random);
  nonce[0] = (nonce[0] ?? 0) % 0x7f + 1;
  return nonce;
}

async function post(url: string, query: Buffer, given: TimestampGiven): Promise<Buffer> {
  const deadline = deadlineOf(given.requestMs ?? REQUEST_MS);
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const headers = { 'content-type': QUERY_TYPE, accept: REPLY_TYPE, 'content-length': String(query.length), 'user-agent': 'whoran' };
      const sent = request(url, { method: 'POST', headers, signal: deadline.signal, ...(given.tlsCa === undefined ? {} : { ca: given.tlsCa }) }, (answer) => {
        const pieces: Buffer[] = [];
        let size = 0;
        answer.on('error', reject);
        answer.on('data', (piece: Buffer) => {
          size += piece.length;
          if (size > LARGEST_ANSWER) answer.destroy(failed(url, 'its answer is longer than any timestamp', 'Check evidence.timestamp_url.'));
          else pieces.push(piece);
        });
        answer.on('end', () => {
          const type = answer.headers['content-type']?.split(';')[0]?.trim() ?? 'no type';
          if (answer.statusCode !== 200 || type !== REPLY_TYPE) reject(failed(url, `it answered ${answer.statusCode ?? 0} with ${inert(type, 80)}, not 200 with ${REPLY_TYPE}`, 'Check evidence.timestamp_url: it must be the address that takes RFC 3161 requests.'));
          else resolve(Buffer.concat(pieces));
        });
      });
      sent.on('error', reject);
      sent.end(query);
    });
  } catch (error) {
    if (error instanceof WhoranError) throw error;
    const why = deadline.isPast ? 'no answer in time' : `no answer (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown fault'})`;
    throw failed(url, why, 'Check the network, or make the bundle without evidence.timestamp_url.');
  } finally {
    deadline.end();
  }
}

/** The URL may hold a key of the customer: only its host is told. */
function failed(url: string, why: string, hint: string): WhoranError {
  return new WhoranError(`timestamp authority ${inert(new URL(url).host)}: ${why}`, { exitCode: EXIT.found, hint });
}
