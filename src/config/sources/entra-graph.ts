import { z } from 'zod';
import { commonFields } from './common.ts';
import { azureFields, guid, signInKinds } from './azure.ts';

/** Sign-ins, directory audits and directory snapshots through Microsoft Graph. */
export const entraGraphSchema = z.strictObject({
  type: z.literal('entra-graph'),
  ...commonFields(120),
  ...azureFields,
  tenant_id: guid,
  /** Of the four kinds of sign-ins, those to pull. */
  sign_in_kinds: signInKinds,
  directory_audits: z.boolean().default(true),
  /** Users, service principals, groups and their transitive members, so often; 0 for never. */
  snapshot_hours: z.int().nonnegative().default(24),
  /** One query covers so much time. */
  window_minutes: z.int().positive().max(1440).default(30),
});
export type EntraGraphConfig = z.output<typeof entraGraphSchema>;
