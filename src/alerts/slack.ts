/**
 * A Slack channel, by an incoming webhook and Slack's own client. Block Kit's limits: https://docs.slack.dev/reference/block-kit/blocks
 */
import { IncomingWebhook } from '@slack/webhook';
import type { z } from 'zod';
import type { slackSchema } from '../config/channels/index.ts';
import type { Alert } from './alert.ts';
import { ChannelError, type Channel, type Receipt, type RenderedMessage, type SendContext } from './channel.ts';
import { alertParts, contextLine, headline, type Part } from './_parts.ts';
import { post } from './_http.ts';

const MOST_BLOCKS = 50;
const LONGEST_HEADER = 150;
const LONGEST_TEXT = 3000;
/** Of the fallback text, which phones show. */
const LONGEST_FALLBACK = 3000;

interface PlainText { readonly type: 'plain_text'; readonly text: string; readonly emoji: false }
type SlackBlock =
  | { readonly type: 'header' | 'section'; readonly text: PlainText }
  | { readonly type: 'context'; readonly elements: readonly PlainText[] }
  | { readonly type: 'divider' };

/** The body of a message. Values from records stand in `plain_text` alone, which Slack neither formats nor links nor pings. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/** @param config with its references resolved */
export function slack({ id, webhook_url: url }: z.output<typeof slackSchema>): Channel {
  // A webhook's URL is its secret; its host isn't.
  const target = URL.canParse(url) ? `${new URL(url).host} (incoming webhook)` : 'a webhook that is no URL';
  return {
    id,
    type: 'slack',
    notices: ['fired', 'reminder', 'acknowledged', 'resolved', 'digest', 'test'],
    honoursKey: false,
    target,
    render: (alert) => {
      const { message, cuts } = slackMessage(alert);
      return { content_type: 'application/json', body: JSON.stringify(message), headers: {}, cuts } satisfies RenderedMessage;
    },
    send: async (alert, context) => send(url, target, alert, context),
  };
}

/** The message and what was cut to keep the limits. */
export function slackMessage(alert: Alert): { readonly message: SlackMessage; readonly cuts: readonly string[] } {
  const parts = alertParts(alert);
  const title = headline(alert);
  const blocks: SlackBlock[] = [
    { type: 'header', text: plain(cut(title, LONGEST_HEADER)) },
    ...(title.length > LONGEST_HEADER ? [{ type: 'section' as const, text: plain(cut(title, LONGEST_TEXT)) }] : []),
    { type: 'context', elements: [plain(cut(contextLine(alert), LONGEST_TEXT))] },
    ...parts.map((part) => ({ type: 'section' as const, text: plain(cut(partText(part), LONGEST_TEXT)) })),
    ...(alert.link === null ? [] : [{ type: 'context' as const, elements: [plain(cut(`More: ${alert.link}`, LONGEST_TEXT))] }]),
  ];
  const over = blocks.length - MOST_BLOCKS;
  const kept = over > 0 ? [...blocks.slice(0, MOST_BLOCKS - 1), { type: 'context' as const, elements: [plain(`${over + 1} more parts are left out here: whoran findings`)] }] : blocks;
  return {
    // The fallback is mrkdwn: escaped, and without characters that format.
    message: { text: cut(inertMrkdwn(title), LONGEST_FALLBACK), blocks: kept, unfurl_links: false, unfurl_media: false },
    cuts: over > 0 ? [`${over + 1} parts of the message`] : [],
  };
}

function partText({ title, lines }: Part): string {
  return `${title}\n${lines.join('\n')}`;
}

function plain(text: string): PlainText {
  return { type: 'plain_text', text: text === '' ? ' ' : text, emoji: false };
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** `&`, `<` and `>` escaped as Slack asks, and a word joiner behind what would format or mention. */
export function inertMrkdwn(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/[*_~`:@#]/g, '$&\u2060').replace(/:\/\u2060?\//g, ':\u2060/\u2060/');
}

async function send(url: string, target: string, alert: Alert, { signal, now }: SendContext): Promise<Receipt> {
  let failure: unknown;
  // Slack's client words the request; ours sends it, with our time limit, no redirects, a bounded answer and Retry-After read.
  const webhook = new IncomingWebhook(url, {
    fetch: async (_url: unknown, init: { readonly body?: unknown; readonly headers?: unknown } = {}) => {
      try {
        const { status, text } = await post({ url, headers: init.headers as Record<string, string>, body: String(init.body), signal, now, who: target });
        return new Response(text, { status });
      } catch (error) {
        failure = error;
        throw error;
      }
    },
  });
  const { message } = slackMessage(alert);
  try {
    await webhook.send({ ...message, blocks: [...message.blocks] as never });
    return { id: null };
  } catch (error) {
    throw withHint(failure ?? error);
  }
}

/** Slack's words for a webhook that was withdrawn, or whose channel is gone or archived. */
function withHint(error: unknown): unknown {
  if (!(error instanceof ChannelError) || error.isTransient || error.hint !== undefined) return error;
  const isGone = /answered (403|404|410)/.test(error.message);
  return new ChannelError(error.message, {
    isTransient: false,
    hint: isGone ? 'The webhook was withdrawn, or its channel is gone or archived: make a new one in Slack, and set its URL.' : 'Slack does not take the message: that is a fault of ours, please report it.',
    cause: error,
  });
}
