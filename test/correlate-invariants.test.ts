/**
 * ATTRIBUTION §5, invariants 1 and 2, for correlation alone: however the records are split into batches, and in whatever order
 * these come, correlating after each gives what correlating everything at once gives.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { insertRow, openCaseDatabase } from '../src/catalog/run-case.ts';
import { configSchema } from '../src/config/config.ts';
import { packageRoot } from '../src/core/package-root.ts';
import type { Database } from '../src/engine/database.ts';
import { correlate } from '../src/pipeline/correlate.ts';
import { correlatedOutcome } from './correlated-outcome.ts';
import { ACCOUNT, ADA, BEN, JOB_IDENTITY, chained, event, signIn, sts, webIdentity, type StagedRow } from './staged-rows.ts';

const config = configSchema.parse({});
const START = Date.parse('2026-01-15T00:00:00Z');
const at = (minute: number): string => new Date(START + minute * 60_000).toISOString();
const key = (n: number): string => `ASIASESSION${String(n).padStart(9, '0')}`;
const taskId = (n: number): string => String(n).padStart(32, '0');

/** Small numbers, so that things meet: the same people, addresses, names and minutes. */
const minute = fc.integer({ min: 0, max: 2000 });
const person = fc.constantFrom(ADA, BEN, JOB_IDENTITY);
const address = fc.constantFrom('192.0.2.7', '192.0.2.8');
const name = fc.constantFrom('ada@example.com', 'ben@example.com');
const uti = fc.constantFrom('58f8ce73-9fc8-4f02-8ea8-1908964f842e', '66666666-6666-4666-8666-666666666666', null);

const signIns = fc.array(
  fc.record({ minute, person, address, name, uti, kind: fc.constantFrom('interactive_user', 'non_interactive_user', 'managed_identity'), id: fc.integer({ min: 0, max: 30 }), fields: fc.integer({ min: 1, max: 9 }) }),
  { minLength: 3, maxLength: 14 },
).map((list) => list.map((s, n): StagedRow => signIn(`s${s.id}`, at(s.minute), {
  object_id: s.person, user_id: s.kind === 'managed_identity' ? null : s.person, user_principal_name: s.kind === 'managed_identity' ? null : s.name,
  ip_address: s.address, token_id: s.uti, correlation_id: s.uti, sign_in_kind: s.kind, filled_fields: s.fields, record_sha256: String(n).padStart(64, '0'),
})));

const token = fc.record({ minute, address, principal: fc.integer({ min: 0, max: 2 }), claim: fc.oneof(
  fc.constant({}), person.map((oid) => ({ principal_tags: `{entraoid=${oid}}` })), uti.map((id) => (id === null ? {} : { principal_tags: `{entrauti=${id}}` })),
  fc.tuple(person, uti).map(([oid, id]) => (id === null ? {} : { principal_tags: `{entraoid=${oid}, entracorrelationid=${id}}` })),
  person.map((subject) => ({ subject })), name.map((role_session_name) => ({ role_session_name })), name.map((source_identity) => ({ source_identity })),
  fc.tuple(person, uti).map(([oid, id]) => ({ role_session_name: `${oid}.${id ?? ''}` })),
) });
const chain = fc.record({ minute, parent: fc.integer({ min: 0, max: 12 }), how: fc.constantFrom('key', 'keyless', 'half', 'user'), source: fc.option(person) });
const job = fc.record({ minute, launcher: fc.option(fc.integer({ min: 0, max: 12 })), startedBy: fc.constantFrom('ecs-svc/1', 'chronos-schedule/nightly', 'AWS Step Functions', 'ad-hoc'), hasRole: fc.boolean(), hasEvent: fc.boolean() });
const configurer = fc.record({ minute, caller: fc.integer({ min: 0, max: 12 }), order: fc.constantFrom<readonly [string, string]>(['deployment', 'ecs-svc/1'], ['schedule', 'nightly'], ['execution', 'etl']) });

/** Groups of rows that one record gives: they always come together. */
const world = fc.record({
  signIns, tokens: fc.array(token, { minLength: 2, maxLength: 6 }), chains: fc.array(chain, { maxLength: 5 }),
  jobs: fc.array(job, { maxLength: 4 }), configurers: fc.array(configurer, { maxLength: 3 }),
}).map(({ signIns: rows, tokens, chains, jobs, configurers }): StagedRow[][] => [
  ...rows.map((row) => [row]),
  ...tokens.map((t, n) => webIdentity(key(n), at(t.minute), { source_ip: t.address, issued_principal_id: `AROA:${t.principal}`, ...t.claim })),
  ...chains.map((c, n) => {
    const opened = key(tokens.length + n);
    const parent = tokens[c.parent % tokens.length];
    const fields = { source_identity: c.source, issued_principal_id: 'AROA:chained' };
    if (c.how === 'half') return sts(opened, at(c.minute), 'AssumeRole', { identity_type: 'AWSAccount', principal_id: `AROA:${c.parent % 3}`, caller_key: `other:AWSAccount/AROA:${c.parent % 3}`, ...fields });
    if (c.how === 'user') return chained(opened, at(c.minute), 'AKIAUSER000000000001', { identity_type: 'IAMUser', ...fields });
    if (c.how === 'keyless' && parent) {
      const caller = `AROA:${parent.principal}@${at(parent.minute).replace('.000Z', 'Z')}`;
      const use = event(`use-${opened}`, at(c.minute), caller, { principal_id: `AROA:${parent.principal}`, session_created_at: at(parent.minute), identity_type: 'AssumedRole' });
      return [use, ...sts(opened, at(c.minute), 'AssumeRole', { identity_type: 'AssumedRole', caller_key: caller, ...fields })];
    }
    return chained(opened, at(c.minute), key(c.parent), fields);
  }),
  ...jobs.flatMap((j, n) => {
    const task = { account_id: ACCOUNT, task_key: `${ACCOUNT}/${taskId(n)}`, task_arn: `arn:aws:ecs:eu-west-1:${ACCOUNT}:task/prod/${taskId(n)}`, started_by: j.startedBy, batch_seq: 1 };
    const groups: StagedRow[][] = [];
    if (j.hasEvent) groups.push([['stg_task_events', { ...task, event_id: `e${n}`, event_at: at(j.minute), created_at: at(j.minute), task_version: 1 }]]);
    if (j.hasRole) groups.push(sts(`ASIATASK${String(n).padStart(12, '0')}`, at(j.minute + 1), 'AssumeRole', { identity_type: 'AWSService', invoked_by: 'ecs-tasks.amazonaws.com', caller_key: 'service:ecs-tasks.amazonaws.com', role_session_name: taskId(n) }));
    if (j.launcher !== null) groups.push([event(`run${n}`, at(j.minute), key(j.launcher), { event_name: 'RunTask' }), ['stg_task_launches', { ...task, event_id: `run${n}`, event_at: at(j.minute), event_name: 'RunTask', caller_key: key(j.launcher), aws_region: 'eu-west-1' }]]);
    return groups;
  }),
  ...configurers.map((c, n): StagedRow[] => [event(`c${n}`, at(c.minute), key(c.caller)), ['stg_configurers', { account_id: ACCOUNT, event_id: `c${n}`, event_at: at(c.minute), event_name: 'x', aws_region: 'eu-west-1', kind: c.order[0], name: c.order[1], caller_key: key(c.caller), batch_seq: 1 }]]),
]);

/** As ingest keeps it: the latest event time landed, per source and per tenant and kind. */
async function refreshSources(db: Database): Promise<void> {
  await db.run('delete from stg_sources');
  await db.run("insert into stg_sources select 'cloudtrail', null, null, min(event_at), max(event_at), count(*) from stg_events_new having count(*) > 0");
  await db.run("insert into stg_sources select 'sign_ins', tenant_id, sign_in_kind, min(created_at), max(created_at), count(*) from stg_sign_ins group by all");
}

const RUNS = Number(process.env['WHORAN_PROPERTY_RUNS'] ?? 6);

test('any split into batches, in any order, gives what all at once gives', async () => {
  const worldInBatches = world.chain((groups) => fc.tuple(fc.constant(groups), fc.array(fc.integer({ min: 1, max: 4 }), { minLength: groups.length, maxLength: groups.length })));
  await fc.assert(
    fc.asyncProperty(worldInBatches, async ([groups, batchOf]) => {
      const [stepwise, whole] = [await openCaseDatabase(packageRoot()), await openCaseDatabase(packageRoot())];
      try {
        for (let batch = 1; batch <= 4; batch++) {
          for (const [table, row] of groups.filter((_, n) => batchOf[n] === batch).flat()) await insertRow(stepwise, table, { ...row, batch_seq: batch });
          await stepwise.run("insert into stg_deliveries values ($batch, 0, 'x', 'x', 0, 0, 0, 0, 0)", { batch });
          await refreshSources(stepwise);
          await correlate(stepwise, config);
        }
        for (const [table, row] of groups.flat()) await insertRow(whole, table, row);
        await refreshSources(whole);
        await correlate(whole, config);
        expect(await correlatedOutcome(stepwise)).toEqual(await correlatedOutcome(whole));
      } finally {
        stepwise.close();
        whole.close();
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
}, 60_000 + RUNS * 20_000);

