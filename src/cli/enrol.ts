/**
 * `whoran identities enrol`: one person's entry in the registry, out of their ID token.
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';
import { progressOn } from './progress.ts';

const EXAMPLES = `
The token is verified (signature by the issuer's published keys, issuer, audience, time)
and forgotten; kept are issuer, audience, subject, tenant, object id and name. It is read
from a file or standard input, never from an argument: arguments are in the shell's
history and in the process list. The file is the token alone, or the JSON answer that
holds it as id_token; delete it afterwards. Trusted are the issuers of the configured
tenants, and audiences in enrol.audiences, in audiences, and of landed sessions. A token
may have expired up to 24 hours ago.

Examples:
  $ whoran identities enrol --id-token-file token.jwt && rm token.jwt
  $ get-my-token | whoran identities enrol --id-token-file -
  $ whoran identities enrol --id-token-file token.jwt --jwks keys.json    (no network)`;

/** More than any token or keys document has. */
const LARGEST_BYTES = 1024 * 1024;

interface EnrolArguments {
  readonly idTokenFile: string;
  readonly issuer?: string;
  readonly jwks?: string;
}

export function registerEnrol(identities: Command, context: Context): void {
  identities
    .command('enrol')
    .description('map one person by their ID token, which is verified and then forgotten')
    .requiredOption('--id-token-file <file>', 'the token, or - for standard input')
    .option('--issuer <url>', 'take only tokens of this issuer of the configured tenants\'')
    .option('--jwks <file>', 'the issuer\'s keys, in place of fetching them')
    .addHelpText('after', EXAMPLES)
    .action(async (given: EnrolArguments) => {
      await runEnrol(context, given);
    });
}

async function runEnrol(context: Context, { idTokenFile, issuer, jwks }: EnrolArguments): Promise<void> {
  const [{ loadConfig }, { enrol }] = await Promise.all([import('../config/load.ts'), import('../pipeline/enrol.ts')]);
  const config = await loadConfig(context.globals.config);
  const progress = progressOn(context);
  try {
    const enrolled = await enrol(context.globals.data, config, await readToken(idTokenFile), {
      issuer, ...(jwks === undefined ? {} : { jwks: await readJson(jwks) }), now: () => new Date(), progress: (step) => { progress.step(step); },
    });
    progress.done();
    if (context.globals.json) {
      context.json(enrolled);
      return;
    }
    const { sessions, calls } = enrolled;
    const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
    context.lines([
      `${inert(enrolled.name ?? 'a person without a name')} (object id ${inert(enrolled.object_id)}) is enrolled${enrolled.is_new ? '' : ', as before'}, for tokens of ${inert(enrolled.audience)}.`,
      sessions === 0 ? 'No landed session was waiting for this.' : `That names who opened ${many(sessions, 'landed session')} with ${many(calls, 'call')}.`,
      ...(idTokenFile === '-' ? [] : [`Delete ${inert(idTokenFile, 300)}: it is a credential until it expires.`]),
    ]);
  } finally {
    progress.done();
  }
}

/** The token of a file: alone, or `id_token` of a JSON answer. */
async function readToken(file: string): Promise<string> {
  const text = (file === '-' ? await readInput() : await readLimited(file, '--id-token-file')).trim();
  if (!text.startsWith('{')) return text;
  try {
    const { id_token: token } = JSON.parse(text) as { id_token?: unknown };
    if (typeof token === 'string') return token.trim();
  } catch {
    // Told below; a parser's message would quote the token.
  }
  throw new WhoranError('--id-token-file: it is JSON without an id_token', { exitCode: EXIT.wrongUse, hint: 'Give the token endpoint\'s answer, or the token alone.' });
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > LARGEST_BYTES) throw tooLarge('--id-token-file');
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function readLimited(file: string, option: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > LARGEST_BYTES) throw tooLarge(option);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof WhoranError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    // A token that somebody typed in the file's place must not be shown: it is the name of no file.
    const why = code === 'ENOENT' || code === 'ENAMETOOLONG' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : 'it can\'t be read';
    throw new WhoranError(`${option}: ${why}`, { exitCode: EXIT.wrongUse, hint: 'Give the name of a file, or - for standard input; never the token itself.' });
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readLimited(file, '--jwks')) as unknown;
  } catch (error) {
    if (error instanceof WhoranError) throw error;
    throw new WhoranError('--jwks: this is no JSON', { exitCode: EXIT.wrongUse, hint: 'Give the issuer\'s keys document: {"keys":[…]}.' });
  }
}

function tooLarge(option: string): WhoranError {
  return new WhoranError(`${option}: it is larger than any that Entra issues`, { exitCode: EXIT.wrongUse, hint: 'Give the right file.' });
}
