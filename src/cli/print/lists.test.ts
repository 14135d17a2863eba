import { expect, test } from 'vitest';
import type { Activity } from '../../answers/answer.ts';
import type { Coverage } from '../../answers/coverage.ts';
import type { FindingsDocument } from '../../answers/findings.ts';
import { activityLines } from './activity.ts';
import { coverageLines } from './coverage.ts';
import { findingsLines } from './findings.ts';
import { styleFor } from './style.ts';
import { width } from './width.ts';

const page = { style: styleFor(false), columns: 80, commandOptions: '' };
const EVIL = 'x\u001b[31m\u202e\n\u200b'.repeat(40);
const AT = '2026-01-15T09:00:00Z';

const activity: Activity = {
  schema: 'whoran.activity/1', asked: 'aiko@example.com', as_of: '2026-01-16T00:00:00Z', known_at: null,
  subject: { kind: 'identity', id: '1f0e3dad-9990-4345-b743-9f8ffabdffc4' },
  who: { kind: 'person', tenant_id: 't', object_id: '1f0e3dad-9990-4345-b743-9f8ffabdffc4', name: 'Aiko Ono', issuer: null, subject: null },
  sentence: 'Aiko Ono (object id 1f0e3dad…): 1 sign-in, 1 session, 20 calls, 1 task.',
  sign_ins: [{ id: 's1', at: AT, tenant_id: 't', object_id: 'o', name: 'Aiko Ono', application: 'jobs-cli', address: '198.51.100.7', is_success: true }],
  sessions: [{ id: 'ASIAEXAMPLE000000001', role_arn: 'arn:aws:iam::111122223333:role/Operator', from: AT, to: null, confidence: 'proved', how: 'ran', reason: null }],
  actions: Array.from({ length: 20 }, (_, index) => ({
    id: `aaaaaaaa-0000-4000-8000-0000000000${String(index).padStart(2, '0')}`, at: AT, name: 'ListTasks', resource: null, account_id: '111122223333', error_code: null,
  })),
  tasks: [{ id: 'arn:aws:ecs:eu-central-1:111122223333:task/jobs/0f9de17a6465404e8b1b2356dc13c2f8', at: AT, how: 'ran' }],
  totals: { sign_ins: 1, sessions: 1, actions: 20, tasks: 1 }, limit: 1000, other_ids: ['other-oid'],
};
const counts = { population: 10, traced: { proved: 5, asserted: 1, inferred: 0 }, configured: 1, not_traced: 2, not_yet_due: 1 };
const coverage: Coverage = {
  schema: 'whoran.coverage/1', from: '2026-01-01T00:00:00Z', to: null, as_of: AT, ...counts, reasons: { subject_unmapped: 2, sign_in_not_yet_due: 1 },
  by: [{ account_id: '111122223333', cluster: null, ...counts }],
};
const LIFE = {
  is_present: true, opening: 1, status_since: null, who: { kind: 'person', tenant_id: 't', object_id: 'o', name: 'Aiko Ono' }, role_arn: null, account_id: '111122223333',
  cluster: null, team: null, assignee: null, decision: null,
};
const findings: FindingsDocument = {
  schema: 'whoran.findings/1', as_of: AT, counts: { provisional: 1, open: 1, acknowledged: 0, resolved: 2, suppressed: 0 }, standing: { low: 0, medium: 0, high: 1, critical: 0 },
  findings: [
    {
      id: 'f1', detection: 'task_without_launcher', severity: 'medium', status: 'provisional', occurred_at: AT, subject: { kind: 'task', id: 't1' }, summary: 'A task that nobody started',
      reason: 'launcher_missing', dedup_key: 'k', controls: [], evidence: [{ source: 'ecs_events', record_id: 'r', sha256: 'a'.repeat(64) }], query_sha256: 'b'.repeat(64), ...LIFE,
    },
    {
      id: 'f2', detection: 'session_without_sign_in', severity: 'high', status: 'open', occurred_at: AT, subject: { kind: 'session', id: 'ASIAEXAMPLE000000001' },
      summary: 'A session without a sign-in', reason: 'sign_in_absent', dedup_key: 'k2', controls: [], evidence: [], query_sha256: 'b'.repeat(64), ...LIFE,
    },
  ],
};

test('activity: counts, then the newest of each list', () => {
  const lines = activityLines(activity, page);
  expect(lines.slice(0, 12)).toEqual([
    'Aiko Ono (object id 1f0e3dad…): 1 sign-in, 1 session, 20 calls, 1 task.',
    '',
    'Tasks',
    '  at                    task                              how',
    '  2026-01-15T09:00:00Z  0f9de17a6465404e8b1b2356dc13c2f8  ran',
    '',
    'Sessions',
    '  from                  session               role      confidence',
    '  2026-01-15T09:00:00Z  ASIAEXAMPLE000000001  Operator  proved',
    '',
    'Sign-ins',
    '  at                    who       app       from          result',
  ]);
  expect(lines).toContain('Calls (the newest 15 of 20)');
  expect(lines).toContain('The same name also means other-oid: ask for the object id.');
});

test('coverage: the share, its parts, the reasons, each cluster', () => {
  expect(coverageLines(coverage, page).join('\n')).toBe(`\
60.0 % of 10 ECS actions and tasks are traced to an identity.

                    count   share
  traced, proved        5  50.0 %
  traced, asserted      1  10.0 %
  traced, inferred      0   0.0 %
  configured            1  10.0 %
  not traced            2  20.0 %
  not yet due           1  10.0 %

Why not
  reason               count
  subject_unmapped         2
  sign_in_not_yet_due      1

By account and cluster
  account       cluster       all  traced  configured  not  not due
  111122223333  (none named)   10       6           1    2        1

2026-01-01T00:00:00Z to now; as of 2026-01-15T09:00:00Z. Times are UTC. --list
shows the rows behind every number.`);
});

test('findings: the most severe first', () => {
  expect(findingsLines(findings, page).join('\n')).toBe(`\
2 findings: 1 high, 1 medium.
1 provisional, 1 open, 2 resolved. 2 not listed here: --all, or --status.
Provisional ones may still vanish, and are told to nobody.

high  session_without_sign_in  2026-01-15T09:00:00Z
  A session without a sign-in
  session ASIAEXAMPLE000000001, finding f2

medium  task_without_launcher (provisional)  2026-01-15T09:00:00Z
  A task that nobody started
  task t1, 1 record of evidence, finding f1

As of 2026-01-15T09:00:00Z. Times are UTC.`);
  expect(findingsLines({ ...findings, findings: [] }, page)[0]).toBe('No findings.');
});

test('whatever a record says, no line of a list acts, hides or grows', () => {
  const hostile = <T>(value: T): T => JSON.parse(JSON.stringify(value), (key, one: unknown) => (typeof one === 'string' && !['schema', 'severity', 'confidence', 'status', 'sentence'].includes(key) ? EVIL : one)) as T;
  const lines = [...activityLines(hostile(activity), page), ...findingsLines(hostile(findings), page), ...coverageLines({ ...coverage, reasons: { [EVIL]: 1 }, by: [{ account_id: EVIL, cluster: EVIL, ...counts }] }, page)];
  for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b\u202e]/u);
  expect(Math.max(...coverageLines({ ...coverage, by: [{ account_id: EVIL, cluster: EVIL, ...counts }] }, page).map(width))).toBeLessThanOrEqual(80);
});

test('rows of a coverage show ids whole, so that they can be asked for, and what came of each', () => {
  const id = 'aaaaaaaa-0000-4000-8000-000000000001';
  const row = { id, kind: 'action' as const, at: AT, account_id: '111122223333', cluster: null, outcome: 'traced' as const, confidence: 'proved' as const, reason: 'ambiguous_sign_in' };
  const rows = [row, { ...row, outcome: 'not_traced' as const, reason: 'root' }, { ...row, outcome: 'configured' as const, reason: null }];
  const lines = coverageLines({ ...coverage, rows }, page).filter((line) => line.includes(id));
  expect(lines.map((line) => line.slice(line.indexOf(id) + id.length).trim())).toEqual(['traced, proved', 'root', 'configured']);
  for (const line of lines) expect(width(line)).toBeLessThanOrEqual(80);
});
