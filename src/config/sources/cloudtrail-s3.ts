import { z } from 'zod';
import { SILENT_AFTER_A_DAY, accountId, awsFields, commonFields, region } from './common.ts';

export const cloudtrailS3Schema = z
  .strictObject({
    type: z.literal('cloudtrail-s3'),
    ...commonFields(1440, 'trail', SILENT_AFTER_A_DAY),
    ...awsFields,
    bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'a bucket name').meta({ description: "The trail's bucket.", examples: ['example-org-trail'] }),
    prefix: z.string().default('').describe('What stands before `AWSLogs/`, without a slash at its end.'),
    bucket_region: region.default('us-east-1').describe('The region of the bucket.'),
    accounts: z
      .array(accountId)
      .default([])
      .meta({ description: 'Only these accounts of what lies under the prefix; empty for all.', examples: [['111122223333']] }),
    regions: z
      .array(region)
      .default([])
      .meta({ description: 'Only these regions; empty for all.', examples: [['eu-central-1', 'us-east-1']] }),
    digests: z.boolean().default(true).describe('Digest objects too, which later prove that nothing was changed or left out.'),
    public_keys: z.boolean().default(false).describe('Ask CloudTrail for the public keys that verify digests (cloudtrail:ListPublicKeys), in each region that has digests.'),
    cloudtrail_endpoint: awsFields.endpoint.describe("Of CloudTrail, for `public_keys`, where it isn't the region's own."),
    parallel: z.int().positive().max(64).default(16).describe('So many objects are downloaded at a time.'),
  })
  .describe("A trail's objects in its bucket.");
export type CloudtrailS3Config = z.output<typeof cloudtrailS3Schema>;
