/**
 * The configuration's part about the nightly job.
 */
import { z } from 'zod';
import { REPORT_FORMATS } from '../core/report-formats.ts';
import { isTimeZone } from '../core/time-zone.ts';
import { accountId } from './sources/common.ts';

/** A value that stands in an environment variable: `${NAME}`, nothing around it. */
const ENVIRONMENT_REFERENCE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
const HTTP_URL = /^https?:\/\/[^\s/?#]+[^\s]*$/;

const reportJobSchema = z.strictObject({
  id: z.string().min(1).meta({ description: 'Which report, as `whoran report list` names it.', examples: ['traceability'] }),
  period: z
    .union([z.enum(['previous_day', 'previous_month']), z.strictObject({ last_days: z.int().positive().max(366) })], 'expected previous_day, previous_month or { last_days: 1 to 366 }')
    .default('previous_month')
    .describe('What time it covers, in whole days of its time zone that are over: yesterday, the month before this one, or the last so many days.'),
  formats: z
    .array(z.enum(REPORT_FORMATS))
    .min(1)
    .optional()
    .describe('Which of its formats to write; HTML, CSV and JSON where this is left out. A PDF takes Chromium (docs/reports.md).'),
  accounts: z.array(accountId).default([]).meta({ description: 'Only what belongs to these accounts; all where this is left out. What a report leaves out it counts.', examples: [['111122223333']] }),
  teams: z.array(z.string().min(1)).default([]).meta({ description: 'Only what belongs to these teams (`alerts.teams`); all where this is left out.', examples: [['data-platform']] }),
  time_zone: z.string().refine(isTimeZone, 'an IANA time zone like Europe/Berlin').default('UTC').describe('The time zone of its days and times.'),
  out: z.string().min(1).meta({ description: 'The folder that it is written to; made where it is missing.', examples: ['./reports'] }),
});

export const runConfigSchema = z
  .strictObject({
    deadline_minutes: z
      .int()
      .positive()
      .max(7 * 1440)
      .default(240)
      .describe('How long sources may take together. Then they are stopped, and what they delivered is brought up to date and published.'),
    reports: z.array(reportJobSchema).default([]).describe('The reports that each run writes. None by default: a report is for a period and a reader.'),
    dead_man_url: z
      .string()
      .refine((text) => ENVIRONMENT_REFERENCE.test(text) || HTTP_URL.test(text), 'expected an http(s) URL, or ${NAME} for one in an environment variable')
      .optional()
      .meta({
        description: 'Told when a run is done, so that somebody notices a run that never came (healthchecks.io and the like). Who knows the URL can ping it: better an environment reference.',
        examples: ['${WHORAN_DEAD_MAN_URL}'],
      }),
    dead_man_failure_suffix: z
      .string()
      .regex(/^[\w./-]*$/, 'a path to put behind the URL')
      .default('/fail')
      .describe('Put behind the URL’s path when a run failed, in whole or in part. Empty: failures are not pinged, so that the silence tells.'),
  })
  .prefault({})
  .describe('What `whoran run` does beside pulling, correlating and detecting.');

export type RunConfig = z.output<typeof runConfigSchema>;
export type ReportJob = RunConfig['reports'][number];

/**
 * The value that a configured text stands for: itself, or that of the environment variable that it refers to as `${NAME}`.
 * @returns undefined where the variable is not set, or empty
 */
export function resolveReference(text: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const name = ENVIRONMENT_REFERENCE.exec(text)?.[1];
  const value = name === undefined ? text : env[name];
  return value === '' ? undefined : value;
}
