/**
 * Who is meant by a person's name or id, and everything that records call them: what an erasure looks for, and what it leaves since others are
 * called the same.
 */
import { answerRows } from '../answers/reader.ts';
import { readAsked } from '../answers/asked.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { Database } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';
import type { NameKind, PersonName } from './person-names.ts';

/** A name, and whether it is looked for. */
export interface FoundName extends PersonName {
  /** Why it is not looked for; null where it is. */
  readonly left_because: string | null;
}

export interface FoundPerson {
  /** Null where no record ties the text to an identity: then it is looked for as it was given. */
  readonly identity: { readonly tenant_id: string | null; readonly object_id: string } | null;
  readonly names: readonly FoundName[];
}

/** Shorter texts stand in too much. */
const LEAST = 4;
const LEAST_SUBJECT = 8;

/**
 * Finds who is meant, by registry, sign-ins, audits, directory snapshots and sessions.
 * @param person a user principal name or object id
 * @param also further texts that mean this person and nobody else
 * @throws WhoranError (exit 2) where several identities are meant, or a text is too short to be somebody's alone
 */
export async function findPerson(db: Database, person: string, also: readonly string[]): Promise<FoundPerson> {
  const given = [person, ...also].map((text) => text.trim());
  const short = given.find((text) => text.length < LEAST);
  if (short !== undefined) throw new WhoranError(`${JSON.stringify(short)} is too short to mean one person: expected ${LEAST} characters or more`, { exitCode: EXIT.wrongUse, hint: 'Give a user principal name or an object id.' });
  const asked = readAsked(person);
  const matches = asked.form === 'guid' || asked.form === 'user_principal_name'
    ? await answerRows<{ tenant_id: string | null; object_id: string }>({ db }, 'find_identities', { object_id: asked.form === 'guid' ? asked.id : null, user_principal_name: asked.form === 'user_principal_name' ? asked.name : null })
    : [];
  const ids = [...new Map(matches.map((one) => [`${one.tenant_id ?? ''}/${one.object_id}`, one])).values()];
  if (ids.length > 1) {
    throw new WhoranError(`several identities are or were called so: ${ids.map(({ object_id }) => object_id).join(', ')}`, { exitCode: EXIT.wrongUse, hint: 'Name one by its object id; erase each who is the same person.' });
  }
  const [identity] = ids;
  const texts: FoundName[] = given.map((text) => ({ kind: 'given', text: text.toLowerCase(), left_because: null }));
  if (identity === undefined) return { identity: null, names: unique(texts) };
  const rows = await db.all<{ kind: NameKind; text: string; others: number }>(await queryText('keeping/person_names'), { tenant_id: identity.tenant_id, object_id: identity.object_id });
  const names = rows.map(({ kind, text, others }): FoundName => ({ kind, text, left_because: whyLeft(kind, text, others) }));
  return { identity: { tenant_id: identity.tenant_id, object_id: identity.object_id }, names: unique([{ kind: 'object_id', text: identity.object_id, left_because: null }, ...names, ...texts]) };
}

function whyLeft(kind: NameKind, text: string, others: number): string | null {
  if (others > 0) return `${others} other identit${others === 1 ? 'y is' : 'ies are'} called the same`;
  if (text.length < (kind === 'subject' ? LEAST_SUBJECT : LEAST)) return 'too short to be theirs alone';
  if (kind === 'display_name' && !/\s/.test(text)) return 'one word, which may mean anything';
  return null;
}

/** A text counts once, as the first kind that has it; given ones are looked for whatever else they are. */
function unique(names: readonly FoundName[]): FoundName[] {
  const found = new Map<string, FoundName>();
  const given = new Set(names.filter(({ kind }) => kind === 'given').map(({ text }) => text));
  for (const name of names) {
    // As a session's name a text is looked for in fewer places than as any other.
    const before = found.get(name.text);
    if (before === undefined || (isNarrow(before) && !isNarrow(name))) found.set(name.text, given.has(name.text) ? { ...name, ...(isNarrow(name) ? { kind: 'given' as const } : {}), left_because: null } : name);
  }
  return [...found.values()];
}

function isNarrow({ kind }: FoundName): boolean {
  return kind === 'session_name' || kind === 'source_identity';
}
