/**
 * The commented `whoran.yaml` that `init` writes, out of the schema: every key with what it is for, every value at its default or
 * an example. `# text` is a comment, `#key: value` a setting to take the `#` from.
 */
import { Document, isScalar, visit } from 'yaml';
import { configJsonSchema, type JsonSchema } from './json-schema.ts';

const HEAD = [
  "# whoran's configuration. `whoran config check` names what is wrong with this file; docs/configuration.md has every key.",
  '#',
  '# Lines that begin with `#` and no space are settings, at their defaults or as examples: take the `#` away to set them.',
  '# No secret belongs here. Credentials come from the platform\'s default chain (task role, managed identity, environment);',
  '# ${NAME} in a value stands for an environment variable, and $${ for ${ itself.',
];

const WIDTH = 118;

/** The file's text. @param schemaPath where an editor finds the JSON schema, relative to the file or a URL */
export function configTemplate(schemaPath: string): string {
  const { properties = {} } = configJsonSchema();
  const parts = Object.entries(properties).map(([key, schema]) => topLevel(key, schema).join('\n'));
  return `# yaml-language-server: $schema=${schemaPath}\n${HEAD.join('\n')}\n\n${parts.join('\n\n')}\n`;
}

/** A key of the file itself: sections are there, with everything in them commented out. */
function topLevel(key: string, schema: JsonSchema): string[] {
  const why = comment(schema.description ?? '', 0);
  const alternatives = schema.items?.oneOf;
  if (alternatives) return [...why, `${key}:`, ...alternatives.flatMap((one) => ['', ...comment(one.description ?? '', 2), ...item(one, 2)])];
  if (schema.properties) return [...why, `${key}:`, ...members(schema, 2)];
  return [...why, `${key}:`, ...example(schema, 2)];
}

/** Keys of an object, one a line with the comment before it. */
function members(schema: JsonSchema, indent: number): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, one]) => {
    const isNeeded = schema.required?.includes(key) ?? false;
    const why = one.const === undefined ? comment(`${one.description ?? ''}${isNeeded ? ' Needed.' : ''}`, indent) : [];
    return [...why, ...setting(key, one, indent)];
  });
}

/** One element of a list of objects: the dash stands before its first key. */
function item(schema: JsonSchema, indent: number): string[] {
  const lines = members(schema, indent + 2);
  const first = lines.findIndex((line) => /^ *#\S/.test(line));
  const head = lines.slice(0, first);
  const own = (lines[first] ?? '').slice(indent + 3);
  return [...head, `${' '.repeat(indent)}#- ${own}`, ...lines.slice(first + 1)];
}

function setting(key: string, schema: JsonSchema, indent: number): string[] {
  if (schema.properties) return [off(`${key}:`, indent), ...members(schema, indent + 2)];
  if (schema.items?.properties) return [off(`${key}:`, indent), ...item(schema.items, indent + 2)];
  if (schema.items?.oneOf) return [off(`${key}:`, indent), ...schema.items.oneOf.flatMap((one) => [...comment(one.description ?? '', indent + 2), ...item(one, indent + 2)])];
  return yaml({ [key]: valueOf(schema) }).map((line) => off(line, indent));
}

/** An example of a list or mapping whose members have no names of their own. */
function example(schema: JsonSchema, indent: number): string[] {
  if (schema.items?.properties) return item(schema.items, indent);
  return yaml(valueOf(schema)).map((line) => off(line, indent));
}

/** What a setting is shown at: an example where there is one, else its default, else its one word. */
function valueOf(schema: JsonSchema): unknown {
  return schema.examples?.[0] ?? schema.default ?? schema.const ?? schema.enum?.[0] ?? (schema.items?.enum ? [schema.items.enum[0]] : null);
}

/** YAML's lines for a value; a list of scalars in one line. */
function yaml(value: unknown): string[] {
  const document = new Document(value);
  visit(document, {
    Seq: (_key, list) => {
      if (list.items.every(isScalar)) list.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trimEnd().split('\n');
}

/** A line commented out: the `#` stands where its text begins. */
function off(line: string, indent: number): string {
  const own = line.length - line.trimStart().length;
  return `${' '.repeat(indent + own)}#${line.trimStart()}`;
}

/** A comment, wrapped. */
function comment(text: string, indent: number): string[] {
  const start = `${' '.repeat(indent)}#`;
  const lines: string[] = [];
  let line = start;
  for (const word of text.split(' ')) {
    if (line !== start && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = start;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
