import { z } from 'zod';
import { SILENT_AFTER_A_DAY, accountId, awsFields, commonFields, region } from './common.ts';

export const cloudtrailLookupSchema = z
  .strictObject({
    type: z.literal('cloudtrail-lookup'),
    ...commonFields(120, 'lookup', SILENT_AFTER_A_DAY),
    endpoint: awsFields.endpoint,
    accounts: z
      .array(
        z.strictObject({
          account_id: accountId.meta({ description: 'The account, in quotes.', examples: ['111122223333'] }),
          role_arn: awsFields.role_arn,
          external_id: awsFields.external_id,
        }),
      )
      .min(1)
      .describe("Each account, read in each of the regions. Without a role: the account of the default chain's credentials."),
    regions: z.array(region).min(1).meta({ description: 'The regions to read; global services are recorded in us-east-1.', examples: [['eu-central-1', 'us-east-1']] }),
    window_minutes: z.int().positive().max(1440).default(30).describe('One query covers so much time.'),
  })
  .describe("CloudTrail's LookupEvents: the last 90 days of management events, slowly.");
export type CloudtrailLookupConfig = z.output<typeof cloudtrailLookupSchema>;
