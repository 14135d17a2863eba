import { z } from 'zod';
import { SILENT_AFTER_A_DAY, accountId, awsFields, commonFields, region } from './common.ts';

export const cloudwatchLogsSchema = z
  .strictObject({
    type: z.literal('cloudwatch-logs'),
    ...commonFields(120, 'logs', SILENT_AFTER_A_DAY),
    ...awsFields,
    region: region.meta({ description: 'The region of the log groups.', examples: ['eu-central-1'] }),
    account_id: accountId
      .optional()
      .meta({ description: "The log groups' account, so that completeness can be said for it.", examples: ['111122223333'] }),
    groups: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(512).meta({ description: 'The log group.', examples: ['/whoran/ecs-events'] }),
          holds: z
            .enum(['cloudtrail', 'ecs_events', 'application'])
            .meta({ description: 'What its events are.', examples: ['ecs_events'] }),
          filter: z
            .string()
            .max(1024)
            .optional()
            .meta({ description: "A filter pattern of CloudWatch Logs; for application logs STS's expired-token message by default.", examples: ['{ $.detail-type = "ECS*" }'] }),
        }),
      )
      .min(1)
      .describe('The log groups to read.'),
    window_minutes: z.int().positive().max(1440).default(60).describe('One query covers so much time.'),
  })
  .describe("Log groups that hold CloudTrail records, ECS state changes, or application logs with STS's messages.");
export type CloudwatchLogsConfig = z.output<typeof cloudwatchLogsSchema>;
