/**
 * Handing a mail to a server with nodemailer, receiver by receiver: who has it, who was put off, who was refused.
 */
import nodemailer from 'nodemailer';
import type { z } from 'zod';
import type { emailSchema } from '../config/channels/index.ts';
import { ChannelError, type Receipt, type SendContext } from './channel.ts';

type Config = z.output<typeof emailSchema>;

export interface EmailGiven {
  /** A certificate to trust beside the system's: PEM. */
  readonly ca?: string;
}

/** A mail as nodemailer takes it. */
export interface Mail {
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

/** Attempts of a run: so often those whom the server put off are tried alone. */
const PATIENT_ATTEMPTS = 3;
const TOO_LARGE = 'Let the server take messages of 300 KB, and look whether the mailbox is full.';

/** By receiver, what is settled: null has the message; a code of SMTP was refused for good. */
type Settled = ReadonlyMap<string, number | null>;

/** What earlier attempts of this process settled, by alert key, while receivers of it are still to be tried. */
export type Progress = Map<string, Settled>;

/**
 * One attempt. Receivers whom the server puts off (4xx) are tried again alone, while this process remembers the others and for the attempts of
 * one run. Whoever is refused after that, or for good (5xx), is named in the receipt: the others have the message, and aren't told twice.
 * @throws ChannelError where nobody has it, or some were put off and are to be tried again
 */
export async function deliver(config: Config, { ca }: EmailGiven, progress: Progress, key: string, mail: Mail, { signal, attempt }: SendContext): Promise<Receipt> {
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
  const before = progress.get(key) ?? new Map<string, number | null>();
  const left = mail.to.filter((address) => !before.has(address));
  try {
    const sending = transport.sendMail({ ...mail, to: [...mail.to], headers: { ...mail.headers }, envelope: { from: mail.from, to: left } });
    const refused = await Promise.race([sending, aborted(signal)]).then(refusals, (error: unknown) => {
      // Somebody has it: that all the others are refused is no failure of the message.
      const all = refusals(error);
      if ([...before.values()].includes(null) && all.size > 0) return all;
      throw error;
    });
    const settled = new Map([...before, ...left.map((address) => [address, refused.get(address) ?? null] as const)]);
    return receiptOf(mail, settled, { host, port, attempt, remember: (some) => { if (some) progress.set(key, some); else progress.delete(key); } });
  } catch (error) {
    throw error instanceof ChannelError ? error : channelError(error, signal, `${host}:${port}`);
  } finally {
    signal.removeEventListener('abort', stop);
    transport.close();
  }
}

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly attempt: number;
  readonly remember: (settled: Settled | undefined) => void;
}

function receiptOf({ messageId, to }: Mail, settled: Settled, { host, port, attempt, remember }: Asked): Receipt {
  const refused = [...settled].flatMap(([address, code]) => (code === null ? [] : [{ address, code }]));
  const putOff = refused.filter(({ code }) => code < 500);
  const names = (some: typeof refused): string => some.map(({ address, code }) => `${address} (${code === 0 ? 'no code' : code})`).join(', ');
  if (putOff.length > 0 && attempt <= PATIENT_ATTEMPTS) {
    remember(new Map([...settled].filter(([address]) => !putOff.some((one) => one.address === address))));
    throw new ChannelError(`${host}:${port} took the message for ${to.length - refused.length} of ${to.length} receivers, and put off ${names(putOff)}`, { isTransient: true });
  }
  remember(undefined);
  return { id: refused.length === 0 ? messageId : `${messageId}; refused for ${refused.length} of ${to.length} receivers: ${names(refused)}` };
}

/** The codes of receivers that the server refused, from nodemailer's word on success or failure; 0 where it gave none. */
function refusals(result: unknown): Map<string, number> {
  const { rejectedErrors: errors } = result as { readonly rejectedErrors?: readonly { readonly recipient?: unknown; readonly responseCode?: unknown }[] };
  return new Map((errors ?? []).map(({ recipient, responseCode }) => [String(recipient), typeof responseCode === 'number' ? responseCode : 0]));
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
    const hint = responseCode === 552 ? TOO_LARGE : code === 'EAUTH' ? 'Check username and password: some services want a password for applications.' : 'Check sender and receivers, and that the server may send to them.';
    return new ChannelError(`${server} answered ${responseCode}${at}`, { isTransient, ...(isTransient ? {} : { hint }) });
  }
  const isTls = code === 'ETLS' || /certificate|self-signed|CERT_|SSL|TLS/.test(`${String(code)} ${error instanceof Error ? error.message : ''}`);
  if (isTls) return new ChannelError(`${server}: the connection could not be protected`, { isTransient: false, hint: 'The server offers no STARTTLS, or its certificate is not trusted: check host, port and security.' });
  return new ChannelError(`${server} could not be reached${typeof code === 'string' ? `: ${code}` : ''}`, { isTransient: true });
}
