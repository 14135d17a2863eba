import { z } from 'zod';
import { accountId, awsFields, commonFields, region } from './common.ts';

/** Log groups that hold CloudTrail records, ECS state changes, or application logs with STS's messages. */
export const cloudwatchLogsSchema = z.strictObject({
  type: z.literal('cloudwatch-logs'),
  ...commonFields(120),
  ...awsFields,
  region,
  account_id: accountId.optional(),
  groups: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(512),
        holds: z.enum(['cloudtrail', 'ecs_events', 'application']),
        /** A filter pattern of CloudWatch Logs; for application logs STS's expired-token message by default. */
        filter: z.string().max(1024).optional(),
      }),
    )
    .min(1),
  /** One query covers so much time. */
  window_minutes: z.int().positive().max(1440).default(60),
});
export type CloudwatchLogsConfig = z.output<typeof cloudwatchLogsSchema>;
