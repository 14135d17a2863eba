/**
 * One CloudTrail digest file, read: what it says of itself, of the digest before it, and of log files; and the text that its
 * signature is over (AWS CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail log
 * file integrity validation").
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { digestName, fileNameOf, type DigestName } from './object-names.ts';

/** A log file as its digest names it. */
export interface DigestedLog {
  readonly bucket: string;
  readonly key: string;
  /** Lower-case hex SHA-256 of the file's unpacked bytes, where `algorithm` is SHA-256. */
  readonly hash: string;
  readonly algorithm: string;
  /** RFC 3339 UTC; null where the file has no event. */
  readonly oldestEventAt: string | null;
  readonly newestEventAt: string | null;
}

/** A digest as it says itself. Nothing of it is to be believed before its signature is verified. */
export interface Digest {
  readonly name: DigestName;
  /** RFC 3339 UTC: when the log files were delivered that it covers, not when their events were. */
  readonly startAt: string;
  readonly endAt: string;
  readonly bucket: string;
  readonly key: string;
  /** Lower-case hex SHA-256 of the unpacked bytes. */
  readonly sha256: string;
  readonly keyFingerprint: string;
  readonly signatureAlgorithm: string;
  /** Null in the first digest of a chain. */
  readonly previous: { readonly bucket: string; readonly key: string; readonly hash: string; readonly signature: string } | null;
  readonly logs: readonly DigestedLog[];
  /** What the signature is over. */
  readonly signingText: string;
}

const time = z.iso.datetime({ offset: true });
const sha256Hex = z.string().regex(/^[0-9a-fA-F]{64}$/, 'expected 64 hexadecimal digits');
const nullable = <T extends z.ZodType>(type: T): z.ZodDefault<z.ZodNullable<T>> => type.nullable().default(null);
const schema = z.object({
  awsAccountId: z.string(),
  digestStartTime: time,
  digestEndTime: time,
  digestS3Bucket: z.string().min(1),
  digestS3Object: z.string().min(1),
  digestPublicKeyFingerprint: z.string().min(1),
  digestSignatureAlgorithm: z.string().min(1),
  previousDigestS3Bucket: nullable(z.string().min(1)),
  previousDigestS3Object: nullable(z.string().min(1)),
  previousDigestHashValue: nullable(sha256Hex),
  previousDigestHashAlgorithm: nullable(z.string()),
  previousDigestSignature: nullable(z.string().min(1)),
  logFiles: z.array(
    z.object({
      s3Bucket: z.string().min(1),
      s3Object: z.string().min(1),
      hashValue: z.string().min(1),
      hashAlgorithm: z.string().min(1),
      oldestEventTime: nullable(time),
      newestEventTime: nullable(time),
    }),
  ),
});
type DigestBody = z.output<typeof schema>;

/** The content is no digest. `message` names the member at fault and quotes nothing of it. */
export class DigestFault extends Error {
  override readonly name = 'DigestFault';
}

/**
 * Reads a digest's unpacked bytes.
 * @throws DigestFault
 */
export function parseDigest(content: Buffer): Digest {
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8'));
  } catch {
    throw new DigestFault('it is not JSON');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DigestFault(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as a digest has it'}`);
  }
  const body = parsed.data;
  const name = digestName(fileNameOf(body.digestS3Object));
  if (!name) throw new DigestFault("digestS3Object: no digest's name");
  if (Date.parse(body.digestStartTime) > Date.parse(body.digestEndTime)) throw new DigestFault('digestEndTime: before digestStartTime');
  const sha256 = hash('sha256', content, 'hex');
  return {
    name,
    startAt: new Date(body.digestStartTime).toISOString(),
    endAt: new Date(body.digestEndTime).toISOString(),
    bucket: body.digestS3Bucket,
    key: body.digestS3Object,
    sha256,
    keyFingerprint: body.digestPublicKeyFingerprint.toLowerCase(),
    signatureAlgorithm: body.digestSignatureAlgorithm,
    previous: previousOf(body),
    logs: body.logFiles.map((log) => ({
      bucket: log.s3Bucket, key: log.s3Object, hash: log.hashValue.toLowerCase(), algorithm: log.hashAlgorithm,
      oldestEventAt: log.oldestEventTime, newestEventAt: log.newestEventTime,
    })),
    signingText: signingText(body, sha256),
  };
}

/** The digest before, of which all four or none are named. */
function previousOf(body: DigestBody): Digest['previous'] {
  const { previousDigestS3Bucket: bucket, previousDigestS3Object: key, previousDigestHashValue: value, previousDigestSignature: signature } = body;
  if (bucket === null && key === null && value === null && signature === null) return null;
  if (bucket === null || key === null || value === null || signature === null) throw new DigestFault('previousDigest…: some are null and some are not');
  return { bucket, key, hash: value.toLowerCase(), signature: signature.toLowerCase() };
}

/**
 * The text that CloudTrail signs: four lines, the times and the signature as they stand in the file; `null` where there is no digest
 * before.
 */
function signingText(body: DigestBody, sha256: string): string {
  return [body.digestEndTime, `${body.digestS3Bucket}/${body.digestS3Object}`, sha256, body.previousDigestSignature ?? 'null'].join('\n');
}
