/**
 * The configuration as tables (`queries/correlated/configuration.sql`), so that a query needs no parameters.
 */
import type { Config } from '../config/config.ts';
import type { Database, SqlParameters } from '../engine/database.ts';

/** Replaces the `cfg_*` tables by what `config` says. Values travel as parameters, never as SQL text. */
export async function writeConfiguration(db: Database, config: Config): Promise<void> {
  const { attribution } = config;
  await replace(db, 'cfg_settings', [
    {
      tag_oid: attribution.tags.oid.toLowerCase(),
      tag_uti: attribution.tags.uti.toLowerCase(),
      tag_correlation_id: attribution.tags.correlation_id.toLowerCase(),
      token_lifetime_minutes: attribution.token_lifetime_minutes,
      managed_identity_lifetime_minutes: attribution.managed_identity_lifetime_minutes,
      settle_minutes: attribution.settle_minutes,
    },
  ]);
  await replace(db, 'cfg_tenants', config.tenants.map((tenant) => ({ tenant_id: tenant.id })));
  await replace(db, 'cfg_audiences', Object.entries(config.audiences).map(([audience, app_id]) => ({ audience, app_id })));
  await replace(db, 'cfg_saml_apps', Object.entries(config.saml_apps).map(([provider, app_id]) => ({ provider, app_id })));
  await replace(db, 'cfg_session_names', attribution.session_names.flatMap(sessionNamePattern));
  const { accounts, regions, clusters } = config.expected;
  await replace(db, 'cfg_expected', [
    ...accounts.map((name) => ({ kind: 'account', name })), ...regions.map((name) => ({ kind: 'region', name })), ...clusters.map((name) => ({ kind: 'cluster', name })),
  ]);
  await replace(db, 'cfg_exceptions', Object.entries(config.detections).flatMap(([detection, { exceptions }]) => exceptions.map((exception) => ({
    detection, subject_id: exception.subject ?? null, object_id: exception.identity?.toLowerCase() ?? null, role_arn: exception.role ?? null,
    account_id: exception.account ?? null, cluster_name: exception.cluster ?? null,
    owner: exception.owner, reason: exception.reason, expires_at: new Date(exception.expires),
  }))));
  await replace(db, 'cfg_teams', config.alerts.teams.flatMap(({ id: team, accounts: own, clusters: theirs, roles }, place) => [
    ...own.map((name) => ({ place, team, kind: 'account', name })), ...theirs.map((name) => ({ place, team, kind: 'cluster', name })), ...roles.map((name) => ({ place, team, kind: 'role', name })),
  ]));
  await replace(db, 'cfg_due_days', Object.entries(config.reports.due_days).map(([severity, days]) => ({ severity, days })));
  await replace(db, 'cfg_egress_ranges', config.network.egress_ranges.map((range) => ({ range })));
  await replace(db, 'cfg_role_groups', config.access.role_groups.flatMap(({ role, groups }) => groups.map((group) => ({
    role_arn: role.replace(/\*$/, ''), is_beginning: role.endsWith('*'), group_id: group.toLowerCase(),
  }))));
  await replace(db, 'cfg_unused_sign_in_kinds', attribution.unused_sign_in_kinds.map((kind) => ({ sign_in_kind: kind })));
}

async function replace(db: Database, table: string, rows: readonly SqlParameters[]): Promise<void> {
  await db.run(`delete from ${table}`);
  for (const row of rows) {
    const columns = Object.keys(row);
    await db.run(
      `insert into ${table} (${columns.join(', ')}) values (${columns.map((column) => `$${column}`).join(', ')})`,
      row,
    );
  }
}

/** The patterns that a role session name can have: fixed text around one shape. Longest first: `{oid}.{uti}` holds `{oid}`. */
const SHAPES = [
  ['{oid}.{uti}', 'oid.uti'],
  ['{oid}', 'oid'],
  ['{upn}', 'upn'],
] as const;

/** `job-{upn}` → prefix `job-`, shape `upn`, no suffix. A pattern without a known shape names nobody: an empty list. */
export function sessionNamePattern(pattern: string): { prefix: string; shape: string; suffix: string }[] {
  for (const [mark, shape] of SHAPES) {
    const at = pattern.indexOf(mark);
    if (at >= 0) return [{ prefix: pattern.slice(0, at), shape, suffix: pattern.slice(at + mark.length) }];
  }
  return [];
}
