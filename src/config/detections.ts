/**
 * The configuration's part about detections.
 */
import { z } from 'zod';

/** What an exception is about: all that it names must fit. */
const scopeFields = {
  subject: z.string().min(1).optional().meta({ description: "The finding's subject: a session's key, an event id, a task's ARN, a source.", examples: ['arn:aws:ecs:eu-central-1:111122223333:task/prod/0123456789abcdef0123456789abcdef'] }),
  identity: z.string().min(1).optional().meta({ description: 'The object id of whoever did it.', examples: ['22222222-2222-4222-8222-222222222222'] }),
  role: z.string().min(1).optional().meta({ description: "A role's ARN.", examples: ['arn:aws:iam::111122223333:role/break-glass'] }),
  account: z.string().regex(/^\d{12}$/, 'an account id: 12 digits, in quotes').optional().meta({ description: 'An account.', examples: ['111122223333'] }),
  cluster: z.string().min(1).optional().meta({ description: 'The name of an ECS cluster.', examples: ['sandbox'] }),
};

const exceptionSchema = z
  .strictObject({
    ...scopeFields,
    owner: z.string().min(1).meta({ description: 'Who answers for it.', examples: ['ada@example.com'] }),
    reason: z.string().min(1).meta({ description: 'Why it is accepted.', examples: ['Break-glass drill, ticket 1234'] }),
    expires: z.iso.datetime({ offset: true, error: 'an RFC 3339 time like 2026-01-15T09:00:00Z' }).meta({ description: 'When it ends: none lasts for ever.', examples: ['2026-06-30T00:00:00Z'] }),
  })
  .refine((exception) => Object.keys(scopeFields).some((key) => exception[key as keyof typeof scopeFields] !== undefined), 'expected one of subject, identity, role, account or cluster: turn a detection off with enabled: false');

const EXAMPLE = {
  activity_after_session_expiry: {
    enabled: true,
    severity: 'high',
    params: { margin_seconds: 120 },
    exceptions: [
      {
        subject: 'arn:aws:ecs:eu-central-1:111122223333:task/sandbox/0123456789abcdef0123456789abcdef',
        identity: '22222222-2222-4222-8222-222222222222', role: 'arn:aws:iam::111122223333:role/break-glass',
        account: '111122223333', cluster: 'sandbox', owner: 'ada@example.com', reason: 'Break-glass drill, ticket 1234', expires: '2026-06-30T00:00:00Z',
      },
    ],
  },
};

export const detectionsConfigSchema = z
  .record(
    z.string(),
    z.strictObject({
      enabled: z.boolean().default(true).describe('Whether the detection runs.'),
      severity: z.enum(['low', 'medium', 'high', 'critical']).optional().meta({ description: 'In place of the severity in its header.', examples: ['low'] }),
      exceptions: z
        .array(exceptionSchema)
        .default([])
        .describe('What is known and accepted: findings that fit are listed as suppressed, and not told, until the exception ends.'),
      params: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
        .default({})
        .meta({ description: 'Values for the parameters that its header declares, in place of the defaults there.', examples: [{ margin_seconds: 120 }] }),
    }),
  )
  .default({})
  .meta({
    description: 'Which detections run, and with what values (docs/adding-a-detection.md). One that is not named runs with its own.',
    examples: [EXAMPLE],
  });

/** By detection id; a detection that is not named runs with its header's values. */
export type DetectionsConfig = z.output<typeof detectionsConfigSchema>;
export type DetectionException = z.output<typeof exceptionSchema>;
