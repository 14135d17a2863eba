import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PullLog, pullLines, readPulls, type PullLine } from './pull-log.ts';
import { makePrivateFolder } from './private-files.ts';

let data: string;
let folder: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'whoran-pulls-'));
  folder = join(data, 'landing');
  makePrivateFolder(folder);
});
afterEach(() => { rmSync(data, { recursive: true, force: true }); });

function step(stream: string, cursor: string | null, ledgerSeq: number): Omit<PullLine, 'seq' | 'previous_sha256'> {
  return {
    at: '2026-01-15T09:00:00.000Z', source: 'graph', stream,
    covers: [{ of: 'sign_ins', tenant_id: 't', sign_in_kind: stream, account_id: null, region: null }],
    window_from: null, window_to: null, cursor, complete_through: cursor === null ? null : '2026-01-15T08:00:00Z',
    ledger_seq: ledgerSeq, delivered: 1, landed: 1, bytes: 9,
  };
}

const withLog = (ledgerSeq: number, work: (log: PullLog) => void = () => undefined): PullLog => {
  const log = PullLog.open(folder, ledgerSeq);
  work(log);
  log.close();
  return log;
};

test('the newest cursor of each stream counts; a step without one changes none', () => {
  withLog(9, (log) => {
    for (const line of [step('a', '1', 1), step('b', '1', 2), step('a', '2', 3), step('a', null, 4)]) log.append(line);
  });
  const again = withLog(9, (log) => { expect([...log.faults()]).toEqual([]); });
  expect(again.repairs).toEqual([]);
  expect(again.cursors('graph')).toEqual(new Map([['a', '2'], ['b', '1']]));
  expect(again.cursors('other')).toEqual(new Map());
  expect(readPulls(data).map(({ stream, cursor }) => [stream, cursor])).toEqual([['a', '2'], ['b', '1']]);
});

test('a stream that never ended a step is known too, and where its coverage begins', () => {
  withLog(9, (log) => {
    log.append(step('a', null, 0));
    log.append({ ...step('b', '1', 1), window_from: '2026-01-14T00:00:00Z' });
    log.append({ ...step('b', '2', 1), window_from: '2026-01-15T00:00:00Z' });
  });
  expect(readPulls(data).map(({ stream, cursor, since }) => [stream, cursor, since])).toEqual([['a', null, null], ['b', '2', '2026-01-14T00:00:00Z']]);
  expect(withLog(9).cursors('graph')).toEqual(new Map([['b', '2']]));
});

test('lines ahead of the ledger are undone for good, also when the ledger grows past them again', () => {
  withLog(9, (log) => {
    for (const line of [step('a', '1', 1), step('a', '2', 5), step('b', '1', 5)]) log.append(line);
  });
  const restored = withLog(3);
  expect(restored.repairs).toEqual([expect.stringContaining('2 line(s) speak of batches that landing does not have')]);
  expect(restored.cursors('graph')).toEqual(new Map([['a', '1']]));
  const later = withLog(9);
  expect(later.repairs).toEqual([]);
  expect(later.cursors('graph')).toEqual(new Map([['a', '1']]));
});

test('a long log is read from where it was kept, and from its beginning where that is damaged', () => {
  withLog(5000, (log) => {
    for (let number = 1; number <= 1000; number += 1) log.append(step(`s${number % 7}`, String(number), number));
  });
  const kept = JSON.parse(readFileSync(join(folder, 'pulls-newest.json'), 'utf8')) as { seq: number; streams: unknown[] };
  expect(kept.seq).toBe(1000);
  expect(kept.streams).toHaveLength(7);
  withLog(5000, (log) => { log.append(step('s1', '1001', 1001)); });
  const expected = withLog(5000).cursors('graph');
  expect(expected.get('s1')).toBe('1001');
  for (const text of ['', '{', JSON.stringify({ ...kept, seq: 7 }), JSON.stringify({ ...kept, bytes: 1e9 })]) {
    writeFileSync(join(folder, 'pulls-newest.json'), text);
    expect(withLog(5000).cursors('graph')).toEqual(expected);
  }
  // Kept lines that the ledger doesn't have don't count either.
  writeFileSync(join(folder, 'pulls-newest.json'), JSON.stringify({ ...kept, ledgerSeq: 1000 }));
  expect(withLog(990).cursors('graph').get('s0')).toBe('987');
});

test('a torn last line is dropped and told', () => {
  withLog(9, (log) => { log.append(step('a', '1', 1)); });
  writeFileSync(join(folder, 'pulls.jsonl'), `${readFileSync(join(folder, 'pulls.jsonl'), 'utf8')}{"seq":2,"sour`);
  const log = withLog(9);
  expect(log.repairs).toEqual([expect.stringContaining('landing/pulls.jsonl: dropped 14 bytes')]);
  expect([...pullLines(data)]).toHaveLength(1);
});
