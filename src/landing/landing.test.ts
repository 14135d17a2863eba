import { hash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLanding, type Landing } from './landing.ts';
import { appendDecisions } from './journal.ts';
import { openLandedBatches } from './landed-batches.ts';
import type { PackMember } from './pack.ts';

const NOW = new Date('2026-01-15T09:00:00Z');

let data: string;
let open: Landing[];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'whoran-landing-'));
  open = [];
});
afterEach(() => {
  for (const landing of open) landing.close();
  rmSync(data, { recursive: true });
});

function opened(): Landing {
  const landing = openLanding(data, { now: () => NOW });
  open.push(landing);
  return landing;
}

function reopened(landing: Landing): Landing {
  open.splice(open.indexOf(landing), 1);
  landing.close();
  return opened();
}

const file = (name: string, text: string): { source: string; form: 'file'; origin: string; bytes: Buffer } => ({ source: 'files', form: 'file', origin: name, bytes: Buffer.from(text) });

function member(name: string, text: string): PackMember {
  const bytes = gzipSync(text);
  return { bytes, origin: name, sha256: hash('sha256', bytes, 'buffer'), rawBytes: text.length };
}

async function landPack(landing: Landing, members: readonly PackMember[]): Promise<number> {
  const [seq = 0] = landing.reserve(1);
  await landing.landPack(seq, members);
  return seq;
}

const batchFiles = (): string[] => readdirSync(join(data, 'landing', 'batches')).sort();
const ledger = (): string => join(data, 'landing', 'ledger.jsonl');

describe('the ledger', () => {
  test('says of each batch what came from where and when, and chains each line to the one before', async () => {
    const landing = opened();
    await landing.land({ ...file('a.json', '{"a":1}'), stream: 's', tenantId: 't', metadata: { etag: 'e' }, firstEventAt: '2026-01-15T08:00:00Z', lastEventAt: '2026-01-15T08:30:00Z', records: 1 });
    await landPack(landing, [member('b.json.gz', 'b'), member('c.json.gz', 'c')]);
    const lines = readFileSync(ledger(), 'utf8').split('\n');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[0]!)).toEqual({
      seq: 1, landed_at: '2026-01-15T09:00:00.000Z', source: 'files', form: 'file', origin: 'a.json', first_event_at: '2026-01-15T08:00:00Z',
      last_event_at: '2026-01-15T08:30:00Z', records: 1, members: 1, bytes: 7, sha256: hash('sha256', '{"a":1}'), content_sha256: null, index_sha256: null, stream: 's', tenant_id: 't', metadata: { etag: 'e' },
      previous_sha256: null,
    });
    expect(JSON.parse(lines[1]!)).toMatchObject({ seq: 2, form: 'trail_objects', origin: 'b.json.gz', members: 2, previous_sha256: hash('sha256', lines[0]!) });
    expect([...landing.faults()]).toEqual([]);
    expect([...landing.batches(1)].map(({ seq }) => seq)).toEqual([2]);
  });

  test.each([
    ['changed', (text: string) => text.replace('b.json', 'x.json'), ['ledger.jsonl, line 3: does not follow from the line before']],
    ['dropped', (text: string) => text.split('\n').toSpliced(1, 1).join('\n'), ['ledger.jsonl, line 2: has sequence 3']],
    ['put in twice', (text: string) => text.split('\n').flatMap((line, n) => (n === 0 ? [line, line] : [line])).join('\n'),
      ['ledger.jsonl, line 2: has sequence 1', 'ledger.jsonl, line 3: has sequence 2', 'ledger.jsonl, line 4: has sequence 3']],
  ])('shows a line that was %s', async (_what, alter, faults) => {
    const landing = opened();
    for (const name of ['a', 'b', 'c']) await landing.land(file(`${name}.json`, name));
    writeFileSync(ledger(), alter(readFileSync(ledger(), 'utf8')));
    expect([...reopened(landing).faults()]).toEqual(faults);
  });

  test('loses a torn last line, and the bytes that it would have acknowledged', async () => {
    const landing = opened();
    await landing.land(file('a.json', 'a'));
    await landing.land(file('b.json', 'b'));
    truncateSync(ledger(), statSync(ledger()).size - 5);
    const again = reopened(landing);
    expect(again.repairs).toEqual([
      expect.stringMatching(/^landing\/ledger\.jsonl: dropped \d+ bytes of a last line/), expect.stringMatching(/removed 1 file\(s\) that a stopped run had not finished/),
    ]);
    expect(again.lastSeq).toBe(1);
    expect(batchFiles()).toEqual(['000000001.batch']);
    expect(await again.land(file('b.json', 'b'))).toEqual({ batchSeq: 2, member: 0, isNew: true });
    expect([...again.faults()]).toEqual([]);
    expect(reopened(again).repairs).toEqual([]);
  });

  test('that holds a whole line of something else is not written to, and not read past it', async () => {
    const landing = opened();
    for (const name of ['a', 'b']) await landing.land(file(`${name}.json`, name));
    const damaged = (what: string): unknown => expect.objectContaining({ exitCode: 2, message: expect.stringContaining(`ledger.jsonl: ${what} is damaged`) as string });
    const text = readFileSync(ledger(), 'utf8');
    writeFileSync(ledger(), text.replace('{"seq":1,', 'seq 1'));
    expect(() => [...openLandedBatches(data).batches()]).toThrow(damaged('a line'));
    expect([...landing.faults()]).toEqual([expect.stringMatching(/^ledger\.jsonl, is \d+ bytes long, and was \d+$/), 'ledger.jsonl, line 1: is not a line of this file', 'ledger.jsonl, line 2: does not follow from the line before']);
    writeFileSync(ledger(), text);
    appendFileSync(ledger(), 'nonsense\n');
    expect(() => reopened(landing)).toThrow(damaged('the last line'));
    expect(readFileSync(ledger(), 'utf8')).toBe(`${text}nonsense\n`);
  });

  test('a batch out of turn is refused', async () => {
    const landing = opened();
    landing.reserve(1);
    const [second = 0] = landing.reserve(1);
    await expect(landing.landFiles([second], [file('a', 'a')])).rejects.toThrow('batch 2 lands after batch 0');
  });
});

describe('the same bytes', () => {
  test('land once, as file or in a pack, and are found again after a restart', async () => {
    const landing = opened();
    const packed = member('b.json.gz', 'b');
    expect(await landing.land(file('a.json', 'same'))).toEqual({ batchSeq: 1, member: 0, isNew: true });
    await landPack(landing, [member('a.json.gz', 'a'), packed]);
    expect(await landing.land(file('other.json', 'same'))).toEqual({ batchSeq: 1, member: 0, isNew: false });
    expect(reopened(landing).find(packed.sha256)).toEqual({ batchSeq: 2, member: 1 });
  });

  test.each([['lost', (path: string) => { rmSync(path); }], ['cut short', (path: string) => { truncateSync(path, 50); }]])(
    'are found although the index of digests was %s', async (_what, harm) => {
      const landing = opened();
      await landing.land(file('a.json', 'a'));
      await landPack(landing, [member('b.json.gz', 'b'), member('c.json.gz', 'c')]);
      await landing.land(file('d.json', 'd'));
      landing.close();
      open = [];
      harm(join(data, 'landing', 'digests.bin'));
      const again = opened();
      for (const [text, place] of [['a', { batchSeq: 1, member: 0 }], ['d', { batchSeq: 3, member: 0 }]] as const) {
        expect(again.find(hash('sha256', text, 'buffer'))).toEqual(place);
      }
      expect(again.find(member('c.json.gz', 'c').sha256)).toEqual({ batchSeq: 2, member: 1 });
    });

  test('of a registry are no log, and only the newest import counts', async () => {
    const landing = opened();
    const registry = { source: 'files', form: 'identity_registry' as const, origin: 'r.csv', bytes: Buffer.from('r') };
    await landing.landFiles(landing.reserve(1), [registry]);
    expect(landing.find(hash('sha256', 'r', 'buffer'))).toBeUndefined();
    expect(landing.newestRegistry).toEqual({ at: { batchSeq: 1, member: 0 }, sha256: hash('sha256', 'r') });
    await landing.landFiles(landing.reserve(1), [{ ...registry, bytes: Buffer.from('r2') }]);
    expect(reopened(landing).newestRegistry).toEqual({ at: { batchSeq: 2, member: 0 }, sha256: hash('sha256', 'r2') });
  });
});

describe('what was landed', () => {
  const members = [member('AWSLogs/x/a.json.gz', 'first'), member('b.json.gz', 'second '.repeat(1000)), member('c.json.gz', '')];

  test('is cut out again byte for byte, packed as it came, and unpacked', async () => {
    const landing = opened();
    const seq = await landPack(landing, members);
    const whole = await landing.land(file('plain.json', '{"Records":[]}'));
    const read = openLandedBatches(data);
    for (const [n, { bytes, origin }] of members.entries()) expect(read.readMember(seq, n)).toEqual({ bytes, origin });
    expect(read.unpackMember(seq, 1).bytes.toString()).toBe('second '.repeat(1000));
    expect(read.readMember(whole.batchSeq, 0)).toEqual({ bytes: Buffer.from('{"Records":[]}'), origin: 'plain.json' });
    expect(read.readBatch(read.batch(seq))).toEqual(Buffer.concat(members.map(({ bytes }) => bytes)));
    expect(() => read.readMember(seq, 3)).toThrow('batch 1, member 3 is not in landing');
    expect(() => read.readMember(9, 0)).toThrow('batch 9 is not in landing');
  });

  test.each(['000000001.pack.gz', '000000001.index.jsonl', '000000002.batch'])('shows when %s was altered, and when it is gone', async (name) => {
    const landing = opened();
    await landPack(landing, members);
    await landing.land(file('plain.json', 'plain'));
    const path = join(data, 'landing', 'batches', name);
    const bytes = readFileSync(path);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(path, bytes);
    const read = (): unknown => {
      const batches = openLandedBatches(data);
      return name.endsWith('.batch') ? batches.readMember(2, 0) : [0, 1, 2].map((n) => batches.readMember(1, n));
    };
    expect(read).toThrow(expect.objectContaining({ exitCode: 1, message: expect.stringContaining(name) as string }));
    expect(read).toThrow('is not what was landed');
    rmSync(path);
    expect(read).toThrow('is not in landing');
  });

  test('shows when a pack was altered together with its index', async () => {
    const landing = opened();
    await landPack(landing, members);
    const forged = member('b.json.gz', 'forged');
    const folder = join(data, 'landing', 'batches');
    const index = readFileSync(join(folder, '000000001.index.jsonl'), 'utf8').split('\n').slice(0, 1);
    const entry = { member: 0, offset: 0, bytes: forged.bytes.length, origin: 'a.json.gz', sha256: forged.sha256.toString('hex'), raw_bytes: 6 };
    writeFileSync(join(folder, '000000001.pack.gz'), forged.bytes);
    writeFileSync(join(folder, '000000001.index.jsonl'), [JSON.stringify(entry), ...index.slice(1)].join('\n') + '\n');
    expect(() => openLandedBatches(data).readMember(1, 0)).toThrow('000000001.index.jsonl is not what was landed');
  });

  test('is nobody else\'s to read: folders 0700, files 0600', async () => {
    const landing = opened();
    await landPack(landing, members);
    await landing.land(file('plain.json', 'plain'));
    appendDecisions(data, '2026-01-15T09:00:00.000Z', [{ by: 'ada', action: 'finding.acknowledge', subject: 'f', reason: null, detail: {} }]);
    const modes = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    for (const folder of ['landing', 'landing/batches']) expect(modes(join(data, folder)), folder).toBe('700');
    for (const name of ['ledger.jsonl', 'journal.jsonl', 'digests.bin', ...batchFiles().map((one) => `batches/${one}`)]) {
      expect(modes(join(data, 'landing', name)), name).toBe('600');
    }
  });
});

test('files that no line names, and half-written ones, are removed', async () => {
  const landing = opened();
  await landing.land(file('a.json', 'a'));
  for (const name of ['000000002.batch', '000000003.pack.gz', '000000003.index.jsonl', '000000001.batch.tmp']) writeFileSync(join(data, 'landing', 'batches', name), 'x');
  expect(reopened(landing).repairs).toEqual([expect.stringContaining('removed 4 file(s)')]);
  expect(batchFiles()).toEqual(['000000001.batch']);
});

test('decisions are appended to a chain of their own, beside an open landing: who, when, why', async () => {
  const landing = opened();
  const at = '2026-01-15T09:00:00.000Z';
  const decision = { by: 'ada@example.com', action: 'finding.acknowledge', subject: 'key', reason: 'known job', detail: { ticket: 7 } };
  expect(appendDecisions(data, at, [decision])).toEqual([{ seq: 1, at, ...decision, previous_sha256: null }]);
  const journal = join(data, 'landing', 'journal.jsonl');
  appendFileSync(journal, '{"seq":2,"at":');
  appendDecisions(data, at, [{ ...decision, action: 'finding.reopen' }]);
  await landing.land(file('a.json', 'a'));
  expect([...openLandedBatches(data).decisions()].map(({ seq, action }) => [seq, action])).toEqual([[1, 'finding.acknowledge'], [2, 'finding.reopen']]);
  expect([...landing.faults()]).toEqual([]);
  writeFileSync(journal, readFileSync(journal, 'utf8').replace('known job', 'no reason'));
  expect([...landing.faults()]).toEqual(['journal.jsonl, line 2: does not follow from the line before']);
});
