/**
 * A made-up trail with its digests, as the bucket has it: for tests of digest validation.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { DigestChain, DigestSigner, type DigestedObject, type DigestPlace, type SignedDigest } from '../fixtures/world/forms/digest-chain.ts';
import { digestKey } from '../fixtures/world/forms/digest-key.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const START = Date.parse('2026-01-15T08:00:00Z');
export const BUCKET = 'example-org-trail';
export const PLACE: DigestPlace = { bucket: BUCKET, accountPath: 'AWSLogs/111122223333', accountId: '111122223333', region: 'eu-central-1', trail: 'example-trail', homeRegion: 'eu-central-1' };
export const signer = new DigestSigner(digestKey);
export const KEYS = { PublicKeyList: [signer.listed(START, START + 1000 * HOUR)] };

/** An object as the bucket has it. */
export interface Stored {
  readonly key: string;
  readonly bytes: Buffer;
  readonly metadata?: Readonly<Record<string, string>>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A log file of one record, delivered at `at`. */
export function logFile(place: DigestPlace, at: number, unique: number): Stored & { readonly digested: DigestedObject } {
  const stamp = `${new Date(at).toISOString().slice(0, 16).replace(/[-:]/g, '')}Z`;
  const day = new Date(at).toISOString().slice(0, 10).replaceAll('-', '/');
  const key = `${place.accountPath}/CloudTrail/${place.region}/${day}/${place.accountId}_CloudTrail_${place.region}_${stamp}_${String(unique).padStart(16, 'a')}.json.gz`;
  const text = JSON.stringify({
    Records: [{
      eventVersion: '1.10', eventID: `${String(unique).padStart(8, '0')}-0000-4000-8000-${sha256(key).slice(0, 12)}`, eventTime: new Date(at - 5 * MINUTE).toISOString().replace('.000Z', 'Z'),
      eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks', awsRegion: place.region, recipientAccountId: place.accountId, eventType: 'AwsApiCall',
      userIdentity: { type: 'Root', accountId: place.accountId, arn: `arn:aws:iam::${place.accountId}:root`, principalId: place.accountId },
    }],
  });
  return { key, bytes: gzipSync(text), digested: { key, sha256: sha256(text), oldest: at - 5 * MINUTE, newest: at - 5 * MINUTE } };
}

export const stored = ({ key, content, metadata }: SignedDigest): Stored => ({ key, bytes: gzipSync(content), metadata });

/** Hours of a trail: two log files in each, and the digest at its end. Digest `n` and logs `2n`, `2n + 1` belong together. */
export function trail(hours: number, place: DigestPlace = PLACE, breakAt = -1): { readonly digests: Stored[]; readonly logs: Stored[] } {
  const chain = new DigestChain(place, signer);
  const digests: Stored[] = [];
  const logs: Stored[] = [];
  for (let hour = 0; hour < hours; hour += 1) {
    const start = START + hour * HOUR;
    const files = [20, 50].map((minutes, index) => logFile(place, start + minutes * MINUTE, 2 * hour + index));
    if (hour === breakAt) chain.breakOff();
    digests.push(stored(chain.next(start, start + HOUR, files.map(({ digested }) => digested))));
    logs.push(...files);
  }
  return { digests, logs };
}
