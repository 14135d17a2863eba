/**
 * Every channel that posts, over loopback against a receiver that checks what the service documents: what arrives, what each answer means,
 * that no secret shows, and that nothing from a record acts.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DoubleServer, type DoubleAnswer, type DoubleRequest, type Fault } from '../../fixtures/doubles/double-server.ts';
import { EXAMPLE_ALERT, EXAMPLE_DIGEST, EXAMPLE_RESOLVED } from '../../test/alerts/example-alert.ts';
import { channelSchema, type ChannelConfig } from '../config/channels/index.ts';
import { deadlineOf } from '../core/deadline.ts';
import type { Alert } from './alert.ts';
import { ChannelError, type Channel } from './channel.ts';
import { createChannel } from './index.ts';
import { pagerDutyEvent } from './pagerduty.ts';
import { inertMrkdwn, slackMessage } from './slack.ts';
import { teamsMessage } from './teams.ts';

const SECRET = 'not-to-be-seen-0123456789abcdef0123456789';
const NOW = new Date('2026-01-15T12:00:00Z');

type Kind = 'slack' | 'teams' | 'pagerduty' | 'webhook';
let server: DoubleServer;
let faults: Fault[] = [];
const taken = new Map<string, number>();

/** What each service takes, as it documents it: the words of a refusal, or null. */
const CHECKS: Readonly<Record<Kind, (request: DoubleRequest, body: Record<string, unknown>) => string | null>> = {
  slack: (_request, body) => {
    const blocks = body['blocks'] as { type: string; text?: { type: string; text: string }; elements?: { text: string }[] }[];
    if (typeof body['text'] !== 'string' || body['text'] === '') return 'no_text';
    if (blocks.length > 50) return 'invalid_blocks';
    if (JSON.stringify(blocks).length > 12_000) return 'msg_blocks_too_long';
    for (const { type, text, elements } of blocks) {
      if (type === 'header' && (text?.type !== 'plain_text' || text.text.length > 150 || text.text === '')) return 'invalid_blocks';
      if (type === 'section' && (text === undefined || text.text.length > 3000 || text.text === '')) return 'invalid_blocks';
      if (type === 'context' && (elements === undefined || elements.length > 10 || elements.some((one) => one.text === ''))) return 'invalid_blocks';
    }
    return null;
  },
  teams: (request, body) => {
    const [attachment] = body['attachments'] as { contentType: string; content: { type: string; version: string; body: { type: string; inlines: { type: string; text: string }[] }[] } }[];
    if (request.body.length > 28 * 1024) return 'too large';
    if (body['type'] !== 'message' || attachment?.contentType !== 'application/vnd.microsoft.card.adaptive') return 'no card';
    const { type, version, body: elements } = attachment.content;
    if (type !== 'AdaptiveCard' || version !== '1.4') return 'no card';
    return elements.every((one) => one.type === 'RichTextBlock' && one.inlines.every((run) => run.type === 'TextRun' && run.text !== '')) ? null : 'an element that renders Markdown';
  },
  pagerduty: (request, body) => {
    if (request.url.pathname !== '/v2/enqueue') return 'not found';
    if (body['routing_key'] !== SECRET) return 'invalid key';
    if (!['trigger', 'acknowledge', 'resolve'].includes(String(body['event_action']))) return 'invalid event_action';
    if (typeof body['dedup_key'] !== 'string' || body['dedup_key'].length > 255) return 'invalid dedup_key';
    if (request.body.length > 512 * 1024) return 'too large';
    const payload = body['payload'] as Record<string, unknown> | undefined;
    if (body['event_action'] !== 'trigger') return payload === undefined ? null : 'payload without trigger';
    if (!['critical', 'error', 'warning', 'info'].includes(String(payload?.['severity']))) return 'invalid severity';
    if (['source', 'component', 'group', 'class'].some((name) => JSON.stringify(payload?.[name] ?? '').length > 257)) return 'invalid name';
    return typeof payload?.['summary'] === 'string' && payload['summary'].length <= 1024 && typeof payload['source'] === 'string' ? null : 'invalid payload';
  },
  webhook: (request) => {
    const { 'webhook-id': id = '', 'webhook-timestamp': at = '', 'webhook-signature': signatures = '', 'idempotency-key': key } = request.headers;
    if (id !== key) return 'ids differ';
    if (Math.abs(Number(at) * 1000 - NOW.getTime()) > 5 * 60_000) return 'too old';
    const expected = Buffer.from(createHmac('sha256', SECRET).update(`${id}.${at}.`).update(request.body).digest('base64'));
    const isSigned = signatures.split(' ').some((one) => {
      const given = Buffer.from(one.replace(/^v1,/, ''));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
    return isSigned ? null : 'not signed';
  },
};

function handle(request: DoubleRequest): DoubleAnswer {
  const kind = request.url.pathname.split('/')[1] === 'v2' ? 'pagerduty' : (request.url.pathname.split('/')[1] as Kind);
  const body = JSON.parse(request.body.toString('utf8')) as Record<string, unknown>;
  const refusal = CHECKS[kind](request, body);
  if (refusal !== null) return { status: 400, body: refusal };
  const key = request.headers['idempotency-key'] ?? (body['dedup_key'] as string | undefined) ?? '';
  taken.set(key, (taken.get(key) ?? 0) + 1);
  return kind === 'pagerduty' ? { status: 202, body: JSON.stringify({ status: 'success', dedup_key: body['dedup_key'] }) } : { status: 200, body: 'ok' };
}

beforeEach(async () => {
  faults = [];
  taken.clear();
  server = await DoubleServer.start({
    handle,
    refuse: (fault) => ({ status: fault.kind === 'status' ? fault.status : 429, ...(fault.kind === 'throttle' && fault.retryAfterSeconds !== undefined ? { headers: { 'retry-after': String(fault.retryAfterSeconds) } } : {}), body: 'no' }),
    fault: () => faults.shift(),
  });
});
afterEach(async () => {
  await server.close();
});

function configOf(kind: Kind): ChannelConfig {
  const own = {
    slack: { webhook_url: '${HOOK}' },
    teams: { webhook_url: '${TEAMS}' },
    pagerduty: { routing_key: '${KEY}', endpoint: server.url },
    webhook: { url: `${server.url}/webhook/x`, secret: '${KEY}' },
  }[kind];
  return channelSchema.parse({ id: 'one', type: kind, ...own });
}
async function channel(kind: Kind): Promise<Channel> {
  return createChannel(configOf(kind), { env: { HOOK: `${server.url}/slack/${SECRET}`, TEAMS: `${server.url}/teams/${SECRET}?sig=${SECRET}`, KEY: SECRET }, stdout: { write: () => true }, version: '0.0.0' });
}
async function send(one: Channel, alert: Alert, { attempt = 1, ms = 5000 } = {}): Promise<unknown> {
  const deadline = deadlineOf(ms);
  try {
    return await one.send(alert, { signal: deadline.signal, now: () => NOW, attempt });
  } finally {
    deadline.end();
  }
}
async function failureOf(one: Channel, ms?: number): Promise<ChannelError> {
  const failure = await send(one, EXAMPLE_ALERT, ms === undefined ? {} : { ms }).then(() => undefined, (error: unknown) => error);
  if (!(failure instanceof ChannelError)) throw new Error(`expected a ChannelError, found ${String(failure)}`);
  expect(`${failure.message} ${failure.hint ?? ''}`).not.toContain(SECRET);
  return failure;
}

describe.each(['slack', 'teams', 'pagerduty', 'webhook'] as const)('%s', (kind) => {
  test('takes every notice that it says it takes, in the service’s own form', async () => {
    const one = await channel(kind);
    for (const alert of [EXAMPLE_ALERT, { ...EXAMPLE_ALERT, notice: 'reminder' as const }, { ...EXAMPLE_ALERT, notice: 'acknowledged' as const }, EXAMPLE_RESOLVED, EXAMPLE_DIGEST, { ...EXAMPLE_DIGEST, notice: 'test' as const, digest: null }]) {
      if (one.notices.includes(alert.notice)) await send(one, alert);
      expect(JSON.stringify(await one.render(alert))).not.toContain(SECRET);
    }
    // A test on PagerDuty resolves what it opened.
    expect(server.requests.length).toBe(one.notices.length + (kind === 'pagerduty' ? 1 : 0));
    expect(one.target).not.toContain(SECRET);
  });

  test.each<[Fault, boolean, number | undefined]>([
    [{ kind: 'throttle', retryAfterSeconds: 7 }, true, 7000],
    [{ kind: 'throttle' }, true, undefined],
    [{ kind: 'status', status: 500 }, true, undefined],
    [{ kind: 'status', status: 400 }, false, undefined],
    [{ kind: 'status', status: 403 }, false, undefined],
    [{ kind: 'status', status: 302 }, false, undefined],
    [{ kind: 'reset' }, true, undefined],
    [{ kind: 'reset_mid_body' }, true, undefined],
  ])('%j is told apart, and says no secret', async (fault, isTransient, retryAfterMs) => {
    faults = [fault];
    const failure = await failureOf(await channel(kind));
    expect({ isTransient: failure.isTransient, retryAfterMs: failure.retryAfterMs }).toEqual({ isTransient, retryAfterMs });
    if (!isTransient) expect(failure.hint).toBeDefined();
  });

  test('one that hangs is given up in time', async () => {
    faults = [{ kind: 'hang' }];
    const failure = await failureOf(await channel(kind), 200);
    expect(failure.isTransient).toBe(true);
  });

  test('whatever a record says, the service takes it, and limits hold', async () => {
    const one = await channel(kind);
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom('<!channel> <@U1> *x* `y` https://evil.example.com', '\r\nX: y', 'x'.repeat(40_000), '</td><script>', '=1+1', '\u202e\u2028'));
    await fc.assert(fc.asyncProperty(text, text, fc.array(text, { maxLength: 60 }), async (title, id, many) => {
      const [finding] = EXAMPLE_ALERT.findings;
      if (!finding) throw new Error('the example has a finding');
      const hostile = { ...finding, what: title, subject: { kind: 'session', id }, detection: title, not_known: many, steps: many, team: id, ask: id, who: finding.who === null ? null : { ...finding.who, sentence: title, name: id } };
      await send(one, { ...EXAMPLE_ALERT, title, findings: Array.from({ length: 10 }, () => hostile), findings_total: 99 });
    }), { numRuns: 25, seed: 20_260_115 });
  });
});

test('slack: values are plain text, and the fallback can neither ping nor link', () => {
  const { message } = slackMessage({ ...EXAMPLE_ALERT, title: '<!channel> @here *x* :boom: <https://evil.example.com|y>' });
  expect(message.text).not.toMatch(/<|>|@here|:boom:|\*x\*|https:\/\//);
  expect(message.blocks.flatMap((block) => ('text' in block ? [block.text.type] : 'elements' in block ? block.elements.map(({ type }) => type) : []))).toEqual(expect.not.arrayContaining(['mrkdwn']));
  expect(inertMrkdwn('a & b')).toBe('a &amp; b');
});

test('no value looks like a part of ours: a line of a message is one line', () => {
  const [finding] = EXAMPLE_ALERT.findings;
  if (!finding) throw new Error('the example has a finding');
  const forged = 'bob\n\nFirst steps\n1. Run: curl evil.example.com \u202e';
  const alert = { ...EXAMPLE_ALERT, title: forged, findings: [{ ...finding, what: forged, detection: forged, not_known: [forged] }] };
  const texts = [
    ...slackMessage(alert).message.blocks.flatMap((block) => ('text' in block ? [block.text.text] : [])),
    ...teamsMessage(alert).message.attachments[0].content.body.flatMap(({ inlines }) => inlines.map(({ text }) => text)),
  ];
  for (const text of texts) {
    expect(text).not.toMatch(/\n\n|\u202e/);
    if (text.includes('curl')) expect(text.split('\n').find((line) => line.includes('curl'))).toContain('bob');
  }
  expect(slackMessage({ ...EXAMPLE_ALERT, title: '' }).message.text).toBe('New');
});

test('pagerduty: one incident a group, from trigger to resolve', () => {
  const actions = [EXAMPLE_ALERT, { ...EXAMPLE_ALERT, notice: 'reminder' as const }, { ...EXAMPLE_ALERT, notice: 'acknowledged' as const }, EXAMPLE_RESOLVED].map((alert) => pagerDutyEvent(alert).event);
  expect(actions.map(({ event_action: action }) => action)).toEqual(['trigger', 'trigger', 'acknowledge', 'resolve']);
  expect(new Set(actions.map(({ dedup_key: key }) => key)).size).toBe(1);
});

test('webhook: a short secret is refused; while secrets change over, both sign', async () => {
  const around = { env: { A: SECRET, B: 'short', C: `${SECRET}-before` }, stdout: { write: () => true }, version: '0.0.0' };
  const base = { id: 'one', type: 'webhook', url: `${server.url}/webhook/x` };
  await expect(createChannel(channelSchema.parse({ ...base, secret: '${B}' }), around)).rejects.toThrow(/fewer than 32/);
  await expect(createChannel(channelSchema.parse({ ...base, secret: '${NONE}' }), around)).rejects.toThrow(/environment variable NONE is not set/);
  await send(await createChannel(channelSchema.parse({ ...base, secret: '${C}', previous_secret: '${A}' }), around), EXAMPLE_ALERT);
  expect(server.requests[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
});

test('webhook: a repeated attempt carries the same key', async () => {
  const one = await channel('webhook');
  await send(one, EXAMPLE_ALERT);
  await send(one, EXAMPLE_ALERT, { attempt: 2 });
  expect([...taken]).toEqual([[EXAMPLE_ALERT.key, 2]]);
});

describe('file', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'whoran-ocsf-')); });
  afterEach(() => { rmSync(folder, { recursive: true, force: true }); });
  const made = async (path: string, write: (text: string) => boolean = () => true): Promise<Channel> =>
    createChannel(channelSchema.parse({ id: 'one', type: 'file', path }), { env: {}, stdout: { write }, version: '0.0.0' });

  test('one line a finding, in a file that is nobody else’s; a repeated attempt finds its own lines', async () => {
    const path = join(folder, 'out.jsonl');
    const one = await made(path);
    await send(one, EXAMPLE_ALERT);
    await send(one, EXAMPLE_ALERT, { attempt: 2 });
    await send(one, EXAMPLE_RESOLVED, { attempt: 2 });
    const events = readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ class_uid: kind, activity_id: activity, status_id: status, type_uid: type }) => [kind, activity, status, type])).toEqual([[2004, 1, 1, 200_401], [2004, 3, 4, 200_403]]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('a line that a crash cut off is no line: the repeat writes it whole, and nothing is glued to it', async () => {
    const path = join(folder, 'out.jsonl');
    const one = await made(path);
    const whole = (await one.render(EXAMPLE_ALERT)).body;
    appendFileSync(path, whole.slice(0, 900));
    await send(one, EXAMPLE_ALERT, { attempt: 2 });
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.filter((line) => `${line}\n` === whole)).toHaveLength(1);
    // Composed anew by a later run, it is still the same event.
    await send(one, { ...EXAMPLE_ALERT, at: '2026-01-15T13:00:00Z' }, { attempt: 3 });
    expect(readFileSync(path, 'utf8').split('\n')).toEqual(lines);
  });

  test('a file that was moved away is made again', async () => {
    const path = join(folder, 'out.jsonl');
    const one = await made(path);
    await send(one, EXAMPLE_ALERT);
    renameSync(path, `${path}.1`);
    await send(one, EXAMPLE_RESOLVED);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2);
    appendFileSync(path, '');
  });

  test('hostile values stay in their line', async () => {
    const path = join(folder, 'out.jsonl');
    const [finding] = EXAMPLE_ALERT.findings;
    if (!finding) throw new Error('the example has a finding');
    await send(await made(path), { ...EXAMPLE_ALERT, findings: [{ ...finding, what: 'a\n{"class_uid":1}\u2028b\u0000' }] });
    const lines = readFileSync(path, 'utf8').split(/[\n\u2028\u2029]/);
    expect(lines).toHaveLength(2);
    expect((JSON.parse(lines[0] ?? '') as { message: string }).message).toBe('a\n{"class_uid":1}\u2028b\u0000');
  });

  test('standard output gets the lines and nothing else; a folder that is missing is said', async () => {
    let out = '';
    await send(await made('-', (text) => { out += text; return true; }), EXAMPLE_ALERT);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    await expect(send(await made(join(folder, 'none', 'x')), EXAMPLE_ALERT)).rejects.toThrow(/ENOENT/);
  });
});
