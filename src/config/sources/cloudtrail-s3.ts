import { z } from 'zod';
import { accountId, awsFields, commonFields, region } from './common.ts';

/** A trail's objects in its bucket. */
export const cloudtrailS3Schema = z.strictObject({
  type: z.literal('cloudtrail-s3'),
  ...commonFields(1440),
  ...awsFields,
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'a bucket name'),
  /** What stands before `AWSLogs/`, without a slash at its end. */
  prefix: z.string().default(''),
  bucket_region: region.default('us-east-1'),
  /** Of what lies under the prefix; empty for all. */
  accounts: z.array(accountId).default([]),
  regions: z.array(region).default([]),
  /** Digest objects too, which later prove that nothing was changed or left out. */
  digests: z.boolean().default(true),
  /** So many objects are downloaded at a time. */
  parallel: z.int().positive().max(64).default(16),
});
export type CloudtrailS3Config = z.output<typeof cloudtrailS3Schema>;
