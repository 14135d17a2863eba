/**
 * What is to be told now, to whom, and what is held back. The joining is in `queries/life/`; here the configuration becomes tables.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/config.ts';
import type { Database, SqlParameters } from '../engine/database.ts';
import { PACKAGE_ROOT, queryText } from '../engine/query-file.ts';
import type { Notice } from '../alerts/alert.ts';
import { lastWholeSeq } from '../landing/chain-log.ts';
import { quietNow, SEVERITY_RANK } from './alert-quiet.ts';

/** A message that is due. */
export interface DueNotice {
  readonly alert_key: string;
  readonly channel: string;
  readonly notice: Exclude<Notice, 'digest' | 'test'>;
  readonly group_key: string;
  /** The most severe first. */
  readonly finding_ids: readonly string[];
  readonly openings: readonly number[];
}

/** What would be told, and is not: how many findings on how many channels, and why. */
export interface HeldBack {
  readonly why: string;
  readonly findings: number;
  readonly channels: readonly string[];
}

export interface AlertPlan {
  readonly due: readonly DueNotice[];
  readonly held: readonly HeldBack[];
}

/** What the plan needs to know of a channel. */
export interface PlannedChannel {
  readonly id: string;
  readonly notices: readonly Notice[];
}

/**
 * Plans. `finding_life` and the tables beside it have to be loaded in `db`.
 * @param channels those that are enabled and could be made
 * @param dataDir its log of pulls says what a silent source would deliver; without it no silence holds anything back
 */
export async function planAlerts(db: Database, config: Pick<Config, 'alerts'>, catalog: Pick<Catalog, 'detections'>, channels: readonly PlannedChannel[], now: Date, dataDir?: string): Promise<AlertPlan> {
  await fillTables(db, config, catalog, channels, now);
  const pulls = dataDir === undefined ? undefined : join(dataDir, 'landing', 'pulls.jsonl');
  const path = pulls !== undefined && existsSync(pulls) ? pulls : join(PACKAGE_ROOT, 'queries/life/nothing.jsonl');
  await db.run(`create or replace temp table plan_silences as\n${await queryText('life/silences')}`, { path, last_seq: lastWholeSeq(path) });
  const { below, until } = quietNow(now, config.alerts.quiet_hours);
  await db.run(`create or replace temp table plan_findings as\n${await queryText('life/plan_findings')}`, { quiet_below: below, quiet_until: until });
  return {
    due: await db.all<DueNotice>(await queryText('life/notices_due'), { now }),
    held: await db.all<HeldBack>(await queryText('life/held_back')),
  };
}

async function fillTables(db: Database, { alerts }: Pick<Config, 'alerts'>, { detections }: Pick<Catalog, 'detections'>, channels: readonly PlannedChannel[], now: Date): Promise<void> {
  await db.run(await queryText('life/plan_tables'));
  const resolving = new Set(alerts.channels.filter((channel) => channel.send_resolved).map(({ id }) => id));
  for (const { id, notices } of channels) await insert(db, 'plan_channels', { channel: id, notices: notices.filter((notice) => notice !== 'resolved' || resolving.has(id)) });
  for (const [route, one] of alerts.routes.entries()) {
    for (const channel of new Set(one.channels)) {
      if (!channels.some(({ id }) => id === channel)) continue;
      await insert(db, 'plan_routes', { route, channel, min_rank: SEVERITY_RANK[one.min_severity], group_by: one.group_by, repeat_hours: one.repeat_hours });
    }
    await scopes(db, 'route', route, { detection: one.detections, account: one.accounts, team: one.teams });
  }
  for (const [place, window] of alerts.maintenance.entries()) {
    if (new Date(window.from) > now || new Date(window.to) <= now) continue;
    await insert(db, 'plan_windows', { place, until_at: new Date(window.to), owner: window.owner, reason: window.reason });
    await scopes(db, 'window', place, { detection: window.detections, account: window.accounts, cluster: window.clusters });
  }
  for (const { id, header } of detections) for (const source of header.absence_of) await insert(db, 'plan_absences', { detection: id, record_source: source });
}

async function scopes(db: Database, of: 'route' | 'window', place: number, kinds: Readonly<Record<string, readonly string[]>>): Promise<void> {
  for (const [kind, names] of Object.entries(kinds)) for (const name of names) await insert(db, 'plan_scopes', { scope_of: of, place, kind, name });
}

async function insert(db: Database, table: string, row: SqlParameters): Promise<void> {
  const columns = Object.keys(row);
  await db.run(`insert into ${table} (${columns.join(', ')}) values (${columns.map((column) => `$${column}`).join(', ')})`, row);
}
