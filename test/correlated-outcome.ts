/**
 * What correlation makes, whole: what tests compare where the same records have to give the same, however they came.
 */
import type { Database, SqlRow } from '../src/engine/database.ts';

/** Tables and their total order. `cor_sign_ins` is not here: its rows name the batch that they came in. */
const OUTCOMES = {
  cor_sessions: 'session_id', cor_callers: 'caller_key', cor_task_launchers: 'task_key', cor_identities: 'tenant_id, object_id',
  cor_identity_names: 'tenant_id, object_id, valid_from, user_principal_name', cor_sign_in_candidates: 'session_id, sign_in_id',
  cor_caller_addresses: 'caller_key, source_ip, agent_family', cor_addresses: 'address',
  cor_session_candidates: 'caller_key, session_id', cor_configurer_candidates: 'task_key, event_id',
};

/** Every row of the correlated tables, in order. */
export async function correlatedOutcome(db: Database): Promise<Record<string, SqlRow[]>> {
  const tables: Record<string, SqlRow[]> = {};
  for (const [table, order] of Object.entries(OUTCOMES)) tables[table] = await db.all(`select * from ${table} order by ${order}`);
  return tables;
}

/** Each question costs a tenth of a second, and the tables that answers are read from are compared whole. */
const SHARE = process.env['WHORAN_ASK_ALL'] ? 1 : 6;

/** Which of the questions to ask: one in six, others for each seed; all of them with WHORAN_ASK_ALL=1. */
export function questionsOf<T>(all: readonly T[], seed: number): T[] {
  return all.filter((_, place) => place % SHARE === seed % SHARE);
}
