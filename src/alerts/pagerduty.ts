/**
 * PagerDuty, by Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview. One incident a group of findings.
 */
import type { z } from 'zod';
import type { pagerdutySchema } from '../config/channels/index.ts';
import type { Alert, AlertSeverity } from './alert.ts';
import { ChannelError, type Channel, type Receipt, type RenderedMessage, type SendContext } from './channel.ts';
import { cutText } from './_cut.ts';
import { fitted } from './_fit.ts';
import { post } from './_http.ts';
import { jsonText } from './_json.ts';
import { headline, plainLine, type Part } from './_parts.ts';

const LONGEST_SUMMARY = 1024;
/** Of component, group, class and source: nothing is documented, and this is what the service takes for a dedup_key. */
const LONGEST_NAME = 255;
/** Of a whole event it takes 512 KB; the routing key comes on top. */
const LARGEST_EVENT = 500 * 1000;
const LONGEST_PART = 16_000;
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
    render: (alert) => {
      const { event, cuts } = pagerDutyEvent(alert);
      const events = alert.notice === 'test' ? [event, resolving(alert)] : [event];
      return { content_type: events.length === 1 ? 'application/json' : 'application/jsonl', body: events.map(jsonText).join('\n'), headers: {}, cuts } satisfies RenderedMessage;
    },
    send: async (alert, context) => {
      const url = `${endpoint.replace(/\/+$/, '')}/v2/enqueue`;
      const receipt = await send({ url, key, target }, pagerDutyEvent(alert).event, context);
      if (alert.notice === 'test') await closeTest({ url, key, target }, alert, context);
      return receipt;
    },
  };
}

/**
 * The event of an alert, and what was cut to keep the limits. A group keeps one `dedup_key`, so that what comes later and what is over find
 * their incident.
 */
export function pagerDutyEvent(alert: Alert): { readonly event: PagerDutyEvent; readonly cuts: readonly string[] } {
  const { notice, group_key: dedupKey } = alert;
  if (notice === 'resolved') return { event: resolving(alert), cuts: [] };
  if (notice === 'acknowledged') return { event: { event_action: 'acknowledge', dedup_key: dedupKey, client: 'whoran' }, cuts: [] };
  const title = headline(alert);
  const summary = cutText(title, LONGEST_SUMMARY);
  const { parts, cuts } = fitted(alert, { part: LONGEST_PART, fits: (some) => Buffer.byteLength(jsonText(triggering(alert, summary, some))) <= LARGEST_EVENT });
  return { event: triggering(alert, summary, parts), cuts: [...(summary === title ? [] : ['the summary: cut at the …']), ...cuts] };
}

function resolving({ group_key: dedupKey }: Alert): PagerDutyEvent {
  return { event_action: 'resolve', dedup_key: dedupKey, client: 'whoran' };
}

function triggering(alert: Alert, summary: string, parts: readonly Part[]): PagerDutyEvent {
  const [first] = alert.findings;
  const name = (text: string): string => cutText(plainLine(text), LONGEST_NAME);
  return {
    event_action: 'trigger',
    dedup_key: alert.group_key,
    payload: {
      summary,
      source: first?.account_id === undefined || first.account_id === null ? 'whoran' : name(`aws account ${first.account_id}`),
      severity: SEVERITY[alert.severity],
      timestamp: first?.occurred_at ?? alert.at,
      ...(first ? { component: name(`${first.subject.kind} ${first.subject.id}`), class: name(first.detection) } : {}),
      ...(first?.team === undefined || first.team === null ? {} : { group: name(first.team) }),
      custom_details: Object.fromEntries(parts.map(({ title, lines }, index) => [`${index + 1} ${title}`, lines.join('\n')])),
    },
    client: 'whoran',
    ...(alert.link === null ? {} : { links: [{ href: alert.link, text: 'Read on' }] }),
  };
}

interface Service {
  readonly url: string;
  readonly key: string;
  readonly target: string;
}

async function send({ url, key, target }: Service, event: PagerDutyEvent, { signal, now }: SendContext): Promise<Receipt> {
  const body = jsonText({ routing_key: key, ...event });
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

/** What a test opened is nobody's work: it is resolved at once. */
async function closeTest(service: Service, alert: Alert, context: SendContext): Promise<void> {
  try {
    await send(service, resolving(alert), context);
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    throw new ChannelError(`${error.message}; the test's incident was opened and not resolved`, { isTransient: error.isTransient, hint: `Resolve it in PagerDuty: its dedup_key is ${alert.group_key}.`, cause: error });
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
