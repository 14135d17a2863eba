import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { insertRow, openCaseDatabase } from '../catalog/run-case.ts';
import { configSchema, type ConfigSpec } from '../config/config.ts';
import { packageRoot } from '../core/package-root.ts';
import type { Database } from '../engine/database.ts';
import { writeConfiguration } from './configuration-tables.ts';
import { checkLanded, type ExactWay } from './doctor-landed.ts';
import type { DoctorCheck } from './doctor-checks.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const APP = '33333333-3333-4333-8333-333333333333';
const OID = '577ee9df-94cf-4519-bd74-3a58de216883';
const TOKEN = 'c874WMifAk-OqBkIlk-ELg';
const NOW = new Date('2026-01-31T00:00:00Z');

let db: Database;
beforeEach(async () => {
  db = await openCaseDatabase(packageRoot());
  await db.file(`${packageRoot()}/queries/correlated/configuration.sql`);
});
afterEach(() => {
  db.close();
});

async function looked(spec: ConfigSpec): Promise<{ checks: DoctorCheck[]; ways: ExactWay[] }> {
  const config = configSchema.parse(spec);
  await writeConfiguration(db, config);
  return checkLanded({ db }, config, NOW);
}

type Fields = Record<string, string | boolean | null | Record<string, string>>;

/** A session of an Entra token, and its node. */
async function session(id: string, { tags = null, ...fields }: Fields = {}): Promise<void> {
  const shared = { session_id: id, session_kind: 'web_identity', is_issued: true, opened_at: '2026-01-15T09:00:00Z', ...fields };
  const { role_session_name = 'job', source_identity = null, session_kind, provider = null } = fields as Record<string, string | null>;
  await insertRow(db, 'cor_sessions', {
    root_session_id: id, issuer: `https://sts.windows.net/${TENANT}/`, tenant_id: TENANT, audience: APP, who_kind: 'unknown', identity_confidence: 'none', confidence: 'none',
    how: 'ran', sign_in_grade: 'none', is_provisional: false, is_traced: false, ...shared,
  });
  await insertRow(db, 'cor_session_nodes', {
    session_id: id, session_kind: session_kind ?? 'web_identity', is_issued: true, opened_at: '2026-01-15T09:00:00Z', upstream_is_configured: false, end_is_provisional: false, role_session_name, source_identity, provider,
  });
  if (tags !== null && typeof tags === 'object') {
    for (const [tag, value] of Object.entries(tags)) {
      await db.run('update cor_session_nodes set principal_tags = map_concat(coalesce(principal_tags, map {}), map {$tag: $value}) where session_id = $id', { tag, value, id });
    }
  }
}

const outcomes = (checks: readonly DoctorCheck[], what: string): string[] => checks.filter((check) => check.what.startsWith(what)).map(({ outcome, found }) => `${outcome}: ${found}`);

describe('tenants and audiences', () => {
  test('as configured: ok; others, unmapped and never seen ones: told', async () => {
    await session('A');
    expect(outcomes((await looked({ tenants: [{ id: TENANT }] })).checks, 'sessions come')).toEqual([`ok: all of ${TENANT}`]);
    expect(outcomes((await looked({ tenants: [{ id: TENANT }] })).checks, 'audiences')).toEqual(['ok: every audience is an application id, or mapped to one']);
    await session('B', { audience: 'api://jobs', tenant_id: OTHER, issuer: `https://sts.windows.net/${OTHER}/` });
    await session('C', { session_kind: 'saml', provider: 'arn:aws:iam::111122223333:saml-provider/Entra', audience: 'https://signin.aws.amazon.com/saml' });
    const { checks } = await looked({ tenants: [{ id: TENANT }, { id: APP }], audiences: { 'api://gone': APP } });
    expect(outcomes(checks, 'sessions come')).toEqual([
      `warning: 1 session(s) came from tenant ${OTHER}, which is not configured`, `warning: no session came from tenant ${APP}`,
    ]);
    expect(outcomes(checks, 'audiences')).toEqual([
      'warning: 1 session(s) have the audience api://jobs, which is no application id',
      'warning: 1 session(s) came through arn:aws:iam::111122223333:saml-provider/Entra',
      'warning: configured, and in no landed session: audiences: api://gone',
    ]);
    const mapped = await looked({ tenants: [{ id: TENANT }], audiences: { 'api://jobs': APP }, saml_apps: { 'arn:aws:iam::111122223333:saml-provider/Entra': APP } });
    expect(outcomes(mapped.checks, 'audiences')).toEqual(['ok: every audience is an application id, or mapped to one']);
  });

  test('none configured, and none seen, is said', async () => {
    expect(outcomes((await looked({})).checks, 'sessions come')).toEqual(['warning: no session of an Entra token is landed']);
    await session('A');
    expect(outcomes((await looked({})).checks, 'sessions come')[0]).toContain(`warning: tokens came from ${TENANT}, and no tenant is configured`);
  });
});

describe('tags', () => {
  test('none at all; the configured ones; one under a name that is nearly theirs', async () => {
    await session('A');
    expect(outcomes((await looked({})).checks, 'session tags')[0]).toContain('warning: none of 1 session(s) carries a tag');
    await session('B', { tags: { entraoid: OID }, identity_method: 'signed_tag' });
    expect(outcomes((await looked({})).checks, 'session tags')).toEqual(['ok: EntraOid (oid) on 1 of 2 session(s)']);
    const { checks } = await looked({ attribution: { tags: { oid: 'EntraOdi' } } });
    expect(outcomes(checks, 'session tags')).toEqual(['warning: sessions carry the tag entraoid, and attribution.tags.oid names EntraOdi']);
    const { checks: elsewhere } = await looked({ attribution: { tags: { oid: 'Person' } } });
    expect(outcomes(elsewhere, 'session tags')).toContain('warning: no session carries Person, the tag that names the person');
  });
});

test('each way of making the join exact is counted: found, settled, last seen', async () => {
  await session('tags', { tags: { entraoid: OID, entrauti: TOKEN }, identity_method: 'signed_tag', sign_in_grade: 'exact', opened_at: '2026-01-16T09:00:00Z' });
  await session('tag-unused', { tags: { entraoid: 'nonsense' } });
  await session('correlation', { tags: { entracorrelationid: OID }, sign_in_grade: 'exact' });
  await session('source', { source_identity: OID, identity_method: 'signed_source_identity' });
  await session('name', { role_session_name: `${OID}.${TOKEN}`, identity_method: 'session_name' });
  await session('upn', { role_session_name: 'alice@example.com' });
  await session('registered', { identity_method: 'registry' });
  await session('workload', { identity_method: 'subject_is_object_id' });
  await session('unsigned', { session_kind: 'role', tenant_id: null, identity_method: 'source_identity_unsigned', identity_session_id: 'unsigned', source_identity: OID });
  await session('github', { tenant_id: null, role_session_name: `${OID}.${TOKEN}` });
  const { ways, checks } = await looked({});
  expect(Object.fromEntries(ways.map(({ way, sessions, settled }) => [way, [sessions, settled]]))).toEqual({
    tag_oid: [2, 1], tag_uti: [1, 1], tag_correlation_id: [1, 1], source_identity: [1, 1], saml_subject: [0, 0], workload_subject: [1, 1], registry: [1, 1],
    session_name_oid_uti: [1, 1], session_name_oid: [0, 0], session_name_upn: [1, 0], unsigned_source_identity: [1, 1],
  });
  expect(ways[0]).toMatchObject({ of_sessions: 8, last_seen_at: '2026-01-16T09:00:00Z' });
  expect(outcomes(checks, 'something makes')[0]).toContain('ok: of 8 session(s) of Entra tokens: tag_oid 1, tag_uti 1');
});

test('nothing exact is a warning that leads to the guide', async () => {
  await session('A');
  const { checks } = await looked({});
  expect(checks.find(({ what }) => what.startsWith('something makes'))).toMatchObject({ outcome: 'warning', fix: expect.stringContaining('docs/exact-join.md') as string });
});

test('kinds of sign-ins that never landed, unless they are declared unused', async () => {
  await insertRow(db, 'stg_sources', { source: 'sign_ins', tenant_id: TENANT, sign_in_kind: 'interactive_user', records: '1' });
  expect(outcomes((await looked({ tenants: [{ id: TENANT }] })).checks, 'sign-ins')).toEqual([
    'missing: never landed: non_interactive_user, service_principal, managed_identity; without them no absence of a sign-in is a finding',
  ]);
  const unused = { unused_sign_in_kinds: ['non_interactive_user', 'service_principal', 'managed_identity'] as const };
  expect(outcomes((await looked({ tenants: [{ id: TENANT }], attribution: { ...unused, unused_sign_in_kinds: [...unused.unused_sign_in_kinds] } })).checks, 'sign-ins')).toEqual(['ok: interactive_user']);
  expect(outcomes((await looked({ tenants: [{ id: OTHER }] })).checks, 'sign-ins')[0]).toContain('missing: never landed: interactive_user');
});

test('accounts, regions and clusters that are expected and were not heard of lately', async () => {
  const event = { event_id: 'e', source_rank: '1', batch_seq: '1', member: '0' };
  await insertRow(db, 'stg_events_new', { ...event, caller_key: 'k', account_id: '111122223333', event_at: '2026-01-15T09:00:00Z', aws_region: 'eu-central-1' });
  await insertRow(db, 'stg_events_new', { ...event, caller_key: 'k', event_id: 'old', account_id: '444455556666', event_at: '2025-11-15T09:00:00Z', aws_region: 'us-east-1' });
  await insertRow(db, 'stg_task_events', { ...event, account_id: '777788889999', event_at: '2026-01-15T09:00:00Z', task_key: 't', task_arn: 't', cluster_arn: 'arn:aws:ecs:eu-west-1:777788889999:cluster/prod', aws_region: 'eu-west-1' });
  const { checks } = await looked({ expected: { accounts: ['111122223333', '444455556666', '777788889999'], regions: ['eu-central-1', 'eu-west-1'], clusters: ['prod', 'batch'] } });
  expect(outcomes(checks, 'every expected')).toEqual(['missing: nothing came from 444455556666', 'ok: eu-central-1, eu-west-1', 'missing: nothing came from batch']);
});
