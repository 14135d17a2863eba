/**
 * The configuration's part about detections.
 */
import { z } from 'zod';

export const detectionsConfigSchema = z
  .record(
    z.string(),
    z.strictObject({
      enabled: z.boolean().default(true).describe('Whether the detection runs.'),
      params: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
        .default({})
        .meta({ description: 'Values for the parameters that its header declares, in place of the defaults there.', examples: [{ margin_seconds: 120 }] }),
    }),
  )
  .default({})
  .meta({
    description: 'Which detections run, and with what values (docs/adding-a-detection.md). One that is not named runs with its own.',
    examples: [{ activity_after_session_expiry: { enabled: true, params: { margin_seconds: 120 } } }],
  });

/** By detection id; a detection that is not named runs with its header's values. */
export type DetectionsConfig = z.output<typeof detectionsConfigSchema>;
