/**
 * E-mail, by SMTP with nodemailer: plain text and HTML. Every message of one group is one thread, and a repeated one carries the same
 * Message-ID, so that a reader can drop it.
 */
import { isIP } from 'node:net';
import nodemailer from 'nodemailer';
import type { z } from 'zod';
import type { emailSchema } from '../config/channels/index.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { Alert, AlertSeverity } from './alert.ts';
import { ChannelError, type Channel, type Receipt, type RenderedMessage, type SendContext } from './channel.ts';
import { alertParts, contextLine, headline, plainLine } from './_parts.ts';
import { plainText } from './_text.ts';

const LONGEST_SUBJECT = 180;
const COLOUR: Readonly<Record<AlertSeverity, string>> = { critical: '#b3261e', high: '#b3261e', medium: '#8a5a00', low: '#4a5568' };

type Config = z.output<typeof emailSchema>;

export interface EmailGiven {
  /** A certificate to trust beside the system's: PEM. */
  readonly ca?: string;
}

/** A mail as nodemailer takes it. */
interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly messageId: string;
  readonly inReplyTo?: string;
  readonly references?: string;
  readonly date: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
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
  return {
    id,
    type: 'email',
    notices: ['fired', 'reminder', 'acknowledged', 'resolved', 'digest', 'test'],
    honoursKey: false,
    target: `${config.to.join(', ')} (by ${host}:${port})`,
    render: (alert) => {
      const mail = mailOf(config, alert);
      return { content_type: 'multipart/alternative', body: mail.text, headers: { subject: mail.subject, 'message-id': mail.messageId, ...mail.headers }, cuts: [] } satisfies RenderedMessage;
    },
    send: async (alert, context) => send(config, given, alert, context),
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function mailOf({ from, to }: Config, alert: Alert): Mail {
  const domain = from.slice(from.indexOf('@') + 1);
  const thread = `<${alert.group_key.slice(0, 40)}.group@${domain}>`;
  const isThread = alert.notice !== 'digest' && alert.notice !== 'test';
  const subject = `[whoran ${alert.severity}] ${headline(alert)}`;
  return {
    from,
    to,
    subject: subject.length <= LONGEST_SUBJECT ? subject : `${subject.slice(0, LONGEST_SUBJECT - 1)}…`,
    messageId: `<${alert.key.slice(0, 40)}@${domain}>`,
    ...(isThread ? { inReplyTo: thread, references: thread } : {}),
    date: new Date(alert.at),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Whoran-Key': alert.key, 'X-Whoran-Notice': alert.notice, 'X-Whoran-Severity': alert.severity },
    text: plainText(alert),
    html: emailHtml(alert),
  };
}

function escaped(text: string): string {
  return plainLine(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&#39;');
}

/** The HTML part. No scripts, images or remote content; tables and inline styles, as mail programs know them. */
export function emailHtml(alert: Alert): string {
  const colour = alert.notice === 'resolved' ? '#1b6e3c' : COLOUR[alert.severity];
  const parts = alertParts(alert).map(({ title, lines }) => {
    const isCode = title === 'Go on with' || title === 'Evidence';
    const shown = lines.map((line) => `<div style="margin:2px 0;${isCode ? 'font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px;' : ''}overflow-wrap:anywhere">${escaped(line)}</div>`).join('');
    return `<tr><td style="padding:10px 20px 0"><div style="font-size:12px;font-weight:600;text-transform:uppercase;letter-spacing:.04em;opacity:.7">${escaped(title)}</div>${shown}</td></tr>`;
  });
  const link = alert.link === null ? '' : `<tr><td style="padding:16px 20px 0"><a href="${escaped(alert.link)}" style="color:${colour};font-weight:600">Read on</a></td></tr>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>${escaped(headline(alert))}</title></head>`
    + `<body style="margin:0;padding:16px;font-family:system-ui,-apple-system,Segoe UI,Roboto,sans-serif;font-size:15px;line-height:1.45">`
    + `<table role="presentation" width="100%" style="max-width:640px;margin:0 auto;border:1px solid rgba(128,128,128,.35);border-top:4px solid ${colour};border-radius:6px;border-spacing:0">`
    + `<tr><td style="padding:18px 20px 0"><div style="font-size:18px;font-weight:650;overflow-wrap:anywhere">${escaped(headline(alert))}</div><div style="margin-top:4px;font-size:13px;opacity:.75">${escaped(contextLine(alert))}</div></td></tr>`
    + `${parts.join('')}${link}<tr><td style="padding:16px 20px 18px;font-size:12px;opacity:.6">Sent by whoran. Times are UTC.</td></tr></table></body></html>`;
}

async function send(config: Config, { ca }: EmailGiven, alert: Alert, { signal }: SendContext): Promise<Receipt> {
  const { host, port, security, username, password, timeout_seconds: seconds } = config;
  const transport = nodemailer.createTransport({
    host, port, secure: security === 'tls', requireTLS: security === 'starttls', ignoreTLS: security === 'none',
    ...(username === undefined ? {} : { auth: { user: username, pass: password ?? '' } }),
    ...(ca === undefined ? {} : { tls: { ca } }),
    connectionTimeout: seconds * 1000, greetingTimeout: seconds * 1000, socketTimeout: seconds * 1000,
    disableFileAccess: true, disableUrlAccess: true,
  });
  const stop = (): void => { transport.close(); };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const mail = mailOf(config, alert);
    const sending = transport.sendMail({ ...mail, to: [...mail.to], headers: { ...mail.headers } });
    const info = await Promise.race([sending, aborted(signal)]);
    return { id: info.messageId };
  } catch (error) {
    throw channelError(error, signal, `${host}:${port}`);
  } finally {
    signal.removeEventListener('abort', stop);
    transport.close();
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => { reject(signal.reason instanceof Error ? signal.reason : new Error('it was given up')); };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/** 4xx of SMTP may pass; 5xx won't. Servers' words are left out: they may repeat what was sent. */
function channelError(error: unknown, signal: AbortSignal, server: string): ChannelError {
  if (signal.aborted) return new ChannelError(`${server}: ${signal.reason instanceof Error ? signal.reason.message : 'it was given up'}`, { isTransient: true });
  const { code, responseCode, command } = error as { readonly code?: unknown; readonly responseCode?: unknown; readonly command?: unknown };
  const at = typeof command === 'string' && /^[A-Z ]{2,20}$/.test(command) ? ` to ${command}` : '';
  if (typeof responseCode === 'number') {
    const isTransient = responseCode < 500;
    const hint = code === 'EAUTH' ? 'Check username and password: some services want a password for applications.' : 'Check sender and receivers, and that the server may send to them.';
    return new ChannelError(`${server} answered ${responseCode}${at}`, { isTransient, ...(isTransient ? {} : { hint }) });
  }
  const isTls = code === 'ETLS' || /certificate|self-signed|CERT_|SSL|TLS/.test(`${String(code)} ${error instanceof Error ? error.message : ''}`);
  if (isTls) return new ChannelError(`${server}: the connection could not be protected`, { isTransient: false, hint: 'The server offers no STARTTLS, or its certificate is not trusted: check host, port and security.' });
  return new ChannelError(`${server} could not be reached${typeof code === 'string' ? `: ${code}` : ''}`, { isTransient: true });
}
