/**
 * Where a trail puts its objects:
 * `[prefix/]AWSLogs/[o-…/]<account>/CloudTrail/<region>/YYYY/MM/DD/<account>_CloudTrail_<region>_<YYYYMMDDTHHmmZ>_<unique>.json.gz`,
 * digests in the same way under `CloudTrail-Digest/`. The day and the stamp are those of the delivery, in UTC.
 */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** The time in an object's name, minutes in log files and seconds in digests. */
const STAMP = /_(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})?Z(?:_[^/]*)?\.json(?:\.gz)?$/;

/** Log files, or the digests over them. */
export type ObjectKind = 'CloudTrail' | 'CloudTrail-Digest';

/** One account's objects of one kind in one region. */
export interface TrailStream {
  /** `account/region`, or `digest/account/region`. */
  readonly stream: string;
  readonly kind: ObjectKind;
  readonly accountId: string;
  readonly region: string;
  /** Where its day folders are, each ending in a slash: one, or two where a trail and an organization's trail share the bucket. */
  readonly folders: readonly string[];
}

/** What stands before the accounts: the configured prefix, with or without a slash at its end, and `AWSLogs/`. */
export function logsFolder(prefix: string): string {
  const trimmed = prefix.replace(/\/+$/, '');
  return `${trimmed === '' ? '' : `${trimmed}/`}AWSLogs/`;
}

/** The last part of a folder's key, without its slash. */
function lastPart(folder: string): string {
  return folder.slice(0, -1).split('/').at(-1) ?? '';
}

/** The account whose folder this is, or undefined. */
export function accountOfFolder(folder: string): string | undefined {
  const name = lastPart(folder);
  return /^\d{12}$/.test(name) ? name : undefined;
}

/** Whether this is an organization's folder (`o-…`: AWS Organizations' ids), which holds accounts. */
export function isOrganizationFolder(folder: string): boolean {
  return /^o-[a-z0-9]{10,32}$/.test(lastPart(folder));
}

/** The region whose folder this is, or undefined. */
export function regionOfFolder(folder: string): string | undefined {
  const name = lastPart(folder);
  return /^[a-z]{2}(-[a-z]+)+-\d$/.test(name) ? name : undefined;
}

export function streamName(kind: ObjectKind, accountId: string, region: string): string {
  return `${kind === 'CloudTrail' ? '' : 'digest/'}${accountId}/${region}`;
}

/** The start of the UTC day that holds `at`; ms since the epoch. */
export function startOfDay(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS;
}

export function startOfHour(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS;
}

/** The starts of the UTC days from the one that holds `from` to the one that holds `to`, both included. */
export function daysBetween(from: number, to: number): number[] {
  const days: number[] = [];
  for (let day = startOfDay(from); day <= to; day += DAY_MS) days.push(day);
  return days;
}

/** `…/YYYY/MM/DD/` of a stream's folder. */
export function dayFolder(folder: string, day: number): string {
  return `${folder}${new Date(day).toISOString().slice(0, 10).replaceAll('-', '/')}/`;
}

/**
 * A key that sorts before every object of that hour and after those of the hours before, for a listing to start after; undefined
 * for digests, whose names have the trail's before the time.
 */
export function beforeHour({ kind, accountId, region }: TrailStream, folder: string, hour: number): string | undefined {
  if (kind !== 'CloudTrail') return undefined;
  const stamp = new Date(hour).toISOString().slice(0, 13).replaceAll('-', '');
  return `${dayFolder(folder, startOfDay(hour))}${accountId}_CloudTrail_${region}_${stamp}`;
}

/** When an object was delivered, by its name; ms since the epoch. Undefined for a name of another form. */
export function stampOf(key: string): number | undefined {
  const match = STAMP.exec(key);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map((part) => Number(part));
  const at = Date.UTC(year, month - 1, day, hour, minute, Number.isNaN(second) ? 0 : second);
  return Number.isNaN(at) ? undefined : at;
}
