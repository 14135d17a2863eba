/**
 * Validating CloudTrail's digests, offline and whole: signatures, the chain of hashes, log files, what is missing. This file tries
 * signatures and takes hashes; what follows from them is in queries/staging/digest_*.sql. All of it comes out of landing, so a rebuild
 * gives the same rows.
 */
import { hash, type KeyObject } from 'node:crypto';
import { dirname } from 'node:path';
import { isSignedBy, rsaKey, SIGNATURE_ALGORITHM } from '../evidence/cloudtrail-digests/public-keys.ts';
import type { Database } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';
import { LandedBatches } from '../landing/landed-batches.ts';
import { readPulls } from '../landing/pull-log.ts';
import { contentOf, takeInDigests, wholeLines } from './digest-intake.ts';

/** What is only known to be unknown may be known now: a key may have come. */
const TRY_AGAIN = ['key_missing', 'key_unusable'];

interface WantedSignature {
  readonly signing_sha256: string;
  readonly signing_text: string;
  readonly key_fingerprint: string;
  readonly signature_algorithm: string;
  readonly signature: string;
}

/**
 * Fills `stg_digest_checks` anew, and what it is made from as far as it is new. Costs little where nothing is.
 * @param landingFolder `<data folder>/landing`; everything landed is staged in `db`
 */
export async function checkDigests(db: Database, landingFolder: string): Promise<void> {
  const landed = new LandedBatches(landingFolder);
  await takeInDigests(db, landed);
  await trySignatures(db);
  await takeHashes(db, landed);
  await noteLooked(db, landed);
  for (const name of ['digest_states', 'digest_chains', 'digest_logs', 'digest_checks']) await db.run(await queryText(`staging/${name}`));
}

async function trySignatures(db: Database): Promise<void> {
  await db.run('delete from stg_digest_signatures where outcome in (select unnest($outcomes))', { outcomes: TRY_AGAIN });
  const keys = await keysByFingerprint(db);
  const wanted = await queryText('staging/digest_signatures_wanted');
  for (;;) {
    const batch = await db.all<WantedSignature>(wanted);
    if (batch.length === 0) return;
    const rows = batch.map((one) => ({ signing_sha256: one.signing_sha256, signature: one.signature, ...judge(one, keys) }));
    await db.run(
      `insert into stg_digest_signatures
       select unnest(from_json($rows, '[{"signing_sha256":"VARCHAR","signature":"VARCHAR","outcome":"VARCHAR","key_sha256":"VARCHAR"}]'), recursive := true)`,
      { rows: JSON.stringify(rows) },
    );
  }
}

interface ListedRsaKey {
  readonly key_sha256: string;
  /** Undefined where the bytes are no RSA key. */
  readonly key: KeyObject | undefined;
}

/** Several keys may claim one fingerprint; any that verifies will do. */
async function keysByFingerprint(db: Database): Promise<Map<string, ListedRsaKey[]>> {
  const rows = await db.all<{ fingerprint: string; key_sha256: string; der_base64: string }>(
    'select distinct fingerprint, key_sha256, der_base64 from stg_digest_keys order by fingerprint, key_sha256',
  );
  const keys = new Map<string, ListedRsaKey[]>();
  for (const { fingerprint, key_sha256, der_base64 } of rows) {
    keys.set(fingerprint, [...(keys.get(fingerprint) ?? []), { key_sha256, key: rsaKey(Buffer.from(der_base64, 'base64')) }]);
  }
  return keys;
}

function judge(wanted: WantedSignature, keys: ReadonlyMap<string, readonly ListedRsaKey[]>): { readonly outcome: string; readonly key_sha256: string | null } {
  if (wanted.signature_algorithm !== SIGNATURE_ALGORITHM) return { outcome: 'algorithm_unknown', key_sha256: null };
  const listed = keys.get(wanted.key_fingerprint);
  if (!listed) return { outcome: 'key_missing', key_sha256: null };
  const usable = listed.flatMap(({ key_sha256, key }) => (key ? [{ key_sha256, key }] : []));
  if (usable.length === 0) return { outcome: 'key_unusable', key_sha256: null };
  const right = usable.find(({ key }) => isSignedBy(key, wanted.signing_text, wanted.signature));
  return { outcome: right ? 'right' : 'wrong', key_sha256: right?.key_sha256 ?? null };
}

async function takeHashes(db: Database, landed: LandedBatches): Promise<void> {
  const wanted = await queryText('staging/digest_hashes_wanted');
  for (;;) {
    const batch = await db.all<{ batch_seq: number; member: number }>(wanted);
    if (batch.length === 0) return;
    const rows = batch.map(({ batch_seq, member }) => {
      const read = contentOf(landed, batch_seq, member);
      return 'fault' in read ? { batch_seq, member, fault: read.fault } : { batch_seq, member, content_sha256: hash('sha256', read.content, 'hex') };
    });
    await db.run(
      `update stg_log_objects as o set content_sha256 = h.content_sha256, fault = h.fault
       from (select unnest(from_json($rows, '[{"batch_seq":"INTEGER","member":"INTEGER","content_sha256":"VARCHAR","fault":"VARCHAR"}]'), recursive := true)) as h
       where o.batch_seq = h.batch_seq and o.member = h.member`,
      { rows: JSON.stringify(rows) },
    );
  }
}

/**
 * Which accounts' and regions' folders a live source has listed, and from when to when: what was not there then was deleted. Another
 * kind of source may have streams of the same names; those that read trails have digest streams too.
 */
async function noteLooked(db: Database, landed: LandedBatches): Promise<void> {
  const streams = readPulls(dirname(landed.folder));
  const readers = new Set(streams.filter(({ stream }) => stream.startsWith('digest/')).map(({ source }) => source));
  const places = placesOf(landed, readers);
  const rows = streams.flatMap(({ source, stream, since, complete_through: through }) => {
    const [, digest, account_id, aws_region] = /^(digest\/)?(\d{12})\/([a-z0-9-]+)$/.exec(stream) ?? [];
    if (account_id === undefined || since === null || through === null) return [];
    return [...(places.get(source) ?? [])].map((place) => ({ kind: digest === undefined ? 'log' : 'digest', place, account_id, aws_region, since, through }));
  });
  await db.run(
    `create or replace temp table digest_looked as
     select unnest(from_json($rows, '[{"kind":"VARCHAR","place":"VARCHAR","account_id":"VARCHAR","aws_region":"VARCHAR","since":"TIMESTAMPTZ",
       "through":"TIMESTAMPTZ"}]'), recursive := true)`,
    { rows: JSON.stringify(rows) },
  );
}

/** Where each source reads: `s3://bucket/` and what stands before `AWSLogs/`, as the origins of its batches say it. */
function placesOf(landed: LandedBatches, sources: ReadonlySet<string>): Map<string, Set<string>> {
  const places = new Map<string, Set<string>>();
  for (const { source, origin } of wholeLines(landed, 0)) {
    const place = sources.has(source) ? /^(s3:\/\/.*?\/)AWSLogs\//s.exec(origin)?.[1] : undefined;
    if (place !== undefined) places.set(source, (places.get(source) ?? new Set()).add(place));
  }
  return places;
}
