/**
 * Who the people of a data folder are, by every name that it has of them, and what stands for each: for `--redact people`.
 *
 * What is a person's is told by one list (`queries/bundles/people.sql`), not guessed from the look of values. The one exception is what
 * has the form of an e-mail address, which is replaced wherever it stands, known or not.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answerRow } from '../answers/reader.ts';
import { folded, isUnspaced, NameFinder } from '../core/name-finder.ts';
import { PACKAGE_ROOT, queryText } from '../engine/query-file.ts';
import type { Database } from '../engine/database.ts';
import type { Pseudonyms } from '../evidence/pseudonyms.ts';

/** A name shorter than this is found in too much that is no name; in Chinese, two characters are a whole one. */
const shortestOf = (name: string): number => (isUnspaced(name) ? 2 : 3);
/** No part of an address is longer than this; without a bound, a long word with an `@` after it takes its length squared. */
const MAIL = /[\p{L}\p{N}._%+'-]{1,256}@(?:[\p{L}\p{N}-]{1,256}\.)+\p{L}{2,}/gu;
/** Files whose words are the program's own: the same in every bundle. */
const VOCABULARY = ['queries', 'reports'];

interface NameRow {
  readonly person: string;
  readonly kind: string;
  readonly name: string;
  readonly columns: readonly string[] | null;
}

/** The names of a data folder's people, and their pseudonyms. */
export class PeopleNames {
  readonly people: number;
  readonly addresses: number;
  /** Names that are words of the program, or too short: replaced only where a column holds them whole, or an ARN ends in them. */
  readonly ordinary: number;
  readonly #ordinary: ReadonlyMap<string, string>;
  readonly #finder: NameFinder;
  readonly #whole: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly #pseudonyms: Pseudonyms;

  constructor(rows: readonly NameRow[], pseudonyms: Pseudonyms, isOrdinary: (name: string) => boolean) {
    const named = pseudonymsOf(withDerived(rows), pseudonyms);
    this.#pseudonyms = pseudonyms;
    const searched = [...named].filter(([name]) => !isOrdinary(name));
    this.#finder = new NameFinder(searched);
    this.#ordinary = new Map([...named].filter(([name]) => isOrdinary(name)));
    this.ordinary = this.#ordinary.size;
    const whole = new Map<string, Map<string, string>>();
    for (const { name, columns } of rows) {
      const value = named.get(folded(name));
      for (const column of columns ?? []) {
        const values = whole.get(column) ?? new Map<string, string>();
        if (value !== undefined) values.set(folded(name), value);
        whole.set(column, values);
      }
    }
    this.#whole = whole;
    this.people = new Set(rows.filter(({ kind }) => kind !== 'address').map(({ person }) => person)).size;
    this.addresses = new Set(rows.filter(({ kind }) => kind === 'address').map(({ name }) => name)).size;
  }

  /** A text with pseudonyms in place of names. @param column `relation.column`, where some values are names as a whole */
  replace(text: string, column?: string): string {
    const whole = column === undefined ? undefined : this.#whole.get(column)?.get(folded(text));
    if (whole !== undefined) return whole;
    const replaced = this.#finder.replace(text).replace(NAMED_END, (all, before: string, name: string) => {
      const known = this.#ordinaryIn(name);
      return known === undefined ? all : before + (this.#ordinary.get(known) ?? '') + name.slice(known.length);
    });
    return replaced.includes('@') ? replaced.replace(MAIL, (mail) => (isPseudonym(mail) ? mail : this.#pseudonyms.person(`name/${mail.toLowerCase()}`))) : replaced;
  }

  /** The first name that stands in a text, as it stands there; undefined where there is none. */
  in(text: string): string | undefined {
    return this.#finder.first(text) ?? this.#endsWith(text) ?? (text.includes('@') ? [...text.matchAll(MAIL)].map(([mail]) => mail).find((mail) => !isPseudonym(mail)) : undefined);
  }

  /** The ordinary name that such an end is, or begins with: caller keys go on with `@` and a time. */
  #ordinaryIn(end: string): string | undefined {
    return [folded(end), folded(end.slice(0, Math.max(0, end.lastIndexOf('@'))))].find((name) => this.#ordinary.has(name));
  }

  #endsWith(text: string): string | undefined {
    for (const [, , name = ''] of text.matchAll(NAMED_END)) if (this.#ordinaryIn(name) !== undefined) return name;
    return undefined;
  }

  /** A person who is known by a name alone, for example the account that ran a report. */
  person(name: string): string {
    const replaced = this.replace(name);
    return isPseudonym(replaced) ? replaced : this.#pseudonyms.person(`name/${name.toLowerCase()}`);
  }
}

/** Where AWS puts a name that a caller chose, or a user's: the end of an ARN or of a principal id. An ordinary word is a name there. */
const NAMED_END = /(:assumed-role\/[^\s"/]+\/|:(?:user|federated-user)\/(?:[^\s"/]+\/){0,300}|(?<![A-Z0-9])AROA[A-Z0-9]{12,}:)([\w+=,.@-]+)/g;

const isPseudonym = (text: string): boolean => /(?:person|people|address)-[0-9a-f]{16}/.test(text);

/** @param db a published database, with the relations of reports */
export async function peopleNames(db: Database, pseudonyms: Pseudonyms): Promise<PeopleNames> {
  const rows = await db.all<NameRow>(await queryText('bundles/people'));
  // Where detections have not run, nobody decided about findings.
  const findings = await answerRow<{ is_there: boolean }>({ db }, 'has_findings_table');
  if (findings?.is_there === true) rows.push(...(await db.all<NameRow>(await queryText('bundles/people_deciding'))));
  const words = await programText();
  const common = new Set<string>();
  const candidates = new NameFinder(rows.map(({ name }) => [name, folded(name)]));
  for (const text of words) for (const { value } of candidates.in(text)) common.add(value);
  return new PeopleNames(rows, pseudonyms, (name) => Array.from(name).length < shortestOf(name) || common.has(name) || !/[\p{L}\p{N}]/u.test(name));
}

async function programText(): Promise<string[]> {
  const texts: string[] = [];
  for (const folder of VOCABULARY) {
    const entries = await readdir(join(PACKAGE_ROOT, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (entry.isFile() && /\.(?:sql|md|yml)$/.test(entry.name) && !entry.name.endsWith('.cases.yml')) texts.push(await readFile(join(entry.parentPath, entry.name), 'utf8'));
    }
  }
  return texts;
}

/**
 * With further spellings: accents as characters of their own, as some file systems write them, and put together; the part of a user principal
 * name before the `@`, and the address that a guest's is made of.
 */
function withDerived(rows: readonly NameRow[]): NameRow[] {
  return rows.flatMap((row) => {
    const derived = [row.name, row.name.normalize('NFC'), row.name.normalize('NFD')];
    const guest = /^(.+)_([^_#]+)#EXT#@/i.exec(row.name);
    if (guest) derived.push(`${guest[1] ?? ''}@${guest[2] ?? ''}`);
    for (const name of [...derived]) if (row.kind !== 'address' && /^[^@\s]+@[^@\s]+$/.test(name)) derived.push(name.slice(0, name.indexOf('@')));
    return [...new Set(derived)].map((name, index) => (index === 0 ? row : { ...row, name, kind: 'alias', columns: null }));
  });
}

/** What stands for each name, by the name in lower case. */
function pseudonymsOf(rows: readonly NameRow[], pseudonyms: Pseudonyms): Map<string, string> {
  const known = new Map<string, NameRow[]>();
  for (const row of rows) known.set(folded(row.name), [...(known.get(folded(row.name)) ?? []), row]);
  const result = new Map<string, string>();
  for (const [name, all] of known) {
    const kinds = new Set(all.map(({ kind }) => kind));
    const people = new Set(strongest(all).map(({ person }) => person));
    const [person = ''] = people;
    const kind = ['id', 'name'].find((one) => kinds.has(one)) ?? all[0]?.kind ?? 'name';
    if (kinds.has('address')) result.set(name, pseudonyms.address(name));
    else if (people.size > 1) result.set(name, pseudonyms.shared(name));
    else result.set(name, kind === 'id' || kind === 'name' ? pseudonyms.person(person) : pseudonyms.name(person, kind, name));
  }
  return result;
}

/** Whom a name is of, as far as it is known: a directory's person rather than an IAM user, and that rather than a bare name. */
function strongest(rows: readonly NameRow[]): readonly NameRow[] {
  for (const prefix of ['entra/', 'iam/']) {
    const found = rows.filter(({ person }) => person.startsWith(prefix));
    if (found.length > 0) return found;
  }
  return rows;
}
