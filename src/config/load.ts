/**
 * Reading the configuration file: YAML, its references to the environment, checked by `configSchema`. All faults are told at
 * once, each with its place in the file, what was expected and what was found.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { configSchema, DUPLICATE_ID, type Config } from './config.ts';
import { ConfigDocument, valueAt, type Path } from './document.ts';
import { expanded, isReference, type Environment } from './environment.ts';
import { fault, faultsOf, type Checked, type Fault } from './faults.ts';
import { isSecretKey, secretIn } from './secrets.ts';

/** Read where nobody names a file, and only if it is there. */
export const DEFAULT_CONFIG_FILE = 'whoran.yaml';

/** Whether there is a file to read: one that is named, or `whoran.yaml` in the working directory. */
export function isConfigured(path?: string): boolean {
  return path !== undefined || existsSync(DEFAULT_CONFIG_FILE);
}

/**
 * The configuration of `path`, with every default filled in. Without a path: of `whoran.yaml` in the working directory, or,
 * where there is none, the defaults.
 * @throws WhoranError (wrong use) where the file can't be read, is no YAML, or has faults
 */
export async function loadConfig(path?: string, environment: Environment = process.env): Promise<Config> {
  if (!isConfigured(path)) return configSchema.parse({});
  const file = path ?? DEFAULT_CONFIG_FILE;
  return parseConfig(await readText(file), file, environment);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EACCES: 'it may not be read', EISDIR: 'it is a folder' };
    throw new WhoranError(`configuration ${inert(file)}: ${why[code] ?? String(error)}`, {
      exitCode: EXIT.wrongUse,
      hint: 'Give the file with --config FILE, or leave the option out to use the defaults.',
      cause: error,
    });
  }
}

/**
 * Checks the text of a configuration file.
 * @param file names it in messages
 * @param environment what `${NAME}` in its values stands for
 * @throws WhoranError (wrong use) that lists every fault
 */
export function parseConfig(text: string, file: string, environment: Environment = process.env): Config {
  const document = new ConfigDocument(text, file);
  const lines = text.split('\n');
  if (document.syntaxFaults.length > 0) {
    // The parser quotes the text that it could not read.
    throw refusal(file, document.syntaxFaults.map(({ line, message }) => ({ line, text: secretIn(message + (lines[line - 1] ?? '')) ? 'this is no YAML' : message })));
  }
  const checked: Checked = { document, value: valueOf(document) };
  const found = [...secretFaults(checked, lines), ...expand(checked, environment), ...duplicateIds(checked)];
  const result = configSchema.safeParse(document.value);
  if (result.success && found.length === 0) return result.data;
  const issues = result.error?.issues.filter((issue) => issue.message !== DUPLICATE_ID) ?? [];
  throw refusal(file, [...found, ...issues.flatMap((issue) => faultsOf(issue, checked))]);
}

function valueOf(document: ConfigDocument): unknown {
  try {
    return document.value;
  } catch {
    throw refusal(document.file, [{ line: 1, text: 'its aliases (*name) stand for too much: write their values out' }]);
  }
}

function refusal(file: string, found: readonly Fault[]): WhoranError {
  const texts = new Set([...found].sort((a, b) => a.line - b.line).map(({ line, text }) => `${file}:${line}: ${text}`));
  const shown = [...texts].map((line) => `  ${inert(line, 400)}`);
  return new WhoranError(`the configuration has ${shown.length === 1 ? 'a fault' : `${shown.length} faults`}:\n${shown.join('\n')}`, {
    exitCode: EXIT.wrongUse,
    hint: 'Correct the file and try again; nothing was done.',
  });
}

const NO_SECRETS = 'take it out, and withdraw it if others could read this file. Credentials come from the platform\'s default chain; anything else that is secret is written ${NAME}, and comes from the environment';

const SESSION_KEY_ID = /^ASIA[A-Z0-9]{16}$/;

/** Secrets in values and their keys, and in comments. */
function secretFaults(checked: Checked, lines: readonly string[]): Fault[] {
  const sessions = new Set<number>();
  const values = checked.document.scalars.flatMap(({ path, node }): Fault[] => {
    if (typeof node.value !== 'string' || isReference(node.value)) return [];
    const key = path.findLast((segment) => typeof segment === 'string') ?? '';
    // The id of a session's key, which an exception names, opens nothing.
    if (key === 'subject' && SESSION_KEY_ID.test(node.value)) {
      sessions.add(checked.document.lineOf(path));
      return [];
    }
    const kind = secretIn(node.value) ?? (isSecretKey(key) ? 'a secret' : undefined);
    return kind === undefined ? [] : [fault(path, `looks like ${kind}: ${NO_SECRETS}`, checked)];
  });
  const told = new Set(values.map(({ line }) => line));
  const elsewhere = lines.flatMap((text, index): Fault[] => {
    const kind = secretIn(text.trim());
    return kind === undefined || told.has(index + 1) || sessions.has(index + 1) ? [] : [{ line: index + 1, text: `this line holds what looks like ${kind}: ${NO_SECRETS}` }];
  });
  return [...values, ...elsewhere];
}

/** Whether references below a path stay as they are written: only who sends alerts needs their secrets, and whoever asks at night has none. */
function isResolvedLater(path: Path): boolean {
  return path[0] === 'alerts' && path[1] === 'channels';
}

/** Replaces references to the environment in the document's values. */
function expand(checked: Checked, environment: Environment): Fault[] {
  return checked.document.scalars.flatMap(({ path, node }) => {
    if (typeof node.value !== 'string' || isResolvedLater(path)) return [];
    const { text, faults } = expanded(node.value, environment);
    node.value = text;
    return faults.map((what) => fault(path, what, checked));
  });
}

/** The schema looks for them only where nothing else is wrong. */
function duplicateIds(checked: Checked): Fault[] {
  const sources = valueAt(checked.value, ['sources']);
  if (!Array.isArray(sources)) return [];
  const ids = sources.map((source) => valueAt(source, ['id']));
  return ids.flatMap((id, index) => {
    const first = ids.indexOf(id);
    if (typeof id !== 'string' || first === index) return [];
    return [fault(['sources', index, 'id'], `${DUPLICATE_ID}; ${JSON.stringify(id)} is that of sources.${first} on line ${checked.document.lineOf(['sources', first, 'id'])} too`, checked)];
  });
}
