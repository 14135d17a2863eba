import { describe, expect, test } from 'vitest';
import type { Answer } from '../../answers/answer.ts';
import { answerLines } from './answer.ts';
import { styleFor } from './style.ts';
import { width } from './width.ts';

const TASK = '0f9de17a6465404e8b1b2356dc13c2f8';
const RUN = 'aaaaaaaa-0000-4000-8000-000000000002';
const proved: Answer = {
  schema: 'whoran.answer/1',
  asked: TASK,
  as_of: '2026-01-15T22:00:00Z',
  known_at: null,
  subject: { kind: 'task', id: `arn:aws:ecs:eu-central-1:111122223333:task/jobs/${TASK}` },
  who: { kind: 'person', tenant_id: 't', object_id: '1f0e3dad-9990-4345-b743-9f8ffabdffc4', name: 'Aiko Ono', issuer: null, subject: 'pairwise-1' },
  how: 'ran',
  confidence: 'proved',
  identity: { method: 'signed_tag' },
  sign_in: { grade: 'exact', id: 'd5935dca-86f2-4ac9-a42c-3593b00af801' },
  reason: null,
  sentence: `Aiko Ono (object id 1f0e3dad…) ran task ${TASK} on cluster jobs at 2026-01-15T09:03:00Z: proved by signed_tag, sign-in exact.`,
  chain: [
    {
      hop: 'sign_in', id: 'd5935dca-86f2-4ac9-a42c-3593b00af801', at: '2026-01-15T09:00:00Z', method: null, confidence: null,
      evidence: [{ source: 'sign_ins', record_id: 'd5935dca-86f2-4ac9-a42c-3593b00af801', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }],
      detail: { display_name: 'Aiko Ono', user_principal_name: 'aiko@example.com', application: 'jobs-cli', source_ip: '198.51.100.7' },
    },
    {
      hop: 'session', id: 'ASIAEXAMPLE000000001', at: '2026-01-15T09:02:00Z', method: 'signed_tag', confidence: 'proved',
      evidence: [{ source: 'cloudtrail', record_id: 'aaaaaaaa-0000-4000-8000-000000000001', sha256: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9' }],
      detail: { role_arn: 'arn:aws:iam::111122223333:role/ops/Operator', role_session_name: 'aiko', source_ip: '198.51.100.7', expires_at: '2026-01-15T10:02:00Z' },
    },
    {
      hop: 'action', id: RUN, at: '2026-01-15T09:03:00Z', method: 'access_key', confidence: 'proved',
      evidence: [{ source: 'cloudtrail', record_id: RUN, sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae' }],
      detail: { event_name: 'RunTask', account_id: '111122223333', aws_region: 'eu-central-1', source_ip: '198.51.100.7' },
    },
    {
      hop: 'task', id: `arn:aws:ecs:eu-central-1:111122223333:task/jobs/${TASK}`, at: '2026-01-15T09:03:00Z', method: 'run_task', confidence: 'proved', evidence: [],
      detail: { cluster: 'jobs', account_id: '111122223333', aws_region: 'eu-central-1', task_definition: 'arn:aws:ecs:eu-central-1:111122223333:task-definition/nightly:12', last_status: 'STOPPED' },
    },
  ],
  candidates: [],
  is_provisional: false,
  provisional_until: null,
  conflicts: [],
  other_ids: [],
};
const unknown: Answer = {
  ...proved,
  who: { kind: 'unknown', tenant_id: 't', object_id: null, name: null, issuer: null, subject: 'pairwise-1' },
  confidence: 'none',
  identity: { method: null },
  sign_in: { grade: 'ambiguous', id: null },
  reason: 'ambiguous_sign_in',
  sentence: "It can't be said who ran task 0f9d: several sign-ins fit, and none is picked (ambiguous_sign_in).",
  chain: proved.chain.slice(1).map((hop) => (hop.hop === 'session' ? { ...hop, method: null, confidence: 'none' } : hop)),
  candidates: [
    { sign_in_id: 'd5935dca-86f2-4ac9-a42c-3593b00af801', at: '2026-01-15T09:00:00Z', why_not: 'one of several that fit' },
    { sign_in_id: 'd5935dca-86f2-4ac9-a42c-3593b00af802', at: '2026-01-15T08:59:00Z', why_not: 'one of several that fit' },
  ],
  is_provisional: true,
  provisional_until: '2026-01-15T11:02:00Z',
};
const plain = { style: styleFor(false), columns: 80, commandOptions: '' };
const text = (answer: Answer, page = plain): string => answerLines(answer, page).join('\n');

test('a proved answer', () => {
  expect(text(proved)).toBe(`\
Aiko Ono (object id 1f0e3dad…) ran task 0f9de17a6465404e8b1b2356dc13c2f8 on
cluster jobs at 2026-01-15T09:03:00Z: proved by signed_tag, sign-in exact.

sign-in  2026-01-15T09:00:00Z
│ d5935dca-86f2-4ac9-a42c-3593b00af801
│ Aiko Ono, aiko@example.com, app jobs-cli, from 198.51.100.7
│ evidence sign_ins d5935dca-86f2… sha256 9f86d081884c…
└ session  2026-01-15T09:02:00Z  proved by signed_tag
  │ ASIAEXAMPLE000000001
  │ role Operator, named aiko, from 198.51.100.7, expires 2026-01-15T10:02:00Z
  │ evidence cloudtrail aaaaaaaa-0000… sha256 b94d27b9934d…
  └ call  2026-01-15T09:03:00Z  proved by access_key
    │ aaaaaaaa-0000-4000-8000-000000000002
    │ RunTask, account 111122223333, eu-central-1, from 198.51.100.7
    │ evidence cloudtrail aaaaaaaa-0000… sha256 2c26b46b68ff…
    └ task  2026-01-15T09:03:00Z  proved by run_task
        0f9de17a6465404e8b1b2356dc13c2f8
        cluster jobs, account 111122223333, eu-central-1, definition nightly:12,
        STOPPED

Try next
  $ whoran ask 1f0e3dad-9990-4345-b743-9f8ffabdffc4

As of 2026-01-15T22:00:00Z. Times are UTC.`);
});

test('no answer: why, until when, the candidates, and what to try', () => {
  const shown = text(unknown);
  expect(shown.slice(shown.indexOf('\nNot known'))).toBe(`
Not known
  ambiguous_sign_in: several sign-ins fit, and none is picked.
  Provisional until the logs are complete through 2026-01-15T11:02:00Z: this
    answer may still change by itself.
  2 candidates, none picked:
  - 2026-01-15T09:00:00Z  sign-in d5935dca-86f2-4ac9-a42c-3593b00af801: one of
    several that fit
  - 2026-01-15T08:59:00Z  sign-in d5935dca-86f2-4ac9-a42c-3593b00af802: one of
    several that fit

Try next
  The candidates are listed. A signed tag or a token id in the session name
    would tell them apart.

As of 2026-01-15T22:00:00Z. Times are UTC.`);
});

test('an id that nothing mentions', () => {
  const notSeen: Answer = { ...unknown, reason: 'not_seen', chain: [], candidates: [], is_provisional: false, sentence: 'Nothing landed mentions x: nothing is landed yet.', as_of: null };
  expect(text(notSeen)).toBe(`\
Nothing landed mentions x: nothing is landed yet.

Try next
  Check the id. If it is right, its record is not landed: see what is, and
    through when.
  $ whoran status
  $ whoran ingest PATH

Nothing needed is landed. Times are UTC.`);
});

describe('whatever a record says', () => {
  const evil = 'x\u001b]0;owned\u0007\u202e\n\r\u200b' + 'w'.repeat(500);
  const hostile: Answer = {
    ...unknown,
    asked: evil,
    sentence: unknown.sentence,
    conflicts: [evil],
    other_ids: [evil],
    chain: proved.chain.map((hop) => ({
      ...hop, id: evil, method: evil,
      evidence: hop.evidence.map((one) => ({ ...one, record_id: evil })),
      detail: Object.fromEntries(Object.keys(hop.detail).map((key) => [key, evil])),
    })),
    candidates: [{ sign_in_id: evil, at: '2026-01-15T09:00:00Z', why_not: evil }, { event_id: evil, account_id: evil, kind: evil, name: evil, at: '2026-01-15T09:00:00Z', why_not: evil }],
  };

  test('nothing of it acts, hides or breaks a line', () => {
    for (const line of answerLines(hostile, plain)) {
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b\u202e]/u);
      expect(width(line)).toBeLessThanOrEqual(80);
    }
  });

  test('lines fit 80 columns, also with wide characters', () => {
    const wide: Answer = JSON.parse(JSON.stringify(proved).replaceAll('Aiko Ono', '小野愛子'.repeat(12))) as Answer;
    for (const answer of [proved, unknown, wide]) for (const line of answerLines(answer, plain)) expect(width(line)).toBeLessThanOrEqual(80);
  });
});

test('commands to type name the data folder that was read', () => {
  expect(text(proved, { ...plain, commandOptions: ' --data ./elsewhere' })).toContain('\n  $ whoran ask 1f0e3dad-9990-4345-b743-9f8ffabdffc4 --data ./elsewhere\n');
});

test('colour marks what we say and changes no word', () => {
  const coloured = answerLines(proved, { style: styleFor(true), columns: 80, commandOptions: '' }).join('\n');
  expect(coloured).toContain('\u001b[32mproved by signed_tag\u001b[39m');
  expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(text(proved));
});
