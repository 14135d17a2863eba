/**
 * One alert with everything in it, for tests and the documents: synthetic.
 */
import type { Alert } from '../../src/alerts/alert.ts';

export const EXAMPLE_ALERT: Alert = {
  key: 'a'.repeat(64),
  group_key: 'b'.repeat(64),
  notice: 'fired',
  severity: 'high',
  at: '2026-01-15T11:30:00Z',
  title: 'A session of arn:aws:iam::111122223333:role/Operator was opened with a token of Aiko Ono, and no sign-in issued that token',
  findings: [
    {
      id: '3f2a9c01'.repeat(4),
      detection: 'session_without_sign_in',
      title: 'AWS session whose token no Entra sign-in issued',
      severity: 'high',
      status: 'open',
      occurred_at: '2026-01-15T09:00:00Z',
      subject: { kind: 'session', id: 'ASIAEXAMPLE000000001' },
      what: 'A session of arn:aws:iam::111122223333:role/Operator was opened with a token of Aiko Ono, and no sign-in issued that token',
      who: {
        sentence: 'Aiko Ono (object id 22222222…) held session ASIAEXAMPLE000000001 (role Operator) at 2026-01-15T09:00:00Z: proved by signed_tag; no sign-in fits.',
        kind: 'person', name: 'Aiko Ono', tenant_id: '11111111-1111-4111-8111-111111111111', object_id: '22222222-2222-4222-8222-222222222222',
        method: 'signed_tag', confidence: 'proved', how: 'ran', sign_in_grade: 'none',
      },
      not_known: ["No sign-in fits, and the tenant's sign-in logs are complete past this session.", 'Records after 2026-01-15T11:00:00Z may still come.'],
      as_of: '2026-01-15T11:00:00Z',
      evidence: [{ source: 'cloudtrail', record_id: '9d52cb31-52ec-486a-94fd-225371633fb3', sha256: 'c'.repeat(64) }],
      steps: ['Ask for the session and read which identity the token names, and by which method.', "Look in Entra's own sign-in log, all four kinds.", 'If there is none, treat the token as stolen or forged.'],
      ask: 'whoran ask ASIAEXAMPLE000000001',
      controls: ['soc2:CC6.1', 'iso27001:A.8.16'],
      account_id: '111122223333',
      team: 'data-platform',
      change: null,
    },
  ],
  findings_total: 3,
  link: 'https://whoran.example.com/findings/3f2a9c01',
  digest: null,
};

/** The same, over by itself. */
export const EXAMPLE_RESOLVED: Alert = {
  ...EXAMPLE_ALERT,
  key: 'd'.repeat(64),
  notice: 'resolved',
  title: `Over: ${EXAMPLE_ALERT.title}`,
  findings: EXAMPLE_ALERT.findings.map((finding) => ({
    ...finding, status: 'resolved', change: { at: '2026-01-15T12:00:00Z', by: 'whoran', reason: 'Its condition holds no longer: records that came later explain it.' },
  })),
};

/** Told, and then suppressed by a person: it may go on. */
export const EXAMPLE_SUPPRESSED: Alert = {
  ...EXAMPLE_ALERT,
  key: 'f'.repeat(64),
  notice: 'resolved',
  title: `Suppressed: ${EXAMPLE_ALERT.title}`,
  findings: EXAMPLE_ALERT.findings.map((finding) => ({
    ...finding, status: 'suppressed', change: { at: '2026-01-15T12:00:00Z', by: 'aiko@example.com', reason: 'suppressed until 2026-02-01T00:00:00Z: a drill' },
  })),
};

/** The day's summary. */
export const EXAMPLE_DIGEST: Alert = {
  ...EXAMPLE_ALERT,
  key: 'e'.repeat(64),
  notice: 'digest',
  severity: 'low',
  title: '4 findings stand; 2 new and 1 over in 24 hours',
  findings: [],
  findings_total: 0,
  digest: {
    from: '2026-01-14T08:00:00Z', to: '2026-01-15T08:00:00Z', standing: { low: 0, medium: 1, high: 2, critical: 1 }, appeared: 2, resolved: 1, provisional: 3, suppressed: 1,
    held_back: ['2 findings for slack-oncall: quiet hours until 2026-01-15T06:00:00Z'], undelivered: [],
    sources: [{ name: 'cloudtrail', complete_through: '2026-01-15T07:45:00Z', note: null }, { name: 'ecs_events', complete_through: null, note: 'nothing landed' }],
  },
};
