/**
 * When an identity was ended in Entra: what resets of passwords write beside a revocation, and what somebody meant.
 */
import { expect, test } from 'vitest';
import { openCaseDatabase } from '../src/catalog/run-case.ts';
import { packageRoot } from '../src/core/package-root.ts';
import { queryText } from '../src/engine/query-file.ts';
import { ADA, BEN, TENANT } from './staged-rows.ts';

const DESK = '99999999-9999-4999-8999-999999999999';
const REVOKED = 'Update StsRefreshTokenValidFrom Timestamp';

interface Audit {
  readonly id: string;
  /** Of 15 January 2026. */
  readonly at: string;
  readonly name: string;
  readonly by?: string | null;
  readonly about?: string;
  readonly result?: string;
}

/** `audit id kind until`, in order of time. */
async function endsOf(audits: readonly Audit[]): Promise<string[]> {
  const db = await openCaseDatabase(packageRoot());
  try {
    for (const { id, at, name, by = DESK, about = ADA, result = 'success' } of audits) {
      await db.run(
        `insert into stg_directory_audits by name select $tenant as tenant_id, $id as audit_id, cast($at as timestamptz) as activity_at, $name as activity_name,
           $result as result, $by as initiated_by_object_id, [{ object_id: $about, object_type: 'User', user_principal_name: null, display_name: null }] as targets,
           'test' as source_form, 1 as batch_seq, 0 as member, '' as record_sha256`,
        { tenant: TENANT, id, at: `2026-01-15T${at}Z`, name, by, about, result },
      );
    }
    const rows = await db.all<{ end: string }>(
      `select concat_ws(' ', audit_id, kind, strftime(until_at at time zone 'UTC', '%H:%M')) as "end"
       from (${await queryText('correlated/cor_identity_ends')}) order by ended_at, audit_id, object_id`,
    );
    return rows.map(({ end }) => end);
  } finally {
    db.close();
  }
}

test('a reset writes a revocation, which is the reset\'s', async () => {
  expect(await endsOf([{ id: 'a', at: '10:00:00', name: 'Reset password' }, { id: 'b', at: '10:00:02', name: REVOKED }])).toEqual(['b reset']);
  expect(await endsOf([{ id: 'b', at: '10:00:00', name: REVOKED }, { id: 'a', at: '10:02:00', name: 'Reset password' }]), 'in either order').toEqual(['b reset']);
});

test('a revocation alone, or more of them than resets, is meant', async () => {
  expect(await endsOf([{ id: 'b', at: '10:00:00', name: REVOKED }])).toEqual(['b revoked']);
  expect(await endsOf([
    { id: 'a', at: '10:00:00', name: 'Reset password' }, { id: 'b', at: '10:00:01', name: REVOKED }, { id: 'c', at: '10:00:30', name: REVOKED },
  ])).toEqual(['b revoked', 'c revoked']);
});

test.each<[what: string, reset: Partial<Audit>]>([
  ['of another person', { about: BEN }], ['by another hand', { by: BEN }], ['that failed', { result: 'failure' }], ['three minutes before', { at: '09:57:59' }],
])('a reset %s explains nothing', async (_, reset) => {
  expect(await endsOf([{ id: 'a', at: '10:00:00', name: 'Reset password', ...reset }, { id: 'b', at: '10:00:01', name: REVOKED }])).toEqual(['b revoked']);
});

test('what somebody does to themselves is no end, and a disabled account ends until it is enabled', async () => {
  expect(await endsOf([
    { id: 'a', at: '10:00:00', name: REVOKED, by: ADA }, { id: 'b', at: '11:00:00', name: 'Disable account' }, { id: 'c', at: '12:00:00', name: 'Enable account' },
    { id: 'd', at: '13:00:00', name: 'Delete user', by: null },
  ])).toEqual(['b disabled 12:00', 'd deleted']);
});
