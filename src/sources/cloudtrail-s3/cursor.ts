/**
 * How far a stream was pulled, as the text that is kept: JSON of `through`, the hours that are listed again, and the objects
 * that were listed and could not be read.
 */
import { z } from 'zod';
import type { Seen } from './seen.ts';

export interface TrailCursor {
  /** Every object that was delivered before this time, as far as S3 listed it, was yielded, but for `missed`; ms since the epoch. */
  readonly through: number;
  readonly seen: Seen;
  /** Keys, sorted. Each pull tries them again. */
  readonly missed: readonly string[];
}

const schema = z.object({
  v: z.literal(1),
  through: z.iso.datetime(),
  seen: z.record(z.string(), z.string()),
  missed: z.array(z.string()).default([]),
});

/** The cursor as text. */
export function cursorText({ through, seen, missed }: TrailCursor): string {
  return JSON.stringify({ v: 1, through: new Date(through).toISOString(), seen, ...(missed.length > 0 ? { missed } : {}) });
}

/** A kept cursor; undefined where it is not of this form, so that the stream begins anew. */
export function parseCursor(text: string): TrailCursor | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? { through: Date.parse(parsed.data.through), seen: parsed.data.seen, missed: parsed.data.missed } : undefined;
}
