import { z } from 'zod';
import { SILENT_AFTER_A_WEEKEND, commonFields } from './common.ts';
import { azureFields, guid, signInKinds } from './azure.ts';

export const entraGraphSchema = z
  .strictObject({
    type: z.literal('entra-graph'),
    ...commonFields(120, 'graph', SILENT_AFTER_A_WEEKEND),
    ...azureFields,
    tenant_id: guid.meta({ description: 'The Entra tenant that it reads.', examples: ['11111111-1111-4111-8111-111111111111'] }),
    sign_in_kinds: signInKinds,
    directory_audits: z.boolean().default(true).describe('Directory audits too: who was disabled, whose sessions were revoked.'),
    snapshot_hours: z
      .int()
      .nonnegative()
      .default(24)
      .describe('How often users, service principals, groups and their transitive members are read; 0 for never.'),
    window_minutes: z.int().positive().max(1440).default(30).describe('One query covers so much time.'),
  })
  .describe('Sign-ins, directory audits and directory snapshots through Microsoft Graph.');
export type EntraGraphConfig = z.output<typeof entraGraphSchema>;
