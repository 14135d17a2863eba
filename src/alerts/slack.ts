/**
 * A Slack channel, by an incoming webhook and Slack's own client. Block Kit's limits: https://docs.slack.dev/reference/block-kit/blocks
 */
import { IncomingWebhook } from '@slack/webhook';
import type { z } from 'zod';
import type { slackSchema } from '../config/channels/index.ts';
import type { Alert } from './alert.ts';
import { ChannelError, type Channel, type Receipt, type RenderedMessage, type SendContext } from './channel.ts';
import { cutText } from './_cut.ts';
import { fitted } from './_fit.ts';
import { post } from './_http.ts';
import { contextLine, headline, type Part } from './_parts.ts';

const MOST_BLOCKS = 50;
const LONGEST_HEADER = 150;
const LONGEST_TEXT = 3000;
/**
 * Of all blocks together, as JSON. Slack documents no such limit for these blocks, and refuses about 13,200 characters (`msg_blocks_too_long`,
 * https://github.com/slackapi/bolt-js/issues/2509).
 */
const LONGEST_BLOCKS = 12_000;
/** Of a title, and of the fallback text, which phones show. */
const LONGEST_TITLE = 600;
/** A part's heading stands in the same text as its lines. */
const ROOM_FOR_HEADING = 100;

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
  const whole = headline(alert);
  const title = cutText(whole, LONGEST_TITLE);
  const { parts, cuts } = fitted(alert, {
    part: LONGEST_TEXT - ROOM_FOR_HEADING,
    fits: (some) => {
      const blocks = blocksOf(alert, title, some);
      return blocks.length <= MOST_BLOCKS && JSON.stringify(blocks).length <= LONGEST_BLOCKS;
    },
  });
  return {
    // The fallback is mrkdwn: escaped, and without characters that format.
    message: { text: inertMrkdwn(title), blocks: blocksOf(alert, title, parts), unfurl_links: false, unfurl_media: false },
    cuts: [...(title === whole ? [] : ['the title: cut at the …']), ...cuts],
  };
}

function blocksOf(alert: Alert, title: string, parts: readonly Part[]): SlackBlock[] {
  return [
    { type: 'header', text: plain(cutText(title, LONGEST_HEADER)) },
    ...(title.length > LONGEST_HEADER ? [{ type: 'section' as const, text: plain(title) }] : []),
    { type: 'context', elements: [plain(cutText(contextLine(alert), LONGEST_TITLE))] },
    ...parts.map((part) => ({ type: 'section' as const, text: plain(partText(part)) })),
    ...(alert.link === null ? [] : [{ type: 'context' as const, elements: [plain(cutText(`Read on: ${alert.link}`, LONGEST_TITLE))] }]),
  ];
}

function partText({ title, lines }: Part): string {
  return `${title}\n${lines.join('\n')}`;
}

function plain(text: string): PlainText {
  return { type: 'plain_text', text: text === '' ? ' ' : text, emoji: false };
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
