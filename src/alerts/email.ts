/**
 * E-mail, by SMTP with nodemailer: plain text and HTML. Every message of one group is one thread, and a repeated one carries the same
 * Message-ID, so that a reader can drop it.
 */
import { isIP } from 'node:net';
import type { z } from 'zod';
import type { emailSchema } from '../config/channels/index.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { Alert } from './alert.ts';
import type { Channel, RenderedMessage } from './channel.ts';
import { cutText } from './_cut.ts';
import { emailHtml } from './_email-html.ts';
import { fitted } from './_fit.ts';
import { headline } from './_parts.ts';
import { deliver, type EmailGiven, type Mail, type Progress } from './_smtp.ts';
import { plainText } from './_text.ts';

const LONGEST_SUBJECT = 180;
/**
 * Of the text and of the HTML, each, in bytes. Servers take megabytes; Gmail shows no more than 102 KB of HTML, and hides the end, which says
 * how to go on.
 */
const LARGEST_PART = 96 * 1024;
const LONGEST_PART = 16_000;

type Config = z.output<typeof emailSchema>;

/** A mail, and what was left out of it. */
interface Composed {
  readonly mail: Mail;
  readonly cuts: readonly string[];
}

/**
 * @param config with its references resolved
 * @throws WhoranError (exit 2) where an unprotected connection would leave the machine
 */
export function email(config: Config, given: EmailGiven = {}): Channel {
  const { id, host, port, security } = config;
  if (security === 'none' && !isLoopback(host)) {
    throw new WhoranError(`channel ${id}: security is none, and ${host} is not this machine`, { exitCode: EXIT.wrongUse, hint: 'Use starttls or tls: alerts name people.' });
  }
  const progress: Progress = new Map();
  return {
    id,
    type: 'email',
    notices: ['fired', 'reminder', 'acknowledged', 'resolved', 'digest', 'test'],
    honoursKey: false,
    target: `${config.to.join(', ')} (by ${host}:${port})`,
    render: (alert) => rendered(mailOf(config, alert), alert),
    send: async (alert, context) => deliver(config, given, progress, alert.key, mailOf(config, alert).mail, context),
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function mailOf({ from, to }: Config, alert: Alert): Composed {
  const domain = from.slice(from.indexOf('@') + 1);
  const thread = `<${alert.group_key.slice(0, 40)}.group@${domain}>`;
  const isThread = alert.notice !== 'digest' && alert.notice !== 'test';
  const { parts, cuts } = fitted(alert, { part: LONGEST_PART, fits: (some) => Buffer.byteLength(plainText(alert, some)) <= LARGEST_PART && Buffer.byteLength(emailHtml(alert, some)) <= LARGEST_PART });
  const mail: Mail = {
    from,
    to,
    subject: cutText(`[whoran ${alert.severity}] ${headline(alert)}`, LONGEST_SUBJECT),
    messageId: `<${alert.key.slice(0, 40)}@${domain}>`,
    ...(isThread ? { inReplyTo: thread, references: thread } : {}),
    date: new Date(alert.at),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Whoran-Key': alert.key, 'X-Whoran-Notice': alert.notice, 'X-Whoran-Severity': alert.severity },
    text: plainText(alert, parts),
    html: emailHtml(alert, parts),
  };
  return { mail, cuts };
}

/**
 * The message as a person reads it: its headers, the text and the HTML. What is sent has the same, with values and lines encoded as SMTP wants
 * them, and a boundary of the moment.
 */
function rendered({ mail, cuts }: Composed, { key }: Alert): RenderedMessage {
  const { from, to, subject, messageId, inReplyTo, references, date, headers, text, html } = mail;
  const boundary = `whoran-${key.slice(0, 24)}`;
  const all = {
    from, to: to.join(', '), subject, date: date.toUTCString().replace('GMT', '+0000'), 'message-id': messageId,
    ...(inReplyTo === undefined ? {} : { 'in-reply-to': inReplyTo }), ...(references === undefined ? {} : { references }), ...headers,
  };
  const type = `multipart/alternative; boundary="${boundary}"`;
  const part = (kind: string, body: string): string => `--${boundary}\nContent-Type: text/${kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${body}\n`;
  return { content_type: type, body: `${part('plain', text)}${part('html', html)}--${boundary}--\n`, headers: all, cuts };
}
