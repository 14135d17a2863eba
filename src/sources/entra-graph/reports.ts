/**
 * The log reports of Graph that are read, and how a window of one is asked for.
 */
import type { EntraGraphConfig } from '../../config/sources/entra-graph.ts';
import type { SignInKind } from '../../config/sign-in-kinds.ts';
import type { Coverage, Window } from '../source.ts';
import type { GraphQuery } from './graph-client.ts';

/** A log report, as a stream asks for it. */
export interface LogReport {
  readonly stream: string;
  readonly covers: readonly Coverage[];
  readonly path: 'auditLogs/signIns' | 'auditLogs/directoryAudits';
  /** The rows' own time, which windows are cut by. */
  readonly timeField: 'createdDateTime' | 'activityDateTime';
  /** What else the filter asks. */
  readonly condition?: string;
}

/** Most rows on a page of a log report; more is refused. */
const PAGE_ROWS = 1000;

/** Graph's own words for the kinds of sign-ins; without a filter by one it gives interactive ones only. */
const EVENT_TYPES: Readonly<Record<SignInKind, string>> = {
  interactive_user: 'interactiveUser',
  non_interactive_user: 'nonInteractiveUser',
  service_principal: 'servicePrincipal',
  managed_identity: 'managedIdentity',
};

/** The log reports that a source is configured to read. */
export function reportsOf(config: EntraGraphConfig): LogReport[] {
  const tenantId = config.tenant_id;
  const signIns = config.sign_in_kinds.map(
    (kind): LogReport => ({
      stream: `sign_ins/${kind}`,
      covers: [{ of: 'sign_ins', tenantId, signInKind: kind }],
      path: 'auditLogs/signIns',
      timeField: 'createdDateTime',
      condition: `signInEventTypes/any(t: t eq '${EVENT_TYPES[kind]}')`,
    }),
  );
  const audits: LogReport = { stream: 'directory_audits', covers: [{ of: 'directory_audits', tenantId }], path: 'auditLogs/directoryAudits', timeField: 'activityDateTime' };
  return config.directory_audits ? [...signIns, audits] : signIns;
}

/** The least that a stream takes. */
export function permissionOf(stream: string): string {
  return stream.startsWith('directory/') ? 'Directory.Read.All' : 'AuditLog.Read.All';
}

/** RFC 3339, without fractions where there are none. */
export function instant(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z');
}

/** A window's query; `select` where a few fields will do. */
export function windowQuery({ path, timeField, condition }: LogReport, { from, to }: Window, select?: string): GraphQuery {
  const filter = `${timeField} ge ${instant(from)} and ${timeField} le ${instant(to)}${condition === undefined ? '' : ` and ${condition}`}`;
  const selected = select === undefined ? {} : { $select: select };
  return { version: 'beta', path, options: { $filter: filter, ...selected, $top: String(PAGE_ROWS) }, allowance: 'reports' };
}
