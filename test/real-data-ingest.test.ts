/**
 * All of the real public log data through the whole ingest, twice. The files are read where they lie and are never copied;
 * where they are missing, the tests are skipped and say so. What each file holds: test/real-data-forms.test.ts.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configSchema } from '../src/config/config.ts';
import type { SqlRow } from '../src/engine/database.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import type { IngestResult } from '../src/pipeline/ingest-result.ts';
import { openWriter, type Writer } from '../src/store/writer.ts';
import { doubled } from './staged-outcome.ts';

const FOLDER = '/work/shared/data/real';
const isThere = existsSync(FOLDER);
const INVICTUS = 'aws/invictus-ir-aws_dataset';
/** The account that the Invictus records name; their objects' names have another one, by hand. */
const INVICTUS_ACCOUNT = '123837392027';

let folder: string;
let writer: Writer;
let first: IngestResult;
let second: IngestResult;

beforeAll(async () => {
  if (!isThere) return;
  folder = mkdtempSync(join(tmpdir(), 'whoran-real-'));
  writer = await openWriter(join(folder, 'data'));
  first = await ingest(writer, [FOLDER]);
  await bringUpToDate(writer, configSchema.parse({}));
  second = await ingest(writer, [FOLDER]);
}, 60_000);
afterAll(() => {
  if (!isThere) return;
  writer.close();
  rmSync(folder, { recursive: true });
}, 60_000);

const counts = (form: string, read: number, fresh: number, repeated: number, rejected: number): object => ({ form, read, new: fresh, repeated, rejected, set_aside: 0 });
const all = async (sql: string): Promise<SqlRow[]> => writer.db.all(sql);

/** Repeated records by file below the folder. */
async function repeatedBy(form: string): Promise<Record<string, number>> {
  const rows = await writer.db.all<{ origin: string; n: number }>('select origin, records_repeated as n from stg_deliveries where form = $form and records_repeated > 0', { form });
  const result: Record<string, number> = {};
  for (const { origin, n } of rows) {
    const file = origin.slice(FOLDER.length + 1).replace(/\/s3\/.*/, '/s3');
    result[file] = (result[file] ?? 0) + n;
  }
  return result;
}

describe.skipIf(!isThere)(isThere ? 'the real log data, ingested' : `the real log data, ingested (skipped: ${FOLDER} is not there)`, () => {
  test('comes to exact counts per form', () => {
    expect(first.files).toBe(93);
    expect(first.unreadable).toEqual([]);
    expect(first.forms).toEqual([
      counts('cloudtrail_eventbridge', 9, 9, 0, 0),
      // 3,663 of nine sets; rejected: 44 + 6 without eventID, 6 + 2 that name no account, one "redacted" for its time.
      counts('cloudtrail_lines', 3733, 3663, 11, 59),
      // The same records as in lines: 2,900 of Invictus, 2 of trailscraper. The lines' paths come first.
      counts('cloudtrail_object', 2902, 0, 2902, 0),
      // Panther's audit lines have placeholders for ids: 13 lines with 6 ids, and 2 lines without.
      counts('diagnostic_directory_audits', 15, 6, 7, 2),
      // 16 hand-trimmed sign-ins have no id.
      counts('diagnostic_sign_ins', 26, 10, 0, 16),
      // One placeholder event, in three revisions of the documentation.
      counts('ecs_events', 11, 9, 2, 0),
      // 3 of Graph's documentation and 6 of Panther's name no tenant or no id.
      counts('graph_directory_audits', 9, 0, 0, 9),
      counts('graph_sign_ins', 4, 4, 0, 0),
      // The export and the rows made from it: an audit row is one, however written.
      counts('log_analytics_directory_audits', 14, 7, 7, 0),
      // Each of 320 sign-in rows in two writings: every version of a sign-in is kept (RULINGS 19).
      counts('log_analytics_sign_ins', 640, 640, 0, 0),
      // 27 EventBridge events of other services, 6 files that are no JSON, README.md.
      counts('unknown', 34, 0, 0, 34),
    ]);
    expect(first.totals).toEqual({ read: 7397, new: 4348, repeated: 2929, rejected: 120, set_aside: 0 });
  });

  test('repeats what it repeats for a reason', async () => {
    expect(await repeatedBy('cloudtrail_object')).toEqual({ [`${INVICTUS}/s3`]: 2900, 'aws/trailscraper/s3': 2 });
    // Stratus's five records of bare arrays come before the file of all; six of Panther's share placeholder ids with others.
    expect(await repeatedBy('cloudtrail_lines')).toEqual({ 'aws/stratus-red-team/cloudtrail.jsonl.gz': 5, 'aws/panther-analysis/cloudtrail.jsonl.gz': 6 });
  });

  test('rejects what it rejects for a reason, by file and record', () => {
    const reasons: Record<string, number> = {};
    for (const { file, record, reason } of first.rejects) {
      expect(existsSync(file)).toBe(true);
      expect(record).toBeGreaterThan(0);
      const kind = /^(unknown_form|field [\w.]+|line \d+: not valid JSON)/.exec(reason)?.[1]?.replace(/^line \d+: /, '') ?? reason;
      reasons[kind] = (reasons[kind] ?? 0) + 1;
    }
    expect(reasons).toEqual({
      unknown_form: 28, 'not valid JSON': 6, 'field eventID': 50, 'field eventTime': 1, 'field recipientAccountId': 8, 'field tenantId': 3, 'field id': 6, 'field properties.id': 18,
    });
  });

  test('a second time adds nothing, and says so', async () => {
    expect(second).toMatchObject({ files: 93, totals: { read: 7397, new: 0, repeated: 7277, rejected: 120, set_aside: 0 } });
    for (const form of second.forms) expect([form.form, form.new]).toEqual([form.form, 0]);
    expect(second.rejects).toEqual(first.rejects);
    // 37 files by themselves; 55 and 1 trail objects in a pack each, since files of other forms lie between them.
    expect(writer.landing.lastSeq).toBe(39);
    expect(await doubled(writer.db)).toEqual([]);
  });

  test('holds the 2,900 Invictus records once, and finds its 36 issued keys, 8 of them used by 70 events', async () => {
    const objects = await all(`select count(distinct (batch_seq, member)) as objects, sum(records_read)::integer as records from stg_deliveries where origin like '%/${INVICTUS}/s3/%'`);
    expect(objects).toEqual([{ objects: 55, records: 2900 }]);
    expect(await all(`select count(*) as n, count(distinct event_id) as ids, count(error_code) as errors, count(*) filter (identity_type is null) as typeless from stg_events where account_id = '${INVICTUS_ACCOUNT}'`))
      .toEqual([{ n: 2900, ids: 2900, errors: 300, typeless: 42 }]);
    expect(await all(`select count(*) as calls, count(distinct issued_key_id) as keys from stg_sts_requests where account_id = '${INVICTUS_ACCOUNT}' and event_name = 'AssumeRole'`)).toEqual([{ calls: 49, keys: 36 }]);
    const used = `select e.caller_key, e.session_created_at, s.event_at as issued_at from stg_events e join stg_sts_requests s on s.issued_key_id = e.access_key_id where e.account_id = '${INVICTUS_ACCOUNT}'`;
    expect(await all(`select count(*) as events, count(distinct caller_key) as keys, count(*) filter (session_created_at = issued_at) as same_second from (${used})`)).toEqual([{ events: 70, keys: 8, same_second: 70 }]);
    expect(await all(`select count(*) as sessions from cor_sessions where is_issued and opened_by_account_id = '${INVICTUS_ACCOUNT}'`)).toEqual([{ sessions: 36 }]);
  });
});

describe.skipIf(!isThere)('what is masked or stands for nothing', () => {
  const relations = ['stg_events', 'stg_sts_requests', 'stg_ecs_actions', 'stg_sign_ins', 'cor_callers', 'cor_sessions', 'cor_session_nodes', 'cor_identities', 'cor_sign_in_candidates'];
  /** Columns that joins are made on. */
  const KEYS = /(_key|_key_id|session_id|principal_id|object_id|tenant_id|token_id|correlation_id|source_ip|ip_address|shared_event_id)$/;

  test('is in no column that a join rests on: masked keys, all-zero ids, 0.0.0.0', async () => {
    let columns = 0;
    for (const relation of relations) {
      for (const { column_name: column } of await writer.db.all<{ column_name: string }>(`describe select * from ${relation}`)) {
        if (!KEYS.test(column)) continue;
        columns += 1;
        // A caller without anything usable has a key that says so, and no session.
        const found = await all(`select ${column} as value from ${relation} where ${column} in ('', '0.0.0.0', '::') or contains(${column}, '*') or regexp_full_match(${column}, '[0-]+') or contains(${column}, '00000000-0000-0000-0000-000000000000') limit 3`);
        expect(found, `${relation}.${column}`).toEqual([]);
      }
    }
    expect(columns).toBeGreaterThan(35);
  });

  test('leaves TrailDiscover\'s 313 records, whose keys and addresses are one constant, without any', async () => {
    const rows = await all(`select count(*) as n, count(access_key_id) as keys, count(source_ip) as addresses, count(principal_id) as principals from stg_events
      where batch_seq in (select batch_seq from stg_deliveries where origin like '%/traildiscover/%')`);
    expect(rows).toEqual([{ n: 313, keys: 0, addresses: 0, principals: 0 }]);
  });
});
