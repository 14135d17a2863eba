/**
 * What `doctor` tries of Graph: a token, each query with one row, the licence, the fields that only beta has, and the clock.
 */
import type { EntraGraphConfig } from '../../config/sources/entra-graph.ts';
import type { CheckResult } from '../source.ts';
import { hintFor, isUnreachable, lacksLicence, wordsOf } from './failures.ts';
import type { Effects, GraphClient, GraphPage, GraphQuery } from './graph-client.ts';
import { permissionOf, windowQuery, type LogReport } from './reports.ts';
import { SNAPSHOT_STREAMS, membersQuery, snapshotQuery, type SnapshotStream } from './snapshot-streams.ts';
import { claimsOf } from './token.ts';

const DAY_MS = 86_400_000;
/** A person waits for the answer. */
const PATIENCE_MS = 45_000;
/** Windows and settling reckon in minutes; a clock that is off by more than this is worth mending. */
const CLOCK_OFF_MS = 60_000;
/** Two of the fields that v1.0 leaves out and attribution rests on (entra.md §1.1). */
const BETA_FIELDS = ['uniqueTokenIdentifier', 'signInEventTypes'];

type Tried = { readonly page: GraphPage } | { readonly error: unknown };

/** See above. Never throws. */
export async function* checkGraph(client: GraphClient, config: EntraGraphConfig, reports: readonly LogReport[], effects: Effects): AsyncGenerator<CheckResult> {
  const token = await checkToken(client, config, effects);
  yield token;
  // Why nothing more is tried.
  let hindrance = token.outcome === 'failed' ? 'there is no token' : undefined;
  const to = effects.now();
  const day = { from: new Date(to.getTime() - DAY_MS), to };
  const ask = async (query: GraphQuery): Promise<Tried> => {
    const result = await tried(client, query, effects);
    if ('error' in result && isUnreachable(result.error)) hindrance = 'Graph could not be reached';
    return result;
  };
  for (const report of reports) {
    const what = report.stream === 'directory_audits' ? 'read directory audits' : `read beta sign-ins (${report.stream.slice('sign_ins/'.length)})`;
    if (hindrance !== undefined) yield notTried(what, hindrance);
    else yield* checkReport(what, report, await ask(oneRow(windowQuery(report, day))));
  }
  for (const stream of config.snapshot_hours > 0 ? SNAPSHOT_STREAMS : []) {
    const what = `read ${stream.replaceAll('_', ' ')}`;
    yield hindrance === undefined ? await checkSnapshot(what, stream, ask) : notTried(what, hindrance);
  }
  yield hindrance === undefined ? checkClock(client.aheadMs) : notTried('clock', hindrance);
}

async function checkToken(client: GraphClient, config: EntraGraphConfig, effects: Effects): Promise<CheckResult> {
  const what = 'get a token for Graph';
  try {
    await client.token.refresh(effects);
  } catch (error) {
    return { what, outcome: 'failed', found: wordsOf(error), fix: hintFor(error, '') ?? 'give the process an identity that Entra knows' };
  }
  const claims = claimsOf(await client.token.getAccessToken());
  const through = `through ${client.token.credentialName}`;
  // Not every token can be looked into; the queries then show what it is good for.
  if (!claims) return { what, outcome: 'ok', found: through };
  const found = `${claims.isManaged ? 'a managed identity, ' : ''}as app ${claims.appId ?? 'unknown'} of tenant ${claims.tenantId ?? 'unknown'}, ${through}`;
  if (claims.tenantId !== undefined && claims.tenantId !== config.tenant_id) {
    return { what, outcome: 'failed', found, fix: `sign in to the tenant that tenant_id names, ${config.tenant_id}, or correct tenant_id` };
  }
  return { what, outcome: 'ok', found };
}

function* checkReport(what: string, report: LogReport, result: Tried): Generator<CheckResult> {
  if ('error' in result) {
    if (!lacksLicence(result.error)) yield refused(what, report.stream, result.error);
    else yield { what, outcome: 'missing', found: 'the tenant has no Entra ID P1 or P2', fix: hintFor(result.error, '') ?? '' };
    return;
  }
  const [row] = result.page.rows;
  if (row === undefined || row === null) {
    yield { what, outcome: 'ok', found: 'allowed; no row in the last 24 hours' };
    return;
  }
  const fields = new Set(Object.keys(row));
  const missing = report.path === 'auditLogs/signIns' ? BETA_FIELDS.filter((field) => !fields.has(field)) : [];
  if (missing.length === 0) yield { what, outcome: 'ok', found: 'allowed, with rows in the last 24 hours' };
  else {
    yield {
      what, outcome: 'warning', found: `rows come without ${missing.join(' and ')}, by which sessions are joined exactly`,
      fix: 'read sign-ins through entra-logs too, whose tables have those fields: Graph beta of this cloud leaves them out',
    };
  }
}

async function checkSnapshot(what: string, stream: SnapshotStream, ask: (query: GraphQuery) => Promise<Tried>): Promise<CheckResult> {
  let result = await ask(oneRow(snapshotQuery(stream)));
  if (stream === 'directory/group_members' && 'page' in result) {
    const { id } = (result.page.rows[0] ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof id === 'string') result = await ask(oneRow(membersQuery(encodeURIComponent(id))));
  }
  return 'error' in result ? refused(what, stream, result.error) : { what, outcome: 'ok', found: 'allowed' };
}

function checkClock(aheadMs: number): CheckResult {
  const what = 'clock';
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (Math.abs(aheadMs) <= CLOCK_OFF_MS) return { what, outcome: 'ok', found: `within ${Math.max(1, seconds)} s of Graph's` };
  return { what, outcome: 'warning', found: `${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} Graph's`, fix: 'let this machine take its time from an NTP server' };
}

function refused(what: string, stream: string, error: unknown): CheckResult {
  const fix = hintFor(error, permissionOf(stream));
  const isMissing = fix?.includes(permissionOf(stream)) === true;
  return { what, outcome: isMissing ? 'missing' : 'failed', found: wordsOf(error), ...(fix === undefined ? {} : { fix }) };
}

function notTried(what: string, hindrance: string): CheckResult {
  return { what, outcome: 'not_tried', found: hindrance };
}

function oneRow(query: GraphQuery): GraphQuery {
  return { ...query, options: { ...query.options, $top: '1' } };
}

async function tried(client: GraphClient, query: GraphQuery, effects: Effects): Promise<Tried> {
  try {
    return { page: await client.page(query, undefined, effects, PATIENCE_MS) };
  } catch (error) {
    return { error };
  }
}
