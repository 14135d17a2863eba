/**
 * One stream of a trail: day by day the objects that were not delivered yet, then the cursor.
 */
import type { LimitFunction } from 'p-limit';
import type { CloudtrailS3Config } from '../../config/sources/cloudtrail-s3.ts';
import { inert } from '../../core/inert.ts';
import type { Coverage, Delivered, PullContext, Step } from '../source.ts';
import type { TrailBucket } from './bucket.ts';
import { cursorText, parseCursor, type TrailCursor } from './cursor.ts';
import { downloads } from './download.ts';
import { beforeHour, dayFolder, daysBetween, startOfDay, startOfHour, stampOf, type TrailStream } from './layout.ts';
import { digestOf, hourOf, unseen, type ListedObject } from './seen.ts';
import { isGone, isOfObject, UnreadObjects } from './unread.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * An event is delivered within so long: of measured objects p99 8.4 and at most 9.9 minutes lay between an event and its
 * object's stamp (AWS says "about 5 minutes on average", and promises nothing). What comes later is found by the overlap.
 */
export const DELIVERY_ALLOWANCE_MS = 15 * 60_000;
/** However small the configured overlap: stamps are a delivery's begin, and objects appear a little after. */
const LEAST_OVERLAP_MS = HOUR_MS;
/** A backfill takes objects that were delivered up to so long after its end, for the events before it. */
const BACKFILL_LATE_MS = HOUR_MS;
/** A step is closed before it passes this, as a pack is. */
const STEP_BYTES = 8 * 1024 * 1024;
/** Nor does it hold more objects than this: those of a quiet region are half a kilobyte each. */
const STEP_OBJECTS = 2_000;
/** The same refusal so often, and nothing that could be read: a permission is missing, and the rest would be refused too. */
const HOPELESS = 20;
/** So many unread objects are kept in a cursor and passed; with more, it stays. */
const MISSED_LIMIT = 200;

/**
 * Pulls a stream from its cursor on. Days that end within the overlap are listed again, and only what wasn't seen is read.
 * Objects that can't be read are passed and kept in the cursor, to be tried again by each pull; completeness waits for them.
 * @throws UnreadObjects at the end (or when nothing can be read); the SDK's error where S3 refuses a listing
 */
export async function* pullTrailStream(
  trail: TrailStream,
  bucket: TrailBucket,
  limit: LimitFunction,
  config: CloudtrailS3Config,
  context: PullContext,
): AsyncGenerator<Step> {
  const { stream } = trail;
  const covers: readonly Coverage[] = trail.kind === 'CloudTrail' ? [{ of: 'cloudtrail', accountId: trail.accountId, region: trail.region }] : [];
  const { backfill } = context;
  const before = backfill ? undefined : cursorOf(stream, context);
  const now = bucket.time();
  const overlap = Math.max(config.overlap_minutes * 60_000, LEAST_OVERLAP_MS);
  const from = backfill ? startOfHour(backfill.from.getTime()) : before ? startOfHour(before.through - overlap) : startOfDay(now - config.first_days * DAY_MS);
  const until = backfill ? Math.min(backfill.to.getTime() + BACKFILL_LATE_MS, now) : now + Math.max(0, bucket.clockAheadMs);

  let cursor: TrailCursor = before ?? { through: from, seen: {}, missed: [] };
  let covered = from;
  const unread = new UnreadObjects(stream, bucket.name);
  let count = 0;

  /** The objects of `day` that were not delivered yet, and its hours as they are now. */
  const look = async (day: number): Promise<{ fresh: ListedObject[]; hours: [string, string][] }> => {
    const lists = await Promise.all(
      trail.folders.map(async (folder) => await bucket.objects(dayFolder(folder, day), day < from ? beforeHour(trail, folder, from) : undefined)),
    );
    const listed = lists.flat().filter(({ key }) => !backfill || isWithin(key, from, until));
    const hours = new Map<string, ListedObject[]>();
    for (const object of listed) {
      const hour = hourOf(object.key, day);
      const objects = hours.get(hour);
      if (objects) objects.push(object);
      else hours.set(hour, [object]);
    }
    return {
      fresh: [...hours].flatMap(([hour, objects]) => unseen(objects, cursor.seen[hour])),
      hours: [...hours].map(([hour, objects]) => [hour, digestOf(objects)]),
    };
  };

  const days = daysBetween(from, until);
  for (const day of days) {
    const isLast = day === days.at(-1);
    const listedAt = bucket.time();
    const { fresh, hours } = await look(day);
    const again = day === days[0] ? cursor.missed : [];
    const wanted = new Map<string, ListedObject>([...again.map(asListed), ...fresh].map((object) => [object.key, object]));
    const missed = new Set(again.length > 0 ? [] : cursor.missed);

    let delivered: Delivered[] = [];
    let bytes = 0;
    for await (const result of downloads(bucket, [...wanted.values()], limit)) {
      const { key } = result.object;
      if ('read' in result) {
        const size = result.read.delivered.bytes.length;
        if (delivered.length > 0 && (delivered.length >= STEP_OBJECTS || bytes + size > STEP_BYTES)) {
          yield { stream, covers, delivered };
          delivered = [];
          bytes = 0;
        }
        delivered.push(trail.kind === 'CloudTrail-Digest' ? asDigest(result.read.delivered) : result.read.delivered);
        bytes += size;
        count += 1;
      } else {
        context.signal.throwIfAborted();
        if (!isOfObject(result.error)) {
          if (delivered.length > 0) yield { stream, covers, delivered };
          throw result.error;
        }
        if (isGone(result.error) && again.includes(key)) {
          context.tell({ kind: 'warning', stream, message: `gone from the bucket before it could be read: ${inert(key)}` });
          continue;
        }
        unread.add(key, result.error);
        missed.add(key);
        if (count === 0 && unread.size >= HOPELESS) throw unread.error({ isStopped: true });
      }
    }
    if (backfill || missed.size > MISSED_LIMIT) {
      if (delivered.length > 0) yield { stream, covers, delivered };
      if (missed.size > MISSED_LIMIT) throw unread.error({ isStopped: true });
      continue;
    }
    const through = Math.max(cursor.through, Math.min(listedAt, day + DAY_MS));
    const isChanged = wanted.size > 0 || isLast;
    cursor = { through, seen: kept({ ...cursor.seen, ...Object.fromEntries(hours) }, through - overlap), missed: [...missed].sort() };
    if (!isChanged) continue;
    const complete = completeThrough(cursor);
    yield {
      stream,
      covers,
      window: { from: new Date(covered), to: new Date(through) },
      delivered,
      cursor: cursorText(cursor),
      ...(complete !== undefined ? { completeThrough: new Date(complete) } : {}),
    };
    covered = through;
    context.tell({ kind: 'progress', stream, message: `${count} objects, through ${new Date(through).toISOString()}` });
  }
  if (unread.size > 0) throw unread.error({ isStopped: false });
}

function cursorOf(stream: string, { cursors, tell }: PullContext): TrailCursor | undefined {
  const text = cursors.get(stream);
  if (text === undefined) return undefined;
  const cursor = parseCursor(text);
  if (!cursor) tell({ kind: 'warning', stream, message: 'its cursor is of another version: it begins anew, and what is landed already lands once' });
  return cursor;
}

/**
 * A digest is more than its bytes: a copy without its signature, or at another place, is landed beside the one that has them.
 */
function asDigest(object: Delivered): Delivered {
  const said = JSON.stringify([object.origin, object.metadata?.['x-amz-meta-signature'] ?? null]);
  return { ...object, content: Buffer.concat([Buffer.from(`${said}\n`), object.bytes]) };
}

/** Whether an object's stamp lies in a backfill; one without a stamp is taken with its day. */
function isWithin(key: string, from: number, until: number): boolean {
  const at = stampOf(key);
  return at === undefined || (at >= from && at <= until);
}

/** The hours that the next pull will list again. */
function kept(seen: Readonly<Record<string, string>>, since: number): Record<string, string> {
  const first = new Date(startOfHour(since)).toISOString().slice(0, 13).replace(/[-T]/g, '');
  return Object.fromEntries(
    Object.entries(seen)
      .filter(([hour]) => (hour.endsWith('-') ? hour.slice(0, 8) >= first.slice(0, 8) : hour >= first))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** A key from the cursor, whose size nobody kept. */
function asListed(key: string): ListedObject {
  return { key, etag: '', bytes: 0, modifiedAt: 0 };
}

/** How far every event was delivered: the listing, or the first object that could not be read, less the time that delivery takes. */
function completeThrough({ through, missed }: TrailCursor): number | undefined {
  const stamps = missed.map((key) => stampOf(key));
  if (stamps.includes(undefined)) return undefined;
  return Math.min(through, ...stamps.filter((at) => at !== undefined)) - DELIVERY_ALLOWANCE_MS;
}
