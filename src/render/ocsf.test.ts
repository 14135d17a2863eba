/**
 * Reports as OCSF events; test/peers/ocsf.sh holds them to the published schema.
 */
import { expect, test } from 'vitest';
import { HOSTILE_FINDINGS, findingsReport } from '../../test/findings-report.ts';
import { ocsfReport } from './ocsf.ts';

async function linesOf(document: Parameters<typeof ocsfReport>[0]): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of ocsfReport(document)) pieces.push(piece);
  return pieces.join('').split('\n');
}
type Event = Readonly<Record<string, unknown>>;

test('a control is a compliance finding that claims no pass, and a finding a detection finding, once', async () => {
  const lines = await linesOf(findingsReport());
  expect(lines.pop()).toBe('');
  const events = lines.map((line) => JSON.parse(line) as Event);
  expect(events.map(({ class_uid: uid }) => uid)).toEqual([2003, 2004, 2004, 2004]);
  expect(events[0]).toMatchObject({ type_uid: 200301, compliance: { control: 'CC6.1', standards: ['soc2'], status_id: 99 }, unmapped: { tables: [{ rows: 3 }, { rows: 1 }] } });
  expect(events[1]).toMatchObject({
    type_uid: 200401, severity_id: 5, status_id: 1, is_alert: true, time: Date.parse('2026-01-19T06:00:00Z'), message: 'A call after the session had ended',
    finding_info: { uid: 'f1', created_time: Date.parse('2026-01-14T09:52:18Z'), analytic: { uid: 'activity_after_session_expiry' } },
    evidences: [{ data: { source: 'cloudtrail', record_id: 'r1', sha256: 'ab'.repeat(32) } }],
    resources: [{ uid: 'e1', owner: { account: { uid: '111122223333' } } }],
  });
  expect(events[2]).toMatchObject({ is_alert: false, status_id: 99, status: 'provisional' });
});

test('hostile values stand escaped, a line each, and read back', async () => {
  const lines = await linesOf(findingsReport(HOSTILE_FINDINGS));
  lines.pop();
  expect(lines).toHaveLength(1 + HOSTILE_FINDINGS.length);
  for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  const [, first] = lines.map((line) => JSON.parse(line) as Event);
  expect(first?.['message']).toBe((HOSTILE_FINDINGS[0]?.['summary'] as string).replace('\ud800', '\ufffd'));
});

test('the same document gives the same bytes', async () => {
  expect(await linesOf(findingsReport())).toEqual(await linesOf(findingsReport()));
});
