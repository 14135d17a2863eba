import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync as gunzip, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { DigestChain, DigestSigner } from '../../fixtures/world/forms/digest-chain.ts';
import { digestKey } from '../../fixtures/world/forms/digest-key.ts';
import { openWriter, type Writer } from '../store/writer.ts';
import { BUCKET, HOUR, KEYS, logFile, MINUTE, PLACE, signer, START, stored, trail, type Stored } from '../../test/digest-trail.ts';
import '../../test/property-seed.ts';
import { checkDigests } from './digest-checks.ts';
import { ingest } from './ingest.ts';
import { landStep } from './land-step.ts';
import { rebuild } from './rebuild.ts';
import { stage } from './stage.ts';

const isDigest = ({ key }: Stored): boolean => key.includes('CloudTrail-Digest');

interface Check {
  readonly check_kind: string;
  readonly state: string;
  readonly reason: string;
  readonly object: string;
  readonly trail_name: string | null;
  readonly aws_region: string | null;
  readonly account_id: string | null;
  readonly is_backfill: boolean;
  readonly is_fault: boolean;
  readonly from_at: string | null;
  readonly to_at: string | null;
}

const folders: string[] = [];
const writers: Writer[] = [];
afterEach(() => {
  for (const writer of writers.splice(0)) writer.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'whoran-digests-'));
  folders.push(made);
  return made;
}

async function openData(dataDir = folder()): Promise<Writer> {
  const writer = await openWriter(dataDir, { threads: 1 });
  writers.push(writer);
  return writer;
}

/** As the S3 source delivers them: one step a folder; with `through`, it says that it has listed everything up to then. */
async function pull(writer: Writer, objects: readonly Stored[], { keys = true, through = START + 400 * HOUR, place = PLACE, source = 'trail' } = {}): Promise<void> {
  const delivered = (one: Stored): { origin: string; bytes: Buffer; metadata?: Record<string, string>; content?: Buffer } => {
    const origin = `s3://${BUCKET}/${one.key}`;
    const metadata = Object.fromEntries(Object.entries(one.metadata ?? {}).map(([name, value]) => [`x-amz-meta-${name}`, value]));
    return { origin, bytes: one.bytes, metadata, ...(isDigest(one) ? { content: Buffer.concat([Buffer.from(JSON.stringify([origin, metadata['x-amz-meta-signature'] ?? null])), one.bytes]) } : {}) };
  };
  const region = `${place.accountId}/${place.region}`;
  const step = { covers: [], window: { from: new Date(START - HOUR), to: new Date(through) }, cursor: 'made up', completeThrough: new Date(through) };
  await landStep(writer, source, { ...step, stream: region, delivered: objects.filter((one) => !isDigest(one)).map(delivered) });
  await landStep(writer, source, { ...step, stream: `digest/${region}`, delivered: objects.filter(isDigest).map(delivered) });
  if (keys) await landStep(writer, source, { ...step, stream: `keys/${place.region}`, delivered: [{ origin: `ListPublicKeys ${place.region}`, bytes: Buffer.from(JSON.stringify(KEYS)) }] });
  await stage(writer);
}

async function checks(writer: Writer): Promise<Check[]> {
  await checkDigests(writer.db, writer.landing.folder);
  return await writer.db.all<Check>(
    `select check_kind, state, reason, object, trail_name, aws_region, account_id, is_backfill, is_fault, from_at, to_at
     from stg_digest_checks order by all`,
  );
}

/** `digest valid own_signature 3` and the like. */
function counted(found: readonly Check[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { check_kind, state, reason } of found) {
    const key = `${check_kind} ${state}: ${reason}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

async function result(objects: readonly Stored[], options: Parameters<typeof pull>[2] = {}): Promise<Record<string, number>> {
  const writer = await openData();
  await pull(writer, objects, options);
  return counted(await checks(writer));
}

const repacked = ({ key, bytes, metadata }: Stored, change: (text: string) => string): Stored => ({
  key, bytes: gzipSync(change(unpacked(bytes))), ...(metadata ? { metadata } : {}),
});
const unpacked = (bytes: Buffer): string => gunzip(bytes).toString('utf8');

describe('a whole trail', () => {
  it('is proved, from the bucket', async () => {
    const { digests, logs } = trail(4);
    const writer = await openData();
    await pull(writer, [...logs, ...digests]);
    const found = await checks(writer);
    expect(counted(found)).toEqual({ 'digest valid: own_signature': 4, 'log proved: hash_equal': 8 });
    expect(found.filter(({ is_fault }) => is_fault)).toEqual([]);
    expect(new Set(found.map(({ account_id, aws_region, trail_name }) => `${account_id}/${aws_region}/${trail_name}`))).toEqual(new Set(['111122223333/eu-central-1/example-trail']));
    expect(found.filter(({ check_kind }) => check_kind === 'digest').map(({ from_at, to_at }) => [from_at, to_at])[0]).toEqual(['2026-01-15T08:00:00Z', '2026-01-15T09:00:00Z']);
    // The signature stands in the ledger, and checking again changes nothing.
    expect([...writer.landing.batches()].some(({ metadata }) => metadata?.['x-amz-meta-signature'] === digests[0]!.metadata!['signature'])).toBe(true);
    expect(await checks(writer)).toEqual(found);
  });

  it('is the same after a rebuild, and whatever the order of delivery', async () => {
    const { digests, logs } = trail(3);
    const data = folder();
    const writer = await openData(data);
    for (const one of [...digests, ...logs].reverse()) {
      await pull(writer, [one], { keys: false });
      await checks(writer);
    }
    await pull(writer, []);
    const found = await checks(writer);
    expect(counted(found)).toEqual({ 'digest valid: own_signature': 3, 'log proved: hash_equal': 6 });
    writers.pop();
    writer.close();
    const again = await rebuild(data, { threads: 1 });
    writers.push(again);
    expect(await checks(again)).toEqual(found);
  });

  it('copied as files without their metadata is proved but for its newest digest', async () => {
    const { digests, logs } = trail(3);
    const logs_ = folder();
    for (const { key, bytes } of [...digests, ...logs]) writeFileSync(join(logs_, key.slice(key.lastIndexOf('/') + 1)), bytes);
    writeFileSync(join(logs_, 'keys.json'), JSON.stringify(KEYS, null, 2));
    const writer = await openData();
    const { totals, rejects } = await ingest(writer, [logs_]);
    expect([totals.set_aside, rejects]).toEqual([4, []]);
    expect(counted(await checks(writer))).toEqual({
      'digest valid: next_digest': 2, 'digest unverifiable: no_signature': 1, 'log proved: hash_equal': 4, 'log unproven: digest_unverifiable': 2,
    });
    // The bucket's own copy of it has the signature, and is landed though the bytes are the same.
    await pull(writer, digests.slice(2), { keys: false });
    expect(counted(await checks(writer))).toEqual({ 'digest valid: next_digest': 2, 'digest valid: own_signature': 1, 'log proved: hash_equal': 6 });
    await pull(writer, digests.slice(2), { keys: false });
    expect((await writer.db.get<{ n: number }>('select count(*) as n from stg_digests'))?.n).toBe(4);
  });

  it('of two trails, two regions and a second chain for what was missed is told apart', async () => {
    const other = { ...PLACE, region: 'us-east-1' };
    const second = { ...PLACE, accountPath: 'second/AWSLogs/111122223333', trail: 'second_trail' };
    const late = logFile(PLACE, START + 30 * MINUTE, 99);
    const backfill = stored(new DigestChain(PLACE, signer, 'backfill').next(START, START + HOUR, [late.digested]));
    const parts = [trail(2), trail(1, other), trail(3, second)];
    const writer = await openData();
    await pull(writer, [...parts.flatMap(({ digests, logs }) => [...digests, ...logs]), backfill, late]);
    const found = await checks(writer);
    expect(counted(found)).toEqual({ 'digest valid: own_signature': 7, 'log proved: hash_equal': 13 });
    const by = new Map<string, number>();
    for (const { check_kind, trail_name, aws_region, is_backfill } of found) {
      const key = `${check_kind} ${trail_name} ${aws_region}${is_backfill ? ' backfill' : ''}`;
      by.set(key, (by.get(key) ?? 0) + 1);
    }
    expect(Object.fromEntries(by)).toEqual({
      'digest example-trail eu-central-1': 2, 'log example-trail eu-central-1': 4, 'digest example-trail us-east-1': 1, 'log example-trail us-east-1': 2,
      'digest second_trail eu-central-1': 3, 'log second_trail eu-central-1': 6, 'digest example-trail eu-central-1 backfill': 1, 'log example-trail eu-central-1 backfill': 1,
    });
  });

  it('is proved by a key in the other encoding, and unverifiable before any key is landed', async () => {
    const { digests, logs } = trail(2);
    const writer = await openData();
    await pull(writer, [...logs, ...digests], { keys: false });
    expect(counted(await checks(writer))).toEqual({ 'digest unverifiable: key_missing': 2, 'log unproven: digest_unverifiable': 4 });
    const listed = { ...new DigestSigner(digestKey, 'spki').listed(START, START + HOUR), Fingerprint: signer.fingerprint.toUpperCase() };
    await landStep(writer, 'trail', { stream: 'keys/eu-central-1', covers: [], delivered: [{ origin: 'ListPublicKeys', bytes: Buffer.from(JSON.stringify({ PublicKeyList: [listed] })) }] });
    await stage(writer);
    expect(counted(await checks(writer))).toEqual({ 'digest valid: own_signature': 2, 'log proved: hash_equal': 4 });
  });
});

describe('what is at fault', () => {
  const whole = trail(5);
  const without = (index: number): Stored[] => whole.digests.filter((_, at) => at !== index);
  const replaced = (index: number, one: Stored): Stored[] => whole.digests.map((digest, at) => (at === index ? one : digest));

  it('an altered log file', async () => {
    const logs = whole.logs.map((log, at) => (at === 3 ? repacked(log, (text) => text.replace('ListTasks', 'StopTask')) : log));
    expect(await result([...logs, ...whole.digests])).toEqual({ 'digest valid: own_signature': 5, 'log proved: hash_equal': 9, 'log altered: hash_differs': 1 });
  });

  it('bytes behind the gzip member of a log file, and a log file that is cut off', async () => {
    const logs = whole.logs.map((log, at) => (at === 3 ? { ...log, bytes: Buffer.concat([log.bytes, gzipSync('')]) } : at === 4 ? { ...log, bytes: log.bytes.subarray(0, -9) } : log));
    expect(await result([...logs, ...whole.digests])).toMatchObject({ 'log proved: hash_equal': 8, 'log altered: trailing_bytes': 1, 'log altered: not_unpacked': 1 });
  });

  it('a log file that was deleted from the bucket; one that nobody looked for is merely missing', async () => {
    const logs = whole.logs.slice(1);
    expect(await result([...logs, ...whole.digests])).toMatchObject({ 'log proved: hash_equal': 9, 'log deleted: not_there_when_looked': 1 });
    expect(await result([...logs, ...whole.digests], { through: START })).toMatchObject({ 'log proved: hash_equal': 9, 'log missing: not_landed': 1 });
  });

  it('a log file that no digest names: put there by somebody, too young, too old, or of another account', async () => {
    const extra = [logFile(PLACE, START + 90 * MINUTE, 77), logFile(PLACE, START + 5 * HOUR - 5 * MINUTE, 78), logFile(PLACE, START - 5 * MINUTE, 79), logFile({ ...PLACE, accountId: '444455556666' }, START + HOUR, 80)];
    const writer = await openData();
    await pull(writer, [...whole.logs, ...whole.digests, ...extra]);
    const found = await checks(writer);
    expect(counted(found)).toMatchObject({
      'log unproven: not_named': 1, 'log unproven: after_last_digest': 1, 'log unproven: before_first_digest': 1, 'log unproven: no_digests': 1, 'log proved: hash_equal': 10,
    });
    expect(found.find(({ reason }) => reason === 'not_named')).toMatchObject({ object: `s3://${BUCKET}/${extra[0]!.key}`, trail_name: null, is_fault: false });
  });

  it('an altered digest: what it names proves nothing, and what the next says of it shows it', async () => {
    const altered = repacked(whole.digests[2]!, (text) => text.replace(/"hashValue":"../, '"hashValue":"00'));
    const { metadata: _, ...bare } = altered;
    const expected = { 'digest valid: own_signature': 4, 'digest invalid: hash_differs': 1, 'gap gap: time_not_covered': 1, 'log proved: hash_equal': 8, 'log unproven: digest_invalid': 2 };
    expect(await result([...whole.logs, ...replaced(2, altered)])).toEqual(expected);
    expect(await result([...whole.logs, ...replaced(2, bare)])).toEqual(expected);
  });

  it('the newest digest altered, or its signature', async () => {
    const altered = repacked(whole.digests[4]!, (text) => text.replace(/"hashValue":"../, '"hashValue":"00'));
    expect(await result([...whole.logs, ...replaced(4, altered)])).toMatchObject({ 'digest invalid: signature_wrong': 1, 'digest valid: own_signature': 4, 'log unproven: digest_invalid': 2 });
    const { signature = '' } = whole.digests[4]!.metadata ?? {};
    for (const wrong of [signature.replace(/^../, signature.startsWith('00') ? '01' : '00'), 'not hex', whole.digests[3]!.metadata!['signature']!]) {
      expect(await result([...whole.logs, ...replaced(4, { ...whole.digests[4]!, metadata: { signature: wrong } })])).toMatchObject({ 'digest invalid: signature_wrong': 1 });
    }
  });

  it('a digest signed by another key, under the fingerprint of the known one or of its own', async () => {
    const stranger = new DigestSigner(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    const forged = stored(new DigestChain(PLACE, stranger).next(START + 4 * HOUR, START + 5 * HOUR, []));
    expect(await result([...whole.logs, ...replaced(4, forged)])).toMatchObject({ 'digest unverifiable: key_missing': 1, 'log unproven: after_last_digest': 1 });
    const disguised = repacked(forged, (text) => text.replace(stranger.fingerprint, signer.fingerprint));
    expect(await result([...whole.logs, ...replaced(4, disguised)])).toMatchObject({ 'digest invalid: signature_wrong': 1 });
  });

  it('a digest that lies at another key or in another bucket', async () => {
    const moved = { ...whole.digests[1]!, key: `elsewhere/${whole.digests[1]!.key}` };
    expect(await result([...whole.logs, ...replaced(1, moved)])).toEqual({
      'digest valid: own_signature': 4, 'digest invalid: moved': 1, 'digest deleted: not_there_when_looked': 1, 'log proved: hash_equal': 8, 'log unproven: digest_invalid': 2,
    });
    // Beside the one at its own place, the copy is named and takes nothing away.
    expect(await result([...whole.logs, ...whole.digests, moved])).toMatchObject({ 'digest valid: own_signature': 5, 'digest invalid: moved': 1, 'log proved: hash_equal': 10 });
    const inside = whole.digests.map((digest) => repacked(digest, (text) => text.replaceAll(`"${BUCKET}"`, '"another-bucket"')));
    expect(await result(inside)).toMatchObject({ 'digest invalid: moved': 5 });
  });

  it('one digest in the place of another', async () => {
    const swapped = { ...whole.digests[1]!, key: whole.digests[2]!.key };
    expect(await result([...whole.logs, ...replaced(2, swapped)])).toEqual({
      'digest valid: own_signature': 4, 'digest invalid: moved': 1, 'gap gap: time_not_covered': 1, 'log proved: hash_equal': 8, 'log unproven: in_gap': 2,
    });
  });

  it('a deleted digest; one that nobody looked for; the one before the first', async () => {
    expect(await result([...whole.logs, ...without(2)])).toEqual({
      'digest valid: own_signature': 4, 'digest deleted: not_there_when_looked': 1, 'log proved: hash_equal': 8, 'log unproven: in_gap': 2,
    });
    expect(await result([...whole.logs, ...without(2)], { through: START })).toMatchObject({ 'digest missing: not_landed': 1 });
    expect(await result([...whole.logs, ...whole.digests.slice(2)], { through: START })).toMatchObject({
      'digest valid: own_signature': 3, 'digest before_first: before_what_is_landed': 1, 'log unproven: before_first_digest': 4,
    });
  });

  it('a digest that is no gzip any more, none at all, or has bytes behind it', async () => {
    const [, digest] = whole.digests;
    for (const [bytes, reason] of [
      [digest!.bytes.subarray(0, -12), 'not_unpacked'], [gzipSync('{"digestStartTime":1,"digestEndTime":2}'), 'not_a_digest'], [gzipSync('{"Records":[]}'), 'not_a_digest'],
      [Buffer.concat([digest!.bytes, gzipSync(' ')]), 'trailing_bytes'],
    ] as const) {
      expect(await result([...whole.logs, ...replaced(1, { ...digest!, bytes })])).toEqual({
        'digest valid: own_signature': 4, [`digest invalid: ${reason}`]: 1, 'gap gap: time_not_covered': 1, 'log proved: hash_equal': 8, 'log unproven: in_gap': 2,
      });
    }
  });

  it('a gap: validation was switched off and on, so the chain begins anew', async () => {
    const { digests, logs } = trail(4, PLACE, 2);
    const writer = await openData();
    await pull(writer, [...logs, ...digests.filter((_, at) => at !== 1)]);
    const found = await checks(writer);
    expect(counted(found)).toMatchObject({ 'digest valid: own_signature': 3, 'gap gap: chain_begins_anew': 1, 'log unproven: in_gap': 2 });
    expect(found.find(({ check_kind }) => check_kind === 'gap')).toMatchObject({ from_at: '2026-01-15T09:00:00Z', to_at: '2026-01-15T10:00:00Z', is_fault: false });
  });

  it('landed bytes that were changed since', async () => {
    const writer = await openData();
    await pull(writer, [...whole.logs.slice(0, 2), whole.digests[0]!]);
    const batches = join(writer.landing.folder, 'batches');
    const pack = readdirSync(batches).find((name) => name.endsWith('.pack.gz')) ?? '';
    const bytes = readFileSync(join(batches, pack));
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(join(batches, pack), bytes);
    expect(counted(await checks(writer))).toMatchObject({ 'log altered: landing_altered': 1, 'log proved: hash_equal': 1 });
  });
});

it('any changed byte of any object is found', async () => {
  const { digests, logs } = trail(3);
  const objects = [...logs, ...digests];
  let tried = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(objects.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.constantFrom('flip', 'insert', 'cut', 'signature'), async (which, at, by, how) => {
      const object = objects[which]!;
      const text = Buffer.from(unpacked(object.bytes));
      const place = at % text.length;
      let changed: Stored;
      if (how === 'signature') {
        if (!object.metadata) return;
        const signature = Buffer.from(object.metadata['signature'] ?? '', 'hex');
        signature[at % signature.length] = (signature[at % signature.length] ?? 0) ^ by;
        changed = { ...object, metadata: { signature: signature.toString('hex') } };
      } else {
        if (how === 'flip') text[place] = (text[place] ?? 0) ^ by;
        const rest = how === 'cut' ? text.subarray(0, place) : how === 'insert' ? Buffer.concat([text.subarray(0, place), Buffer.from([by]), text.subarray(place)]) : text;
        changed = { ...object, bytes: gzipSync(rest) };
      }
      const writer = await openData();
      await pull(writer, objects.map((one, index) => (index === which ? changed : one)));
      const found = await checks(writer);
      tried += 1;
      const faults = found.filter(({ is_fault }) => is_fault);
      expect(faults.length, JSON.stringify({ which, how, place, found: counted(found) })).toBeGreaterThan(0);
      expect(faults.some((fault) => fault.object.endsWith(object.key)), JSON.stringify({ key: object.key, faults })).toBe(true);
      expect(found.filter(({ check_kind, state, object: name }) => check_kind === 'log' && state === 'proved' && name.endsWith(object.key))).toEqual([]);
      writers.pop();
      writer.close();
    }),
    { numRuns: Number(process.env['WHORAN_PROPERTY_RUNS'] ?? 24) },
  );
  process.stdout.write(`changed objects: ${tried} tried, ${tried} found\n`);
});
