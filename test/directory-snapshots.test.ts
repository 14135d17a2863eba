/**
 * Snapshots of Entra's directory: out of Graph, through landing, into tables and names; out of files as well.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GraphObject } from '../fixtures/doubles/graph.ts';
import type { SqlRow } from '../src/engine/database.ts';
import { frames } from '../src/landing/framing.ts';
import { configSchema } from '../src/config/config.ts';
import { correlate } from '../src/pipeline/correlate.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import type { IngestResult } from '../src/pipeline/ingest-result.ts';
import { pullSources } from '../src/pipeline/pull.ts';
import { rebuild } from '../src/pipeline/rebuild.ts';
import { stage } from '../src/pipeline/stage.ts';
import { openWriter } from '../src/store/writer.ts';
import { Bench, HOUR, NOON, TENANT } from './graph-bench.ts';
import { stagedOutcome } from './staged-outcome.ts';
import { ADA, APP, TENANT as STAGED_TENANT, correlated, signIn, sources, webIdentity, type StagedRow } from './staged-rows.ts';

const guid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const DAY_1 = '2026-03-10T12:00:00Z';
const DAY_2 = '2026-03-11T12:00:00Z';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-directory-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A run of its own on the tests' data folder. */
async function staged(run: (writer: Awaited<ReturnType<typeof openWriter>>) => Promise<unknown>, now = NOON): Promise<void> {
  const writer = await openWriter(join(folder, 'data'), { now: () => new Date(now) });
  await run(writer);
  await writer.publishAndClose();
}

async function queried(sql: string): Promise<SqlRow[]> {
  const writer = await openWriter(join(folder, 'data'));
  try {
    return await writer.db.all(sql);
  } finally {
    writer.close();
  }
}

const OBJECTS = 'select object_id, kind, name, user_principal_name, app_id, is_enabled, first_snapshot_at, snapshot_at from stg_directory_objects order by object_id, snapshot_at';
const MEMBERS = `select p.group_id, m.member_id, m.member_kind, p.snapshot_at from stg_group_pages p left join stg_group_members m using (tenant_id, group_id, members_key)
  order by p.group_id, p.snapshot_at, m.member_id`;

describe('out of Graph', () => {
  test('each object is what it was from the first snapshot that says so to the last; a rebuild says the same', async () => {
    let [name, members] = ['Ada', [guid(1), guid(20)]];
    const users = (): GraphObject[] => [1, 2].map((number) => ({ id: guid(number), body: { displayName: number === 1 ? name : 'Ben', userPrincipalName: `user${number}@example.com`, accountEnabled: true } }));
    const principals: GraphObject[] = [{ id: guid(20), body: { displayName: 'deployer', appId: guid(21).toUpperCase(), accountEnabled: false } }];
    const bench = await Bench.start(
      { users, servicePrincipals: () => principals, groups: () => [{ id: guid(31), body: { displayName: 'platform' }, members }, { id: guid(32), body: { displayName: 'all' }, members: [guid(31), guid(2)] }] },
      { snapshot_hours: 24 },
    );
    try {
      const pull = async (): Promise<void> => staged(async (writer) => {
        const { tell: _, signal, ...effects } = bench.effects([]);
        const { sources: results } = await pullSources(writer, [bench.source()], { signal, effects });
        expect(results).toMatchObject([{ outcome: 'ok' }]);
        await stage(writer);
      }, bench.clock.ms);
      await pull();
      expect(await queried(OBJECTS)).toEqual([
        { object_id: guid(1), kind: 'person', name: 'Ada', user_principal_name: 'user1@example.com', app_id: null, is_enabled: true, first_snapshot_at: DAY_1, snapshot_at: DAY_1 },
        { object_id: guid(2), kind: 'person', name: 'Ben', user_principal_name: 'user2@example.com', app_id: null, is_enabled: true, first_snapshot_at: DAY_1, snapshot_at: DAY_1 },
        { object_id: guid(20), kind: 'workload', name: 'deployer', user_principal_name: null, app_id: guid(21), is_enabled: false, first_snapshot_at: DAY_1, snapshot_at: DAY_1 },
        { object_id: guid(31), kind: 'group', name: 'platform', user_principal_name: null, app_id: null, is_enabled: null, first_snapshot_at: DAY_1, snapshot_at: DAY_1 },
        { object_id: guid(32), kind: 'group', name: 'all', user_principal_name: null, app_id: null, is_enabled: null, first_snapshot_at: DAY_1, snapshot_at: DAY_1 },
      ]);
      expect((await queried(MEMBERS)).map(({ group_id, member_id, member_kind }) => [group_id, member_id, member_kind])).toEqual([
        [guid(31), guid(1), 'person'], [guid(31), guid(20), 'workload'],
        [guid(32), guid(1), 'person'], [guid(32), guid(2), 'person'], [guid(32), guid(20), 'workload'], [guid(32), guid(31), 'group'],
      ]);
      bench.clock.ms = NOON + 24 * HOUR;
      [name, members] = ['Ada Ito', [guid(20)]];
      await pull();
      expect((await queried(OBJECTS)).slice(0, 3).map((row) => [row['name'], row['first_snapshot_at'], row['snapshot_at']])).toEqual([
        ['Ada', DAY_1, DAY_1], ['Ada Ito', DAY_2, DAY_2], ['Ben', DAY_1, DAY_2],
      ]);
      expect((await queried(MEMBERS)).map((row) => [row['group_id'], row['member_id'], row['snapshot_at']])).toEqual([
        [guid(31), guid(1), DAY_1], [guid(31), guid(20), DAY_1], [guid(31), guid(20), DAY_2],
        [guid(32), guid(1), DAY_1], [guid(32), guid(2), DAY_1], [guid(32), guid(20), DAY_1], [guid(32), guid(31), DAY_1],
        [guid(32), guid(2), DAY_2], [guid(32), guid(20), DAY_2], [guid(32), guid(31), DAY_2],
      ]);
      expect(await queried('select distinct tenant_id from stg_directory_objects union select tenant_id from stg_group_members')).toEqual([{ tenant_id: TENANT }]);
      expect(await queried('select reason from stg_rejects')).toEqual([]);
      const writer = await openWriter(join(folder, 'data'));
      const before = await stagedOutcome(writer.db);
      writer.close();
      const again = await rebuild(join(folder, 'data'));
      expect(await stagedOutcome(again.db)).toEqual(before);
      expect(before['stg_directory_objects']).toHaveLength(6);
      again.close();
    } finally {
      await bench.double.close();
    }
  });
});

describe('out of files', () => {
  const page = (collection: string, ...rows: object[]): string => JSON.stringify({ '@odata.context': `https://graph.microsoft.com/v1.0/$metadata#${collection}`, value: rows });
  const BEN = { id: guid(2), displayName: 'Ben', userPrincipalName: 'ben@example.com' };

  async function ingested(files: Readonly<Record<string, string>>): Promise<IngestResult> {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, 'logs', name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    let result: IngestResult | undefined;
    await staged(async (writer) => { result = await ingest(writer, [join(folder, 'logs')]); });
    return result!;
  }

  test('tenant, group and time are what the file is called', async () => {
    const result = await ingested({
      [`tenant_${TENANT}/users snapshot 2026-03-01T00-00-00Z.json`]: page('users', BEN),
      [`tenant_${TENANT}/groups_${guid(31)}_transitiveMembers snapshot 2026-03-01T00-00-00Z.json`]: page('directoryObjects(id)', { '@odata.type': '#microsoft.graph.user', id: guid(2) }, { '@odata.type': '#microsoft.graph.device', id: guid(9) }),
      [`tenant_${TENANT}/groups/${guid(32).toUpperCase()}/transitiveMembers.json`]: page('users(id)', { id: guid(2).toUpperCase() }),
    });
    expect(result).toMatchObject({ forms: [{ form: 'graph_group_members', read: 2, new: 2 }, { form: 'graph_users', read: 1, new: 1 }], rejects: [] });
    expect(await queried(OBJECTS)).toMatchObject([{ object_id: guid(2), kind: 'person', name: 'Ben', is_enabled: null, snapshot_at: '2026-03-01T00:00:00Z' }]);
    expect(await queried(MEMBERS)).toMatchObject([
      { group_id: guid(31), member_id: guid(2), member_kind: 'person', snapshot_at: '2026-03-01T00:00:00Z' }, { group_id: guid(31), member_id: guid(9), member_kind: null },
      { group_id: guid(32), member_id: guid(2), member_kind: null, snapshot_at: null },
    ]);
  });

  test('a snapshot counts once all its pages are there; an empty group has one, and so has one in which nothing changed', async () => {
    const name = (group: number, day: number, number: number): string => `tenant_${TENANT}/groups_${guid(group)}_transitiveMembers page ${number} snapshot 2026-03-0${day}T00-00-00Z.json`;
    const part = (isLast: boolean, ...ids: number[]): string => JSON.stringify({ '@odata.context': 'https://graph.microsoft.com/beta/$metadata#directoryObjects(id)', ...(isLast ? {} : { '@odata.nextLink': 'https://x' }), value: ids.map((id) => ({ id: guid(id) })) });
    const pages = {
      [name(31, 1, 1)]: part(false, 1), [name(31, 1, 2)]: part(true, 2),
      // The same again, and then sets that break off, lack a page, or hold what is no member.
      [name(31, 2, 1)]: part(false, 1), [name(31, 2, 2)]: part(true, 2),
      [name(31, 3, 1)]: part(false, 1), [name(31, 4, 1)]: part(false, 1), [name(31, 4, 3)]: part(true, 3),
      [name(31, 5, 1)]: part(true, 1).replace('"id"', '"no"'),
      [name(32, 1, 1)]: part(true), [name(33, 1, 1)]: part(true, 1),
    };
    const result = await ingested(pages);
    expect(result.totals).toMatchObject({ read: 10, new: 9, rejected: 1 });
    const config = configSchema.parse({ access: { role_groups: [{ role: 'arn:aws:iam::111122223333:role/deploy*', groups: [guid(31), guid(32).toUpperCase()] }] } });
    const whole = async (): Promise<unknown[]> => {
      const writer = await openWriter(join(folder, 'data'));
      try {
        await correlate(writer.db, config);
        return (await writer.db.all('select group_id, snapshot_at, read_at, next_read_at, previous_snapshot_at from cor_group_snapshots order by group_id, snapshot_at')).map((row) => Object.values(row));
      } finally {
        writer.close();
      }
    };
    const [first, second, fourth] = ['2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', '2026-03-04T00:00:00Z'];
    expect(await whole()).toEqual([[guid(31), first, first, second, null], [guid(31), second, second, null, first], [guid(32), first, first, null, null]]);
    expect(await queried('select count(*) as rows, count(distinct members_key) as kept from stg_group_members')).toEqual([{ rows: 4, kept: 3 }]);
    // The page that was missing comes later.
    await ingested({ [name(31, 4, 2)]: part(false, 2) });
    expect((await whole()).slice(1, 3)).toEqual([[guid(31), second, second, fourth, first], [guid(31), fourth, fourth, null, second]]);
  });

  test('what cannot be placed is rejected, with what to do', async () => {
    const result = await ingested({
      'users.json': page('users', BEN),
      [`tenant_${TENANT}/members.json`]: page('directoryObjects', { id: guid(2) }),
      [`tenant_${TENANT}/odd.json`]: page('servicePrincipals', { displayName: 'no id' }, { id: guid(20), accountEnabled: 'perhaps' }),
    });
    expect(result.rejects.map(({ reason }) => reason).sort()).toEqual([
      'field accountEnabled: expected true or false, found "perhaps"',
      'field id: expected the id of the object, found none',
      'line 1: members of a group, and the page says not of which: its file is to be called groups_<group id>_transitiveMembers',
      "tenant: expected the tenant's id, found none: rows of the directory name none, so the file is to lie in a folder called tenant_<tenant id>",
    ]);
    expect(result.totals).toMatchObject({ read: 4, rejected: 4 });
  });

  test('the order of files makes no difference, and neither does one that comes twice', async () => {
    const named = (displayName: string): string => page('users', { ...BEN, displayName });
    const files: [string, string][] = [[`tenant_${TENANT}/a snapshot 2026-03-02T00:00:00Z.json`, named('Ben')], [`tenant_${TENANT}/b snapshot 2026-03-03T00:00:00Z.json`, `${named('Ben')} `], [`tenant_${TENANT}/c.json`, `${named('Ben')}\n`], [`tenant_${TENANT}/d snapshot 2026-03-01T00:00:00Z.json`, named('Benjamin')]];
    const outcomes: unknown[] = [];
    for (const order of [files, [...files].reverse(), [files[1]!, files[3]!, files[2]!, files[0]!]]) {
      rmSync(folder, { recursive: true });
      for (const [name, text] of order) await ingested({ [name]: text });
      outcomes.push(await queried(OBJECTS));
      rmSync(join(folder, 'logs'), { recursive: true });
    }
    expect(outcomes[0]).toMatchObject([{ name: 'Benjamin', snapshot_at: '2026-03-01T00:00:00Z' }, { name: 'Ben', first_snapshot_at: '2026-03-02T00:00:00Z', snapshot_at: '2026-03-03T00:00:00Z' }]);
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
  });
});

describe('framing', () => {
  const forms = (text: string, origin = 'x.json'): string[] => [...frames(Buffer.from(text), origin)].map(({ form }) => form);
  const page = (collection: string): string => `{"@odata.context": "https://graph.microsoft.us/beta/$metadata#${collection}", "@odata.nextLink": "https://x", "value": [{"id": "1"}, {"id": "2"}]}`;

  test('tells pages apart by their context, each for itself', () => {
    const text = ['users(id,displayName)', 'servicePrincipals', 'groups(id)'].map(page).join('\n');
    expect(forms(text)).toEqual(['graph_users', 'graph_users', 'graph_service_principals', 'graph_service_principals', 'graph_groups', 'graph_groups']);
    expect(forms(page('directoryObjects(id)'), `v1.0/groups/${guid(1)}/transitiveMembers?$select=id page 1`)).toEqual(['graph_group_members']);
  });

  test('takes no other page for one, and no list of another name', () => {
    for (const collection of ['auditLogs/signIns', 'usersOfMine', 'applications', 'users/$entity']) expect(forms(page(collection))).toEqual(['unknown', 'unknown']);
    expect(forms(page('users').replace('"value"', '"Records"'))).toEqual(['unknown', 'unknown']);
    expect(forms(`{"note": "$metadata#users", "value": [{"id": "1"}]}`)).toEqual(['unknown']);
  });
});

describe('names', () => {
  const KEY = 'ASIASESSION000000001';
  const AT = '2026-01-15T09:00:00Z';
  const object = (id: string, at: string | null, fields: Record<string, string | null> = {}): StagedRow => [
    'stg_directory_objects',
    { tenant_id: STAGED_TENANT, object_id: id, kind: 'person', name: 'of the snapshot', user_principal_name: 'snap@example.com', first_snapshot_at: at, snapshot_at: at, batch_seq: 1, member: 0, record_sha256: `${id}${at ?? ''}${fields['name'] ?? ''}`, ...fields },
  ];
  async function identities(rows: readonly StagedRow[]): Promise<SqlRow[]> {
    const db = await correlated(rows);
    try {
      return await db.all('select object_id, kind, name, user_principal_name, first_seen_at from cor_identities order by object_id');
    } finally {
      db.close();
    }
  }

  test('come from the newest snapshot where no row names an identity', async () => {
    const rows = [object(ADA, AT), object(ADA, '2026-01-16T00:00:00Z', { name: 'Ada Ito' }), object(ADA, null, { name: 'undated' }), object(guid(9), AT, { kind: 'group' })];
    expect(await identities(rows)).toEqual([{ object_id: ADA, kind: 'person', name: 'Ada Ito', user_principal_name: 'snap@example.com', first_seen_at: null }]);
    expect(await identities([...rows].reverse())).toEqual(await identities(rows));
  });

  test('of a sign-in, and the kind of the registry, come first', async () => {
    const registry: StagedRow = ['stg_identity_registry', { issuer: 'i', audience: 'a', subject: 's', tenant_id: STAGED_TENANT, object_id: ADA, name: 'of the registry', kind: 'agent', batch_seq: 1, record_sha256: 'r' }];
    expect(await identities([object(ADA, AT), signIn('s1', AT), registry])).toMatchObject([{ object_id: ADA, kind: 'agent', name: 'Ada Ito', user_principal_name: 'ada@example.com' }]);
    expect(await identities([object(ADA, AT), registry])).toMatchObject([{ name: 'of the snapshot', kind: 'agent' }]);
  });

  test('an app-only token’s subject is the service principal that a snapshot has', async () => {
    const principal = guid(20);
    const db = await correlated([...sources(), object(principal, AT, { kind: 'workload', name: 'deployer' }), ...webIdentity(KEY, AT, { subject: principal, audience: APP })]);
    expect(await db.all('select who_kind, who_object_id, identity_method, reason from cor_sessions')).toMatchObject([{ who_kind: 'workload', who_object_id: principal, identity_method: 'subject_is_object_id', reason: 'sign_in_absent' }]);
    db.close();
  });
});
