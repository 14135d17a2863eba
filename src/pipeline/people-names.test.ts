import { expect, test } from 'vitest';
import { Pseudonyms } from '../evidence/pseudonyms.ts';
import { PeopleNames } from './people-names.ts';

const pseudonyms = new Pseudonyms(Buffer.alloc(32, 1));
const namesOf = (...names: readonly string[]): PeopleNames => new PeopleNames(names.map((name) => ({ person: 'entra/t/1', kind: 'name', name, columns: null })), pseudonyms, (name) => name.length < 2);
const PERSON = pseudonyms.person('entra/t/1');

test('a name is replaced with its accents put together and apart', () => {
  for (const known of ['Zoë Müller'.normalize('NFC'), 'Zoë Müller'.normalize('NFD')]) {
    for (const form of ['NFC', 'NFD']) {
      const text = `asked Zoë Müller`.normalize(form);
      expect(namesOf(known).in(text)).toBeDefined();
      expect(namesOf(known).replace(text)).toMatch(/^asked person-[0-9a-f]{16}(?:\.alias-[0-9a-f]{8})?$/);
    }
  }
});

test('a name of two characters, in a text without spaces', () => {
  expect(namesOf('李娜').replace('已询问李娜')).toBe(`已询问${PERSON}`);
});

test('no text takes its length squared', () => {
  const names = namesOf('李娜');
  for (const text of [`${'a'.repeat(60_000)}@`, `x@${'a.'.repeat(30_000)}1`, `x@${'a'.repeat(60_000)}`, ':user/'.repeat(10_000), ':assumed-role/'.repeat(5000)]) {
    expect(names.replace(text)).toBe(text);
    expect(names.in(text)).toBeUndefined();
  }
  expect(names.replace(`${'a'.repeat(300)}.b@mail.example.com`)).not.toContain('@');
});
