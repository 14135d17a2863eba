/**
 * What a person reads about channels before there is one: the file that `init` writes, and the schema that an editor shows.
 */
import { expect, test } from 'vitest';
import { channelSchema } from '../../src/config/channels/index.ts';
import { configTemplate } from '../../src/config/template.ts';

const SCHEMAS = channelSchema.options;

test.each(SCHEMAS.map((schema) => [schema.shape.type.value, schema.description] as const))('%s says what it is, in one sentence or two', (_type, description) => {
  expect(description).toMatch(/^[A-Z].{20,}\.$/);
});

test('the file that init writes has a line about each channel before it, and no empty comment', () => {
  const lines = configTemplate('./whoran.schema.json').split('\n');
  const channels = lines.slice(lines.findIndex((line) => /^ *#?channels:/.test(line)));
  for (const { description = '' } of SCHEMAS) {
    const words = description.slice(0, 40);
    expect(channels.filter((line) => line.includes(words)).length, words).toBe(1);
  }
  expect(channels.filter((line) => /^ *# *$/.test(line))).toEqual([]);
});
