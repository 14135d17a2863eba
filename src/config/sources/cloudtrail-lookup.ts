import { z } from 'zod';
import { accountId, awsFields, commonFields, region, roleArn } from './common.ts';

/** CloudTrail's LookupEvents: the last 90 days of management events, slowly. */
export const cloudtrailLookupSchema = z.strictObject({
  type: z.literal('cloudtrail-lookup'),
  ...commonFields(120),
  endpoint: awsFields.endpoint,
  /** Each account, in each of the regions. Without a role: the account of the default chain's credentials. */
  accounts: z
    .array(z.strictObject({ account_id: accountId, role_arn: roleArn.optional(), external_id: z.string().optional() }))
    .min(1),
  regions: z.array(region).min(1),
  /** One query covers so much time. */
  window_minutes: z.int().positive().max(1440).default(30),
});
export type CloudtrailLookupConfig = z.output<typeof cloudtrailLookupSchema>;
