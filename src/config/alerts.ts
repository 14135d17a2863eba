/**
 * The configuration's part about alerts: to whom findings are told, and when not.
 */
import { z } from 'zod';
import { isTimeZone } from '../core/time-zone.ts';
import { channelSchema } from './channels/index.ts';
import { accountId } from './sources/common.ts';

const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
/** What findings of one message have in common; where a finding has none of it, its subject stands for it. */
export const GROUP_KEYS = ['detection', 'identity', 'role', 'task', 'account'] as const;

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day like 22:00, in quotes');
const timeZone = z.string().refine(isTimeZone, 'an IANA time zone like Europe/Berlin').default('UTC').describe('The time zone of these times of day.');
/** As a person writes it, with an offset; YAML would read it as text without quotes too. */
const instant = z.iso.datetime({ offset: true, error: 'an RFC 3339 time like 2026-01-15T09:00:00Z' });
const names = (description: string, example: readonly string[]): z.ZodDefault<z.ZodArray<z.ZodString>> => z.array(z.string().min(1)).default([]).meta({ description, examples: [[...example]] });
const accounts = z.array(accountId).default([]).meta({ description: 'Of these accounts; any where this is left out.', examples: [['111122223333']] });

const routeSchema = z.strictObject({
  channels: z.array(z.string().min(1)).min(1).meta({ description: 'Ids of channels.', examples: [['slack-oncall']] }),
  min_severity: z.enum(SEVERITIES).default('medium').describe('Findings of this severity and above.'),
  detections: names('Of these detections; any where this is left out.', ['session_without_sign_in']),
  accounts,
  teams: names('Of these teams; any where this is left out.', ['data-platform']),
  group_by: z.array(z.enum(GROUP_KEYS)).default(['detection', 'identity']).describe('What makes findings one message. Empty: one message a finding.'),
  repeat_hours: z.int().nonnegative().max(24 * 30).default(24).describe('How often something that nobody has acknowledged is told again; 0: never.'),
});

const teamSchema = z.strictObject({
  id: z.string().min(1).meta({ description: 'Its name, as routes use it.', examples: ['data-platform'] }),
  accounts,
  clusters: names('Names of ECS clusters that are theirs.', ['prod']),
  roles: names('Names or ARNs of roles that are theirs.', ['etl-runner']),
});

const quietSchema = z.strictObject({
  from: clock.meta({ description: 'When it begins.', examples: ['22:00'] }),
  to: clock.meta({ description: 'When it ends; on the next day where it is earlier than `from`.', examples: ['07:00'] }),
  time_zone: timeZone,
  days: z.array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])).min(1).optional().meta({ description: 'On which days it begins; on all where this is left out.', examples: [['sat', 'sun']] }),
  below: z.enum(SEVERITIES).default('critical').describe('What waits: findings less severe than this.'),
});

const maintenanceSchema = z.strictObject({
  from: instant.meta({ description: 'When it begins.', examples: ['2026-01-15T20:00:00Z'] }),
  to: instant.meta({ description: 'When it ends. What still stands then is told.', examples: ['2026-01-16T02:00:00Z'] }),
  accounts,
  clusters: names('In these clusters; any where this is left out.', ['prod']),
  detections: names('Of these detections; any where this is left out.', ['task_without_launcher']),
  owner: z.string().min(1).meta({ description: 'Who answers for it.', examples: ['ada@example.com'] }),
  reason: z.string().min(1).meta({ description: 'Why.', examples: ['Moving the cluster'] }),
});

export const alertsConfigSchema = z
  .strictObject({
    channels: z
      .array(channelSchema)
      .default([])
      .superRefine((channels, context) => {
        for (const [index, { id }] of channels.entries()) {
          if (channels.findIndex((other) => other.id === id) < index) context.addIssue({ code: 'custom', path: [index, 'id'], message: 'expected an id of its own for each channel' });
        }
      })
      .describe('Where alerts can go. Each `id` once.'),
    routes: z.array(routeSchema).default([]).describe('What goes where. A finding goes to every channel of every route that it fits; without routes nothing is sent.'),
    teams: z.array(teamSchema).default([]).describe('Who owns what: the first team that fits owns a finding.'),
    link: z.string().regex(/^https?:\/\/[^\s]+$/, 'an http(s) URL').optional().meta({ description: 'Where the page is served; messages link to it.', examples: ['https://whoran.example.com'] }),
    quiet_hours: z.array(quietSchema).default([]).describe('When people are left alone.'),
    maintenance: z.array(maintenanceSchema).default([]).describe('Planned work, in which what it causes is not told.'),
    digest: z
      .strictObject({
        at: clock.meta({ description: 'When it is due; the first run after that sends it.', examples: ['08:00'] }),
        time_zone: timeZone,
        channels: z.array(z.string().min(1)).min(1).meta({ description: 'Ids of channels.', examples: [['mail-compliance']] }),
      })
      .optional()
      .meta({ description: "The day's summary: what stands, what came and went, what is held back, how far sources are complete." }),
    provisional_after_minutes: z.int().nonnegative().default(20).describe('How old a provisional finding is when it is first recorded: sign-ins that are minutes late are no history.'),
    give_up_after_hours: z.int().positive().max(24 * 7).default(24).describe('How long a message is tried; then it is dead, which is a finding of its own.'),
  })
  .superRefine(({ channels, routes, digest }, context) => {
    const known = channels.map(({ id }) => id);
    const message = (id: string): string => `the id of a channel in alerts.channels (${known.join(', ') || 'there is none'}), which ${JSON.stringify(id)} is not`;
    for (const [route, { channels: ids }] of routes.entries()) {
      for (const [index, id] of ids.entries()) if (!known.includes(id)) context.addIssue({ code: 'custom', path: ['routes', route, 'channels', index], message: message(id) });
    }
    for (const [index, id] of (digest?.channels ?? []).entries()) if (!known.includes(id)) context.addIssue({ code: 'custom', path: ['digest', 'channels', index], message: message(id) });
  })
  .prefault({})
  .describe('To whom findings are told, and when not (docs/alerts.md).');

export type AlertsConfig = z.output<typeof alertsConfigSchema>;
export type AlertRoute = AlertsConfig['routes'][number];
