/**
 * Reading the configuration file: YAML, checked by `configSchema`. All faults are told at once, each with its place in the
 * file, what was expected and what was found.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { LineCounter, isMap, isNode, isPair, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { nearest } from '../core/nearest.ts';
import { configSchema, type Config } from './config.ts';

/** Read where nobody names a file, and only if it is there. */
export const DEFAULT_CONFIG_FILE = 'whoran.yaml';

/**
 * The configuration of `path`, with every default filled in. Without a path: of `whoran.yaml` in the working directory, or,
 * where there is none, the defaults.
 * @throws WhoranError (wrong use) where the file can't be read, is no YAML, or has faults
 */
export async function loadConfig(path?: string): Promise<Config> {
  if (path === undefined && !existsSync(DEFAULT_CONFIG_FILE)) return configSchema.parse({});
  const file = path ?? DEFAULT_CONFIG_FILE;
  return parseConfig(await readText(file), file);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EACCES: 'it may not be read', EISDIR: 'it is a folder' };
    throw new WhoranError(`configuration ${inert(file)}: ${why[code] ?? String(error)}`, {
      exitCode: EXIT.wrongUse,
      hint: 'Give the file with --config FILE, or leave the option out to use the defaults.',
      cause: error,
    });
  }
}

/**
 * Checks the text of a configuration file.
 * @param file names it in messages
 * @throws WhoranError (wrong use) that lists every fault
 */
export function parseConfig(text: string, file: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const place = (offset: number | undefined): string => (offset === undefined ? file : `${file}:${lines.linePos(offset).line}`);
  if (document.errors.length > 0) {
    throw faults(document.errors.map((error) => `${place(error.pos[0])}: ${error.message.split('\n')[0] ?? 'no YAML'}`));
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  throw faults(result.error.issues.flatMap((issue) => issueLines(issue, document, value, place)));
}

function faults(lines: readonly string[]): WhoranError {
  const shown = lines.map((line) => `  ${inert(line, 400)}`);
  return new WhoranError(`the configuration has ${lines.length === 1 ? 'a fault' : `${lines.length} faults`}:\n${shown.join('\n')}`, {
    exitCode: EXIT.wrongUse,
    hint: 'Correct the file and try again; nothing was done.',
  });
}

type Place = (offset: number | undefined) => string;

/** One line a fault: a fault of unknown keys has one for each key. */
function issueLines(issue: z.core.$ZodIssue, document: Document, value: unknown, place: Place): string[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      const expected = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`;
      return `${place(keyOffset(document, [...path, key]))}: ${[...path, key].join('.')}: there is no such key; ${expected}`;
    });
  }
  const found = valueAt(value, path);
  const expected = issue.code === 'invalid_value' ? `expected one of ${issue.values.map(String).join(', ')}` : issue.message;
  return [`${place(keyOffset(document, path))}: ${path.join('.') || '(the whole file)'}: ${expected}; found ${described(found)}`];
}

/** Where a key stands in the text; for a missing one, its parent. */
function keyOffset(document: Document, path: readonly string[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined = isNode(node) ? node.range?.[0] : undefined;
  for (const segment of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isNode(item.key) && String(item.key) === segment);
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else {
      const item: unknown = document.getIn(path.slice(0, path.indexOf(segment) + 1), true);
      if (!isNode(item)) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined), value);
}

/** A value as a message shows it. */
function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  return JSON.stringify(value).slice(0, 80);
}

/** The keys that the schema knows at a path; empty where it takes any. */
function knownKeys(path: readonly string[]): string[] {
  let schema: unknown = configSchema;
  for (const key of path) schema = child(unwrapped(schema), key);
  const own = unwrapped(schema);
  return isObjectSchema(own) ? Object.keys(own.shape) : [];
}

function child(schema: unknown, key: string): unknown {
  if (isObjectSchema(schema)) return schema.shape[key];
  const definition = definitionOf(schema);
  return definition?.['element'] ?? definition?.['valueType'];
}

/** The schema inside defaults, prefaults and options. */
function unwrapped(schema: unknown): unknown {
  const inner = definitionOf(schema)?.['innerType'];
  return inner === undefined ? schema : unwrapped(inner);
}

function definitionOf(schema: unknown): Record<string, unknown> | undefined {
  const owner = schema as { def?: Record<string, unknown> } | undefined;
  return owner?.def;
}

function isObjectSchema(schema: unknown): schema is { shape: Record<string, unknown> } {
  return typeof schema === 'object' && schema !== null && 'shape' in schema;
}
