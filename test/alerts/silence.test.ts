/**
 * A silent source holds back the absences that its own silence may be all there is to, and no others.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { detectionSql } from '../../src/catalog/detection.ts';
import { detectionParameters } from '../../src/catalog/parameters.ts';
import { PlanBench, planConfig, type Fields } from './plan-bench.ts';

const T = Date.parse('2026-01-15T08:00:00Z');
const at = (hours: number): Date => new Date(T + hours * 3_600_000);
const CONFIG = planConfig({ routes: [{ channels: ['one'], min_severity: 'low', group_by: [] }] });
const ABSENCES = { task_without_launcher: ['cloudtrail'], session_without_sign_in: ['sign_ins'], exec_without_identity: ['cloudtrail', 'sign_ins'] };
const [A, B] = ['111122223333', '444455556666'];
const [T1, T2] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];

let bench: PlanBench;
beforeEach(async () => {
  bench = await PlanBench.open();
});
afterEach(() => {
  bench.close();
});

/** As source_silent finds it: the whole source, or one stream. */
async function silent(source: string, stream?: string): Promise<void> {
  const since = at(-1);
  await bench.found('silence', { detection: 'source_silent', subject: ['source', source], occurred: since, dedup: `source_silent/${source}${stream === undefined ? '' : `/${stream}`}/${since.getTime() / 1000}` });
}

const task = (account: string, region: string): Fields => ({ detection: 'task_without_launcher', subject: ['task', `${account}/${region}`], occurred: at(0), facts: { account_id: account, aws_region: region } });
const session = (tenant: string, kind: string): Fields => ({ detection: 'session_without_sign_in', occurred: at(0), facts: { account_id: A, who_tenant_id: tenant, who_kind: kind, session_id: `${tenant}${kind}` } });

/** Which of the findings are told, and which are held back, of those put in beside the silence. */
async function toldOf(findings: Readonly<Record<string, Fields>>): Promise<{ told: string[]; held: string[]; why: string[] }> {
  for (const [id, fields] of Object.entries(findings)) await bench.found(id, fields);
  const { due, held } = await bench.plan(at(1), CONFIG, ABSENCES);
  const told = due.flatMap(({ finding_ids: ids }) => ids).filter((id) => id !== 'silence').sort();
  return { told, held: Object.keys(findings).filter((id) => !told.includes(id)).sort(), why: held.map(({ why, findings: count }) => `${count}: ${why}`) };
}

/** A source with a stream for each of two accounts and regions. */
function trail(): void {
  for (const account of [A, B]) for (const region of ['eu-central-1', 'us-east-1']) bench.pulled(at(-2), 'trail', `${account}/${region}`, [{ of: 'cloudtrail', account_id: account, region }]);
}

describe('a stream of a trail', () => {
  test('holds back tasks of its account and region, and tells others', async () => {
    trail();
    await silent('trail', `${A}/eu-central-1`);
    const outcome = await toldOf({ here: task(A, 'eu-central-1'), region: task(A, 'us-east-1'), account: task(B, 'eu-central-1'), sign_in: session(T1, 'person') });
    expect(outcome).toEqual({ told: ['account', 'region', 'sign_in'], held: ['here'], why: [`1: stream ${A}/eu-central-1 of source trail is silent, which may be all that is wrong`] });
  });

  test('the whole source holds back tasks of all its streams', async () => {
    trail();
    await silent('trail');
    const outcome = await toldOf({ a: task(A, 'eu-central-1'), b: task(B, 'us-east-1'), elsewhere: task('777788889999', 'eu-central-1'), sign_in: session(T1, 'person') });
    expect(outcome).toEqual({ told: ['elsewhere', 'sign_in'], held: ['a', 'b'], why: ['2: source trail is silent, which may be all that is wrong'] });
  });

  test('holds back calls whose chain of sessions runs through its account, in any region: roles are taken through any endpoint', async () => {
    trail();
    await silent('trail', `${B}/us-east-1`);
    const sessions: [id: string, account: string, root: string | null, kind: string, issued: boolean][] = [
      ['own', A, 'own', 'web_identity', true], ['rooted', A, 'root-in-b', 'role', true], ['root-in-b', B, 'root-in-b', 'unknown', false], ['foreign', A, 'foreign', 'role', true],
    ];
    for (const [session_id, account_id, root_session_id, session_kind, is_issued] of sessions) {
      await bench.db.run(
        `insert into cor_sessions by name select $session_id as session_id, $session_kind as session_kind, $is_issued as is_issued, $account_id as account_id, $root_session_id as root_session_id,
           'unknown' as who_kind, 'none' as identity_confidence, 'none' as confidence, 'ran' as how, 'none' as sign_in_grade, false as is_provisional, false as is_traced`,
        { session_id, account_id, root_session_id, session_kind, is_issued },
      );
    }
    const call = (session_id: string): Fields => ({ detection: 'exec_without_identity', subject: ['event', session_id], occurred: at(0), facts: { account_id: A, aws_region: 'eu-central-1', session_id } });
    const outcome = await toldOf({ own: call('own'), rooted: call('rooted'), foreign: call('foreign'), unknown: call('no such session') });
    expect(outcome).toMatchObject({ told: ['own'], held: ['foreign', 'rooted', 'unknown'] });
  });
});

describe('a stream of sign-ins', () => {
  test('holds back sessions of its tenant whose sign-in would stand in it', async () => {
    for (const tenant of [T1, T2]) for (const kind of ['interactive_user', 'service_principal']) bench.pulled(at(-2), 'entra', `${tenant}/${kind}`, [{ of: 'sign_ins', tenant_id: tenant, sign_in_kind: kind }]);
    await silent('entra', `${T1}/interactive_user`);
    const outcome = await toldOf({ person: session(T1, 'person'), unknown: session(T1, 'unknown'), workload: session(T1, 'workload'), tenant: session(T2, 'person'), task: task(A, 'eu-central-1') });
    expect(outcome).toMatchObject({ told: ['task', 'tenant', 'workload'], held: ['person', 'unknown'] });
  });

  test('afterwards what was held back is told, and what happened before the silence never waited', async () => {
    bench.pulled(at(-2), 'entra', 'beta', [{ of: 'sign_ins', tenant_id: T1, sign_in_kind: 'interactive_user' }]);
    await silent('entra', 'beta');
    expect(await toldOf({ during: session(T1, 'person'), before: { ...session(T1, 'person'), occurred: at(-2) } })).toMatchObject({ told: ['before'], held: ['during'] });
    await bench.gone('silence');
    expect((await bench.plan(at(2), CONFIG, ABSENCES)).due.flatMap(({ finding_ids: ids }) => ids).sort()).toEqual(['before', 'during']);
  });

  test('a source that is no longer configured covers nothing', async () => {
    bench.pulled(at(-2), 'entra', 'beta', [{ of: 'sign_ins', tenant_id: T1, sign_in_kind: 'interactive_user' }]);
    bench.pulled(at(-1), 'entra', 'beta', []);
    await silent('entra');
    expect(await toldOf({ a: session(T1, 'person') })).toMatchObject({ told: ['a'], held: [] });
  });
});

test('the detection names source and stream as the plan reads them, whatever the stream is called', async () => {
  const detection = (await loadCatalog()).detections.find(({ id }) => id === 'source_silent');
  if (!detection) throw new Error('there is a source_silent');
  const streams = [`${A}/eu-central-1`, 'tenant/2026/7', 'beta'];
  for (const stream of ['well', ...streams]) {
    bench.pulled(at(-30), 'trail', stream, [{ of: 'cloudtrail', account_id: A, region: stream }]);
    await bench.db.run(
      `insert into stg_source_watch by name select 'trail' as source, 'cloudtrail-s3' as source_type, $stream as stream, $now as watched_at, $then as first_watched_at,
         $then as last_pulled_at, case when $stream = 'well' then $now end as last_delivered_at, case when $stream <> 'well' then $now end as last_failed_at, 60 as silent_after_minutes`,
      { stream, now: at(0), then: at(-30) },
    );
  }
  const rows = await bench.db.all<{ dedup_key: string; occurred_at: string }>(detectionSql(detection), detectionParameters(detection, {}));
  for (const [index, { dedup_key: dedup, occurred_at: occurred }] of rows.entries()) await bench.found(`s${index}`, { detection: 'source_silent', subject: ['source', 'trail'], occurred: new Date(occurred), dedup });
  await bench.plan(at(1), CONFIG, ABSENCES);
  expect(await bench.db.all('select stream, aws_region from plan_silences order by stream')).toEqual([...streams].sort().map((stream) => ({ stream, aws_region: stream })));
});
