/**
 * `identities enrol`: one person's entry in the identity registry, out of an ID token that is verified and then forgotten.
 */
import { hash } from 'node:crypto';
import { answerRow, answerRows } from '../answers/reader.ts';
import { unmappedSubjects } from '../answers/unmapped.ts';
import type { Config } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { entraIssuers, fetchSigningKeys, keysOf, MetadataError, type Cloud, type MetadataOptions, type PublishedKey } from '../sources/openid-metadata.ts';
import { openReader, type Reader } from '../store/reader.ts';
import { openWriter } from '../store/writer.ts';
import { bringUpToDate, type UpToDateOptions } from './bring-up-to-date.ts';
import { verifyIdToken, type IdentityEntry } from './id-token.ts';
import { stage } from './stage.ts';

/** `whoran.enrolment/1`. */
export interface Enrolment extends IdentityEntry {
  readonly schema: 'whoran.enrolment/1';
  /** False where the newest registry said the same already. */
  readonly is_new: boolean;
  /** Landed sessions of this subject that nobody was known for, and the calls of all that lead back to them. */
  readonly sessions: number;
  readonly calls: number;
}

export interface EnrolOptions {
  /** Only this issuer's tokens, out of those of the configured tenants. */
  readonly issuer?: string | undefined;
  /** The issuer's keys document, parsed, in place of fetching it. */
  readonly jwks?: unknown;
  /** How the issuer's metadata is fetched, where it isn't plainly from its own host. */
  readonly metadata?: Partial<MetadataOptions>;
  readonly now: () => Date;
  readonly progress?: UpToDateOptions['progress'];
}

/** Where the entry came from, in the ledger. */
const SOURCE = 'enrolment';

/**
 * Verifies a token, lands what the registry keeps of it, and brings all answers up to date.
 * @throws WhoranError where the token is refused, or the data folder can't be written
 */
export async function enrol(dataDir: string, config: Config, token: string, options: EnrolOptions): Promise<Enrolment> {
  const issuers = trustedIssuers(config, options.issuer);
  const before = await published(dataDir);
  let entry: IdentityEntry;
  let open: { readonly sessions: number; readonly calls: number } | undefined;
  try {
    const audiences = new Set([...configuredAudiences(config), ...(before ? await seenAudiences(before, issuers) : [])]);
    entry = await verifyIdToken(token, { issuers, audiences, keysOf: async (issuer) => signingKeys(issuer, options), now: options.now() });
    open = before ? await openSessions(before, entry) : undefined;
  } finally {
    before?.close();
  }
  const writer = await openWriter(dataDir, { now: options.now });
  try {
    const bytes = Buffer.from(`${JSON.stringify([entry], null, 2)}\n`);
    const sha256 = hash('sha256', bytes, 'buffer');
    const isNew = writer.landing.newestRegistry?.sha256 !== sha256.toString('hex');
    if (isNew) await writer.landing.landFiles(writer.landing.reserve(1), [{ source: SOURCE, form: 'identity_registry', origin: 'a verified ID token', bytes, sha256 }]);
    await stage(writer);
    await bringUpToDate(writer, config, options.progress ? { progress: options.progress } : {});
    await writer.publishAndClose();
    return { schema: 'whoran.enrolment/1', ...entry, is_new: isNew, sessions: open?.sessions ?? 0, calls: open?.calls ?? 0 };
  } finally {
    writer.close();
  }
}

async function signingKeys(issuer: string, { jwks, metadata }: EnrolOptions): Promise<readonly PublishedKey[]> {
  try {
    return jwks === undefined ? await fetchSigningKeys(issuer, { signal: new AbortController().signal, ...metadata }) : keysOf(jwks, issuer);
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    const hint = jwks === undefined ? 'Where the network is closed, fetch the keys elsewhere and give them with --jwks FILE.' : 'Give the issuer\'s keys document: {"keys":[…]}.';
    throw new WhoranError(error.message, { exitCode: EXIT.wrongUse, hint });
  }
}

/** The issuers of the configured tenants, in the clouds that their sources name. */
export function trustedIssuers(config: Config, only?: string): Map<string, string> {
  const issuers = new Map(config.tenants.flatMap(({ id }) => cloudsOf(config, id).flatMap((cloud) => entraIssuers(id, cloud).map((issuer) => [issuer, id] as const))));
  if (issuers.size === 0) {
    throw new WhoranError('no tenant is configured, so no issuer is trusted', { exitCode: EXIT.wrongUse, hint: 'List your own tenants under `tenants` in the configuration.' });
  }
  if (only === undefined) return issuers;
  const tenant = issuers.get(only);
  if (tenant === undefined) {
    throw new WhoranError('--issuer: it is none of the configured tenants\'', { exitCode: EXIT.wrongUse, hint: `Trusted are ${[...issuers.keys()].join(', ')}.` });
  }
  return new Map([[only, tenant]]);
}

function cloudsOf(config: Config, tenantId: string): Cloud[] {
  const named = config.sources.flatMap((source) => ((source.type === 'entra-graph' || source.type === 'entra-logs') && source.tenant_id === tenantId ? [source.cloud] : []));
  return named.length > 0 ? [...new Set(named)] : ['AzureCloud'];
}

function configuredAudiences({ enrol: { audiences }, audiences: mapped }: Config): string[] {
  return [...audiences, ...Object.keys(mapped), ...Object.values(mapped)];
}

async function published(dataDir: string): Promise<Reader | undefined> {
  const reader = await openReader(dataDir).catch((error: unknown) => {
    if (error instanceof WhoranError) return undefined;
    throw error;
  });
  if (!reader || (await answerRow<{ is_there: boolean }>(reader, 'has_correlated_tables'))?.is_there === true) return reader;
  reader.close();
  return undefined;
}

/** Audiences of landed sessions that tokens of these issuers opened. */
async function seenAudiences(reader: Reader, issuers: ReadonlyMap<string, string>): Promise<string[]> {
  const tenants = new Set(issuers.values());
  const rows = await answerRows<{ tenant_id: string | null; audience: string | null; is_saml: boolean }>(reader, 'doctor_providers');
  return rows.flatMap(({ tenant_id: tenant, audience, is_saml: isSaml }) => (tenant !== null && tenants.has(tenant) && audience !== null && !isSaml ? [audience] : []));
}

async function openSessions(reader: Reader, entry: IdentityEntry): Promise<{ sessions: number; calls: number } | undefined> {
  const { subjects } = await unmappedSubjects(reader);
  const bare = (issuer: string): string => issuer.replace(/^https:\/\//, '').replace(/\/$/, '');
  return subjects.find((one) => bare(one.issuer) === bare(entry.issuer) && one.audience === entry.audience && one.subject === entry.subject);
}
