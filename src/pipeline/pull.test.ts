import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configSchema } from '../config/config.ts';
import { SourceError, type Coverage, type PullContext, type Source, type Step } from '../sources/source.ts';
import { openWriter, type Writer } from '../store/writer.ts';
import { ingestSources } from './ingest-sources.ts';
import { pullSources, type PullResult } from './pull.ts';
import { stage } from './stage.ts';

const NOW = new Date('2026-01-15T12:00:00Z');
const TENANT = '11111111-2222-3333-4444-555555555555';
const TRAIL: Coverage[] = [{ of: 'cloudtrail', accountId: '111122223333', region: 'eu-central-1' }];
const PEOPLE: Coverage[] = [{ of: 'sign_ins', tenantId: TENANT, signInKind: 'interactive_user' }];

let data: string;
let writer: Writer;
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'whoran-pull-'));
  writer = await openWriter(data, { now: () => NOW });
});
afterEach(() => {
  writer.close();
  rmSync(data, { recursive: true, force: true });
});

function trailObject(id: string, at = '2026-01-15T09:00:00Z'): Buffer {
  const record = { eventVersion: '1.11', eventID: id, eventTime: at, eventName: 'ListTasks', eventSource: 'ecs.amazonaws.com', awsRegion: 'eu-central-1', recipientAccountId: '111122223333', userIdentity: { type: 'Root', accountId: '111122223333' } };
  return gzipSync(JSON.stringify({ Records: [record] }));
}

function source(id: string, pull: (context: PullContext) => AsyncGenerator<Step>, streams: Source['streams'] = []): Source {
  return { id, type: 'double', streams, pull, async *check() { await Promise.resolve(); yield { what: 'nothing', outcome: 'ok', found: '' }; } };
}

async function pulled(sources: readonly Source[], signal = new AbortController().signal): Promise<PullResult> {
  return pullSources(writer, sources, { signal, effects: { now: () => NOW, sleep: async () => Promise.resolve(), random: () => 0.5 } });
}

const step = (stream: string, cursor: string | undefined, bytes: Buffer[], rest: Partial<Step> = {}): Step => ({
  stream, covers: TRAIL, delivered: bytes.map((one, index) => ({ origin: `${stream}/${cursor ?? 'page'}/${index}.json.gz`, bytes: one })),
  ...(cursor === undefined ? {} : { cursor }), ...rest,
});

describe('what is pulled', () => {
  test('lands with where it came from, before its cursor; the next pull goes on from there', async () => {
    const seen: (string | undefined)[] = [];
    const trail = source('trail', async function* (context) {
      seen.push(context.cursors.get('a'));
      yield await Promise.resolve(step('a', undefined, [trailObject('e1')]));
      yield step('a', '2', [trailObject('e2')], { completeThrough: new Date('2026-01-15T11:00:00Z') });
    });
    const { sources } = await pulled([trail]);
    expect(sources).toMatchObject([{ id: 'trail', outcome: 'ok', delivered: 2, landed: 2, repeated: 0, streams: [{ stream: 'a', complete_through: '2026-01-15T11:00:00.000Z' }] }]);
    const again = await pulled([trail]);
    expect(again.sources).toMatchObject([{ outcome: 'ok', delivered: 2, landed: 0, repeated: 2 }]);
    expect(seen).toEqual([undefined, '2']);
    expect([...writer.landing.batches()].map(({ source: from, stream, form, landed_at }) => ({ from, stream, form, landed_at }))).toEqual(
      Array(2).fill({ from: 'trail', stream: 'a', form: 'trail_objects', landed_at: NOW.toISOString() }),
    );
  });

  test('an answer that differs in nothing but its token is not landed again, after a restart too', async () => {
    const page = (token: string, events: string): Step => ({
      stream: 'a', covers: TRAIL, delivered: [{ origin: 'LookupEvents', bytes: Buffer.from(`{"Events":[${events}],"NextToken":"${token}"}`), content: Buffer.from(events) }],
    });
    const pages = (...steps: Step[]): Source => source('lookup', async function* () { for (const one of steps) yield await Promise.resolve(one); });
    const { sources, repeated } = await pulled([pages(page('t1', '1'), page('t2', '1'), page('t3', '2'))]);
    expect(sources).toMatchObject([{ delivered: 3, landed: 2, repeated: 1 }]);
    expect(repeated).toEqual([{ origin: 'LookupEvents', at: { batchSeq: 1, member: 0 } }]);
    writer.close();
    rmSync(join(data, 'landing', 'digests.bin'));
    writer = await openWriter(data, { now: () => NOW });
    expect((await pulled([pages(page('t4', '2'), page('t5', '3'))])).sources).toMatchObject([{ delivered: 2, landed: 1, repeated: 1 }]);
  });

  test('keeps what the service said of an object, also in a pack', async () => {
    const metadata = { etag: '"e"', 'x-amz-meta-signature': 'ab12' };
    await pulled([source('trail', async function* () {
      yield await Promise.resolve({ stream: 'a', covers: TRAIL, delivered: [{ origin: 'k.json.gz', bytes: trailObject('e1'), metadata }, { origin: 'd.json', bytes: Buffer.from('{"digest":1}'), metadata }] });
    })]);
    const [pack, file] = [...writer.landing.batches()];
    expect(writer.landing.packIndex(pack!)[0]?.metadata).toEqual(metadata);
    expect(file?.metadata).toEqual(metadata);
  });

  test('a Graph row without a tenant gets its source’s, with the time of retrieval', async () => {
    const row = { id: '5ba33613-f8c3-439a-b15e-d2bf4354b839', createdDateTime: '2026-01-15T09:00:00Z', userId: '577ee9df-94cf-4519-bd74-3a58de216883', userPrincipalName: 'a@example.com', signInEventTypes: ['interactiveUser'], status: { errorCode: 0 }, appId: '99999999-2222-3333-4444-555555555555' };
    await pulled([source('graph', async function* () {
      yield await Promise.resolve({ stream: 'people', covers: PEOPLE, cursor: '1', delivered: [{ origin: 'auditLogs/signIns', tenantId: TENANT, bytes: Buffer.from(JSON.stringify({ '@odata.context': 'https://graph.microsoft.com/beta/$metadata#auditLogs/signIns', value: [row] })) }] });
    })]);
    await stage(writer);
    expect(await writer.db.all('select tenant_id, retrieved_at from stg_sign_ins')).toEqual([{ tenant_id: TENANT, retrieved_at: '2026-01-15T12:00:00Z' }]);
    expect(await writer.db.all('select reason from stg_rejects')).toEqual([]);
  });
});

describe('what goes wrong', () => {
  test('a source that fails does not stop the others, nor its own streams that went on', async () => {
    const bad = source('bad', async function* () {
      yield await Promise.resolve(step('a', '1', [trailObject('e1')]));
      yield step('b', undefined, []);
      throw new SourceError([{ stream: 'b', message: 'refused', hint: 'grant it' }]);
    });
    const worse = source('worse', async function* () {
      yield await Promise.reject(new Error('no credentials'));
    });
    const good = source('good', async function* () {
      yield await Promise.resolve(step('a', '1', [trailObject('e2')]));
    });
    const { sources } = await pulled([bad, worse, good]);
    expect(sources).toMatchObject([
      { id: 'bad', outcome: 'partial', landed: 1, failures: [{ stream: 'b', message: 'refused', hint: 'grant it' }] },
      { id: 'worse', outcome: 'failed', failures: [{ stream: '', message: 'no credentials' }] },
      { id: 'good', outcome: 'ok', landed: 1 },
    ]);
    expect(writer.landing.pulls.cursors('bad')).toEqual(new Map([['a', '1']]));
  });

  test('a source that hangs is left behind when the signal says so; what it gave before is in', async () => {
    const controller = new AbortController();
    let wasTold = false;
    const hung = source('hung', async function* (context) {
      yield await Promise.resolve(step('a', '1', [trailObject('e1')]));
      context.signal.addEventListener('abort', () => { wasTold = true; });
      setTimeout(() => { controller.abort(new Error('the deadline of this run has passed')); }, 20);
      await new Promise(() => undefined);
    });
    const { sources } = await pulled([hung], controller.signal);
    expect(sources).toMatchObject([{ outcome: 'interrupted', landed: 1, failures: [{ message: 'the deadline of this run has passed' }] }]);
    expect(wasTold).toBe(true);
    expect(writer.landing.pulls.cursors('hung')).toEqual(new Map([['a', '1']]));
  });

  test('a disk that refuses ends the pull, and the cursor stays', async () => {
    const trail = source('trail', async function* () {
      yield await Promise.resolve(step('a', '1', [trailObject('e1')]));
    });
    const land = writer.landing.landPack.bind(writer.landing);
    writer.landing.landPack = async () => Promise.reject(new Error('ENOSPC: no space left on device'));
    await expect(pulled([trail])).rejects.toThrow('ENOSPC');
    expect(writer.landing.pulls.cursors('trail')).toEqual(new Map());
    writer.landing.landPack = land;
  });
});

describe('how far sources reach', () => {
  const sources = async (): Promise<unknown[]> => writer.db.all("select source, sign_in_kind, first_at, complete_through, records from stg_sources order by source, sign_in_kind");
  const at = (hour: number): Date => new Date(`2026-01-15T${String(hour).padStart(2, '0')}:00:00Z`);
  const region = (name: string): Coverage[] => [{ of: 'cloudtrail', accountId: '111122223333', region: name }];
  const one = (stream: string, covers: readonly Coverage[], through: Date, from = at(1)): Step => ({ stream, covers, delivered: [], cursor: 'c', completeThrough: through, window: { from, to: through } });

  test('the least of all scopes, of each the source that reaches farthest; nothing landed is complete too', async () => {
    await pulled([
      source('s3', async function* () { yield await Promise.resolve(one('a', region('eu-central-1'), at(9))); yield one('b', region('us-east-1'), at(7)); }),
      source('lookup', async function* () { yield await Promise.resolve(one('a', region('us-east-1'), at(8), at(3))); }),
      source('graph', async function* () { yield await Promise.resolve(one('people', PEOPLE, at(10))); }),
    ]);
    await stage(writer);
    expect(await sources()).toEqual([
      { source: 'cloudtrail', sign_in_kind: null, first_at: '2026-01-15T01:00:00Z', complete_through: '2026-01-15T08:00:00Z', records: 0 },
      { source: 'sign_ins', sign_in_kind: 'interactive_user', first_at: '2026-01-15T01:00:00Z', complete_through: '2026-01-15T10:00:00Z', records: 0 },
    ]);
  });

  test('a stream that is configured and never delivers holds it back; a source that is no longer configured does not', async () => {
    const streams = [{ stream: 'a', covers: region('eu-central-1') }, { stream: 'b', covers: region('us-east-1') }];
    const lame = source('lookup', async function* () {
      yield await Promise.resolve(one('a', region('eu-central-1'), at(9)));
      throw new SourceError([{ stream: 'b', message: 'refused' }]);
    }, streams);
    const config = configSchema.parse({ sources: [{ type: 'files', id: 'lookup', path: 'x' }, { type: 'files', id: 'other', path: 'y' }] });
    const options = { signal: new AbortController().signal, effects: { now: () => NOW, sleep: async () => Promise.resolve(), random: () => 0 } };
    await ingestSources(writer, [lame], config, options);
    expect(await sources()).toMatchObject([{ source: 'cloudtrail', complete_through: null }]);
    const other = source('other', async function* () { yield await Promise.resolve(one('x', region('eu-west-1'), at(11))); });
    const without = configSchema.parse({ sources: [{ type: 'files', id: 'other', path: 'y' }] });
    await ingestSources(writer, [other], without, options);
    expect(await sources()).toMatchObject([{ source: 'cloudtrail', complete_through: '2026-01-15T11:00:00Z' }]);
    // Configured again, it goes on from its cursor.
    expect(writer.landing.pulls.cursors('lookup')).toEqual(new Map([['a', 'c']]));
  });

  test('a backfill moves neither cursor nor completeness', async () => {
    const trail = source('trail', async function* (context) {
      yield await Promise.resolve({ ...one('a', TRAIL, at(9)), window: context.backfill ?? { from: at(1), to: at(9) } });
    });
    await pulled([trail]);
    await pullSources(writer, [trail], { signal: new AbortController().signal, effects: { now: () => NOW, sleep: async () => Promise.resolve(), random: () => 0 }, backfill: { from: new Date('2025-12-01T00:00:00Z'), to: new Date('2025-12-02T00:00:00Z') } });
    expect(writer.landing.pulls.streams).toMatchObject([{ cursor: 'c', complete_through: '2026-01-15T09:00:00.000Z', since: '2026-01-15T01:00:00.000Z' }]);
  });
});
