/**
 * What of landing CloudTrail's digests are about, as rows: the digests and what they say, the keys that were listed, and the log files
 * that are there. Each batch is looked at once.
 */
import { fileNameOf, digestName, logName, s3Place } from '../evidence/cloudtrail-digests/object-names.ts';
import { DigestFault, parseDigest, type Digest } from '../evidence/cloudtrail-digests/digest.ts';
import { parsePublicKeys } from '../evidence/cloudtrail-digests/public-keys.ts';
import { unpackOne } from '../evidence/cloudtrail-digests/unpack.ts';
import { hash } from 'node:crypto';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { Database } from '../engine/database.ts';
import type { LandedBatches, LedgerLine } from '../landing/landed-batches.ts';

/** S3's metadata field in which CloudTrail puts a digest's signature, as sources name it. */
const SIGNATURE = 'x-amz-meta-signature';
/** Rows go into the database so many at a time. */
const ROWS = 5_000;

/** Columns and types of the tables that are filled here, as `from_json` takes them. */
const TABLES = {
  stg_digest_keys: {
    fingerprint: 'VARCHAR', key_sha256: 'VARCHAR', der_base64: 'VARCHAR', valid_from: 'TIMESTAMPTZ', valid_to: 'TIMESTAMPTZ', is_from_service: 'BOOLEAN',
    batch_seq: 'INTEGER', member: 'INTEGER',
  },
  stg_digests: {
    batch_seq: 'INTEGER', member: 'INTEGER', origin: 'VARCHAR', file_name: 'VARCHAR', fault: 'VARCHAR', account_id: 'VARCHAR', aws_region: 'VARCHAR',
    trail_name: 'VARCHAR', home_region: 'VARCHAR', is_backfill: 'BOOLEAN', start_at: 'TIMESTAMPTZ', end_at: 'TIMESTAMPTZ', bucket: 'VARCHAR',
    object_key: 'VARCHAR', is_moved: 'BOOLEAN', content_sha256: 'VARCHAR', signing_sha256: 'VARCHAR', signing_text: 'VARCHAR', key_fingerprint: 'VARCHAR',
    signature_algorithm: 'VARCHAR', own_signature: 'VARCHAR', previous_bucket: 'VARCHAR', previous_key: 'VARCHAR', previous_sha256: 'VARCHAR',
    previous_signature: 'VARCHAR',
  },
  stg_digest_files: {
    batch_seq: 'INTEGER', member: 'INTEGER', position: 'INTEGER', bucket: 'VARCHAR', object_key: 'VARCHAR', file_name: 'VARCHAR', hash_value: 'VARCHAR',
    hash_algorithm: 'VARCHAR', account_id: 'VARCHAR', aws_region: 'VARCHAR', delivered_at: 'TIMESTAMPTZ',
  },
  stg_log_objects: {
    batch_seq: 'INTEGER', member: 'INTEGER', origin: 'VARCHAR', file_name: 'VARCHAR', account_id: 'VARCHAR', aws_region: 'VARCHAR',
    delivered_at: 'TIMESTAMPTZ', fault: 'VARCHAR',
  },
} as const;
type Table = keyof typeof TABLES;
type Row<Of extends Table> = Readonly<Record<keyof (typeof TABLES)[Of], string | number | boolean | null>>;

/** A batch, or a member of a pack. */
interface LandedObject {
  readonly line: LedgerLine;
  readonly member: number;
  readonly origin: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Looks at every batch that was not looked at before. What can't be read is a row with its fault: nothing is left out. */
export async function takeInDigests(db: Database, landed: LandedBatches): Promise<void> {
  const state = await db.get<{ through_seq: number }>('select max(through_seq) as through_seq from stg_digest_state');
  const after = state?.through_seq ?? 0;
  const told = await db.all<{ batch_seq: number; member: number; form: string }>(
    `select distinct batch_seq, member, form from stg_deliveries
     where batch_seq > $after and form in ('cloudtrail_digest', 'cloudtrail_public_keys') order by batch_seq, member, form`,
    { after },
  );
  const forms = new Map(told.map(({ batch_seq, member, form }) => [`${batch_seq}/${member}`, form]));
  const intake = new Intake(db, landed);
  let through = after;
  for (const object of objectsOf(landed, after)) {
    through = object.line.seq;
    await intake.take(object, forms.get(`${object.line.seq}/${object.member}`));
  }
  await intake.flush();
  await db.run('delete from stg_digest_state');
  await db.run('insert into stg_digest_state values ($through)', { through });
}

/** Every landed object. A pack whose index is gone or altered comes as one, and reading it says so. */
function* objectsOf(landed: LandedBatches, after: number): Generator<LandedObject> {
  for (const line of wholeLines(landed, after)) {
    if (line.form === 'identity_registry') continue;
    if (line.form === 'file') {
      yield { line, member: 0, origin: line.origin, metadata: line.metadata ?? {} };
      continue;
    }
    let entries;
    try {
      entries = landed.packIndex(line);
    } catch (error) {
      if (!(error instanceof WhoranError)) throw error;
      yield { line, member: 0, origin: line.origin, metadata: {} };
      continue;
    }
    for (const { member, origin, metadata = {} } of entries) yield { line, member, origin, metadata };
  }
}

/** The ledger as far as it can be read; the watch over its chain names what is broken. */
export function* wholeLines(landed: LandedBatches, after: number): Generator<LedgerLine> {
  try {
    yield* landed.batches(after);
  } catch (error) {
    if (!(error instanceof WhoranError)) throw error;
  }
}

/** A landed object's content, or why there is none. */
export function contentOf(landed: LandedBatches, batchSeq: number, member: number): { readonly content: Buffer } | { readonly fault: string } {
  // Kept no more, or changed by an erasure: neither is a sign of tampering, and neither can be held against a digest.
  if (!landed.isAsDelivered(batchSeq, member)) return { fault: 'landing_removed' };
  let bytes: Buffer;
  try {
    ({ bytes } = landed.readMember(batchSeq, member));
  } catch (error) {
    if (!(error instanceof WhoranError)) throw error;
    return { fault: error.exitCode === EXIT.found ? 'landing_altered' : 'landing_missing' };
  }
  const content = unpackOne(bytes);
  return typeof content === 'string' ? { fault: content } : { content };
}

class Intake {
  readonly #db: Database;
  readonly #landed: LandedBatches;
  readonly #rows = new Map<Table, object[]>();
  #count = 0;

  constructor(db: Database, landed: LandedBatches) {
    this.#db = db;
    this.#landed = landed;
  }

  /** @param form as staging told it by the content, where that is a digest or a list of keys */
  async take(object: LandedObject, form: string | undefined): Promise<void> {
    const fileName = fileNameOf(object.origin);
    if (form === 'cloudtrail_public_keys') this.#keys(object);
    else if (form === 'cloudtrail_digest' || digestName(fileName)) this.#digest(object, fileName);
    else if (object.line.form === 'trail_objects' || logName(fileName)) this.#log(object, fileName);
    if (this.#count >= ROWS) await this.flush();
  }

  async flush(): Promise<void> {
    for (const [table, rows] of this.#rows) {
      const columns = Object.keys(TABLES[table]).join(', ');
      await this.#db.run(`insert into ${table} (${columns}) select unnest(from_json($rows, '${JSON.stringify([TABLES[table]])}'), recursive := true)`, { rows: JSON.stringify(rows) });
    }
    this.#rows.clear();
    this.#count = 0;
  }

  #add<Of extends Table>(table: Of, row: Row<Of>): void {
    const rows = this.#rows.get(table);
    if (rows) rows.push(row);
    else this.#rows.set(table, [row]);
    this.#count += 1;
  }

  #keys({ line, member }: LandedObject): void {
    const read = contentOf(this.#landed, line.seq, member);
    if ('fault' in read) return;
    for (const { fingerprint, sha256, der, validFrom, validTo } of parsePublicKeys(read.content)) {
      this.#add('stg_digest_keys', {
        fingerprint, key_sha256: sha256, der_base64: der, valid_from: validFrom, valid_to: validTo, is_from_service: line.stream !== null, batch_seq: line.seq, member,
      });
    }
  }

  #log({ line, member, origin }: LandedObject, fileName: string): void {
    const name = logName(fileName);
    this.#add('stg_log_objects', {
      batch_seq: line.seq, member, origin, file_name: fileName, account_id: name?.accountId ?? null, aws_region: name?.region ?? null,
      delivered_at: name?.at.toISOString() ?? null, fault: null,
    });
  }

  #digest(object: LandedObject, fileName: string): void {
    const read = contentOf(this.#landed, object.line.seq, object.member);
    if ('fault' in read) {
      this.#faulty(object, fileName, read.fault);
      return;
    }
    try {
      this.#readable(object, fileName, parseDigest(read.content));
    } catch (error) {
      if (!(error instanceof DigestFault)) throw error;
      this.#faulty(object, fileName, 'not_a_digest');
    }
  }

  #readable({ line, member, origin, metadata }: LandedObject, fileName: string, digest: Digest): void {
    const { name, previous } = digest;
    this.#add('stg_digests', {
      batch_seq: line.seq, member, origin, file_name: fileName, fault: null, account_id: name.accountId, aws_region: name.region, trail_name: name.trail,
      home_region: name.homeRegion, is_backfill: name.isBackfill, start_at: digest.startAt, end_at: digest.endAt, bucket: digest.bucket, object_key: digest.key,
      is_moved: isMoved(origin, fileName, digest), content_sha256: digest.sha256, signing_sha256: hash('sha256', digest.signingText, 'hex'),
      signing_text: digest.signingText, key_fingerprint: digest.keyFingerprint, signature_algorithm: digest.signatureAlgorithm,
      own_signature: metadata[SIGNATURE]?.toLowerCase() ?? null, previous_bucket: previous?.bucket ?? null, previous_key: previous?.key ?? null,
      previous_sha256: previous?.hash ?? null, previous_signature: previous?.signature ?? null,
    });
    for (const [position, log] of digest.logs.entries()) {
      const logFile = fileNameOf(log.key);
      const told = logName(logFile);
      this.#add('stg_digest_files', {
        batch_seq: line.seq, member, position, bucket: log.bucket, object_key: log.key, file_name: logFile, hash_value: log.hash, hash_algorithm: log.algorithm,
        account_id: told?.accountId ?? name.accountId, aws_region: told?.region ?? name.region, delivered_at: told?.at.toISOString() ?? digest.endAt,
      });
    }
  }

  #faulty({ line, member, origin }: LandedObject, fileName: string, fault: string): void {
    const name = digestName(fileName);
    const place = s3Place(origin);
    this.#add('stg_digests', {
      batch_seq: line.seq, member, origin, file_name: fileName, fault, account_id: name?.accountId ?? null, aws_region: name?.region ?? null,
      trail_name: name?.trail ?? null, home_region: name?.homeRegion ?? null, is_backfill: name?.isBackfill ?? false, start_at: null,
      end_at: name?.at.toISOString() ?? null, bucket: place?.bucket ?? null, object_key: place?.key ?? null, is_moved: false, content_sha256: null,
      signing_sha256: null, signing_text: null, key_fingerprint: null, signature_algorithm: null, own_signature: null, previous_bucket: null, previous_key: null,
      previous_sha256: null, previous_signature: null,
    });
  }
}

/**
 * Whether a digest was found elsewhere than it says. Of a copy in a folder only the name can tell, and only one that is a digest's:
 * people call files what they like.
 */
function isMoved(origin: string, fileName: string, { bucket, key }: Digest): boolean {
  const place = s3Place(origin);
  if (place) return place.bucket !== bucket || place.key !== key;
  return digestName(fileName) !== undefined && fileName.replace(/\.gz$/, '') !== fileNameOf(key).replace(/\.gz$/, '');
}
