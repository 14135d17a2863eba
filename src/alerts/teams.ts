/**
 * A Microsoft Teams channel, by a Workflows webhook that posts an Adaptive Card:
 * https://learn.microsoft.com/connectors/teams/#microsoft-teams-webhook. Cards: https://adaptivecards.io/explorer
 */
import type { z } from 'zod';
import type { teamsSchema } from '../config/channels/index.ts';
import { leadOf, type Alert, type AlertSeverity } from './alert.ts';
import type { Channel, RenderedMessage } from './channel.ts';
import { cutText } from './_cut.ts';
import { fitted } from './_fit.ts';
import { post } from './_http.ts';
import { contextLine, headline, type Part } from './_parts.ts';

/** Of a whole message: Teams takes about 28 KB ("Format cards"), and does not say whether a KB has 1000 bytes or 1024. */
const LARGEST_MESSAGE = 27 * 1024;
const LONGEST_PART = 4000;
const LONGEST_TITLE = 600;
const COLOUR: Readonly<Record<AlertSeverity, string>> = { critical: 'Attention', high: 'Attention', medium: 'Warning', low: 'Default' };

/** Text in runs, which no reader takes for Markdown; a TextBlock would make links and mentions of it. */
interface RichText {
  readonly type: 'RichTextBlock';
  readonly inlines: readonly { readonly type: 'TextRun'; readonly text: string; readonly weight?: 'Bolder'; readonly size?: 'Medium'; readonly color?: string; readonly isSubtle?: boolean }[];
  readonly separator?: boolean;
}

export interface TeamsMessage {
  readonly type: 'message';
  readonly attachments: readonly [{ readonly contentType: 'application/vnd.microsoft.card.adaptive'; readonly contentUrl: null; readonly content: AdaptiveCard }];
}

interface AdaptiveCard {
  readonly $schema: 'http://adaptivecards.io/schemas/adaptive-card.json';
  readonly type: 'AdaptiveCard';
  /** The newest that Teams shows everywhere. */
  readonly version: '1.4';
  readonly fallbackText: string;
  readonly body: readonly RichText[];
  readonly actions?: readonly { readonly type: 'Action.OpenUrl'; readonly title: string; readonly url: string }[];
  readonly msteams: { readonly width: 'Full' };
}

/** @param config with its references resolved */
export function teams({ id, webhook_url: url }: z.output<typeof teamsSchema>): Channel {
  const target = URL.canParse(url) ? `${new URL(url).host} (Teams workflow)` : 'a webhook that is no URL';
  return {
    id,
    type: 'teams',
    notices: ['fired', 'reminder', 'acknowledged', 'resolved', 'digest', 'test'],
    honoursKey: false,
    target,
    render: (alert) => {
      const { message, cuts } = teamsMessage(alert);
      return { content_type: 'application/json', body: JSON.stringify(message), headers: {}, cuts } satisfies RenderedMessage;
    },
    send: async (alert, { signal, now }) => {
      const hint = 'Open the workflow in Teams: it may be turned off, or its owner gone; its URL is shown at its first step.';
      await post({ url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(teamsMessage(alert).message), signal, now, who: target, hint });
      return { id: null };
    },
  };
}

/** The message and what was cut to keep its size. */
export function teamsMessage(alert: Alert): { readonly message: TeamsMessage; readonly cuts: readonly string[] } {
  const title = cutText(headline(alert), LONGEST_TITLE);
  const { parts, cuts } = fitted(alert, { part: LONGEST_PART, fits: (some) => Buffer.byteLength(JSON.stringify(messageOf(alert, title, some))) <= LARGEST_MESSAGE });
  return { message: messageOf(alert, title, parts), cuts: [...(title === headline(alert) ? [] : ['the title: cut at the …']), ...cuts] };
}

function messageOf(alert: Alert, title: string, parts: readonly Part[]): TeamsMessage {
  const [first] = alert.findings;
  const content: AdaptiveCard = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    // Readers that show it may take it for Markdown: nothing from a record is in it.
    fallbackText: `${leadOf(alert.notice, alert.findings)} (${alert.severity}): this program can't show the card. See ${first ? `whoran alerts show ${first.id.slice(0, 12)}` : 'whoran status'}`,
    body: [
      { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: inertRun(title), weight: 'Bolder', size: 'Medium', color: colourOf(alert) }] },
      { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: inertRun(cutText(contextLine(alert), LONGEST_TITLE)), isSubtle: true }] },
      ...parts.flatMap(({ title: heading, lines }): RichText[] => [
        { type: 'RichTextBlock', separator: true, inlines: [{ type: 'TextRun', text: heading, weight: 'Bolder' }] },
        ...lines.map((line): RichText => ({ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: inertRun(line) }] })),
      ]),
    ],
    ...(alert.link === null ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'Read on', url: alert.link }] }),
    msteams: { width: 'Full' },
  };
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }] };
}

/** A text that shows as it is: readers replace `{{DATE(…)}}` and `{{TIME(…)}}` in runs too, and refuse empty ones. */
function inertRun(text: string): string {
  return text === '' ? ' ' : text.replace(/\{(?=\{)/g, '{\u2060');
}

/** Green is for what is over by itself or by somebody's work; what was suppressed may go on. */
function colourOf({ notice, severity, findings }: Alert): string {
  if (notice !== 'resolved') return COLOUR[severity];
  return findings.some(({ status }) => status === 'suppressed') ? 'Default' : 'Good';
}
