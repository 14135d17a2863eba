/**
 * The directory as it stands: users, service principals, groups and everybody in them, taken whole every `snapshot_hours`. Graph
 * can't be asked how it stood before, so a snapshot that was missed is missed; what changed between two is in the directory audits.
 *
 * A page says neither when it was taken nor, for members, of which group: its origin does.
 */
import type { EntraGraphConfig } from '../../config/sources/entra-graph.ts';
import type { Coverage, Delivered, PullContext, Step } from '../source.ts';
import { pagesOf } from './collection.ts';
import { isGone } from './failures.ts';
import { originOf, type GraphClient, type GraphQuery } from './graph-client.ts';
import { instant } from './reports.ts';

const HOUR_MS = 3_600_000;
/** The most that directory lists give at a time. */
const PAGE_ROWS = '999';
/** Groups are many and mostly small: their pages are handed over together, so many or so much at a time. */
const PAGES_A_STEP = 50;
const BYTES_A_STEP = 4 * 1024 * 1024;

export const SNAPSHOT_STREAMS = ['directory/users', 'directory/service_principals', 'directory/groups', 'directory/group_members'] as const;
export type SnapshotStream = (typeof SNAPSHOT_STREAMS)[number];

/** A list of the directory, the fields that are staged and no others: what isn't needed of people isn't kept. */
function list(path: string, select: string): GraphQuery {
  return { version: 'v1.0', path, options: { $select: select, $top: PAGE_ROWS }, allowance: 'directory' };
}

const LISTS = {
  'directory/users': list('users', 'id,displayName,userPrincipalName,accountEnabled'),
  'directory/service_principals': list('servicePrincipals', 'id,displayName,appId,accountEnabled'),
  'directory/groups': list('groups', 'id,displayName'),
} as const;

export function snapshotCovers({ tenant_id }: EntraGraphConfig): Coverage[] {
  return [{ of: 'directory', tenantId: tenant_id }];
}

/** What a stream's first query is, for those who try it. */
export function snapshotQuery(stream: SnapshotStream): GraphQuery {
  return stream === 'directory/group_members' ? list('groups', 'id') : LISTS[stream];
}

/** Everybody in a group, through groups in it. Of beta: v1.0 long left service principals out (microsoft-graph-docs-contrib issue 2630). */
export function membersQuery(groupId: string): GraphQuery {
  return { ...list(`groups/${groupId}/transitiveMembers`, 'id'), version: 'beta' };
}

/**
 * Takes a snapshot where the last was taken in an earlier slot of `snapshot_hours`. The cursor is the time at which the last one
 * began. Backfills take none.
 */
export async function* pullSnapshot(stream: SnapshotStream, client: GraphClient, config: EntraGraphConfig, context: PullContext): AsyncGenerator<Step> {
  const at = new Date(Math.floor(context.now().getTime() / 1000) * 1000);
  const slotMs = config.snapshot_hours * HOUR_MS;
  if (context.backfill || slotMs === 0 || slotOf(Date.parse(context.cursors.get(stream) ?? ''), slotMs) === slotOf(at.getTime(), slotMs)) return;
  context.tell({ kind: 'progress', stream, message: `a snapshot of ${instant(at)}` });
  const covers = snapshotCovers(config);
  const cursor = { cursor: at.toISOString(), completeThrough: at };
  const pages = stream === 'directory/group_members' ? memberPages(client, config, at, context) : listPages(LISTS[stream], client, config, at, context);
  let waiting: Delivered[] = [];
  let bytes = 0;
  for await (const page of pages) {
    if (waiting.length >= PAGES_A_STEP || bytes + page.bytes.length > BYTES_A_STEP) {
      if (waiting.length > 0) yield { stream, covers, delivered: waiting };
      waiting = [];
      bytes = 0;
    }
    waiting.push(page);
    bytes += page.bytes.length;
  }
  yield { stream, covers, delivered: waiting, ...cursor };
}

/** Slots on fixed boundaries: a nightly job that begins a minute earlier than the night before takes its snapshot all the same. */
function slotOf(at: number, slotMs: number): number {
  return Math.floor(at / slotMs);
}

async function* listPages(query: GraphQuery, client: GraphClient, config: EntraGraphConfig, at: Date, context: PullContext): AsyncGenerator<Delivered> {
  for await (const { bytes, number } of pagesOf(client, query, context)) {
    const origin = `${originOf(query)} page ${number} snapshot ${instant(at)}`;
    // Two groups with the same members give the same bytes, and so does a directory in which nothing changed.
    yield { origin, bytes, content: Buffer.concat([Buffer.from(`${origin}\n`), bytes]), tenantId: config.tenant_id };
  }
}

async function* memberPages(client: GraphClient, config: EntraGraphConfig, at: Date, context: PullContext): AsyncGenerator<Delivered> {
  const groups = new Set<string>();
  for await (const { rows } of pagesOf(client, snapshotQuery('directory/group_members'), context)) {
    for (const row of rows) {
      const { id } = (row ?? {}) as Readonly<Record<string, unknown>>;
      // It becomes part of a path.
      if (typeof id === 'string' && /^[0-9a-f-]{36}$/i.test(id)) groups.add(id);
    }
  }
  for (const group of groups) {
    try {
      yield* listPages(membersQuery(group), client, config, at, context);
    } catch (error) {
      // Deleted since the list was made.
      if (!isGone(error)) throw error;
    }
  }
}
