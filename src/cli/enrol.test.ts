/**
 * A person is enrolled from the command line, and nothing of the token is left anywhere.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openIdDouble, signingKey, signToken } from '../../fixtures/doubles/openid.ts';
import { configSchema } from '../config/config.ts';
import { enrol } from '../pipeline/enrol.ts';
import { main } from './program.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const APP = '33333333-3333-4333-8333-333333333333';
const OID = '577ee9df-94cf-4519-bd74-3a58de216883';
const SUBJECT = 'dBi3ftsXdsxufJv8VkrJqidwvI-J51n2RA10ZVmEH3w';
const ISSUER = `https://login.microsoftonline.com/${TENANT}/v2.0`;
const PROVIDER = `arn:aws:iam::111122223333:oidc-provider/login.microsoftonline.com/${TENANT}/v2.0`;
const KEY = signingKey('key-1');
const claims = (): Record<string, unknown> => {
  const now = Math.floor(Date.now() / 1000);
  return { iss: ISSUER, aud: APP, sub: SUBJECT, oid: OID, tid: TENANT, name: 'Alice Weber', iat: now - 300, nbf: now - 300, exp: now + 3600, uti: 'c874WMifAk-OqBkIlk-ELg', login_hint: 'not-to-be-kept-anywhere' };
};

async function run(argv: readonly string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await main(argv, { out: (text) => { out += text; }, err: (text) => { err += text; }, isOutTty: false, isErrTty: false, columns: 80, env });
  return { code, out, err };
}

let folder: string;
let options: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-enrol-'));
  options = ['--data', join(folder, 'data'), '--config', join(folder, 'whoran.yaml')];
  writeFileSync(join(folder, 'whoran.yaml'), `tenants: [{ id: ${TENANT} }]\n`);
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: [KEY.jwk] }));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A session that nobody is known for, with a call. */
async function landSession(): Promise<void> {
  const shared = { eventVersion: '1.08', awsRegion: 'eu-central-1', recipientAccountId: '111122223333', sourceIPAddress: '203.0.113.1' };
  const opened = {
    ...shared, eventID: 'aaaaaaaa-0000-4000-8000-000000000001', eventTime: '2026-01-15T09:00:00Z', eventSource: 'sts.amazonaws.com', eventName: 'AssumeRoleWithWebIdentity', readOnly: true,
    userIdentity: { type: 'WebIdentityUser', principalId: `${PROVIDER}:${APP}:${SUBJECT}`, userName: SUBJECT, identityProvider: PROVIDER },
    requestParameters: { roleArn: 'arn:aws:iam::111122223333:role/Operator', roleSessionName: 'job' },
    responseElements: { credentials: { accessKeyId: 'ASIAEXAMPLE000000001', expiration: 'Jan 15, 2026, 10:00:00 AM' }, subjectFromWebIdentityToken: SUBJECT, audience: APP, provider: PROVIDER, assumedRoleUser: { assumedRoleId: 'AROAEXAMPLE000000001:job', arn: 'arn:aws:sts::111122223333:assumed-role/Operator/job' } },
  };
  const call = { ...shared, eventID: 'aaaaaaaa-0000-4000-8000-000000000002', eventTime: '2026-01-15T09:05:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'StopTask', readOnly: false, requestParameters: { cluster: 'prod', task: '0f9de17a6465404e8b1b2356dc13c2f8' }, responseElements: null, userIdentity: { type: 'AssumedRole', principalId: 'AROAEXAMPLE000000001:job', accessKeyId: 'ASIAEXAMPLE000000001', accountId: '111122223333' } };
  writeFileSync(join(folder, 'trail.json'), JSON.stringify({ Records: [opened, call] }));
  expect((await run(['ingest', join(folder, 'trail.json'), ...options])).code).toBe(0);
}

/** Every byte of every file of the data folder. */
function everything(path: string): string {
  return readdirSync(path).map((name) => {
    const below = join(path, name);
    return `${name}\n${statSync(below).isDirectory() ? everything(below) : readFileSync(below, 'latin1')}`;
  }).join('\n');
}

test('an ID token maps its subject, from then on everywhere, and is forgotten', async () => {
  await landSession();
  const unmapped = await run(['identities', 'unmapped', ...options]);
  expect(unmapped.out).toContain('1 subject that nobody has mapped, the most active first');
  expect(unmapped.out).toContain('whoran identities enrol --id-token-file FILE');

  const token = signToken(KEY, claims());
  const file = join(folder, 'token.jwt');
  writeFileSync(file, `${token}\n`);
  const done = await run(['identities', 'enrol', '--id-token-file', file, '--jwks', join(folder, 'keys.json'), ...options]);
  expect(done).toMatchObject({ code: 0 });
  expect(done.out).toContain(`Alice Weber (object id ${OID}) is enrolled, for tokens of ${APP}.`);
  expect(done.out).toContain('That names who opened 1 landed session with 2 calls.');
  expect(done.out).toContain('Delete ');
  expect((await run(['identities', 'unmapped', ...options])).out).toContain('Every subject is mapped');
  const { who, identity, confidence } = JSON.parse((await run(['ask', 'aaaaaaaa-0000-4000-8000-000000000002', '--json', ...options])).out) as Record<string, unknown>;
  expect({ who, identity, confidence }).toMatchObject({ who: { kind: 'person', object_id: OID, tenant_id: TENANT }, identity: { method: 'registry' }, confidence: 'proved' });

  const kept = everything(join(folder, 'data')) + done.out + done.err;
  expect(kept).toContain(SUBJECT);
  for (const part of token.split('.')) {
    expect(kept).not.toContain(part);
    expect(kept).not.toContain(part.slice(20, 60));
  }
  for (const claim of ['not-to-be-kept-anywhere', 'c874WMifAk-OqBkIlk-ELg', KEY.jwk['n'] as string]) expect(kept).not.toContain(claim);
});

test('the same person again changes nothing; --json has the whole entry; a JSON answer is read', async () => {
  writeFileSync(join(folder, 'whoran.yaml'), `tenants: [{ id: ${TENANT} }]\nenrol: { audiences: [${APP}] }\n`);
  const file = join(folder, 'answer.json');
  writeFileSync(file, JSON.stringify({ token_type: 'Bearer', access_token: 'x', id_token: signToken(KEY, claims()) }));
  const argv = ['identities', 'enrol', '--id-token-file', file, '--jwks', join(folder, 'keys.json'), '--issuer', ISSUER, '--json', ...options];
  const entry = { schema: 'whoran.enrolment/1', issuer: ISSUER, audience: APP, subject: SUBJECT, tenant_id: TENANT, object_id: OID, name: 'Alice Weber', kind: 'person', sessions: 0, calls: 0 };
  expect(JSON.parse((await run(argv)).out)).toEqual({ ...entry, is_new: true });
  expect(JSON.parse((await run(argv)).out)).toEqual({ ...entry, is_new: false });
});

test('what is refused lands nothing, and is not repeated, also when faults are looked for', async () => {
  const token = signToken(signingKey('key-1'), claims());
  const file = join(folder, 'token.jwt');
  writeFileSync(file, token);
  const refused = async (argv: string[]): Promise<string> => {
    const { code, out, err } = await run([...argv, ...options], { WHORAN_DEBUG: '1' });
    expect([code, out]).toEqual([2, '']);
    for (const part of token.split('.')) expect(err).not.toContain(part);
    return err;
  };
  const enrolling = ['identities', 'enrol', '--id-token-file'];
  expect(await refused([...enrolling, file, '--jwks', join(folder, 'keys.json')])).toContain('signature is wrong');
  expect(await refused([...enrolling, file, '--jwks', file])).toContain('this is no JSON');
  expect(await refused([...enrolling, file, '--issuer', 'https://issuer.example.com/'])).toContain('none of the configured');
  expect(await refused([...enrolling, token])).toContain('never the token itself');
  expect(await refused(['identities', 'enrol', token])).toContain('error:');
  writeFileSync(file, `{"id_token": ${token}`);
  expect(await refused([...enrolling, file])).toContain('JSON without an id_token');
  writeFileSync(join(folder, 'whoran.yaml'), 'tenants: []\n');
  expect(await refused([...enrolling, file.replace('token.jwt', 'keys.json')])).toMatch(/no tenant is configured|JSON without/);
  expect(readdirSync(folder)).not.toContain('data');
});

test('keys come over https from the issuer itself where none are given', async () => {
  const { server, key } = await openIdDouble({ issuer: ISSUER });
  try {
    const config = configSchema.parse({ tenants: [{ id: TENANT }], enrol: { audiences: [APP] } });
    const enrolled = await enrol(join(folder, 'data'), config, signToken(key, claims()), {
      metadata: { endpoint: server.url, ca: server.certificate ?? '' },
      now: () => new Date(),
    });
    expect(enrolled).toMatchObject({ object_id: OID, is_new: true });
    expect(server.requests).toHaveLength(2);
    for (const request of server.requests) expect(request.headers['authorization']).toBeUndefined();
  } finally {
    await server.close();
  }
});
