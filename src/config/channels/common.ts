/**
 * What every channel's configuration has.
 */
import { z } from 'zod';

/** A secret: only a reference to an environment variable, never the value itself. */
export const secretReference = (description: string, example: string): z.ZodString =>
  z.string().regex(/^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/, 'a reference to an environment variable: ${NAME}').meta({ description, examples: [example] });

/** Fields of every channel; each channel's schema spreads them. `ratePerMinute` is the most that the service takes for long. */
export function commonFields(exampleId: string, ratePerMinute: number): {
  id: z.ZodString;
  enabled: z.ZodDefault<z.ZodBoolean>;
  timeout_seconds: z.ZodDefault<z.ZodInt>;
  rate_per_minute: z.ZodDefault<z.ZodInt>;
  send_resolved: z.ZodDefault<z.ZodBoolean>;
} {
  return {
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, beginning with a letter or digit')
      .meta({ description: 'Names the channel in routes, `alerts test` and the record of deliveries.', examples: [exampleId] }),
    enabled: z.boolean().default(true).describe('Whether anything is sent to it.'),
    timeout_seconds: z.int().positive().max(120).default(10).describe('How long one attempt may take.'),
    rate_per_minute: z.int().positive().default(ratePerMinute).describe('How many messages it is sent a minute at most; the rest waits for its turn.'),
    send_resolved: z.boolean().default(true).describe('Whether it is told that something is over, where it can be.'),
  };
}
