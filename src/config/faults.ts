/**
 * What is wrong with a configuration file, in sentences: where, what was expected and what was found. No secret is repeated.
 */
import type { z } from 'zod';
import { nearest } from '../core/nearest.ts';
import { valueAt, type ConfigDocument, type Path } from './document.ts';
import { alternatives, knownKeys } from './schema-walk.ts';
import { isSecretKey, isShown, secretIn } from './secrets.ts';

export interface Fault {
  readonly line: number;
  readonly text: string;
}

/** Where faults are looked for: the file, and its values before references to the environment were replaced. */
export interface Checked {
  readonly document: ConfigDocument;
  readonly value: unknown;
}

/** The faults that an issue of the schema means: unknown keys have one each, an unknown type also those of the type meant. */
export function faultsOf(issue: z.core.$ZodIssue, checked: Checked): Fault[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, checked));
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) return unknownType(path, checked);
  return [fault(path, `${expected(issue)}; found ${found(path, checked)}`, checked)];
}

/** A fault at a path, for what the schema doesn't say. */
export function fault(path: Path, text: string, { document }: Checked): Fault {
  return { line: document.lineOf(path), text: `${pathText(path)}: ${text}` };
}

function unknownKey(path: Path, key: string, checked: Checked): Fault {
  const known = knownKeys(path, checked.value);
  const near = nearest(key, known);
  const help = isSecretKey(key)
    ? 'credentials come from the platform\'s default chain, never from this file'
    : near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`;
  return fault([...path, key], `there is no such key; ${help}`, checked);
}

/** A source's `type` that nobody knows; its other keys are checked as those of the type that was meant. */
function unknownType(path: Path, checked: Checked): Fault[] {
  const at = path.slice(0, -1);
  const known = alternatives(at, checked.value);
  const word = valueAt(checked.value, path);
  const near = typeof word === 'string' ? nearest(word, [...known.keys()]) : undefined;
  const choice = `expected one of ${[...known.keys()].join(', ')}`;
  const own = fault(path, `${near === undefined ? choice : `there is no such type; did you mean ${near}?`}; found ${found(path, checked)}`, checked);
  const meant = near === undefined ? undefined : known.get(near);
  const rest = meant?.safeParse({ ...(valueAt(checked.value, at) as object), [String(path.at(-1))]: near }).error?.issues ?? [];
  return [own, ...rest.flatMap((issue) => faultsOf({ ...issue, path: [...at, ...issue.path] }, checked))];
}

function expected(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) return `expected ${typeName(issue.expected)}`;
  if (issue.code === 'invalid_union') {
    const types = issue.errors.flatMap((branch) => branch.flatMap((inner) => (inner.code === 'invalid_type' && inner.path.length === 0 ? [typeName(inner.expected)] : [])));
    if (types.length > 0) return `expected ${types.join(', or ')}`;
  }
  const message = issue.message.replace(/^Too (?:small|big|few|many): /, '').replace(/^Invalid /, 'expected a right ');
  return message.startsWith('expected ') ? message : `expected ${message}`;
}

function typeName(type: string): string {
  const names: Readonly<Record<string, string>> = {
    string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'a mapping of keys to values', record: 'a mapping of keys to values',
  };
  return names[type] ?? type;
}

/** A value as a message shows it. */
function found(path: Path, { value: root }: Checked): string {
  const value = valueAt(root, path);
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = JSON.stringify(value).slice(0, 80);
  const key = path.findLast((segment) => typeof segment === 'string') ?? '';
  return isShown(key, typeof value === 'string' ? value : text) ? text : 'a value that is not shown';
}

function pathText(path: Path): string {
  const text = path.map((segment) => (secretIn(String(segment)) === undefined ? String(segment) : '…')).join('.');
  return text === '' ? '(the whole file)' : text;
}
