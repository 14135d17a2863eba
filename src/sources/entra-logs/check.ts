/**
 * What `doctor` tries: a token, a query, the clock, and each table.
 */
import type { EntraLogsConfig } from '../../config/sources/entra-logs.ts';
import { inert } from '../../core/inert.ts';
import type { CheckResult } from '../source.ts';
import { hintFor, isTableMissing } from './failures.ts';
import { clockQuery, inventoryQuery } from './kql.ts';
import { tablesOf, type LogTable } from './tables.ts';
import type { QueryEffects, Workspace } from './workspace.ts';

/** A table is quiet where nothing was generated for so long. */
const RECENT_DAYS = 7;
/** No further back is looked. */
const LOOKED_BACK_DAYS = 90;
/** Tokens are refused about so far off (Entra's own tolerance). */
const SKEW_MS = 5 * 60_000;
const DAY_MS = 86_400_000;
/** Somebody sits and waits: trouble is told sooner than in a run. */
const DEADLINE_MS = 60_000;

/** Results in the order of what depends on what: without a token or the role, tables are not tried. Never throws. */
export async function* checkWorkspace(workspace: Workspace, config: EntraLogsConfig, effects: QueryEffects): AsyncGenerator<CheckResult> {
  const tables = tablesOf(config);
  const token = await tried('get a token for Azure Monitor logs', async () => {
    const expires = await workspace.token(effects.signal);
    return { outcome: 'ok', found: `a token that is good until ${expires.toISOString()}` };
  });
  yield token;
  const clock = token.outcome === 'ok'
    ? await tried('query the workspace', async () => ({ outcome: 'ok', ...(await readClock(workspace, effects)) }))
    : undefined;
  if (clock) yield clock;
  if (clock?.outcome !== 'ok') {
    for (const { name } of tables) yield { what: `read ${name}`, outcome: 'not_tried', found: 'the workspace can\'t be queried' };
    return;
  }
  yield clockResult(clock.skewMs ?? 0);
  for (const table of tables) yield await checkTable(table, workspace, config, effects);
}

/** The service's time. @throws as `Workspace.ask` */
export async function serviceTime(workspace: Workspace, effects: QueryEffects, deadlineMs?: number): Promise<Date> {
  const { rows, column } = await workspace.ask('ask the time', clockQuery(effects.now().getTime()), effects, { insists: true, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
  const at = new Date(String(rows[0]?.[column('Now')]));
  if (Number.isNaN(at.getTime())) throw new Error('the log service\'s time is no time');
  return at;
}

async function readClock(workspace: Workspace, effects: QueryEffects): Promise<{ found: string; skewMs: number }> {
  const before = effects.now().getTime();
  const at = await serviceTime(workspace, effects, DEADLINE_MS);
  // The answer was made somewhere between asking and hearing.
  const skewMs = Math.round(at.getTime() - (before + effects.now().getTime()) / 2);
  return { found: 'queries are answered', skewMs };
}

function clockResult(skewMs: number): CheckResult {
  const what = 'compare clocks with the log service';
  const found = `this machine is ${Math.abs(skewMs / 1000).toFixed(1)} s ${skewMs > 0 ? 'behind' : 'ahead'}`;
  if (Math.abs(skewMs) < SKEW_MS) return { what, outcome: 'ok', found };
  return { what, outcome: 'warning', found, fix: 'set this machine\'s clock (NTP): cursors follow the service\'s clock, but tokens and reports follow this one' };
}

async function checkTable(table: LogTable, workspace: Workspace, config: EntraLogsConfig, effects: QueryEffects): Promise<CheckResult> {
  return tried(`read ${table.name}`, async () => {
    const now = effects.now().getTime();
    const { rows, column } = await workspace.ask(`look into ${table.name}`, inventoryQuery(table, now, LOOKED_BACK_DAYS, RECENT_DAYS), effects, { insists: true, deadlineMs: DEADLINE_MS });
    const row = rows[0] ?? [];
    const recent = Number(row[column('Rows')]);
    const earliest = Date.parse(String(row[column('Earliest')]));
    const latest = Date.parse(String(row[column('Latest')]));
    if (Number.isNaN(earliest)) {
      return { outcome: 'warning', found: `the table is there, without a row in ${LOOKED_BACK_DAYS} days`, fix: switchOn(table) };
    }
    const reach = `rows from ${new Date(earliest).toISOString()} to ${new Date(latest).toISOString()}`;
    if (recent === 0) return { outcome: 'warning', found: `${reach}; none in ${RECENT_DAYS} days`, fix: switchOn(table) };
    const isShort = earliest > now - Math.min(config.first_days, LOOKED_BACK_DAYS) * DAY_MS;
    const found = `${recent} in ${RECENT_DAYS} days, ${reach}`;
    return { outcome: 'ok', found: isShort ? `${found}: the table reaches back less than first_days (${config.first_days})` : found };
  }, table);
}

function switchOn({ name, category }: LogTable): string {
  return `check that a diagnostic setting of Entra ID sends ${category} to this workspace; if the tenant makes no such rows, leave ${name} out of the configuration`;
}

type Found = Pick<CheckResult, 'outcome' | 'found' | 'fix'> & { readonly skewMs?: number };

/** Runs one check; its failure is a result. */
async function tried(what: string, check: () => Promise<Found>, table?: LogTable): Promise<CheckResult & { readonly skewMs?: number }> {
  try {
    return { what, ...(await check()) };
  } catch (error) {
    const fix = hintFor(error, table);
    const isMissing = fix !== undefined && (table === undefined || isTableMissing(error, table));
    const found = inert(error instanceof Error ? error.message : 'failed', 300);
    return { what, outcome: isMissing ? 'missing' : 'failed', found, ...(fix === undefined ? {} : { fix }) };
  }
}
