/**
 * The configuration's schema as a JSON schema: for editors, for the file that `init` writes, and for the reference page.
 */
import { z } from 'zod';
import { configSchema } from './config.ts';

/** The part of JSON schema draft 7 that the configuration needs. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

/** The configuration file as it is written, described. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
  return { ...(schema as JsonSchema), title: "whoran's configuration (whoran.yaml)" };
}

const REFERENCE = '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}';

/**
 * As `configJsonSchema`, for an editor: what the program takes and a plain schema would refuse is allowed too, a reference
 * `${NAME}` to the environment in any text, and a key without a value, which means its default.
 */
export function editorSchema(): JsonSchema {
  return lenient(configJsonSchema());
}

function lenient(schema: JsonSchema): JsonSchema {
  const { properties, items, additionalProperties, oneOf, anyOf } = schema;
  const inner: JsonSchema = {
    ...schema,
    ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, orNothing(lenient(one), schema.required?.includes(key) ?? false)])) } : {}),
    ...(items ? { items: lenient(items) } : {}),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: lenient(additionalProperties) } : {}),
    ...(oneOf ? { oneOf: oneOf.map(lenient) } : {}),
    ...(anyOf ? { anyOf: anyOf.map(lenient) } : {}),
  };
  return inner.type === 'string' && inner.const === undefined ? orReference(inner) : inner;
}

function orReference(schema: JsonSchema): JsonSchema {
  const { enum: words, pattern, ...rest } = schema;
  const { format: _format, ...text } = rest as JsonSchema & { format?: string };
  if (words) return { ...text, anyOf: [{ enum: words }, { pattern: `^${REFERENCE}$` }] };
  // A reference may be all of the value or a part of it.
  return pattern === undefined ? text : { ...text, pattern: `${pattern}|${REFERENCE}` };
}

/** Keys with nothing after them are common in a file whose values are commented out. */
function orNothing(schema: JsonSchema, isRequired: boolean): JsonSchema {
  if (isRequired || schema.properties === undefined) {
    return isRequired || (schema.type !== 'array' && schema.type !== 'object') ? schema : { ...schema, type: [schema.type, 'null'] as unknown as string };
  }
  return { ...schema, type: [schema.type ?? 'object', 'null'] as unknown as string };
}
