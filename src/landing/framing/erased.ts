/**
 * What stands in a record's place once it was erased: records after it keep their numbers, and nothing is read from it. Whoever delivers such
 * a thing gets what an unknown form gets: it counts, and says nothing.
 */

/** In JSON, wherever a record may stand. */
export const ERASED_OBJECT = Buffer.from('{"whoranErased":true}');
/** A row of a CSV file. */
export const ERASED_ROW = Buffer.from('whoran-erased');
/** A row of a Log Analytics answer. */
export const ERASED_ARRAY = Buffer.from('["whoran-erased"]');

const ALL = [ERASED_OBJECT, ERASED_ROW, ERASED_ARRAY];

/** Whether the bytes from `start` to `end` are just that. */
export function isErased(bytes: Buffer, start: number, end: number): boolean {
  return ALL.some((one) => end - start === one.length && bytes.compare(one, 0, one.length, start, end) === 0);
}
