/**
 * Correlation: brings sessions, chains and tasks up to date with what is staged. All of the logic is in the SQL files of
 * `queries/correlated/`; this file runs them in order over the keys that new batches touch.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Database, SqlParameters } from '../engine/database.ts';
import { PACKAGE_ROOT, queryText } from '../engine/query-file.ts';
import { writeConfiguration } from './configuration-tables.ts';

/** What a correlation did. */
export interface CorrelateResult {
  /** `all`: everything was computed again; `new`: only what new batches touch. */
  readonly mode: 'all' | 'new';
  /** Why everything was computed again, where it was. */
  readonly because: string | null;
  /** Sessions and tasks computed, and how many there are. */
  readonly sessions: { readonly computed: number; readonly stored: number };
  readonly tasks: { readonly computed: number; readonly stored: number };
}

export interface CorrelateOptions {
  /** Compute everything again, whatever is new. */
  readonly all?: boolean;
  /** Told the name of each step as it begins. */
  readonly progress?: (step: string) => void;
}

/** Tables whose rows are replaced by key, with the scope relation and the columns that it shares with them. */
const STORED = {
  cor_sign_ins: ['scope_sign_ins', ['tenant_id', 'sign_in_id']],
  cor_identity_names: ['scope_identities', ['tenant_id', 'object_id']],
  cor_identities: ['scope_identities', ['tenant_id', 'object_id']],
  cor_sessions_opened: ['scope_opened', ['session_id']],
  cor_task_launchers: ['scope_tasks', ['task_key']],
  cor_configurer_candidates: ['scope_tasks', ['task_key']],
  cor_session_nodes: ['scope_sessions', ['session_id']],
  cor_sessions: ['scope_sessions', ['session_id']],
  cor_session_claims: ['scope_answered', ['session_id']],
  cor_sign_in_candidates: ['scope_answered', ['session_id']],
} as const satisfies Record<string, readonly [scope: string, key: readonly string[]]>;

type StoredTable = keyof typeof STORED;

const EMPTIED = [...(Object.keys(STORED) as StoredTable[]), 'cor_callers', 'cor_caller_addresses', 'cor_session_candidates', 'cor_sources_seen'] as const;

/** Creates the correlated tables and views where they are missing, and the functions that the queries use. */
export async function createCorrelatedTables(db: Database): Promise<void> {
  await db.file(join(PACKAGE_ROOT, 'queries/functions.sql'));
  await db.file(join(PACKAGE_ROOT, 'queries/correlated/configuration.sql'));
  await db.file(join(PACKAGE_ROOT, 'queries/correlated/tables.sql'));
  await db.file(join(PACKAGE_ROOT, 'queries/correlated/views.sql'));
}

/**
 * Fills the `cor_*` tables of `db` from its `stg_*` tables and the view `stg_events`. In one transaction: a reader of `db`
 * sees all of it or nothing.
 */
export async function correlate(db: Database, config: Config, options: CorrelateOptions = {}): Promise<CorrelateResult> {
  await createCorrelatedTables(db);
  const before = await db.get<{ through: number; fingerprint: string }>(
    'select correlated_through as through, fingerprint from cor_state',
  );
  const fingerprint = await fingerprintOf(config);
  const since = before?.through ?? -1;
  const because = options.all ? 'asked for' : await reasonForAll(db, before, fingerprint);
  // No query here relies on the order of rows in a table, and keeping it costs memory and half the speed.
  await db.run('set preserve_insertion_order = false');
  try {
    return await db.transaction(async () => computed(db, config, because, since, fingerprint, options));
  } finally {
    await db.run('reset preserve_insertion_order');
  }
}

async function computed(
  db: Database,
  config: Config,
  because: string | null,
  since: number,
  fingerprint: string,
  options: CorrelateOptions,
): Promise<CorrelateResult> {
  const run = new Correlation(db, because === null ? since : -1, options.progress ?? (() => undefined));
  if (because !== null) for (const table of EMPTIED) await db.run(`delete from ${table}`);
  await writeConfiguration(db, config);
  await run.signIns();
  await run.sessionsOpened();
  await run.callers();
  await run.tasks();
  await run.sessions(because !== null);
  const through = await newestBatch(db);
  await db.run('delete from cor_state');
  await db.run('insert into cor_state values ($through, $fingerprint)', { through, fingerprint });
  await db.run('delete from cor_sources_seen');
  await db.run('insert into cor_sources_seen select * from stg_sources');
  return {
    mode: because === null ? 'new' : 'all',
    because,
    sessions: await counts(db, 'scope_sessions', 'cor_sessions'),
    tasks: await counts(db, 'scope_tasks', 'cor_task_launchers'),
  };
}

/** One run over the keys that batches after `since` touch. */
class Correlation {
  readonly #db: Database;
  readonly #since: SqlParameters;
  readonly #progress: (step: string) => void;

  constructor(db: Database, since: number, progress: (step: string) => void) {
    this.#db = db;
    this.#since = { since };
    this.#progress = progress;
  }

  async signIns(): Promise<void> {
    this.#progress('sign-ins and identities');
    await this.#scope('scope_sign_ins');
    await this.#store('cor_sign_ins');
    await this.#scope('scope_identities');
    await this.#keep('names_before', 'cor_identity_names', 'tenant_id, object_id, user_principal_name, valid_from, valid_to');
    await this.#keep('identities_before', 'cor_identities', 'tenant_id, object_id, kind, sign_in_kind');
    await this.#store('cor_identity_names');
    await this.#store('cor_identities');
    for (const table of ['cor_identity_ends', 'cor_group_snapshots', 'cor_group_changes'] as const) {
      await this.#db.run(`delete from ${table}`);
      await this.#db.run(`insert into ${table} by name ${await queryText(`correlated/${table}`)}`);
    }
    await this.#keep('names_after', 'cor_identity_names', 'tenant_id, object_id, user_principal_name, valid_from, valid_to');
    await this.#keep('identities_after', 'cor_identities', 'tenant_id, object_id, kind, sign_in_kind');
    await this.#db.run(`create or replace temp table changed_identities as
      select distinct tenant_id, object_id from (
        (from identities_before except from identities_after) union (from identities_after except from identities_before))`);
    await this.#db.run(`create or replace temp table changed_names as
      select distinct user_principal_name from (
        (from names_before except from names_after) union (from names_after except from names_before))`);
  }

  async sessionsOpened(): Promise<void> {
    this.#progress('sessions that STS opened');
    await this.#scope('scope_opened');
    await this.#store('cor_sessions_opened');
  }

  async callers(): Promise<void> {
    this.#progress('who called');
    const db = this.#db;
    await this.#derive('cor_caller_uses', this.#since);
    await this.#derive('cor_caller_details', this.#since);
    await db.run(await queryText('correlated/scope/merge_callers'));
    await this.#derive('new_caller_addresses', this.#since, 'correlated/cor_caller_addresses');
    await db.run(await queryText('correlated/scope/merge_caller_addresses'));
    await db.run('delete from cor_addresses');
    await db.run(`insert into cor_addresses by name ${await queryText('correlated/cor_addresses')}`);
    await this.#derive('cor_keyless_callers');
    await db.run(await queryText('correlated/scope/point_callers'));
    await db.run('delete from cor_session_candidates');
    // Hardly ever any, and its joins read every caller and every session.
    const several = await db.get('select caller_key from cor_keyless_callers where sessions > 1 limit 1');
    if (several) await db.run(`insert into cor_session_candidates by name ${await queryText('correlated/cor_session_candidates')}`);
  }

  async tasks(): Promise<void> {
    this.#progress('tasks and who launched them');
    await this.#scope('scope_tasks', 'correlated/scope/scope_tasks');
    await this.#derive('cor_task_orders');
    await this.#derive('cor_configurer_matches');
    await this.#store('cor_task_launchers');
    await this.#store('cor_configurer_candidates');
  }

  async sessions(all: boolean): Promise<void> {
    this.#progress('sessions and their chains');
    await this.#scope('scope_sessions');
    await this.#store('cor_session_nodes');
    if (!all) {
      await this.#derive('scope_descendants', undefined, 'correlated/scope/scope_descendants');
      await this.#db.run('create or replace temp table scope_sessions as from scope_descendants');
    }
    await this.#derive('cor_session_paths');
    await this.#derive('scope_roots', undefined, 'correlated/scope/scope_roots');
    // What stands there for a session that is no root any more has to go too.
    await this.#db.run('create or replace temp table scope_answered as from scope_roots union from scope_sessions');
    await this.#derive('cor_tokens');
    await this.#derive('cor_readiness');
    this.#progress('identities and sign-ins');
    await this.#derive('cor_identity_claims');
    await this.#store('cor_session_claims');
    await this.#derive('cor_window_sign_ins');
    await this.#derive('cor_session_identities');
    await this.#store('cor_sessions');
    await this.#store('cor_sign_in_candidates');
  }

  /** A temporary table out of a scope query. */
  async #scope(name: string, file = `correlated/scope/${name}`): Promise<void> {
    await this.#derive(name, this.#since, file);
  }

  async #derive(name: string, parameters?: SqlParameters, file = `correlated/${name}`): Promise<void> {
    const text = await queryText(file);
    // The driver refuses a parameter that the statement does not have.
    await this.#db.run(`create or replace temp table ${name} as ${text}`, text.includes('$since') ? parameters : undefined);
  }

  /** Replaces the rows in scope of a stored table by what its query gives. */
  async #store(table: StoredTable): Promise<void> {
    const [scope, key] = STORED[table];
    const matches = key.map((column) => `${table}.${column} = ${scope}.${column}`).join(' and ');
    await this.#db.run(`delete from ${table} using ${scope} where ${matches}`);
    await this.#db.run(`insert into ${table} by name ${await queryText(`correlated/${table}`)}`);
  }

  /** A copy of the rows in scope, to tell later what changed. */
  async #keep(name: string, table: StoredTable, columns: string): Promise<void> {
    const [scope, key] = STORED[table];
    await this.#db.run(
      `create or replace temp table ${name} as select ${columns} from ${table} semi join ${scope} using (${key.join(', ')})`,
    );
  }
}

/** Why everything has to be computed again, or null. */
async function reasonForAll(
  db: Database,
  before: { through: number; fingerprint: string } | undefined,
  fingerprint: string,
): Promise<string | null> {
  if (before === undefined) return 'nothing was correlated before';
  if (before.fingerprint !== fingerprint) return 'the configuration or the queries changed';
  const changed = await db.get<{ registry: boolean; addenda: boolean; replaced: boolean }>(
    `select (select count(*) > 0 from stg_identity_registry where batch_seq > $since) as registry,
      (select count(*) > 0 from stg_addenda where batch_seq > $since) as addenda,
      -- A record that a better copy replaced is new once more, and was counted before.
      (select coalesce(sum(calls), 0) from cor_callers) + (select count(*) from stg_events where batch_seq > $since)
        <> (select count(*) from stg_events) as replaced`,
    { since: before.through },
  );
  if (changed?.registry) return 'the identity registry changed';
  if (changed?.addenda) return 'records were amended';
  if (changed?.replaced) return 'better copies of records came';
  return null;
}

async function newestBatch(db: Database): Promise<number> {
  const row = await db.get<{ seq: number | null }>(`select greatest(
    (select max(batch_seq) from stg_deliveries), (select max(batch_seq) from stg_identity_registry)) as seq`);
  return row?.seq ?? -1;
}

async function counts(db: Database, scope: string, table: string): Promise<{ computed: number; stored: number }> {
  const row = await db.get<{ computed: number; stored: number }>(
    `select (select count(*) from ${scope}) as computed, (select count(*) from ${table}) as stored`,
  );
  return row ?? { computed: 0, stored: 0 };
}

let queriesHash: Promise<string> | undefined;

/** SHA-256 over what `cfg_*` tables take of the configuration, and the correlated queries: where it differs, old rows may be wrong. */
async function fingerprintOf({ tenants, audiences, saml_apps, attribution }: Config): Promise<string> {
  queriesHash ??= hashQueries();
  return createHash('sha256').update(JSON.stringify([tenants, audiences, saml_apps, attribution])).update(await queriesHash).digest('hex');
}

async function hashQueries(): Promise<string> {
  const hash = createHash('sha256');
  const folder = join(PACKAGE_ROOT, 'queries/correlated');
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.sql')).sort();
  for (const path of [join(PACKAGE_ROOT, 'queries/functions.sql'), ...names.map((name) => join(folder, name))]) hash.update(await readFile(path));
  return hash.digest('hex');
}
