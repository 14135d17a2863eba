/**
 * The reference page of the configuration, docs/configuration.md, out of the schema.
 */
import { configJsonSchema, type JsonSchema } from './json-schema.ts';

const HEAD = `# Configuration

One YAML file, \`whoran.yaml\` in the working directory or the one that \`--config\` names. Everything has a default, and a key
without a value means it. \`whoran init\` writes a commented file, \`whoran config check\` names every fault in one with its line,
\`whoran doctor\` tries what it configures.

- **No secret belongs in it.** Credentials come from the platform's default chain: a task role or instance profile for AWS, a
  managed identity, workload identity or environment for Entra. What looks like a secret is refused.
- **\`\${NAME}\`** in any text stands for an environment variable; one that is missing or empty is a fault. \`$\${\` stands for \`\${\`
  itself. What is replaced is text: it can't stand for a number or a list. In a list in brackets, put it in quotes.
- **Editors** that speak the YAML language server complete and check the file by \`whoran.schema.json\`, which \`whoran init\` writes
  beside it and \`whoran config schema\` prints.

Made from the schema in \`src/config\`: change the descriptions there, then \`npx vitest run src/config/generated.test.ts -u\`.
`;

/** The page, in Markdown. */
export function configReference(): string {
  const { properties = {} } = configJsonSchema();
  return [HEAD, ...Object.entries(properties).map(([key, schema]) => section(key, schema))].join('\n');
}

function section(key: string, schema: JsonSchema): string {
  const head = `## \`${key}\`\n\n${schema.description ?? ''}\n`;
  const alternatives = schema.items?.oneOf;
  if (!alternatives) return `${head}\n${table(rows('', schema))}`;
  return [head, ...alternatives.map((one) => `### \`type: ${one.properties?.['type']?.const ?? ''}\`\n\n${one.description ?? ''}\n\n${table(rows('', one))}`)].join('\n');
}

interface Row {
  readonly key: string;
  readonly type: string;
  readonly value: string;
  readonly means: string;
}

function table(given: readonly Row[]): string {
  const lines = given.map(({ key, type, value, means }) => `| ${key} | ${type} | ${value} | ${means} |`);
  return ['| Key | Is | Default | Means |', '| --- | --- | --- | --- |', ...lines, ''].join('\n');
}

/** Rows for everything below a schema; `prefix` is the key that leads to it. */
function rows(prefix: string, schema: JsonSchema): Row[] {
  if (schema.properties) {
    return Object.entries(schema.properties).flatMap(([key, one]): Row[] => {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      if (one.properties) return rows(path, one);
      if (one.items?.oneOf) return [row(path, one, schema), ...one.items.oneOf.flatMap((kind) => kindRows(path, kind))];
      if (one.items?.properties) return [row(path, one, schema), ...rows(`${path}[]`, one.items)];
      return [row(path, one, schema)];
    });
  }
  if (schema.items?.properties) return rows('[]', schema.items);
  if (typeof schema.additionalProperties === 'object') {
    const inner = schema.additionalProperties;
    if (inner.properties) return rows('*', inner);
    return [{ key: '`*`', type: typeOf(inner), value: '', means: `For example ${code(schema.examples?.[0])}.` }];
  }
  return [];
}

/** Rows of one kind in a list of several, each with its kind in the key: `channels[slack].url`. */
function kindRows(path: string, kind: JsonSchema): Row[] {
  const name = kind.properties?.['type']?.const ?? '';
  const head: Row = { key: code(`${path}[${name}]`), type: 'mapping', value: '', means: kind.description ?? '' };
  const { type: _, ...others } = kind.properties ?? {};
  return [head, ...rows(`${path}[${name}]`, { ...kind, properties: others })];
}

function row(path: string, schema: JsonSchema, parent: JsonSchema): Row {
  const name = path.split('.').at(-1) ?? path;
  const isNeeded = parent.required?.includes(name) ?? false;
  const example = schema.examples?.[0];
  const means = `${schema.description ?? ''}${example === undefined ? '' : ` For example ${code(example)}.`}`;
  const value = isNeeded ? '*needed*' : schema.default === undefined ? '' : code(schema.default);
  return { key: code(path), type: typeOf(schema), value, means: means.trim().replaceAll('|', '\\|') };
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return schema.enum.map(code).join(', ');
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.type === 'array') return schema.items?.properties ?? schema.items?.oneOf ? 'list of mappings' : `list of ${schema.items ? typeOf(schema.items) : 'values'}`;
  if (schema.type === 'integer' || schema.type === 'number') return `${schema.type === 'integer' ? 'whole number' : 'number'}${range(schema)}`;
  if (schema.type === 'boolean') return '`true` or `false`';
  return schema.type === 'object' ? 'mapping' : 'text';
}

function range({ type, minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const least = minimum ?? (exclusiveMinimum === undefined || type !== 'integer' ? undefined : exclusiveMinimum + 1);
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (least === undefined && most === undefined) return '';
  return most === undefined ? `, ${least} or more` : `, ${least ?? 'up'} to ${most}`;
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``;
}
