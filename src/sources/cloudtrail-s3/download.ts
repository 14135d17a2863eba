/**
 * Objects read in order, some ahead of the one at hand.
 */
import { setMaxListeners } from 'node:events';
import type { LimitFunction } from 'p-limit';
import type { ReadObject, TrailBucket } from './bucket.ts';
import type { ListedObject } from './seen.ts';

/** What came of one object. */
export type Download = { readonly object: ListedObject; readonly read: ReadObject } | { readonly object: ListedObject; readonly error: unknown };

/** What of one stream may be on its way, or read and not yet taken, beside the object at hand. */
const AHEAD_BYTES = 8 * 1024 * 1024;
const AHEAD_OBJECTS = 64;

/**
 * Reads `objects` in their order. A failed one comes as its error, in its place.
 * @param limit shared by all streams: so many downloads at a time
 */
export async function* downloads(bucket: TrailBucket, objects: readonly ListedObject[], limit: LimitFunction): AsyncGenerator<Download> {
  const stop = new AbortController();
  const signal = AbortSignal.any([bucket.signal, stop.signal]);
  // Every object under way listens; that is no leak.
  setMaxListeners(0, signal);
  const ahead: { readonly bytes: number; readonly done: Promise<Download> }[] = [];
  let bytesAhead = 0;
  let next = 0;
  const fill = (): void => {
    for (; next < objects.length && ahead.length < AHEAD_OBJECTS && (ahead.length === 0 || bytesAhead < AHEAD_BYTES); next += 1) {
      const object = objects[next];
      if (!object) return;
      bytesAhead += object.bytes;
      const done = limit(async () => await bucket.read(object.key, signal)).then(
        (read): Download => ({ object, read }),
        (error: unknown): Download => ({ object, error }),
      );
      ahead.push({ bytes: object.bytes, done });
    }
  };
  try {
    fill();
    for (let first = ahead.shift(); first; first = ahead.shift()) {
      const result = await first.done;
      bytesAhead -= first.bytes;
      fill();
      yield result;
    }
  } finally {
    stop.abort(new Error('no longer wanted'));
  }
}
