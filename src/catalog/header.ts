/**
 * The header of a query file: YAML in the block comment that opens it.
 *
 * The schema stands here once; types, checks and the reference in `queries/README.md` follow it.
 */
import { parse } from 'yaml';
import { z } from 'zod';

/** From least to most severe. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What delivers records: in the words of `stg_sources.source`; directory audits and snapshots; landing's own logs. */
export const RECORD_SOURCES = ['cloudtrail', 'ecs_events', 'sign_ins', 'directory_audits', 'directory', 'landing'] as const;
export type RecordSource = (typeof RECORD_SOURCES)[number];

const id = z.string().regex(/^[a-z][a-z0-9_]*$/, 'lower-case letters, digits and underscores, a letter first');
const prose = z.string().trim().min(1);

/** A `$name` that the caller gives: its type, in full or (`from: timestamptz`) alone. One without a default must be given. */
const callerParamSchema = z.union([
  prose.transform((type) => ({ type })),
  z.strictObject({ type: prose, default: z.json().optional(), description: prose.optional() }),
]);

/** A `$name` of a detection: the configuration may set another value than its default. */
const paramSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('integer'), default: z.int(), description: prose }),
  z.strictObject({ type: z.literal('number'), default: z.number(), description: prose }),
  z.strictObject({ type: z.literal('boolean'), default: z.boolean(), description: prose }),
  z.strictObject({ type: z.literal('text'), default: z.string(), description: prose }),
  z.strictObject({ type: z.literal('text_list'), default: z.array(z.string()), description: prose }),
]);
export type Param = z.output<typeof paramSchema>;

const control = z.string().regex(/^[a-z0-9]+:[A-Za-z0-9.]+$/, 'framework:criterion, for example soc2:CC6.1');
const fileFields = {
  id,
  title: z.string().trim().min(3).max(100),
  /** What it finds or fills, and what it cannot see. */
  description: prose,
};

/** The header of every file under `queries/` but detections. */
export const fileHeaderSchema = z.strictObject({
  ...fileFields,
  params: z.record(id, callerParamSchema).default({}),
  controls: z.array(control).default([]),
  /** Correlation only: the relation that names what is computed again. */
  scope: id.optional(),
  /** Reports only: the columns that tell one row of the result from another; none where there is one row. Two bundles are compared by it. */
  key: z.array(id).optional(),
  /**
   * Reports only, of a query that takes `$from` and `$to` and gives rows in order of time: the relation and column that each row's time comes from.
   * Over two adjoining periods, one after another, it gives the same rows as over both; a long period is run in parts, so that memory is a part's.
   */
  parts: z.string().regex(/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/, 'relation.column').optional(),
});
export type FileHeader = z.output<typeof fileHeaderSchema>;

/** The header of a detection. */
export const detectionHeaderSchema = z.strictObject({
  ...fileFields,
  params: z.record(id, paramSchema).default({}),
  severity: z.enum(SEVERITIES),
  /** Which sources it needs: its findings hold as of the least `complete_through` among them (RULINGS 8). */
  sources: z.array(z.enum(RECORD_SOURCES)).min(1),
  /** Of those, the ones whose silence would cause it: it says that something is missing. While such a source is silent its findings are held back. */
  absence_of: z.array(z.enum(RECORD_SOURCES)).default([]),
  controls: z.array(control).min(1),
  /** What fires it without anything being wrong. */
  false_positives: prose,
  /** What to do, as numbered steps; alerts carry the first of them. */
  runbook: prose.regex(/^1\. /, 'numbered steps, the first of them "1. …"'),
});
export type DetectionHeader = z.output<typeof detectionHeaderSchema>;

const OPENING = '/*---\n';
const CLOSING = '\n---*/';

/** A header, or what is wrong with it: one sentence a fault. */
export type HeaderResult<Header> =
  | { readonly header: Header; readonly faults: readonly [] }
  | { readonly header?: undefined; readonly faults: readonly string[] };

/**
 * Reads the header of a query file's text.
 *
 * @param sql the whole file
 * @param schema `fileHeaderSchema` or `detectionHeaderSchema`
 * @returns the header with its defaults filled in, or every fault found in it; never throws for a bad file
 */
export function parseHeader<Header>(sql: string, schema: z.ZodType<Header>): HeaderResult<Header> {
  if (!sql.startsWith(OPENING)) return { faults: ['no header: expected the file to open with a line "/*---", YAML, and a line "---*/"'] };
  const end = sql.indexOf(CLOSING);
  if (end < 0) return { faults: ['the header has no end: expected a line "---*/"'] };
  const text = sql.slice(OPENING.length, end);
  // It would end the SQL comment there, and DuckDB would read YAML as SQL.
  if (text.includes('*/')) return { faults: ['the header contains "*/", which ends a SQL comment: take it out'] };
  let yaml: unknown;
  try {
    yaml = parse(text);
  } catch (error) {
    return { faults: [`the header is no YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`] };
  }
  const result = schema.safeParse(yaml);
  if (result.success) return { header: result.data, faults: [] };
  return { faults: result.error.issues.map(({ path, message }) => `header field ${path.join('.') || '(whole)'}: ${message}`) };
}
