/**
 * What the landed data says about the configuration: tags, issuers, audiences and tenants that it expects against those that
 * came, what was to be heard of and never was, and which ways of making the join exact are really used.
 */
import { answerRows } from '../answers/reader.ts';
import { landedSources } from '../answers/sources.ts';
import { SIGN_IN_KINDS, type Config, type SignInKind } from '../config/config.ts';
import { nearest } from '../core/nearest.ts';
import type { Database } from '../engine/database.ts';
import { checksOf, named, type DoctorCheck } from './doctor-checks.ts';

/** A way of making the join exact (docs/exact-join.md), and how many landed sessions use it. */
export interface ExactWay {
  readonly way: string;
  /** Sessions on which it was found. */
  readonly sessions: number;
  /** Of these, those whose identity or sign-in it settled. */
  readonly settled: number;
  /** All sessions that were opened with an Entra token. */
  readonly of_sessions: number;
  readonly last_seen_at: string | null;
}

interface ProviderRow {
  readonly issuer: string;
  readonly tenant_id: string | null;
  readonly audience: string | null;
  readonly provider: string | null;
  readonly is_saml: boolean;
  readonly sessions: number;
  readonly last_seen_at: string;
}
interface TagRow { readonly tag: string; readonly sessions: number; readonly last_seen_at: string }
interface HeardRow { readonly kind: 'account' | 'region' | 'cluster'; readonly name: string; readonly last_seen_at: string }

/** An account, region or cluster of which nothing came for so long delivers nothing. */
const HEARD_DAYS = 30;
const DAY_MS = 86_400_000;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const GUIDE = 'docs/exact-join.md';

const check = checksOf('landed');

/** Reads a published and correlated state. @param now the end of the days that are looked at */
export async function checkLanded(reader: { readonly db: Database }, config: Config, now: Date): Promise<{ checks: DoctorCheck[]; ways: ExactWay[] }> {
  const providers = await answerRows<ProviderRow>(reader, 'doctor_providers');
  const ways = await answerRows<ExactWay>(reader, 'doctor_ways');
  const tags = await answerRows<TagRow>(reader, 'doctor_tags');
  const heard = await answerRows<HeardRow>(reader, 'doctor_heard', { since_at: new Date(now.getTime() - HEARD_DAYS * DAY_MS).toISOString() });
  return {
    ways,
    checks: [
      ...tenantChecks(config, providers),
      ...audienceChecks(config, providers),
      ...tagChecks(config, tags, ways),
      ...exactChecks(ways),
      ...(await signInChecks(reader, config)),
      ...heardChecks(config, heard),
    ],
  };
}

function tenantChecks(config: Config, providers: readonly ProviderRow[]): DoctorCheck[] {
  const what = 'sessions come from the configured tenants';
  const seen = tally(providers, ({ tenant_id: tenant }) => tenant);
  const known = config.tenants.map(({ id }) => id);
  if (seen.size === 0) return [check(what, 'warning', 'no session of an Entra token is landed', 'See that the trail records management events that only read: sts:AssumeRoleWithWebIdentity is one.')];
  if (known.length === 0) return [check(what, 'warning', `tokens came from ${named([...seen.keys()])}, and no tenant is configured`, 'List your own tenants under `tenants`, so that another\'s tokens are told apart.')];
  const foreign = [...seen].filter(([tenant]) => !known.includes(tenant));
  const silent = known.filter((tenant) => !seen.has(tenant));
  return [
    ...foreign.map(([tenant, sessions]) => check(what, 'warning', `${sessions} session(s) came from tenant ${tenant}, which is not configured`, 'Add it under `tenants` where it is yours. Otherwise find the role whose trust policy lets it in.')),
    ...silent.map((tenant) => check(what, 'warning', `no session came from tenant ${tenant}`, 'See that its id is right under `tenants`, and that its roles\' accounts are in the trail.')),
    ...(foreign.length + silent.length === 0 ? [check(what, 'ok', `all of ${named(known)}`)] : []),
  ];
}

function audienceChecks(config: Config, providers: readonly ProviderRow[]): DoctorCheck[] {
  const what = 'audiences can be compared with applications';
  const entra = providers.filter(({ tenant_id: tenant }) => tenant !== null);
  const unmapped = tally(entra.filter(({ is_saml: isSaml, audience }) => !isSaml && audience !== null && !GUID.test(audience) && config.audiences[audience] === undefined), ({ audience }) => audience);
  const unmappedSaml = tally(entra.filter(({ is_saml: isSaml, provider }) => isSaml && provider !== null && config.saml_apps[provider] === undefined), ({ provider }) => provider);
  const never = [
    ...Object.keys(config.audiences).filter((audience) => !providers.some((row) => row.audience === audience)).map((audience) => `audiences: ${audience}`),
    ...Object.keys(config.saml_apps).filter((provider) => !providers.some((row) => row.provider === provider)).map((provider) => `saml_apps: ${provider}`),
  ];
  const found = [
    ...[...unmapped].map(([audience, sessions]) => check(what, 'warning', `${sessions} session(s) have the audience ${audience}, which is no application id`, 'Name its application under `audiences`, so that a sign-in to another application is no candidate.')),
    ...[...unmappedSaml].map(([provider, sessions]) => check(what, 'warning', `${sessions} session(s) came through ${provider}`, 'Name its Entra application under `saml_apps`.')),
    ...(never.length > 0 ? [check(what, 'warning', `configured, and in no landed session: ${named(never)}`, 'Compare the spelling with what `whoran identities unmapped --json` shows, or take it out.')] : []),
  ];
  return found.length > 0 || entra.length === 0 ? found : [check(what, 'ok', 'every audience is an application id, or mapped to one')];
}

function tagChecks(config: Config, tags: readonly TagRow[], ways: readonly ExactWay[]): DoctorCheck[] {
  const what = 'session tags of the configuration are there';
  const total = ways[0]?.of_sessions ?? 0;
  if (total === 0) return [];
  const wanted = config.attribution.tags;
  const seen = tags.map(({ tag }) => tag);
  const rows = [['oid', wanted.oid], ['uti', wanted.uti], ['correlation_id', wanted.correlation_id]] as const;
  const present = rows.filter(([, tag]) => seen.includes(tag.toLowerCase()));
  const unknown = seen.filter((tag) => !rows.some(([, own]) => own.toLowerCase() === tag));
  const missing = rows.filter((row) => !present.includes(row));
  if (present.length === 0 && unknown.length === 0) {
    return [check(what, 'warning', `none of ${total} session(s) carries a tag: people are known only by registry, session name, or time and address`, `Let Entra put tags into the token (${GUIDE}, "Flattened session tags").`)];
  }
  // Each tag that nobody asked for is held against the one name that it resembles most.
  const mistaken = unknown.flatMap((tag) => {
    const near = nearest(tag, missing.map(([, own]) => own));
    return missing.filter(([, own]) => own === near).map(([key, own]) =>
      check(what, 'warning', `sessions carry the tag ${tag}, and attribution.tags.${key} names ${own}`, `Where they mean the same, set attribution.tags.${key} to ${tag}.`));
  });
  const oid = missing.some(([key]) => key === 'oid') && !mistaken.some(({ fix }) => fix?.includes('tags.oid'));
  return [
    ...present.map(([key, tag]) => check(what, 'ok', `${tag} (${key}) on ${tags.find((row) => row.tag === tag.toLowerCase())?.sessions ?? 0} of ${total} session(s)`)),
    ...mistaken,
    ...(oid ? [check(what, 'warning', `no session carries ${wanted.oid}, the tag that names the person`, `Emit it from Entra (${GUIDE}, "Flattened session tags"), or set attribution.tags.oid to the tag that holds the object id.`)] : []),
  ];
}

function exactChecks(ways: readonly ExactWay[]): DoctorCheck[] {
  const total = ways[0]?.of_sessions ?? 0;
  if (total === 0) return [];
  const used = ways.filter(({ settled }) => settled > 0).map(({ way, settled }) => `${way} ${settled}`);
  return used.length > 0
    ? [check('something makes the join exact', 'ok', `of ${total} session(s) of Entra tokens: ${used.join(', ')}`)]
    : [check('something makes the join exact', 'warning', `nothing does, on any of ${total} session(s)`, `Choose a way in ${GUIDE}; \`whoran identities unmapped\` says whose subjects matter most.`)];
}

const DIAGNOSTIC_CATEGORY: Readonly<Record<SignInKind, string>> = {
  interactive_user: 'SignInLogs', non_interactive_user: 'NonInteractiveUserSignInLogs', service_principal: 'ServicePrincipalSignInLogs', managed_identity: 'ManagedIdentitySignInLogs',
};

async function signInChecks(reader: { readonly db: Database }, config: Config): Promise<DoctorCheck[]> {
  const landed = (await landedSources(reader)).filter(({ source }) => source === 'sign_ins');
  const tenants = config.tenants.length > 0 ? config.tenants.map(({ id }) => id) : [...new Set(landed.flatMap(({ tenant_id: id }) => (id === null ? [] : [id])))];
  if (tenants.length === 0) return [check('sign-ins of every kind are landed', 'missing', 'no sign-in is landed', 'Configure a source of type entra-graph or entra-logs, or ingest an export.')];
  return tenants.map((tenant) => {
    const what = `sign-ins of every kind are landed (tenant ${tenant})`;
    const wanted = SIGN_IN_KINDS.filter((kind) => !config.attribution.unused_sign_in_kinds.includes(kind));
    const missing = wanted.filter((kind) => !landed.some((row) => row.tenant_id === tenant && row.sign_in_kind === kind));
    if (missing.length === 0) return check(what, 'ok', wanted.join(', '));
    const how = missing.map((kind) => `${kind} (diagnostic setting ${DIAGNOSTIC_CATEGORY[kind]})`);
    return check(what, 'missing', `never landed: ${missing.join(', ')}; without them no absence of a sign-in is a finding`, `Pull ${named(how)}: name it in the source's sign_in_kinds, grant AuditLog.Read.All (Graph) or send it to the workspace. A kind that the tenant doesn't use goes into attribution.unused_sign_in_kinds.`);
  });
}

function heardChecks(config: Config, heard: readonly HeardRow[]): DoctorCheck[] {
  const parts = [
    { kind: 'account', names: config.expected.accounts, fix: 'See that the trail covers the account (an organization trail does), and that no source\'s `accounts` leaves it out.' },
    { kind: 'region', names: config.expected.regions, fix: 'See that the trail is multi-region, and that no source\'s `regions` leaves it out.' },
    { kind: 'cluster', names: config.expected.clusters, fix: 'See that the EventBridge rule for ECS events is in the cluster\'s account and region (deploy/README.md, 1), and that the name is right.' },
  ] as const;
  return parts.flatMap(({ kind, names, fix }) => {
    if (names.length === 0) return [];
    const silent = names.filter((name) => !heard.some((row) => row.kind === kind && row.name === name));
    const what = `every expected ${kind} was heard of in ${HEARD_DAYS} days`;
    return [silent.length === 0 ? check(what, 'ok', named(names)) : check(what, 'missing', `nothing came from ${named(silent)}`, fix)];
  });
}

/** Sessions by a key, the rows without one left out. */
function tally(rows: readonly ProviderRow[], keyOf: (row: ProviderRow) => string | null): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== null) counts.set(key, (counts.get(key) ?? 0) + row.sessions);
  }
  return counts;
}
