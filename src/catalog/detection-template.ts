/**
 * What a new detection begins with: a small one that works, so that its author changes one thing at a time and sees its cases fail.
 *
 * It finds people's and workloads' sessions of one role. Every place that only the author knows has the mark of `unfinished.ts`.
 */
import { FILL_IN } from './unfinished.ts';

/** @param id as `header.ts` allows it: it stands in SQL text and YAML */
export function detectionTemplate(id: string): { readonly sql: string; readonly cases: string } {
  return { sql: sql(id), cases: cases(id) };
}

const sql = (id: string): string => `/*---
id: ${id}
title: ${FILL_IN} what it finds, in a few words
description: |
  ${FILL_IN} which records show it, under which condition, and what a finding is: a session, a call, a task, a day.
  Not seen: ${FILL_IN} what it cannot see. Silence must never read as "nothing found".
severity: medium
sources: [cloudtrail]
controls: [soc2:CC7.2]
params:
  role_arn:
    type: text
    default: "arn:aws:iam::111122223333:role/break-glass"
    description: ${FILL_IN} what the parameter is, or take it out here, below and in the cases
false_positives: |
  ${FILL_IN} what fires it though nothing is wrong.
runbook: |
  1. ${FILL_IN} what whoever is called at night does first, for example to run "whoran ask" with the session's id.
  2. ${FILL_IN} how they tell harm from a false alarm.
  3. ${FILL_IN} how they end it.
---*/
with sessions as (
  select
    session_id, opened_at, role_arn, who_tenant_id, who_object_id, subject, reason, is_provisional, opened_by_account_id, opened_by_event_id
  from cor_sessions
),
identities as (
  select tenant_id, object_id, name
  from cor_identities
),
-- ${FILL_IN} the condition in place of this one, and take this line out.
chosen as (
  select
    session_id, opened_at, role_arn, who_tenant_id, who_object_id, subject, reason, is_provisional, opened_by_account_id, opened_by_event_id
  from sessions
  where role_arn = $role_arn
)
select
  'session' as subject_kind,
  c.session_id as subject_id,
  c.opened_at as occurred_at,
  'A session of ' || c.role_arn || ' was issued to ' || coalesce(i.name, c.who_object_id, c.subject, 'an unknown identity') as summary,
  '${id}/' || c.session_id as dedup_key,
  c.reason,
  array[row('cloudtrail', c.opened_by_account_id, c.opened_by_event_id, c.opened_at)] as evidence,
  c.is_provisional
from chosen c
left join identities i on i.tenant_id = c.who_tenant_id and i.object_id = c.who_object_id
order by occurred_at, dedup_key
`;

const cases = (id: string): string => `# Columns that are left out are null, or neutral where null is not allowed. "whoran detections test ${id}" runs these.
- name: a session of the role
  kind: fires
  given:
    cor_identities:
      - { tenant_id: t1, object_id: o1, kind: person, name: Aiko Ono }
    cor_sessions:
      - { session_id: ASIAONE, opened_at: 2026-01-15T09:00:00Z, role_arn: "arn:aws:iam::111122223333:role/break-glass", who_tenant_id: t1, who_object_id: o1, opened_by_account_id: "111122223333", opened_by_event_id: e1 }
  expect:
    - subject_kind: session
      subject_id: ASIAONE
      occurred_at: 2026-01-15T09:00:00Z
      summary: "A session of arn:aws:iam::111122223333:role/break-glass was issued to Aiko Ono"
      dedup_key: ${id}/ASIAONE
      reason: null
      evidence: [e1]
      is_provisional: false

- name: ${FILL_IN} what a normal day looks like
  kind: quiet
  given:
    cor_sessions:
      - { session_id: ASIAONE, opened_at: 2026-01-15T09:00:00Z, role_arn: "arn:aws:iam::111122223333:role/reader" }
  expect: []

- name: ${FILL_IN} which one condition fails here though all others hold
  kind: near_miss
  given:
    cor_sessions:
      - { session_id: ASIAONE, opened_at: 2026-01-15T09:00:00Z, role_arn: "arn:aws:iam::444455556666:role/break-glass" }
      - { session_id: ASIATWO, opened_at: 2026-01-15T09:00:00Z }
  expect: []

- name: ${FILL_IN} what a record that comes later changes
  kind: late_record
  given:
    cor_sessions:
      - { session_id: ASIAONE, opened_at: 2026-01-15T09:00:00Z, role_arn: "arn:aws:iam::111122223333:role/break-glass", is_provisional: true }
  expect:
    - { subject_id: ASIAONE, is_provisional: true }
  then:
    given:
      cor_sessions:
        - { session_id: ASIAONE, opened_at: 2026-01-15T09:00:00Z, role_arn: "arn:aws:iam::111122223333:role/break-glass", is_provisional: false }
    expect:
      - { subject_id: ASIAONE, is_provisional: false }

- name: SQL and markup in what a caller chooses stay text
  kind: hostile
  given:
    cor_sessions:
      - { session_id: ASIAONE, opened_at: 2026-01-15T09:00:00Z, role_arn: "arn:aws:iam::111122223333:role/break-glass", subject: "'; drop table findings; -- <b>" }
  expect:
    - { summary: "A session of arn:aws:iam::111122223333:role/break-glass was issued to '; drop table findings; -- <b>" }
`;
