/**
 * The tables that are read, and what each one's rows are about. A stream is a table, by the table's name.
 */
import type { EntraLogsConfig } from '../../config/sources/entra-logs.ts';
import type { SignInKind } from '../../config/config.ts';
import type { Coverage } from '../source.ts';

/** A table of a Log Analytics workspace. */
export interface LogTable {
  readonly name: string;
  /** Category of Entra's diagnostic setting that fills it. */
  readonly category: string;
  /** Column of the event's own time, beside `TimeGenerated`. */
  readonly eventTime: 'CreatedDateTime' | 'ActivityDateTime';
  readonly covers: readonly Coverage[];
}

const SIGN_IN_TABLES: Readonly<Record<SignInKind, { readonly name: string; readonly category: string }>> = {
  interactive_user: { name: 'SigninLogs', category: 'SignInLogs' },
  non_interactive_user: { name: 'AADNonInteractiveUserSignInLogs', category: 'NonInteractiveUserSignInLogs' },
  service_principal: { name: 'AADServicePrincipalSignInLogs', category: 'ServicePrincipalSignInLogs' },
  managed_identity: { name: 'AADManagedIdentitySignInLogs', category: 'ManagedIdentitySignInLogs' },
};

/** The tables that the configuration asks for: sign-ins in its order, then `AuditLogs`. */
export function tablesOf(config: Pick<EntraLogsConfig, 'sign_in_kinds' | 'directory_audits' | 'tenant_id'>): LogTable[] {
  const tenantId = config.tenant_id;
  const signIns = config.sign_in_kinds.map((signInKind): LogTable => ({
    ...SIGN_IN_TABLES[signInKind], eventTime: 'CreatedDateTime', covers: [{ of: 'sign_ins', tenantId, signInKind }],
  }));
  const audits: LogTable = { name: 'AuditLogs', category: 'AuditLogs', eventTime: 'ActivityDateTime', covers: [{ of: 'directory_audits', tenantId }] };
  return config.directory_audits ? [...signIns, audits] : signIns;
}
