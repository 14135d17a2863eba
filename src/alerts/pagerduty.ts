/**
 * PagerDuty, by Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview. One incident a group of findings.
 */
import type { z } from 'zod';
import type { pagerdutySchema } from '../config/channels/index.ts';
import type { Alert, AlertSeverity } from './alert.ts';
import { ChannelError, type Channel, type Receipt, type RenderedMessage, type SendContext } from './channel.ts';
import { alertParts, headline } from './_parts.ts';
import { post } from './_http.ts';

const LONGEST_SUMMARY = 1024;
/** Of a whole event. */
const LARGEST_EVENT = 512 * 1024;
const SEVERITY: Readonly<Record<AlertSeverity, string>> = { critical: 'critical', high: 'error', medium: 'warning', low: 'info' };

/** An event without its routing key, which is a secret. */
export interface PagerDutyEvent {
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedup_key: string;
  readonly payload?: {
    readonly summary: string;
    readonly source: string;
    readonly severity: string;
    readonly timestamp: string;
    readonly component?: string;
    readonly group?: string;
    readonly class?: string;
    readonly custom_details: Readonly<Record<string, unknown>>;
  };
  readonly client: 'whoran';
  readonly links?: readonly { readonly href: string; readonly text: string }[];
}

/** @param config with its references resolved */
export function pagerduty({ id, routing_key: key, endpoint }: z.output<typeof pagerdutySchema>): Channel {
  const target = URL.canParse(endpoint) ? new URL(endpoint).host : 'an endpoint that is no URL';
  return {
    id,
    type: 'pagerduty',
    // A digest wakes nobody.
    notices: ['fired', 'reminder', 'acknowledged', 'resolved', 'test'],
    honoursKey: true,
    target,
    render: (alert) => ({ content_type: 'application/json', body: JSON.stringify(pagerDutyEvent(alert)), headers: {}, cuts: [] }) satisfies RenderedMessage,
    send: async (alert, context) => send(`${endpoint.replace(/\/+$/, '')}/v2/enqueue`, key, target, alert, context),
  };
}

/** The event of an alert. A group keeps one `dedup_key`, so that what comes later and what is over find their incident. */
export function pagerDutyEvent(alert: Alert): PagerDutyEvent {
  const { notice, group_key: dedupKey } = alert;
  if (notice === 'acknowledged' || notice === 'resolved') return { event_action: notice === 'resolved' ? 'resolve' : 'acknowledge', dedup_key: dedupKey, client: 'whoran' };
  const [first] = alert.findings;
  const full = Object.fromEntries(alertParts(alert).map(({ title, lines }, index) => [`${index + 1} ${title}`, lines.join('\n')]));
  const event = (details: Readonly<Record<string, unknown>>): PagerDutyEvent => ({
    event_action: 'trigger',
    dedup_key: dedupKey,
    payload: {
      summary: cut(headline(alert), LONGEST_SUMMARY),
      source: first?.account_id === undefined || first.account_id === null ? 'whoran' : `aws account ${first.account_id}`,
      severity: SEVERITY[alert.severity],
      timestamp: first?.occurred_at ?? alert.at,
      ...(first ? { component: cut(`${first.subject.kind} ${first.subject.id}`, LONGEST_SUMMARY), class: first.detection } : {}),
      ...(first?.team === undefined || first.team === null ? {} : { group: first.team }),
      custom_details: details,
    },
    client: 'whoran',
    ...(alert.link === null ? {} : { links: [{ href: alert.link, text: 'Read on' }] }),
  });
  const whole = event(full);
  if (JSON.stringify(whole).length * 3 < LARGEST_EVENT) return whole;
  return event({ note: 'The details are larger than an event may be.', findings: alert.findings.map(({ id, ask }) => `${id}: ${cut(ask, 300)}`) });
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

async function send(url: string, key: string, target: string, alert: Alert, { signal, now }: SendContext): Promise<Receipt> {
  const body = JSON.stringify({ routing_key: key, ...pagerDutyEvent(alert) });
  try {
    const { text } = await post({ url, headers: { 'content-type': 'application/json' }, body, signal, now, who: target });
    return { id: dedupKeyOf(text) };
  } catch (error) {
    if (error instanceof ChannelError && !error.isTransient && error.hint === undefined) {
      throw new ChannelError(error.message.replaceAll(key, '[hidden]'), { isTransient: false, hint: "Check that routing_key is the integration key of an Events API v2 integration.", cause: error });
    }
    throw error;
  }
}

function dedupKeyOf(text: string): string | null {
  try {
    const answer = JSON.parse(text) as { readonly dedup_key?: unknown };
    return typeof answer.dedup_key === 'string' ? answer.dedup_key.slice(0, 255) : null;
  } catch {
    return null;
  }
}
