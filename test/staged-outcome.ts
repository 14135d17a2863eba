/**
 * What is staged, as lines to compare: two data folders hold the same where these are equal.
 *
 * Which of several copies of a record lends its place (batch, member, number, rank, hash) to the staged row depends on the
 * order in which they came, and says nothing about the record; so places are left out of the rows, and compared as the set
 * of all places that a record has.
 */
import type { Database, SqlRow } from '../src/engine/database.ts';

const PLACE = ['batch_seq', 'member', 'record_number'];
/** Of CloudTrail records every copy is kept, each with its own hash … */
const COPY = [...PLACE, 'record_sha256'];
/** … and, in two tables, its rank. */
const RANKED_COPY = [...COPY, 'source_rank'];

/** Relations and the columns that are left out of them. */
const STAGED: Readonly<Record<string, readonly string[]>> = {
  stg_events: RANKED_COPY,
  stg_sts_requests: RANKED_COPY,
  stg_ecs_actions: COPY,
  stg_ssm_sessions: COPY,
  stg_task_launches: COPY,
  stg_configurers: COPY,
  stg_addenda: COPY,
  stg_task_events: PLACE,
  stg_ecs_events: PLACE,
  stg_sign_ins: PLACE,
  stg_directory_audits: PLACE,
  stg_directory_objects: PLACE,
  stg_group_pages: PLACE,
  stg_group_members: [],
  stg_identity_registry: ['batch_seq', 'record_number'],
  stg_sources: [],
};

/** By relation its rows, each a line of JSON, sorted; `places` are the ranks and hashes of all copies of CloudTrail records. */
export async function stagedOutcome(db: Database): Promise<Record<string, string[]>> {
  const outcome: Record<string, string[]> = {};
  for (const [relation, left] of Object.entries(STAGED)) {
    outcome[relation] = await lines(db, `select * ${left.length === 0 ? '' : `exclude (${left.join(', ')})`} from ${relation}`);
  }
  // Copies in trail objects are hashed when they become evidence; a row of rank 9 is made of several records.
  outcome['places'] = await lines(
    db,
    `select distinct account_id, event_id, source_rank, case when source_rank > 1 then record_sha256 end as record_sha256
     from (select account_id, event_id, source_rank, record_sha256 from stg_events
       union all select account_id, event_id, source_rank, record_sha256 from stg_event_copies)
     where source_rank <> 9`,
  );
  return outcome;
}

/** The rows of a query as sorted lines of JSON, members sorted too. */
export async function lines(db: Database, query: string): Promise<string[]> {
  const rows = await db.all(query);
  return rows.map(lineOf).sort();
}

function lineOf(row: SqlRow): string {
  return JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Copies of records: (account, event id, batch, member, number), so that a doubled row shows. */
export async function doubled(db: Database): Promise<SqlRow[]> {
  return db.all(
    `select 'stg_events' as relation, account_id, event_id, count(*) as rows from stg_events
     group by account_id, event_id, event_at::date having count(*) > 1
     union all
     select 'stg_event_copies', account_id, event_id, count(*) from stg_event_copies
     group by account_id, event_id, batch_seq, member, record_number having count(*) > 1
     union all
     select 'stg_deliveries', origin, form, count(*) from stg_deliveries group by batch_seq, member, origin, form having count(*) > 1
     union all
     select 'stg_sts_requests', account_id, event_id, count(*) from stg_sts_requests
     group by account_id, event_id, event_at::date having count(*) > 1
     order by all`,
  );
}
