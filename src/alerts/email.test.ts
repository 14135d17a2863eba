/**
 * E-mail against a real SMTP server on loopback: STARTTLS with a certificate of the moment, authentication, refusals, silence.
 */
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { generate } from 'selfsigned';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { EXAMPLE_ALERT, EXAMPLE_DIGEST, EXAMPLE_RESOLVED } from '../../test/alerts/example-alert.ts';
import { emailSchema, type ChannelConfig } from '../config/channels/index.ts';
import { deadlineOf } from '../core/deadline.ts';
import type { Alert } from './alert.ts';
import { ChannelError, type Channel } from './channel.ts';
import { email } from './email.ts';

const PASSWORD = 'not-to-be-seen-1234';
const PAIR = await generate([{ name: 'commonName', value: 'localhost' }], { extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }] });

let server: SMTPServer | undefined;
const mails: string[] = [];
afterEach(async () => {
  mails.length = 0;
  const open = server;
  server = undefined;
  if (open) await new Promise<void>((resolve) => { open.close(() => { resolve(); }); });
});

async function start(options: SMTPServerOptions = {}): Promise<number> {
  const made = new SMTPServer({
    key: PAIR.private, cert: PAIR.cert, authOptional: false, closeTimeout: 50, disableReverseLookup: true, logger: false,
    onAuth: (auth, _session, callback) => { callback(auth.password === PASSWORD ? null : new Error('Invalid login'), { user: auth.username ?? '' }); },
    onData: (stream, _session, callback) => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('end', () => { mails.push(Buffer.concat(pieces).toString('utf8')); callback(); });
    },
    ...options,
  });
  made.on('error', () => undefined);
  server = made;
  await new Promise<void>((resolve) => { made.listen(0, '127.0.0.1', resolve); });
  return (made.server.address() as AddressInfo).port;
}

function channel(port: number, more: Partial<Extract<ChannelConfig, { type: 'email' }>> = {}): Channel {
  const config = emailSchema.parse({ id: 'one', type: 'email', host: 'localhost', port, from: 'whoran@example.com', to: ['oncall@example.com'] });
  return email({ ...config, username: 'whoran', password: PASSWORD, ...more }, { ca: PAIR.cert });
}
async function send(one: Channel, alert: Alert, ms = 5000): Promise<unknown> {
  const deadline = deadlineOf(ms);
  try {
    return await one.send(alert, { signal: deadline.signal, now: () => new Date(), attempt: 1 });
  } finally {
    deadline.end();
  }
}
async function failureOf(one: Channel, ms?: number): Promise<ChannelError> {
  const failure = await send(one, EXAMPLE_ALERT, ms).then(() => undefined, (error: unknown) => error);
  if (!(failure instanceof ChannelError)) throw new Error(`expected a ChannelError, found ${String(failure)}`);
  expect(`${failure.message} ${failure.hint ?? ''}`).not.toContain(PASSWORD);
  return failure;
}
/** Header lines, unfolded. */
const headersOf = (mail: string): string[] => mail.slice(0, mail.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ').split('\r\n');

test('over STARTTLS, with a password: one thread a group, a Message-ID a key, text and HTML', async () => {
  const one = channel(await start());
  for (const alert of [EXAMPLE_ALERT, EXAMPLE_RESOLVED, EXAMPLE_DIGEST]) await send(one, alert);
  const [fired = '', resolved = '', digest = ''] = mails;
  const header = (mail: string, name: string): string | undefined => headersOf(mail).find((line) => line.toLowerCase().startsWith(`${name}:`));
  expect(header(fired, 'message-id')).toBe(`Message-ID: <${EXAMPLE_ALERT.key.slice(0, 40)}@example.com>`);
  expect(header(fired, 'references')).toBe(header(resolved, 'references'));
  expect(header(digest, 'references')).toBeUndefined();
  expect(header(fired, 'auto-submitted')).toBe('Auto-Submitted: auto-generated');
  expect(fired).toMatch(/Content-Type: text\/plain[^]*Content-Type: text\/html/);
});

test('hostile values make no header, and no markup', async () => {
  const one = channel(await start());
  const [finding] = EXAMPLE_ALERT.findings;
  if (!finding) throw new Error('the example has a finding');
  const hostile = 'x\r\nBcc: victim@example.com\r\n\r\n<img src=x onerror=alert(1)> "\u202e';
  await send(one, { ...EXAMPLE_ALERT, title: hostile, findings: [{ ...finding, what: hostile, detection: hostile, steps: [hostile] }] });
  const [mail = ''] = mails;
  expect(headersOf(mail).filter((line) => /^(bcc|to|cc):/i.test(line))).toEqual(['To: oncall@example.com']);
  const { body } = await one.render({ ...EXAMPLE_ALERT, title: hostile });
  expect(body).not.toMatch(/[\r\u202e]/);
  expect(mail.slice(mail.indexOf('text/html'))).not.toContain('<img');
});

test.each([
  ['a wrong password', { password: 'wrong' }, {}, false],
  ['a server that is busy', {}, { onMailFrom: (_address: unknown, _session: unknown, callback: (error?: Error) => void) => { callback(Object.assign(new Error('busy'), { responseCode: 451 })); } }, true],
  ['a sender that it refuses', {}, { onMailFrom: (_address: unknown, _session: unknown, callback: (error?: Error) => void) => { callback(Object.assign(new Error('no'), { responseCode: 550 })); } }, false],
  ['no STARTTLS', {}, { disabledCommands: ['STARTTLS'] }, false],
])('%s', async (_name, more, options, isTransient) => {
  const failure = await failureOf(channel(await start(options), more));
  expect(failure.isTransient).toBe(isTransient);
  if (!isTransient) expect(failure.hint).toBeDefined();
});

test('a certificate that nobody trusts is a person’s to mend, not tried again and again', async () => {
  const config = emailSchema.parse({ id: 'one', type: 'email', host: 'localhost', port: await start(), from: 'whoran@example.com', to: ['oncall@example.com'] });
  const failure = await failureOf(email({ ...config, username: 'whoran', password: PASSWORD }));
  expect(failure).toMatchObject({ isTransient: false });
  expect(failure.hint).toMatch(/certificate/);
});

test('a server that says nothing is given up in time; one that is not there is told', async () => {
  const port = await start({ onConnect: () => undefined });
  expect((await failureOf(channel(port), 300)).message).toMatch(/not done within|could not be reached/);
  expect(await failureOf(channel(1))).toMatchObject({ isTransient: true });
});

test('without protection only to this machine', () => {
  const config = emailSchema.parse({ id: 'one', type: 'email', host: 'smtp.example.com', security: 'none', from: 'a@example.com', to: ['b@example.com'] });
  expect(() => email(config)).toThrow(/is not this machine/);
});
