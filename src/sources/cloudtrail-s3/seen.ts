/**
 * Which objects of a day that is listed again were delivered before, without keeping their names: of each hour how many, and
 * one hash over their keys and ETags. An object that came late, or was written over, makes its hour's hash another one; which
 * it is then shows by order: those seen are all but the last by name (the usual case), or all but the last by time of writing
 * (one came late). Where neither fits, the hour is delivered anew, and the same bytes land once.
 */
import { createHash } from 'node:crypto';
import { startOfHour, stampOf } from './layout.ts';

/** An object as a listing shows it. */
export interface ListedObject {
  readonly key: string;
  /** Without its quotes. */
  readonly etag: string;
  readonly bytes: number;
  /** When it was written; ms since the epoch. */
  readonly modifiedAt: number;
}

/** `YYYYMMDDHH`, or `YYYYMMDD-` for a day's objects without a time in their names, to `count.hash`. */
export type Seen = Readonly<Record<string, string>>;

/** 60 bits: two different sets of one hour are taken for one another less than once in 10^18. */
const HASH_CHARACTERS = 10;

/** The part of a day that an object belongs to: the hour in its name, if that is of the day whose folder it lies in. */
export function hourOf(key: string, day: number): string {
  const stamp = stampOf(key);
  const date = new Date(day).toISOString().slice(0, 10).replaceAll('-', '');
  if (stamp === undefined) return `${date}-`;
  const hour = new Date(startOfHour(stamp)).toISOString().slice(0, 13).replace(/[-T]/g, '');
  return hour.startsWith(date) ? hour : `${date}-`;
}

/** What is kept of one hour's objects. */
export function digestOf(objects: readonly Pick<ListedObject, 'key' | 'etag'>[]): string {
  const hash = createHash('sha256');
  for (const { key, etag } of [...objects].sort(byKey)) hash.update(JSON.stringify([key, etag]));
  return `${objects.length}.${hash.digest('base64url').slice(0, HASH_CHARACTERS)}`;
}

/** The objects of one hour that were not seen before. */
export function unseen(listed: readonly ListedObject[], seenBefore: string | undefined): readonly ListedObject[] {
  const count = Number(/^(\d{1,9})\./.exec(seenBefore ?? '')?.[1] ?? 0);
  if (count === 0 || count > listed.length) return listed;
  for (const order of [byKey, byModified]) {
    const sorted = [...listed].sort(order);
    if (digestOf(sorted.slice(0, count)) === seenBefore) return sorted.slice(count).sort(byKey);
  }
  return listed;
}

export function byKey(a: Pick<ListedObject, 'key'>, b: Pick<ListedObject, 'key'>): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

function byModified(a: ListedObject, b: ListedObject): number {
  return a.modifiedAt - b.modifiedAt || byKey(a, b);
}
