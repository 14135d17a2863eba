/**
 * The configuration's part about reports.
 */
import { z } from 'zod';

const days = (standard: number, severity: string): z.ZodDefault<z.ZodInt> => z.int().positive().max(3650).default(standard).describe(`Days for a finding of severity ${severity}, of 24 hours each.`);

export const reportsConfigSchema = z
  .strictObject({
    due_days: z
      .strictObject({ critical: days(1, 'critical'), high: days(7, 'high'), medium: days(30, 'medium'), low: days(90, 'low') })
      .prefault({})
      .describe('How long after what was found somebody should have decided about it, by severity: later, an open finding is overdue in the report of exceptions.'),
  })
  .prefault({})
  .describe('What reports measure by.');
