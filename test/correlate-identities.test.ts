/**
 * Who a session is, and which sign-in issued its token: each method of ATTRIBUTION §3, each grade, each reason of §4 that a
 * token can have.
 */
import { describe, expect, test } from 'vitest';
import {
  ACCOUNT, ADA, APP, BEN, JOB_IDENTITY, TENANT, chained, event, sessionOf, signIn, sources, sts, webIdentity, type StagedRow,
} from './staged-rows.ts';

const KEY = 'ASIASESSION000000001';
const AT = '2026-01-15T09:00:00Z';
const JUST_BEFORE = '2026-01-15T08:58:00Z';
const UTI = 'c874WMifAk-OqBkIlk-ELg';
const UTI_GUID = '58f8ce73-9fc8-4f02-8ea8-1908964f842e';

const registered: StagedRow = [
  'stg_identity_registry',
  { issuer: `login.microsoftonline.com/${TENANT}/v2.0`, audience: APP, subject: 'pairwise-subject', tenant_id: TENANT, object_id: ADA, batch_seq: 1, record_sha256: 'r' },
];

describe('methods', () => {
  const ada = { who_kind: 'person', who_object_id: ADA, who_tenant_id: TENANT, sign_in_id: 's1', sign_in_grade: 'window', reason: null, is_traced: true };
  const cases: [method: string, confidence: string, rows: StagedRow[]][] = [
    ['signed_tag', 'proved', webIdentity(KEY, AT, { principal_tags: `{entraoid=${ADA}}` })],
    ['signed_source_identity', 'proved', webIdentity(KEY, AT, { source_identity: ADA })],
    ['signed_source_identity', 'proved', webIdentity(KEY, AT, { source_identity: 'Ada@Example.com' })],
    ['saml_subject', 'proved', sts(KEY, AT, 'AssumeRoleWithSAML', { identity_type: 'SAMLUser', saml_issuer: `https://sts.windows.net/${TENANT}/`, provider: `arn:aws:iam::${ACCOUNT}:saml-provider/entra`, subject: 'ada@example.com', audience: 'https://signin.aws.amazon.com/saml', caller_key: KEY })],
    ['registry', 'proved', [registered, ...webIdentity(KEY, AT)]],
    ['session_name', 'asserted', webIdentity(KEY, AT, { role_session_name: 'ada@example.com' })],
    ['time_and_address', 'inferred', webIdentity(KEY, AT)],
  ];
  test.each(cases)('%s (%s)', async (method, confidence, rows) => {
    expect(await sessionOf(KEY, [...sources(), signIn('s1', JUST_BEFORE), ...rows])).toMatchObject({ ...ada, identity_method: method, confidence });
  });

  test('subject_is_object_id: a managed identity, whose token may be a day old', async () => {
    const mi = { sign_in_kind: 'managed_identity', object_id: JOB_IDENTITY, user_id: null, user_principal_name: null, service_principal_id: JOB_IDENTITY, ip_address: null, resource_id: APP, app_id: null };
    const rows = [...sources(), signIn('m1', '2026-01-14T10:00:00Z', mi), ...webIdentity(KEY, AT, { subject: JOB_IDENTITY })];
    expect(await sessionOf(KEY, rows)).toMatchObject({ who_kind: 'workload', identity_method: 'subject_is_object_id', confidence: 'proved', sign_in_id: 'm1', reason: null });
  });

  test('EntraUti names the sign-in, and through it the identity, at any age', async () => {
    const rows = (at: string): StagedRow[] => [...sources(), signIn('s1', at, { token_id: UTI_GUID }), ...webIdentity(KEY, AT, { principal_tags: `{entrauti=${UTI}}` })];
    expect(await sessionOf(KEY, rows(JUST_BEFORE))).toMatchObject({ identity_method: 'signed_tag', sign_in_grade: 'exact', reason: null });
    expect(await sessionOf(KEY, rows('2026-01-15T01:00:00Z'))).toMatchObject({ sign_in_grade: 'exact', reason: 'sign_in_too_old' });
  });

  test('a session name with a token id is exact, and counts only with its sign-in', async () => {
    const rows = [...sources(), ...webIdentity(KEY, AT, { role_session_name: `${ADA}.${UTI}`, source_ip: '198.51.100.1' })];
    expect(await sessionOf(KEY, [...rows, signIn('s1', JUST_BEFORE, { token_id: UTI_GUID })])).toMatchObject({ identity_method: 'session_name', sign_in_grade: 'exact', sign_in_id: 's1' });
    expect(await sessionOf(KEY, [...rows, signIn('s1', JUST_BEFORE)])).toMatchObject({ who_kind: 'unknown', reason: 'subject_unmapped' });
  });

  test('a correlation id selects among the identity\'s own sign-ins and names nobody', async () => {
    const correlation = '66666666-6666-4666-8666-666666666666';
    const rows = [
      ...sources(), signIn('s1', JUST_BEFORE, { correlation_id: correlation }), signIn('s2', '2026-01-15T08:59:00Z'),
      signIn('b1', '2026-01-15T08:59:30Z', { correlation_id: correlation, object_id: BEN, user_id: BEN }),
    ];
    const tags = `{entraoid=${ADA}, entracorrelationid=${correlation}}`;
    expect(await sessionOf(KEY, [...rows, ...webIdentity(KEY, AT, { principal_tags: tags })])).toMatchObject({ who_object_id: ADA, sign_in_grade: 'exact', sign_in_id: 's1' });
    expect(await sessionOf(KEY, [...rows, ...webIdentity(KEY, AT, { principal_tags: `{entracorrelationid=${correlation}}`, source_ip: '198.51.100.1' })])).toMatchObject({ who_kind: 'unknown' });
  });

  test('GitHub is proved by its own issuer, and no sign-in is looked for', async () => {
    const provider = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`;
    expect(await sessionOf(KEY, webIdentity(KEY, AT, { provider, subject: 'repo:example/jobs:ref:refs/heads/main', audience: 'sts.amazonaws.com' }))).toMatchObject({
      who_kind: 'workload', identity_method: 'issuer_subject', confidence: 'proved', who_issuer: 'https://token.actions.githubusercontent.com', who_tenant_id: null, reason: null, is_traced: true,
    });
  });

  test('a look-alike of Entra\'s host is not Entra', async () => {
    const provider = `arn:aws:iam::${ACCOUNT}:oidc-provider/login.microsoftonline.com.example.com/${TENANT}/v2.0`;
    expect(await sessionOf(KEY, [...sources(), signIn('s1', JUST_BEFORE), ...webIdentity(KEY, AT, { provider, principal_tags: `{entraoid=${ADA}}` })])).toMatchObject({ identity_method: 'issuer_subject', who_object_id: null, tenant_id: null });
  });

  test('an unsigned source identity speaks only where the root names nobody', async () => {
    const user = event('u1', '2026-01-15T08:00:00Z', 'AKIAUSER000000000001', { identity_type: 'IAMUser', identity_user_name: 'deploy' });
    const byUser = [...sources(), signIn('s1', JUST_BEFORE), user, ...chained(KEY, AT, 'AKIAUSER000000000001', { identity_type: 'IAMUser', source_identity: ADA })];
    expect(await sessionOf(KEY, byUser)).toMatchObject({ who_object_id: ADA, confidence: 'asserted', identity_method: 'source_identity_unsigned', sign_in_id: 's1' });
    const byBen = [...sources(), signIn('s1', JUST_BEFORE), signIn('b1', JUST_BEFORE, { object_id: BEN, user_id: BEN }), ...webIdentity('ASIABEN0000000000001', AT, { source_identity: BEN }), ...chained(KEY, AT, 'ASIABEN0000000000001', { source_identity: ADA })];
    expect(await sessionOf(KEY, byBen)).toMatchObject({ who_object_id: BEN, confidence: 'proved', depth: 1 });
    const liar = [...sources(), signIn('s1', JUST_BEFORE), signIn('b1', JUST_BEFORE, { object_id: BEN, user_id: BEN }), ...webIdentity('ASIABEN0000000000001', AT, { principal_tags: `{entraoid=${BEN}}` }), ...chained(KEY, AT, 'ASIABEN0000000000001', { source_identity: ADA })];
    expect(await sessionOf(KEY, liar)).toMatchObject({ who_object_id: BEN, confidence: 'proved', identity_method: 'signed_tag' });
  });
});

describe('reasons', () => {
  const tagged = webIdentity(KEY, AT, { principal_tags: `{entraoid=${ADA}}` });
  const other = signIn('b1', JUST_BEFORE, { object_id: BEN, user_id: BEN, ip_address: '198.51.100.9' });
  const cases: [reason: string, rows: StagedRow[]][] = [
    ['sign_in_absent', [...sources(), other, ...tagged]],
    ['sign_in_not_yet_due', [...sources('2026-01-15T10:00:00Z'), other, ...tagged]],
    ['sign_in_too_old', [...sources(), signIn('s1', '2026-01-15T01:00:00Z'), ...tagged]],
    ['source_gap', [...sources(undefined, ['interactive_user']), other, ...tagged]],
    ['ambiguous_sign_in', [...sources(), signIn('s1', JUST_BEFORE), signIn('s2', '2026-01-15T08:50:00Z'), ...tagged]],
    ['tenant_not_ingested', tagged],
    ['subject_unmapped', [...sources(), other, ...webIdentity(KEY, AT)]],
  ];
  test.each(cases)('%s', async (reason, rows) => {
    expect(await sessionOf(KEY, rows)).toMatchObject({ reason, is_provisional: reason === 'sign_in_not_yet_due' });
  });

  test('a kind that the config declares unused is no gap', async () => {
    const config = { attribution: { unused_sign_in_kinds: ['non_interactive_user' as const] } };
    expect(await sessionOf(KEY, [...sources(undefined, ['interactive_user']), other, ...tagged], config)).toMatchObject({ reason: 'sign_in_absent' });
  });
});
