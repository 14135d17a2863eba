/**
 * What the schema knows at a place in the file: its keys, or, where a `type` decides, the types and their schemas.
 */
import { z } from 'zod';
import { nearest } from '../core/nearest.ts';
import { configSchema } from './config.ts';
import { valueAt, type Path } from './document.ts';

/** The keys that are known at a path; empty where any is taken. `value` is the whole file's, since a source's `type` decides. */
export function knownKeys(path: Path, value: unknown): string[] {
  let schema: unknown = configSchema;
  for (const [index, key] of path.entries()) {
    schema = child(chosen(unwrapped(schema), valueAt(value, path.slice(0, index))), String(key));
  }
  const own = chosen(unwrapped(schema), valueAt(value, path));
  return own instanceof z.ZodObject ? Object.keys(own.shape) : [];
}

/** The alternatives at a path that are told apart by a key, by the word that chooses each. */
export function alternatives(path: Path, value: unknown): ReadonlyMap<string, z.ZodType> {
  let schema: unknown = configSchema;
  for (const [index, key] of path.entries()) {
    schema = child(chosen(unwrapped(schema), valueAt(value, path.slice(0, index))), String(key));
  }
  const own = unwrapped(schema);
  return own instanceof z.ZodDiscriminatedUnion ? byDiscriminator(own) : new Map();
}

function byDiscriminator(union: z.ZodDiscriminatedUnion): ReadonlyMap<string, z.ZodType> {
  const key = union.def.discriminator;
  return new Map(
    union.options.flatMap((option) => {
      if (!(option instanceof z.ZodObject)) return [];
      const word: unknown = option.shape[key];
      return word instanceof z.ZodLiteral ? [[String(word.value), option] as const] : [];
    }),
  );
}

/** Of alternatives, the one that the value's own word means, misspelt or not. */
function chosen(schema: unknown, value: unknown): unknown {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const known = byDiscriminator(schema);
  const word = valueAt(value, [schema.def.discriminator]);
  if (typeof word !== 'string') return undefined;
  return known.get(word) ?? known.get(nearest(word, [...known.keys()]) ?? '');
}

function child(schema: unknown, key: string): unknown {
  if (schema instanceof z.ZodObject) return (schema.shape as Record<string, unknown>)[key];
  if (schema instanceof z.ZodArray) return schema.element;
  return schema instanceof z.ZodRecord ? schema.valueType : undefined;
}

/** The schema inside defaults, prefaults and options. */
function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return unwrapped(schema.def.innerType);
  return schema;
}
