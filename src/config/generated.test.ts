import { describe, expect, test } from 'vitest';
import { packageRoot } from '../core/package-root.ts';
import { configSchema } from './config.ts';
import { configJsonSchema, editorSchema, type JsonSchema } from './json-schema.ts';
import { parseConfig } from './load.ts';
import { configReference } from './reference.ts';
import { configTemplate } from './template.ts';

const HOW = 'out of date with src/config: make it again with `npx vitest run src/config/generated.test.ts -u`';
const TEMPLATE = configTemplate('./whoran.schema.json');
const ENVIRONMENT = { WHORAN_EXTERNAL_ID: 'x-1', WHORAN_DEAD_MAN_URL: 'https://ping.example.com/1' };

/** Takes the `#` from every setting; comments (`# text`) stay. */
const uncommented = (text: string): string => text.replace(/^( *)#(?=[^ #\n])/gm, '$1');

describe('the file that init writes', () => {
  test('as it is, it means the defaults', () => {
    expect(parseConfig(TEMPLATE, 'whoran.yaml', {})).toEqual(configSchema.parse({}));
  });

  test('uncommented, it is valid, and holds every key and every type of source', () => {
    const config = parseConfig(uncommented(TEMPLATE), 'whoran.yaml', ENVIRONMENT);
    expect(config.sources.map(({ type }) => type)).toEqual(configJsonSchema().properties?.['sources']?.items?.oneOf?.map((one) => one.properties?.['type']?.const));
    for (const [path] of described(configJsonSchema())) expect(uncommented(TEMPLATE)).toMatch(new RegExp(`^ *(- )?${path.split('.').at(-1) ?? ''}:`, 'm'));
    expect(config.tenants).toEqual([{ id: '11111111-1111-4111-8111-111111111111', name: 'Example' }]);
  });

  test('each single setting can be uncommented with its block', () => {
    expect(uncommented(TEMPLATE)).not.toContain(': null');
    for (const line of TEMPLATE.split('\n')) expect(line.length).toBeLessThanOrEqual(125);
  });

  test('it names the schema on its first line', () => {
    expect(TEMPLATE.split('\n')[0]).toBe('# yaml-language-server: $schema=./whoran.schema.json');
  });
});

/** Every key below a schema with its description. */
function described(schema: JsonSchema, path = ''): [string, string | undefined][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, one]): [string, string | undefined][] => {
    const at = `${path}.${key}`;
    return [...(one.const === undefined ? [[at, one.description] as [string, string | undefined]] : []), ...described(one, at)];
  });
  const inner = [schema.items, schema.additionalProperties, ...(schema.oneOf ?? [])].filter((one) => typeof one === 'object');
  return [...own, ...inner.flatMap((one) => described(one, path))];
}

test('every key says what it is for, in a sentence', () => {
  const all = described(configJsonSchema());
  expect(all.length).toBeGreaterThan(60);
  for (const [path, description] of all) expect(`${path}: ${description ?? ''}`).toMatch(/: [A-Z`].*\.$/);
});

test('every key without a default that is no section has an example', () => {
  const check = (schema: JsonSchema, path: string): void => {
    for (const [key, one] of Object.entries(schema.properties ?? {})) {
      const isPlain = !one.properties && !one.items?.properties && !one.items?.oneOf && typeof one.additionalProperties !== 'object';
      if (isPlain && one.const === undefined && one.enum === undefined && one.items?.enum === undefined) expect(one.examples ?? one.default, `${path}.${key}`).toBeDefined();
      check(one, `${path}.${key}`);
    }
    if (schema.items) check(schema.items, `${path}[]`);
    for (const one of schema.oneOf ?? []) check(one, path);
  };
  check(configJsonSchema(), '');
});

test('the editor\'s schema takes references, keys without a value, and upper-case GUIDs', () => {
  const tenant = editorSchema().properties?.['tenants']?.items?.properties?.['id'];
  const pattern = new RegExp(tenant?.pattern ?? 'none');
  expect(pattern.test('11111111-1111-4111-8111-11111111111A')).toBe(true);
  expect(pattern.test('${TENANT}')).toBe(true);
  expect(pattern.test('tenant')).toBe(false);
  expect(editorSchema().properties?.['sources']?.type).toEqual(['array', 'null']);
  expect(editorSchema().properties?.['attribution']?.type).toEqual(['object', 'null']);
});

test('docs/whoran.schema.json is that of src/config', async () => {
  await expect(`${JSON.stringify(editorSchema(), null, 2)}\n`, `docs/whoran.schema.json is ${HOW}`).toMatchFileSnapshot(`${packageRoot()}/docs/whoran.schema.json`);
});

test('docs/configuration.md is that of src/config', async () => {
  await expect(configReference(), `docs/configuration.md is ${HOW}`).toMatchFileSnapshot(`${packageRoot()}/docs/configuration.md`);
});

test('docs/configuration.md lists every key of every type of channel and source', () => {
  const page = configReference();
  const { sources, alerts } = configJsonSchema().properties ?? {};
  const keysOf = (one: JsonSchema): string[] => Object.keys(one.properties ?? {}).filter((key) => key !== 'type');
  const kinds = alerts?.properties?.['channels']?.items?.oneOf ?? [];
  expect(kinds.map((one) => one.properties?.['type']?.const).sort()).toEqual(['email', 'file', 'pagerduty', 'slack', 'sns', 'teams', 'webhook']);
  for (const one of kinds) for (const key of keysOf(one)) expect(page).toContain(`| \`channels[${String(one.properties?.['type']?.const)}].${key}\` |`);
  for (const one of sources?.items?.oneOf ?? []) {
    const [, section = ''] = page.split(`### \`type: ${String(one.properties?.['type']?.const)}\`\n`, 2);
    for (const key of keysOf(one)) expect(section.replace(/^##[^]*/m, '')).toMatch(new RegExp(`^\\| \`${key}[.\`[]`, 'm'));
  }
});
