import { z } from 'zod';
import { azureFields, guid, signInKinds } from './azure.ts';
import { commonFields } from './common.ts';

/** The sign-in tables and AuditLogs of a Log Analytics workspace. */
export const entraLogsSchema = z.strictObject({
  type: z.literal('entra-logs'),
  ...commonFields(30),
  ...azureFields,
  tenant_id: guid,
  workspace_id: guid,
  sign_in_kinds: signInKinds,
  directory_audits: z.boolean().default(true),
  /** One query covers so much ingestion time at most. */
  window_minutes: z.int().positive().default(360),
  /** How much longer than its ingestion a row's TimeGenerated may lie back: the guard that keeps queries cheap. */
  guard_days: z.int().positive().default(4),
});
export type EntraLogsConfig = z.output<typeof entraLogsSchema>;
