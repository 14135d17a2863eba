/**
 * What lies under deploy/, as far as it can be checked without the linters of test/peers/lint-deploy.sh: it parses, it grants
 * what the program really calls and nothing else, the two ways of each template say the same, and it holds no secret.
 */
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, type Tags } from 'yaml';
import { secretIn } from '../src/config/secrets.ts';
import { packageRoot } from '../src/core/package-root.ts';

const ROOT = packageRoot();
const DEPLOY = join(ROOT, 'deploy');

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
}
const read = (path: string): string => readFileSync(path, 'utf8');

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, unknown>>;
}
const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] => (value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T]);

const POLICIES = readdirSync(join(DEPLOY, 'permissions'))
  .filter((name) => name.endsWith('.json') && name !== 'entra.json')
  .map((name) => ({ name, statements: (JSON.parse(read(join(DEPLOY, 'permissions', name))) as { Statement: Statement[] }).Statement }));

/** The API calls that the program makes, as IAM names them; some names differ. */
const ACTION_OF_COMMAND: Readonly<Record<string, string | null>> = {
  ListObjectsV2Command: 's3:ListBucket', GetObjectCommand: 's3:GetObject', LookupEventsCommand: 'cloudtrail:LookupEvents', ListPublicKeysCommand: 'cloudtrail:ListPublicKeys', FilterLogEventsCommand: 'logs:FilterLogEvents',
  DescribeLogGroupsCommand: 'logs:DescribeLogGroups', DescribeTasksCommand: 'ecs:DescribeTasks', PublishCommand: 'sns:Publish',
  GetPublicKeyCommand: 'kms:GetPublicKey', SignCommand: 'kms:Sign',
  // Whoever has credentials may ask whose they are.
  GetCallerIdentityCommand: null,
};

const codeIn = (folder: string): string[] => filesBelow(join(ROOT, folder)).filter((path) => path.endsWith('.ts') && !/\.test\.ts$|test-bench/.test(path)).map(read);
const SOURCES = codeIn('src/sources');

/** Every action that sources, channels and signers call, or say in a hint that they need. */
function calledActions(): Set<string> {
  const actions = new Set<string>();
  for (const text of [...SOURCES, ...codeIn('src/alerts'), ...codeIn('src/evidence')]) {
    for (const [command] of text.matchAll(/\b[A-Z][A-Za-z0-9]+Command\b/g)) {
      const action = ACTION_OF_COMMAND[command];
      if (action === undefined) throw new Error(`${command}: add its IAM action here and to deploy/permissions`);
      if (action !== null) actions.add(action);
    }
    for (const [, action] of text.matchAll(/'((?:s3|logs|cloudtrail|ecs|sts|kms|sns):[A-Za-z]+)'/g)) if (action !== undefined) actions.add(action);
    if (text.includes('fromTemporaryCredentials(')) actions.add('sts:AssumeRole');
  }
  return actions;
}

describe('IAM policies', () => {
  test('grant every action that the program calls, and no other', () => {
    const granted = new Set(POLICIES.flatMap(({ statements }) => statements.flatMap(({ Action }) => listOf(Action))));
    expect([...granted].sort()).toEqual([...calledActions()].sort());
  });

  test.each(POLICIES)('$name: only allows, names actions in full, and gives no resource away', ({ name, statements }) => {
    const REASONS: Readonly<Record<string, readonly string[]>> = { 'cloudtrail:LookupEvents': ['*'], 'cloudtrail:ListPublicKeys': ['*'] };
    for (const { Effect, Action, Resource, Sid } of statements) {
      expect(Effect).toBe('Allow');
      expect(Sid).toMatch(/^[A-Z][A-Za-z]+$/);
      for (const action of listOf(Action)) {
        expect(action).toMatch(/^[a-z0-9]+:[A-Za-z]+$/);
        for (const resource of listOf(Resource)) if (!REASONS[action]?.includes(resource)) expect(resource).toMatch(/^arn:aws:[a-z0-9]+:/);
      }
      if (!name.includes('trust')) expect(Resource).toBeDefined();
    }
  });

  test('another account\'s role asks for an external id', () => {
    const [trust] = POLICIES.find(({ name }) => name === 'reader-role-trust.json')!.statements;
    expect(trust?.Condition).toHaveProperty(['StringEquals', 'sts:ExternalId']);
  });
});

describe('what Entra grants', () => {
  const entra = JSON.parse(read(join(DEPLOY, 'permissions/entra.json'))) as {
    graph_application_permissions: { permission: string; id: string; why: string }[];
    log_analytics_custom_role: { Actions: string[] };
  };

  test('are the permissions that the source names when one is missing', () => {
    const named = new Set(SOURCES.flatMap((text) => [...text.matchAll(/'([A-Z][A-Za-z]+\.Read\.All)'/g)].map(([, name]) => name)));
    expect(entra.graph_application_permissions.map(({ permission }) => permission).sort()).toEqual([...named].sort());
    for (const { permission, id, why } of entra.graph_application_permissions) {
      expect(permission).not.toContain('Write');
      expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(why).toMatch(/\.$/);
    }
  });

  test('and the tables that the source queries', () => {
    const tables = read(join(ROOT, 'src/sources/entra-logs/tables.ts'));
    const asked = [...new Set([...tables.matchAll(/'((?:AAD\w+|SigninLogs|AuditLogs))'/g)].map(([, name]) => name))];
    const granted = entra.log_analytics_custom_role.Actions.flatMap((action) => /query\/(\w+)\/read$/.exec(action)?.[1] ?? []);
    expect(granted.sort()).toEqual(asked.sort());
  });
});

/** CloudFormation's own tags, read as plain values. */
const CLOUDFORMATION_TAGS: Tags = ['Ref', 'Sub', 'GetAtt', 'If', 'Not', 'Equals', 'And', 'Join', 'Select', 'Condition'].flatMap((name): Exclude<Tags, undefined> => [
  { tag: `!${name}`, resolve: (text: string) => `!${name} ${text}` },
  { tag: `!${name}`, collection: 'seq' },
]);

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }>>;
}
const template = (name: string): Template => parse(read(join(DEPLOY, 'cloudformation', name)), { customTags: CLOUDFORMATION_TAGS }) as Template;
const terraform = (name: string): string => filesBelow(join(DEPLOY, 'terraform', name)).map(read).join('\n');

/** IAM actions anywhere in a text, of services that templates speak of. */
function actionsIn(text: string): string[] {
  const found = [...text.matchAll(/\b((?:s3|logs|cloudtrail|ecs|sts|kms|sns|iam|elasticfilesystem|secretsmanager):[A-Z][A-Za-z]+)\b/g)].map(([, action]) => action ?? '');
  return [...new Set(found)].filter((action) => !['elasticfilesystem:AccessPointArn', 'iam:PassedToService'].includes(action)).sort();
}

describe.each(['scheduled-task', 'ecs-events'])('%s', (name) => {
  test('CloudFormation and Terraform allow the same actions', () => {
    const actions = actionsIn(read(join(DEPLOY, 'cloudformation', `${name}.yaml`)));
    expect(actions.length).toBeGreaterThan(1);
    expect(actionsIn(terraform(name))).toEqual(actions);
  });

  test('no action and no resource is a star', () => {
    for (const text of [read(join(DEPLOY, 'cloudformation', `${name}.yaml`)), terraform(name)]) {
      expect(text).not.toMatch(/(Action|actions)\W+["']?\*/);
      expect(text).not.toMatch(/(Resource|resources)\W+["']?\*/);
      expect(text).not.toMatch(/:\*"?\s*\]?\s*#?\s*action/i);
    }
  });
});

test('the task runs as nobody in particular, on a read-only root, with the data folder as its one lasting volume', () => {
  const { Task, Data, NoRunDone, RunsDone } = template('scheduled-task.yaml').Resources;
  const [container] = Task!.Properties['ContainerDefinitions'] as Record<string, unknown>[];
  expect(container).toMatchObject({ User: '1000:1000', ReadonlyRootFilesystem: true, Command: ['run', '--config', '!Ref ConfigFile'] });
  expect(Data!.Properties).toMatchObject({ Encrypted: true });
  expect(NoRunDone!.Properties).toMatchObject({ TreatMissingData: 'breaching', ComparisonOperator: 'LessThanThreshold' });
  expect(RunsDone!.Properties['FilterPattern']).toBe('{ ($.run_id = "*") && ($.outcome = "done") }');
  expect(terraform('scheduled-task')).toContain('"{ ($.run_id = \\"*\\") && ($.outcome = \\"done\\") }"');
});

test('the rule sends what the source reads, and EventBridge may write it', () => {
  const { EcsEventRule, EventBridgeMayWrite } = template('ecs-events.yaml').Resources;
  const pattern = EcsEventRule!.Properties['EventPattern'] as Record<string, string[]>;
  for (const type of pattern['detail-type'] ?? []) expect(terraform('ecs-events')).toContain(`"${type}"`);
  const policy = JSON.parse(String(EventBridgeMayWrite!.Properties['PolicyDocument']).replace(/^!Sub /, '')) as { Statement: Statement[] };
  expect(policy.Statement).toMatchObject([{ Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] }]);
});

test('the container holds nothing that its build does not copy, and is not root', () => {
  const container = read(join(DEPLOY, 'container/Containerfile'));
  expect(container).toMatch(/^USER 1000:1000$/m);
  expect(container).toMatch(/^HEALTHCHECK /m);
  expect(container.split('\n').findIndex((line) => line.startsWith('USER'))).toBeLessThan(container.split('\n').findIndex((line) => line.startsWith('ENTRYPOINT')));
  const [first, ...rest] = read(join(DEPLOY, 'container/Containerfile.dockerignore')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(first).toBe('*');
  const copied = [...container.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) => (names ?? '').split(' '));
  for (const name of copied) expect(rest).toContain(`!${name.replace(/^\.\//, '')}`);
});

describe('the container\'s health check', () => {
  const run = promisify(execFile);
  const checked = async (port?: string): Promise<boolean> => {
    const env = { PATH: process.env['PATH'], ...(port === undefined ? {} : { WHORAN_METRICS_PORT: port }) };
    return run(process.execPath, [join(DEPLOY, 'container/healthcheck.mjs')], { env }).then(() => true, () => false);
  };

  test('is well without a server, and as /healthz says with one', async () => {
    let status = 200;
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? status : 404).end();
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const port = String((server.address() as AddressInfo).port);
    expect(await checked()).toBe(true);
    expect(await checked(port)).toBe(true);
    status = 503;
    expect(await checked(port)).toBe(false);
    await new Promise((resolve) => { server.close(resolve); });
    expect(await checked(port)).toBe(false);
    expect(await checked('x')).toBe(false);
  });
});

test('nothing under deploy/ looks like a secret or a real account', () => {
  const SAMPLE_ACCOUNTS = new Set(['111122223333', '444455556666', '777788889999']);
  for (const path of filesBelow(DEPLOY)) {
    for (const line of read(path).split('\n')) {
      expect(secretIn(line.trim()), `${path}: ${line}`).toBeUndefined();
      for (const [account] of line.matchAll(/(?<![0-9a-f-])\d{12}(?![0-9a-f-])/g)) expect(SAMPLE_ACCOUNTS, path).toContain(account);
    }
  }
});

test('every YAML and JSON block in the guides parses', () => {
  for (const path of [join(ROOT, 'docs/exact-join.md'), join(DEPLOY, 'README.md')]) {
    for (const [, kind, block] of read(path).matchAll(/^```(json|yaml)\n([^]*?)^```/gm)) {
      if (kind === 'json') JSON.parse(block ?? '');
      else expect(parseAllDocuments(block ?? '').every((one) => 'errors' in one && one.errors.length === 0)).toBe(true);
    }
  }
});

test('files that the operators\' README names are there', () => {
  const text = read(join(DEPLOY, 'README.md'));
  const named = [...text.matchAll(/deploy\/[\w./-]+\.(?:yaml|json|sh)|deploy\/container\/Containerfile|`([\w-]+\.json)`/g)].map(([whole, json]) => (json === undefined ? whole : `deploy/permissions/${json}`));
  const present = filesBelow(ROOT === '' ? '.' : DEPLOY).map((path) => path.slice(ROOT.length + 1));
  expect(named.length).toBeGreaterThan(5);
  for (const name of named.filter((one) => !one.endsWith('whoran.schema.json'))) expect(present).toContain(name);
});
