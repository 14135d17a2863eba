/**
 * What every source's configuration has.
 */
import { z } from 'zod';

/** A nightly run, and an hour for one that takes longer. */
export const SILENT_AFTER_A_DAY = 25 * 60;
/** Nobody need sign in on a weekend: from Friday evening to Monday evening. */
export const SILENT_AFTER_A_WEEKEND = 3 * 24 * 60;

/**
 * Fields of every source; each source's schema spreads them. `overlapMinutes` and `silentAfterMinutes` are that source's defaults, `exampleId`
 * what an id may be.
 */
export function commonFields(
  overlapMinutes: number,
  exampleId: string,
  silentAfterMinutes: number,
): {
  id: z.ZodString;
  enabled: z.ZodDefault<z.ZodBoolean>;
  overlap_minutes: z.ZodDefault<z.ZodInt>;
  first_days: z.ZodDefault<z.ZodInt>;
  deadline_minutes: z.ZodDefault<z.ZodInt>;
  silent_after_minutes: z.ZodDefault<z.ZodInt>;
} {
  return {
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, beginning with a letter or digit')
      .meta({ description: 'Names the source in the ledger, `status` and `--source`; changing it means pulling everything anew.', examples: [exampleId] }),
    enabled: z.boolean().default(true).describe('Whether `run` pulls it.'),
    overlap_minutes: z
      .int()
      .nonnegative()
      .default(overlapMinutes)
      .describe('How far behind its cursor a pull begins again, for records that the service delivers late.'),
    first_days: z.int().positive().default(7).describe('How many days back the first pull begins.'),
    deadline_minutes: z.int().positive().default(15).describe('How long one call is retried before its stream is given up for this run.'),
    silent_after_minutes: z
      .int()
      .nonnegative()
      .default(silentAfterMinutes)
      .describe('How long nothing new may be landed before the detection `source_silent` says so, as of the latest run; 0 for ever.'),
  };
}

const ACCOUNT_ID = 'an account id: 12 digits, in quotes';
/** YAML reads digits without quotes as a number, and leading zeros are gone then. */
export const accountId = z.string(ACCOUNT_ID).regex(/^\d{12}$/, ACCOUNT_ID);
export const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region like eu-central-1');
export const cidr = z.union([z.cidrv4(), z.cidrv6()], 'a range of addresses like 198.51.100.0/24');
export const roleArn = z.string().regex(/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/, 'the ARN of an IAM role');
/** How AWS is spoken to, where it isn't the platform's default chain in the default region. */
export const awsFields = {
  role_arn: roleArn
    .optional()
    .meta({ description: "A role to assume with the default chain's credentials.", examples: ['arn:aws:iam::111122223333:role/whoran-reader'] }),
  external_id: z
    .string()
    .optional()
    .meta({ description: "The external id that the role's trust policy asks for.", examples: ['${WHORAN_EXTERNAL_ID}'] }),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'For a private endpoint, or a stand-in.', examples: ['https://vpce-0123456789abcdef0.example.com'] }),
};
