import { describe, expect, it } from 'vitest';
import { hintFor, isTableMissing, judge, NoAccess, NoAnswer, QueryRefused, refused, TooMuch, unanswered } from './failures.ts';
import { tablesOf } from './tables.ts';

const NOW = Date.parse('2026-01-15T10:00:00Z');
const refusal = (status: number, error: unknown = {}, retryAfter?: string): QueryRefused =>
  new QueryRefused({ status, retryAfter, body: typeof error === 'string' ? error : JSON.stringify({ error }) });
const [table] = tablesOf({ sign_in_kinds: ['interactive_user'], directory_audits: false, tenant_id: '11111111-1111-4111-8111-111111111111' });

describe('judge', () => {
  it.each([408, 429, 500, 502, 503])('tries HTTP %i again', (status) => {
    expect(judge(refusal(status), false, NOW)).toMatchObject({ retry: true });
  });

  it.each([400, 401, 403, 404, 413])('does not try HTTP %i again', (status) => {
    expect(judge(refusal(status), false, NOW)).toEqual({ retry: false });
  });

  it('waits as long as asked, in seconds or until a date, and overlooks what is neither', () => {
    expect(judge(refusal(429, {}, '12'), false, NOW)).toMatchObject({ afterMs: 12_000 });
    expect(judge(refusal(429, {}, 'Thu, 15 Jan 2026 10:00:30 GMT'), false, NOW)).toMatchObject({ afterMs: 30_000 });
    expect(judge(refusal(429, {}, 'Thu, 15 Jan 2026 09:00:00 GMT'), false, NOW)).toMatchObject({ afterMs: 0 });
    expect(judge(refusal(429, {}, 'soon'), false, NOW)).not.toHaveProperty('afterMs');
  });

  it('asks for too much again only where there is no less', () => {
    expect(judge(new TooMuch('much'), false, NOW)).toEqual({ retry: false });
    expect(judge(new TooMuch('much'), true, NOW)).toMatchObject({ retry: true });
  });

  it('tries no failure of our own again', () => {
    expect(judge(new TypeError('a fault of ours'), true, NOW)).toEqual({ retry: false });
  });
});

describe('refused', () => {
  it('tells what is too large or too slow from what is wrong', () => {
    const too = (status: number, code: string): unknown => refused({ status, retryAfter: undefined, body: JSON.stringify({ error: { code: 'BadRequest', innererror: { code } } }) });
    expect(too(400, 'ResponseSizeError')).toBeInstanceOf(TooMuch);
    expect(too(504, 'x')).toBeInstanceOf(TooMuch);
    expect(too(400, 'SemanticError')).toBeInstanceOf(QueryRefused);
  });

  it('shows the innermost sentence inert and cut, and none of a refused token', () => {
    const words = `\u001b[31mred\u202e${'x'.repeat(500)}`;
    const { message } = refusal(403, { code: 'Outer', message: 'outer', innererror: { code: 'In\u0007ner', message: words } });
    expect(message).toContain('HTTP 403 (Outer, In\\u0007ner): \\u001b[31mred\\u202e');
    expect(message.length).toBeLessThan(330);
    expect(refusal(401, { code: 'InvalidTokenError', message: 'the token eyJ0 is bad' }).message).toBe('the log service answered HTTP 401 (InvalidTokenError)');
    expect(refusal(502, '<html>').message).toBe('the log service answered HTTP 502');
    expect(refusal(400, 'null').codes).toEqual([]);
  });
});

describe('unanswered', () => {
  const failed = (name: string, more: object): Error => Object.assign(new Error('with a token in it'), { name }, more);

  it('takes a broken connection and a token service in trouble as passing', () => {
    expect(unanswered(failed('RestError', { code: 'ECONNRESET' }))).toEqual(new NoAnswer('no answer (ECONNRESET)'));
    const inner = failed('CredentialUnavailableError', { cause: failed('ServerError', { statusCode: 503 }) });
    expect(unanswered(failed('AggregateAuthenticationError', { errors: [inner] }))).toEqual(new NoAnswer('no token yet (503)'));
  });

  it('takes a certificate that is not trusted, and a chain without a credential, as final', () => {
    expect(unanswered(failed('RestError', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }))).toBeInstanceOf(NoAccess);
    const none = unanswered(failed('AggregateAuthenticationError', { errors: [failed('CredentialUnavailableError', {})] }));
    expect(none).toBeInstanceOf(NoAccess);
    expect(none.message).toBe('no credential gave a token (AggregateAuthenticationError)');
  });

  it('ends on an error that holds itself', () => {
    const loop = failed('AuthenticationError', {});
    Object.assign(loop, { cause: loop });
    expect(unanswered(loop)).toBeInstanceOf(NoAccess);
  });
});

describe('a table that is missing', () => {
  it('is told by its name alone, not by every semantic error', () => {
    const semantic = (named: string): QueryRefused => refusal(400, {
      code: 'BadArgumentError', innererror: { code: 'SemanticError', innererror: { code: 'SEM0100', message: `'where' operator: Failed to resolve table or column expression named '${named}'` } },
    });
    if (!table) throw new Error('no table');
    expect(isTableMissing(semantic('SigninLogs'), table)).toBe(true);
    expect(isTableMissing(semantic('_BilledSize'), table)).toBe(false);
    expect(hintFor(semantic('SigninLogs'), table)).toContain('SignInLogs');
    expect(hintFor(semantic('_BilledSize'), table)).toBeUndefined();
  });
});
