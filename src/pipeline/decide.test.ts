/**
 * Deciding about findings: what may be decided, that all or nothing is written, and that nobody waits for a run.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FindingsReader } from '../answers/findings.ts';
import { findingHistory } from '../answers/finding-history.ts';
import { openCaseDatabase } from '../catalog/run-case.ts';
import { packageRoot } from '../core/package-root.ts';
import { WriterBusyError, WriterLock } from '../store/writer-lock.ts';
import { decide, type DecideOptions } from './decide.ts';

const NOW = new Date('2026-01-15T12:00:00Z');
const FIRST = `aaaaaaaa11${'0'.repeat(22)}`;
const SECOND = `aaaaaaaa22${'0'.repeat(22)}`;
const EARLY = `cccccccc33${'0'.repeat(22)}`;

let data: string;
let reader: FindingsReader & { readonly dataDir: string };

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'whoran-decide-'));
  mkdirSync(join(data, 'landing'));
  const db = await openCaseDatabase(packageRoot());
  await db.file(join(packageRoot(), 'queries/detections/tables.sql'));
  for (const [id, status] of [[FIRST, 'open'], [SECOND, 'open'], [EARLY, 'provisional']] as const) {
    await db.run(
      `insert into findings select $id, 'task_without_launcher', 'medium', $status, timestamptz '2026-01-15 09:00:00Z', 'task', 't', 'A task', null, $id, ['soc2:CC6.1'], [], 'q'`,
      { id, status },
    );
  }
  reader = { db, dataDir: data, landing: { readMember: () => Promise.reject(new Error('no evidence here')) } };
});

afterEach(() => {
  reader.db.close();
  rmSync(data, { recursive: true, force: true });
});

const options = (more: Partial<DecideOptions> = {}): DecideOptions => ({ decision: 'acknowledge', by: 'ada', reason: 'on it', now: NOW, sleep: async () => Promise.resolve(), ...more });
const journal = (): string => join(data, 'landing/journal.jsonl');

test('several at once, by the beginnings of their ids; the journal is nobody else’s to read', async () => {
  const decided = await decide(reader, [FIRST.slice(0, 10), SECOND], options());
  expect(decided.findings.map(({ id, before, after }) => [id, before, after])).toEqual([[FIRST, 'open', 'acknowledged'], [SECOND, 'open', 'acknowledged']]);
  for (const file of [journal(), join(data, 'journal.lock')]) expect(statSync(file).mode & 0o777).toBe(0o600);
  const { finding, history } = await findingHistory(reader, FIRST, NOW);
  expect(finding.decision).toMatchObject({ by: 'ada', reason: 'on it' });
  expect(history).toMatchObject([{ kind: 'decision', what: 'acknowledge', by: 'ada', reason: 'on it' }]);
});

test('a decision keeps the ids of the records that showed the finding', async () => {
  await reader.db.run("update findings set evidence = [{source: 'cloudtrail', owner_id: '111122223333', record_id: 'e2', record_at: null}, {source: 'ecs_events', owner_id: '111122223333', record_id: 'e1', record_at: null}] where id = $id", { id: FIRST });
  await decide(reader, [FIRST, SECOND], options({ decision: 'resolve' }));
  const details = readFileSync(journal(), 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { detail: Record<string, unknown> }).detail);
  expect(details).toMatchObject([{ opening: 1, evidence_ids: ['e1', 'e2'] }, { opening: 1, evidence_ids: [] }]);
});

test.each([
  ['aaaaaaaa', {}, /several findings begin with aaaaaaaa/],
  ['bbbbbbbb', {}, /there is no finding bbbbbbbb/],
  ['aaaa', {}, /8 or more of its first hex digits/],
  ['not-an-id', {}, /expected the id of a finding/],
  [EARLY, {}, /is provisional/],
  [EARLY, { decision: 'resolve' }, /is provisional: it may still vanish/],
  [FIRST, { decision: 'reopen' }, /there is nothing to reopen/],
  [FIRST, { decision: 'unsuppress' }, /not suppressed/],
  [FIRST, { decision: 'suppress', until: new Date('2026-01-15T11:59:59Z') }, /is past/],
] as const)('%s is refused, and nothing is written', async (id, more, message) => {
  await expect(decide(reader, [SECOND, id], options(more))).rejects.toThrow(message);
  expect(existsSync(journal())).toBe(false);
});

test('a dry run says what would be, and writes nothing', async () => {
  const decided = await decide(reader, [FIRST], options({ isDryRun: true }));
  expect(decided).toMatchObject({ is_dry_run: true, findings: [{ before: 'open', after: 'open' }] });
  expect(existsSync(journal())).toBe(false);
});

test('a run that holds the data folder keeps nobody waiting; somebody else’s decision does, for its moment', async () => {
  const run = await WriterLock.acquire(data);
  const other = await WriterLock.acquire(data, 'journal.lock');
  let waits = 0;
  const decided = await decide(reader, [FIRST], options({ sleep: async () => {
    waits += 1;
    if (waits === 3) other.release();
    return Promise.resolve();
  } }));
  expect([decided.findings[0]?.after, waits]).toEqual(['acknowledged', 3]);
  run.release();
});

test('a journal that stays held is said, with exit code 3', async () => {
  const other = await WriterLock.acquire(data, 'journal.lock');
  await expect(decide(reader, [FIRST], options())).rejects.toThrow(WriterBusyError);
  other.release();
  expect(existsSync(journal()) ? readFileSync(journal(), 'utf8') : '').toBe('');
});
