/**
 * The names of a trail's objects, and what they say: digests
 * `<account>_CloudTrail-Digest_<region>_<trail>_<home region>_<YYYYMMDDTHHMMSSZ>[_backfill].json.gz`, log files
 * `<account>_CloudTrail_<region>_<YYYYMMDDTHHmmZ>_<16 characters>.json.gz` (AWS CloudTrail User Guide, "Digest file location" and
 * "CloudTrail log file names"). Trails may have dots, hyphens and underscores in their names.
 */

const REGION = '[a-z]{2}(?:-[a-z]+)+-\\d+';
const DIGEST = new RegExp(`^(\\d{12})_CloudTrail-Digest_(${REGION})_(.+)_(${REGION})_(\\d{8}T\\d{6}Z)(_backfill)?\\.json(?:\\.gz)?$`);
const LOG = new RegExp(`^(\\d{12})_CloudTrail_(${REGION})_(\\d{8}T\\d{4})Z_[^_]+\\.json(?:\\.gz)?$`);

/** What a digest's name says. */
export interface DigestName {
  readonly accountId: string;
  readonly region: string;
  readonly trail: string;
  /** The trail's home region: of a trail in all regions, where it was made. */
  readonly homeRegion: string;
  /** The name's stamp, which is the digest's end. UTC. */
  readonly at: Date;
  /** Of the second chain, for log files that were missed at first. */
  readonly isBackfill: boolean;
}

/** What a log file's name says. */
export interface LogName {
  readonly accountId: string;
  readonly region: string;
  /** When its delivery began, to the minute. UTC. */
  readonly at: Date;
}

/** The last part of a key, path or `s3://` URI. */
export function fileNameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** Undefined where the name is no digest's. */
export function digestName(fileName: string): DigestName | undefined {
  const [, accountId = '', region = '', trail = '', homeRegion = '', stamp = '', backfill] = DIGEST.exec(fileName) ?? [];
  const at = stampTime(stamp);
  return at && { accountId, region, trail, homeRegion, at, isBackfill: backfill !== undefined };
}

/** Undefined where the name is no log file's. */
export function logName(fileName: string): LogName | undefined {
  const [, accountId = '', region = '', stamp = ''] = LOG.exec(fileName) ?? [];
  const at = stampTime(stamp === '' ? '' : `${stamp}00Z`);
  return at && { accountId, region, at };
}

/** Bucket and key of an `s3://` URI; undefined of any other origin. */
export function s3Place(origin: string): { readonly bucket: string; readonly key: string } | undefined {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(origin) ?? [];
  return bucket === undefined || key === undefined ? undefined : { bucket, key };
}

/** `YYYYMMDDTHHMMSSZ` as an instant; undefined where it is none. */
function stampTime(stamp: string): Date | undefined {
  const iso = stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6.000Z');
  const at = new Date(iso);
  return stamp === '' || Number.isNaN(at.getTime()) || at.toISOString() !== iso ? undefined : at;
}
