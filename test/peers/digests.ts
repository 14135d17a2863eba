/**
 * Digest validation against the AWS CLI's own (`aws cloudtrail validate-logs`), over trails that are whole, altered and cut: both must
 * count the same. Run by test/peers/digests.sh, which has the CLI. Exit code 1: they differ, and how is printed.
 *
 *   node out/peers/test/peers/digests.js PYTHON
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { checkDigests } from '../../src/pipeline/digest-checks.ts';
import { landStep } from '../../src/pipeline/land-step.ts';
import { stage } from '../../src/pipeline/stage.ts';
import { openWriter } from '../../src/store/writer.ts';
import { BUCKET, HOUR, KEYS, START, trail, type Stored } from '../digest-trail.ts';

const HOURS = 8;

interface Counts {
  readonly digests_valid: number;
  readonly digests_invalid: number;
  readonly logs_valid: number;
  readonly logs_invalid: number;
}

const changed = (one: Stored, change: (text: string) => string): Stored => ({ ...one, bytes: gzipSync(change(gunzipSync(one.bytes).toString('utf8'))) });
const at = (list: readonly Stored[], index: number, one?: Stored): Stored[] => list.flatMap((old, place) => (place === index ? (one ? [one] : []) : [old]));

function scenarios(): Record<string, Stored[]> {
  const { digests, logs } = trail(HOURS);
  const digest = digests[3]!;
  const log = logs[5]!;
  return {
    'a whole trail': [...digests, ...logs],
    'a log file altered': [...digests, ...at(logs, 5, changed(log, (text) => text.replace('ListTasks', 'StopTask')))],
    'bytes behind a log file': [...digests, ...at(logs, 5, { ...log, bytes: Buffer.concat([log.bytes, Buffer.from('more')]) })],
    'a log file deleted': [...digests, ...at(logs, 5)],
    'a digest altered': [...at(digests, 3, changed(digest, (text) => text.replace(/"hashValue":"../, '"hashValue":"00'))), ...logs],
    'a digest deleted': [...at(digests, 3), ...logs],
    'a signature altered': [...at(digests, 3, { ...digest, metadata: { ...digest.metadata, signature: '00'.repeat(256) } }), ...logs],
    'the newest digest signed as the one before': [...at(digests, HOURS - 1, { ...digests[HOURS - 1]!, metadata: digests[HOURS - 2]!.metadata! }), ...logs],
    'one digest in the place of another': [...at(digests, 3, { ...digests[4]!, key: digest.key }), ...logs],
    'a chain begun anew after a gap': (() => {
      const broken = trail(HOURS, undefined, 4);
      return [...at(broken.digests, 3), ...broken.logs];
    })(),
  };
}

async function ours(objects: readonly Stored[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'whoran-peer-digests-'));
  const writer = await openWriter(folder, { threads: 1 });
  try {
    const through = new Date(START + 100 * HOUR);
    const step = { covers: [], window: { from: new Date(START - HOUR), to: through }, cursor: 'peer', completeThrough: through };
    for (const kind of ['CloudTrail/', 'CloudTrail-Digest/']) {
      const delivered = objects.filter(({ key }) => key.includes(kind)).map(({ key, bytes, metadata }) => {
        const named = Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [`x-amz-meta-${name}`, value]));
        return { origin: `s3://${BUCKET}/${key}`, bytes, metadata: named, content: Buffer.concat([Buffer.from(key), bytes]) };
      });
      await landStep(writer, 'trail', { ...step, stream: `${kind === 'CloudTrail/' ? '' : 'digest/'}111122223333/eu-central-1`, delivered });
    }
    await landStep(writer, 'trail', { ...step, stream: 'keys/eu-central-1', delivered: [{ origin: 'ListPublicKeys', bytes: Buffer.from(JSON.stringify(KEYS)) }] });
    await stage(writer);
    await checkDigests(writer.db, writer.landing.folder);
    const counts = await writer.db.get<Counts>(`
      select
        count(*) filter (where check_kind = 'digest' and state = 'valid') as digests_valid,
        count(*) filter (where check_kind = 'digest' and state in ('invalid', 'deleted', 'missing')) as digests_invalid,
        count(*) filter (where check_kind = 'log' and state = 'proved') as logs_valid,
        count(*) filter (where check_kind = 'log' and state in ('altered', 'deleted', 'missing')) as logs_invalid
      from stg_digest_checks`);
    assert.ok(counts);
    return counts;
  } finally {
    writer.close();
    rmSync(folder, { recursive: true });
  }
}

const [python = 'python3'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'whoran-peer-digests-'));
try {
  const cases = Object.entries(scenarios());
  const input = join(folder, 'scenarios.json');
  writeFileSync(input, JSON.stringify({
    bucket: BUCKET, start: new Date(START).toISOString(), end: new Date(START + HOURS * HOUR).toISOString(), keys: KEYS,
    trail_arn: 'arn:aws:cloudtrail:eu-central-1:111122223333:trail/example-trail',
    scenarios: cases.map(([name, objects]) => ({ name, objects: objects.map(({ key, bytes, metadata = {} }) => ({ key, metadata, bytes: bytes.toString('base64') })) })),
  }));
  const peer = spawnSync(python, ['test/peers/validate_logs.py', input], { encoding: 'utf8', timeout: 220_000, stdio: ['ignore', 'pipe', 'inherit'] });
  assert.equal(peer.status, 0, 'the AWS CLI did not run');
  const theirs = JSON.parse(peer.stdout) as Record<string, Counts>;
  for (const [name, objects] of cases) {
    const [own, other] = [await ours(objects), theirs[name]];
    const isSame = other !== undefined && Object.entries(own).every(([key, value]) => other[key as keyof Counts] === value);
    if (!isSame) process.exitCode = 1;
    process.stdout.write(`${isSame ? 'agree ' : 'DIFFER'}  ${name}: ours ${JSON.stringify(own)}${isSame ? '' : `, the AWS CLI's ${JSON.stringify(other)}`}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
