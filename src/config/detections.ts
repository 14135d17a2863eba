/**
 * The configuration's part about detections.
 */
import { z } from 'zod';

export const detectionsConfigSchema = z
  .record(
    z.string(),
    z.strictObject({
      /** Whether the detection runs. */
      enabled: z.boolean().default(true),
      /** Values for the parameters that its header declares, in place of the defaults there. */
      params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).default({}),
    }),
  )
  .default({});

/** By detection id; a detection that is not named runs with its header's values. */
export type DetectionsConfig = z.output<typeof detectionsConfigSchema>;
