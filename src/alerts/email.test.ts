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
import { emailHtml } from './_email-html.ts';
import { plainText } from './_text.ts';
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

/** A server that answers RCPT TO by a receiver's name: those of `codes` in turn, then it takes them. */
async function picky(codes: Readonly<Record<string, number[]>>): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = [];
  const port = await start({
    onRcptTo: ({ address }, _session, callback) => {
      asked.push(address);
      const code = codes[address.split('@')[0] ?? '']?.shift();
      if (code === undefined) callback();
      else callback(Object.assign(new Error('no'), { responseCode: code }));
    },
  });
  return { port, asked };
}
const TWO = { to: ['aiko@example.com', 'ben@example.com'] };
async function attempts(one: Channel, numbers: readonly number[]): Promise<string[]> {
  const words: string[] = [];
  for (const attempt of numbers) {
    const deadline = deadlineOf(5000);
    words.push(await one.send(EXAMPLE_ALERT, { signal: deadline.signal, now: () => new Date(), attempt }).then(({ id }) => `sent ${id ?? ''}`, (error: unknown) => (error instanceof ChannelError ? `${error.isTransient ? 'later' : 'no'}: ${error.message}` : String(error))));
    deadline.end();
  }
  return words;
}

test('a receiver who is refused for good is named in the receipt; the other has it once', async () => {
  const { port } = await picky({ ben: [550, 550, 550] });
  expect(await attempts(channel(port, TWO), [1])).toEqual([expect.stringMatching(/^sent <.*>; refused for 1 of 2 receivers: ben@example\.com \(550\)$/)]);
  expect(mails).toHaveLength(1);
});

test('a receiver who is put off is tried again alone', async () => {
  const { port, asked } = await picky({ ben: [451, 451] });
  const words = await attempts(channel(port, TWO), [1, 2, 3]);
  expect(words).toEqual([expect.stringMatching(/^later: .* took the message for 1 of 2 receivers, and put off ben@example\.com \(451\)$/), expect.stringMatching(/^later: /), expect.stringMatching(/^sent <[^;]*>$/)]);
  expect(asked).toEqual(['aiko@example.com', 'ben@example.com', 'ben@example.com', 'ben@example.com']);
  expect(mails).toHaveLength(2);
});

test('a receiver who is put off without end is named at last, and keeps the message from nobody', async () => {
  const { port, asked } = await picky({ ben: Array.from({ length: 9 }, () => 451) });
  const words = await attempts(channel(port, TWO), [1, 2, 3, 4]);
  expect(words.map((word) => word.slice(0, 5))).toEqual(['later', 'later', 'later', 'sent ']);
  expect(words.at(-1)).toMatch(/refused for 1 of 2 receivers: ben@example\.com \(451\)$/);
  expect(asked.filter((address) => address.startsWith('aiko'))).toHaveLength(1);
});

test('where all are refused, nobody has it and it is a failure', async () => {
  const { port } = await picky({ aiko: [550], ben: [451] });
  expect(await attempts(channel(port, TWO), [9])).toEqual([expect.stringMatching(/^later: .* answered 451/)]);
  expect(mails).toEqual([]);
});

test('a message that the server finds too large is told apart', async () => {
  const failure = await failureOf(channel(await start({
    onData: (stream, _session, callback) => {
      stream.resume();
      stream.on('end', () => { callback(Object.assign(new Error('too large'), { responseCode: 552 })); });
    },
  })));
  expect(failure).toMatchObject({ isTransient: false });
  expect(failure.hint).toMatch(/300 KB/);
});

test('a message has a size that servers take and mail programs show, whatever is in it', async () => {
  const one = channel(await start());
  const [finding] = EXAMPLE_ALERT.findings;
  if (!finding) throw new Error('the example has a finding');
  const long = { ...finding, what: '漢'.repeat(40_000), not_known: Array.from({ length: 300 }, () => '<'.repeat(3000)) };
  await send(one, { ...EXAMPLE_ALERT, findings: Array.from({ length: 10 }, () => long) });
  expect(mails[0]?.length).toBeLessThan(300 * 1024);
  const { body, cuts } = await one.render({ ...EXAMPLE_ALERT, findings: Array.from({ length: 10 }, () => long) });
  expect(cuts.length).toBeGreaterThan(0);
  expect(body).toContain(finding.ask);
  expect(body).toContain('Left out here');
});

test('what is rendered has the headers, the text and the HTML of what is sent', async () => {
  const one = channel(await start(), TWO);
  await send(one, EXAMPLE_ALERT);
  const { body, headers, content_type: type } = await one.render(EXAMPLE_ALERT);
  const sent = headersOf(mails[0] ?? '');
  for (const [name, value] of Object.entries(headers)) expect(sent.map((line) => line.toLowerCase())).toContain(`${name}: ${value}`.toLowerCase());
  expect(type).toMatch(/^multipart\/alternative; boundary="/);
  const boundary = /boundary="([^"]+)"/.exec(type)?.[1] ?? '';
  const [before, text, html, after] = body.split(`--${boundary}`);
  expect([before, after]).toEqual(['', '--\n']);
  expect(text).toContain(`\n\n${plainText(EXAMPLE_ALERT)}`);
  expect(html).toContain(`\n\n${emailHtml(EXAMPLE_ALERT)}`);
  expect(body).not.toContain(PASSWORD);
});
