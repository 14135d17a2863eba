import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WhoranError } from '../core/errors.ts';
import type { Environment } from './environment.ts';
import { loadConfig, parseConfig } from './load.ts';

const TENANT = '0d1e2f3a-4b5c-4d6e-8f90-a1b2c3d4e5f6';

function failure(text: string, environment: Environment = {}): WhoranError {
  try {
    parseConfig(text, 'whoran.yaml', environment);
  } catch (error) {
    if (error instanceof WhoranError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

test('what is given is read, and the rest has its default', () => {
  const config = parseConfig(`tenants:\n  - id: ${TENANT.toUpperCase()}\nattribution:\n  settle_minutes: 30\n`, 'whoran.yaml');
  expect(config.tenants).toEqual([{ id: TENANT }]);
  expect(config.attribution).toMatchObject({ settle_minutes: 30, token_lifetime_minutes: 90, tags: { oid: 'EntraOid' } });
});

test('an empty file and a file of comments are the defaults', () => {
  expect(parseConfig('', 'whoran.yaml')).toEqual(parseConfig('# nothing yet\n', 'whoran.yaml'));
});

test('all faults at once, each with its line, key, what was expected and what was found', () => {
  const text = `tenants:
  - id: not-a-guid
    nmae: x
atribution:
  settle_minutes: 5
attribution:
  settle_minutes: soon
  unused_sign_in_kinds: [interactiv]
  tags:
    oidd: EntraOid
`;
  const error = failure(text);
  expect(error.exitCode).toBe(2);
  const lines = error.message.split('\n');
  expect(lines[0]).toBe('the configuration has 6 faults:');
  expect(lines.slice(1).sort()).toEqual([
    '  whoran.yaml:10: attribution.tags.oidd: there is no such key; did you mean oid?',
    '  whoran.yaml:2: tenants.0.id: expected a GUID; found "not-a-guid"',
    '  whoran.yaml:3: tenants.0.nmae: there is no such key; did you mean name?',
    '  whoran.yaml:4: atribution: there is no such key; did you mean attribution?',
    '  whoran.yaml:7: attribution.settle_minutes: expected a number; found "soon"',
    '  whoran.yaml:8: attribution.unused_sign_in_kinds.0: expected one of interactive_user, non_interactive_user, service_principal, managed_identity; found "interactiv"',
  ]);
});

test('text that is no YAML, and keys that come twice, are told by line', () => {
  expect(failure('tenants: [\n').message).toMatch(/^the configuration has a fault:\n {2}whoran\.yaml:[12]: /);
  expect(failure('tenants: []\ntenants: []\n').message).toContain('whoran.yaml:2: Map keys must be unique');
});

test('a list or a word for a whole file is refused; hostile text is inert', () => {
  expect(failure('- a\n').message).toContain('(the whole file)');
  expect(failure('"\\e[31m": 1\n').message).not.toContain('\u001b');
});

test('a thousand aliases of aliases do not blow up', () => {
  const bombs = Array.from({ length: 12 }, (_, index) => `a${index}: &a${index} [${Array<string>(9).fill(index ? `*a${index - 1}` : 'x').join(',')}]`);
  expect(failure(`${bombs.join('\n')}\n`).message).toContain('whoran.yaml:1: its aliases (*name) stand for too much');
});

/** The faults without their heading. */
function faults(text: string, environment: Environment = {}): string[] {
  return failure(text, environment).message.split('\n').slice(1).map((line) => line.trim());
}

test('sources: an unknown type, the keys of the one that was meant, nested lists, and ids that come twice', () => {
  const text = `sources:
  - type: entra-grph
    id: graph
    tenat_id: ${TENANT}
    snapshot_hours: often
  - id: untyped
  - type: cloudwatch-logs
    id: graph
    region: eu-central-1
    groups:
      - name: /whoran/ecs-events
        holds: ecs_event
        fliter: x
  - type: cloudtrail-lookup
    id: lookup
    regions: [eu-central-1, moon]
    accounts:
      - account_id: "111122223333"
        role_an: x
      - account_id: 111122223333
  - ftp
`;
  expect(faults(text)).toEqual([
    'whoran.yaml:2: sources.0.type: there is no such type; did you mean entra-graph?; found "entra-grph"',
    'whoran.yaml:2: sources.0.tenant_id: expected text; found nothing',
    'whoran.yaml:4: sources.0.tenat_id: there is no such key; did you mean tenant_id?',
    'whoran.yaml:5: sources.0.snapshot_hours: expected a number; found "often"',
    'whoran.yaml:6: sources.1.type: expected one of entra-graph, entra-logs, cloudtrail-s3, cloudtrail-lookup, cloudwatch-logs, files; found nothing',
    'whoran.yaml:8: sources.2.id: expected an id of its own for each source; "graph" is that of sources.0 on line 3 too',
    'whoran.yaml:12: sources.2.groups.0.holds: expected one of cloudtrail, ecs_events, application; found "ecs_event"',
    'whoran.yaml:13: sources.2.groups.0.fliter: there is no such key; did you mean filter?',
    'whoran.yaml:16: sources.3.regions.1: expected a region like eu-central-1; found "moon"',
    'whoran.yaml:19: sources.3.accounts.0.role_an: there is no such key; did you mean role_arn?',
    'whoran.yaml:20: sources.3.accounts.1.account_id: expected an account id: 12 digits, in quotes; found 111122223333',
    'whoran.yaml:21: sources.4: expected a mapping of keys to values; found "ftp"',
  ]);
});

test('a value that can be of several types says which', () => {
  expect(faults('detections: { x: { params: { y: { z: 1 } } } }')).toEqual([
    'whoran.yaml:1: detections.x.params.y: expected text, or a number, or true or false, or a list; found a mapping',
  ]);
});

test('a key without a value means its default, a missing one that is needed is said', () => {
  expect(parseConfig('attribution:\nsources:\nexpected:\n  accounts:\n', 'whoran.yaml')).toEqual(parseConfig('', 'whoran.yaml'));
  expect(faults('sources:\n  - type: files\n    id: inbox\n    path:\n')).toEqual(['whoran.yaml:4: sources.0.path: expected text; found nothing']);
});

test('${NAME} is replaced anywhere in a value; a missing one is a fault with its line, and $${ is ${', () => {
  const text = 'sources:\n  - type: files\n    id: ${SOURCE}\n    path: /data/${SOURCE}/$${x}\n';
  expect(parseConfig(text, 'whoran.yaml', { SOURCE: 'inbox' }).sources).toMatchObject([{ id: 'inbox', path: '/data/inbox/${x}' }]);
  expect(faults(text)).toEqual(
    expect.arrayContaining([
      'whoran.yaml:3: sources.0.id: the environment variable SOURCE is not set',
      'whoran.yaml:4: sources.0.path: the environment variable SOURCE is not set',
    ]),
  );
  expect(faults('enrol: { audiences: ["${not a name}"] }')).toEqual([
    'whoran.yaml:1: enrol.audiences.0: a reference to the environment is written ${NAME}; $${ stands for ${ itself',
  ]);
});

test('what the environment holds is never repeated', () => {
  const told = failure('tenants: [{ id: "${TENANT}" }]', { TENANT: 'top-secret-value' }).message;
  expect(told).toContain('tenants.0.id: expected a GUID; found "${TENANT}"');
  expect(told).not.toContain('top-secret-value');
});

const KEY_ID = `AKIA${'EXAMPLE0'.repeat(2)}`;
const JWT = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.sig`;
const SECRET_ACCESS_KEY = 'wJalrXUtnFEMI0K7MDENG1bPxRfiCYEXAMPLEKEY';
const CLIENT_SECRET = `abc8Q~${'xY0_'.repeat(8)}`;
test.each<[string, string, string, RegExp]>([
  ['an access key id', `tenants:\n  - name: ${KEY_ID}\n    id: ${TENANT}\n`, KEY_ID, /whoran\.yaml:2: tenants\.0\.name: looks like an AWS access key id: take it out/],
  ['a secret access key', `tenants: [{ id: ${TENANT}, name: ${SECRET_ACCESS_KEY} }]`, SECRET_ACCESS_KEY, /looks like an AWS secret access key/],
  ['a client secret under a key that is not there', `sources:\n  - type: entra-graph\n    id: g\n    tenant_id: ${TENANT}\n    client_secret: ${CLIENT_SECRET}\n`, CLIENT_SECRET, /:5: sources\.0\.client_secret: looks like a client secret of Entra.*\n.*there is no such key; credentials come from the platform's default chain/],
  ['a word under a key for secrets', 'password: hunter2hunter2', 'hunter2', /password: looks like a secret/],
  ['a bearer token', `tenants: [{ id: ${TENANT}, name: "Bearer ${'a1'.repeat(12)}" }]`, 'a1a1a1', /looks like a bearer token/],
  ['a token in a comment', `# ${JWT}\ntenants: []\n`, JWT, /whoran\.yaml:1: this line holds what looks like a token/],
  ['a key as a key', `${KEY_ID}: 1\n`, KEY_ID, /whoran\.yaml:1: …: there is no such key/],
  ['a token in what is no YAML', `tenants: [}${JWT}\n`, JWT, /whoran\.yaml:1: /],
  ['a URL with a password', 'sources: [{ type: cloudwatch-logs, id: l, region: eu-central-1, groups: [{ name: x, holds: application }], endpoint: "https://me:swordfish@example.com" }]', 'swordfish', /endpoint: looks like a URL with a password/],
])('a secret in the file is a fault, and is not repeated: %s', (_name, text, secret, message) => {
  const told = failure(text).message;
  expect(told).toMatch(message);
  expect(told).not.toContain(secret);
});

test('a wrong external id is not repeated', () => {
  const told = faults('sources: [{ type: cloudtrail-lookup, id: l, regions: [eu-central-1], accounts: [{ account_id: "111122223333", external_id: 4711123 }] }]');
  expect(told).toEqual(['whoran.yaml:1: sources.0.accounts.0.external_id: expected text; found a value that is not shown']);
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('a file that is missing or a folder is said', async () => {
  await expect(loadConfig(join(folder, 'none.yaml'))).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('there is no such file') as string });
  await expect(loadConfig(folder)).rejects.toMatchObject({ message: expect.stringContaining('it is a folder') as string });
});

test('a file is read', async () => {
  const file = join(folder, 'mine.yaml');
  await writeFile(file, 'attribution: { settle_minutes: 7 }\n');
  expect((await loadConfig(file)).attribution.settle_minutes).toBe(7);
});
