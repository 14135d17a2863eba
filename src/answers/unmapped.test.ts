import { expect, test } from 'vitest';
import { insertRow, openCaseDatabase } from '../catalog/run-case.ts';
import { packageRoot } from '../core/package-root.ts';
import { unmappedSubjects } from './unmapped.ts';

test('unmapped subjects, the most active first, with the calls of what leads back to them', async () => {
  const db = await openCaseDatabase(packageRoot());
  const session = async (id: string, fields: Record<string, string | boolean | null>): Promise<void> => {
    await insertRow(db, 'cor_sessions', {
      session_id: id, session_kind: 'web_identity', is_issued: true, opened_at: '2026-01-15T09:00:00Z', root_session_id: id, issuer: 'https://sts.windows.net/t/', tenant_id: 't',
      audience: 'app', who_kind: 'unknown', identity_confidence: 'none', confidence: 'none', how: 'ran', sign_in_grade: 'none', is_provisional: false, is_traced: false, ...fields,
    });
  };
  const calls = async (id: string, count: number, last: string): Promise<void> => {
    await insertRow(db, 'cor_callers', { caller_key: id, session_id: id, session_method: 'access_key', first_used_at: '2026-01-15T09:00:00Z', last_used_at: last, calls: count });
  };
  await session('quiet', { subject: 'quiet' });
  await session('busy-1', { subject: 'busy' });
  await session('busy-2', { subject: 'busy', opened_at: '2026-01-16T09:00:00Z' });
  await session('chained', { session_kind: 'role', root_session_id: 'busy-1' });
  await session('known', { subject: 'known', who_kind: 'person' });
  await session('github', { subject: 'repo', tenant_id: null });
  await calls('busy-1', 2, '2026-01-15T10:00:00Z');
  await calls('chained', 5, '2026-01-17T00:00:00Z');
  expect(await unmappedSubjects({ db })).toEqual({
    schema: 'whoran.unmapped/1',
    subjects: [
      { issuer: 'https://sts.windows.net/t/', tenant_id: 't', audience: 'app', subject: 'busy', provider: null, sessions: 2, calls: 7, first_seen_at: '2026-01-15T09:00:00Z', last_seen_at: '2026-01-17T00:00:00Z' },
      { issuer: 'https://sts.windows.net/t/', tenant_id: 't', audience: 'app', subject: 'quiet', provider: null, sessions: 1, calls: 0, first_seen_at: '2026-01-15T09:00:00Z', last_seen_at: '2026-01-15T09:00:00Z' },
    ],
  });
  db.close();
});
