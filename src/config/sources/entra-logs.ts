import { z } from 'zod';
import { azureFields, guid, signInKinds } from './azure.ts';
import { SILENT_AFTER_A_WEEKEND, commonFields } from './common.ts';

export const entraLogsSchema = z
  .strictObject({
    type: z.literal('entra-logs'),
    ...commonFields(30, 'workspace', SILENT_AFTER_A_WEEKEND),
    ...azureFields,
    tenant_id: guid.meta({ description: 'The Entra tenant that it reads.', examples: ['11111111-1111-4111-8111-111111111111'] }),
    workspace_id: guid.meta({ description: 'The workspace id (a GUID, not its name).', examples: ['22222222-2222-4222-8222-222222222222'] }),
    sign_in_kinds: signInKinds,
    directory_audits: z.boolean().default(true).describe('The table AuditLogs too: who was disabled, whose sessions were revoked.'),
    window_minutes: z.int().positive().default(360).describe('One query covers so much ingestion time at most.'),
    guard_days: z
      .int()
      // TimeGenerated stays up to two days behind a row's receipt, and its ingestion may take hours more.
      .min(3)
      .default(4)
      .describe("How far before its ingestion a row's TimeGenerated may lie: the guard that keeps queries cheap."),
  })
  .describe('The sign-in tables and AuditLogs of a Log Analytics workspace.');
export type EntraLogsConfig = z.output<typeof entraLogsSchema>;
