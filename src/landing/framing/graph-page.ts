/**
 * Pages of Graph's directory. A page says of what its rows are, by its `@odata.context`; when it was taken, and of which group its
 * rows are the members, only what it is called says: the origin that the source wrote, or a file's path.
 */
import type { FrameEnvelope, RecordForm } from '../frame.ts';

export type DirectoryForm = Extract<RecordForm, 'graph_users' | 'graph_service_principals' | 'graph_groups' | 'graph_group_members'>;

/** Graph writes it first; a version and a host of any length that hosts have stand before the collection's name. */
const CONTEXT = /^\{\s*"@odata\.context"\s*:\s*"[^"\s]{0,300}\$metadata#(users|servicePrincipals|groups|directoryObjects)(?:\(|")/;
const HEAD_BYTES = 512;
/** `groups/<id>/transitiveMembers`; in a file's name `_`, `-` or a space may stand for the slashes. */
const MEMBERS_OF = /groups[/\\_ -]([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[/\\_ -]transitiveMembers/i;
/** `tenant_<id>` or `tenants/<id>` in a file's path: what a source would say beside the page. */
const OF_TENANT = /tenants?[/\\_ -]([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/i;
/** `page 2`, as the source numbers them; a file that says none is the first page. */
const PAGE = /transitiveMembers.{0,200}?[_ -]page[_ =-](\d{1,6})(?!\d)/i;
/** `snapshot 2026-03-10T12:00:00Z`; in a file's name `-` may stand for the colons. */
const TAKEN_AT = /snapshot[ _=-](\d{4}-\d\d-\d\d)T(\d\d)[:-](\d\d)[:-](\d\d)Z/;

const FORMS: Readonly<Record<string, DirectoryForm>> = {
  users: 'graph_users',
  servicePrincipals: 'graph_service_principals',
  groups: 'graph_groups',
  directoryObjects: 'graph_group_members',
};

/** What the rows of the page at `start` are; undefined where it is none of the directory's. */
export function directoryForm(bytes: Buffer, start: number, origin: string): DirectoryForm | undefined {
  const collection = CONTEXT.exec(bytes.toString('latin1', start, start + HEAD_BYTES))?.[1];
  if (collection === undefined) return undefined;
  // Members asked for by kind come as a page of that kind.
  return MEMBERS_OF.test(origin) ? 'graph_group_members' : FORMS[collection];
}

/**
 * Whether a file is pages of a group's members. Such a page is one record as a whole: that somebody is not in a group is shown by all that a
 * page says, and a group without members has a page without rows.
 */
export function isMembersPage(bytes: Buffer, start: number, origin: string): boolean {
  return MEMBERS_OF.test(origin) && directoryForm(bytes, start, origin) !== undefined;
}

/** What the page's name says of its rows; ids in lower case. */
export function directoryEnvelope(origin: string): FrameEnvelope {
  const groupId = MEMBERS_OF.exec(origin)?.[1]?.toLowerCase();
  const tenantId = OF_TENANT.exec(origin)?.[1]?.toLowerCase();
  const page = PAGE.exec(origin)?.[1];
  const [, day, hour, minute, second] = TAKEN_AT.exec(origin) ?? [];
  return {
    ...(groupId === undefined ? {} : { groupId }),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(page === undefined ? {} : { pageNumber: Number(page) }),
    ...(day === undefined ? {} : { snapshotAt: `${day}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z` }),
  };
}

/**
 * What tells a dated file from others: its bytes and what its name says. Two snapshots between which nothing changed have the same bytes, and
 * that nothing changed is worth landing. Undefined where the name gives no time: then the bytes alone count.
 */
export function datedContent(bytes: Buffer, origin: string): Buffer | undefined {
  const envelope = directoryEnvelope(origin);
  return envelope.snapshotAt === undefined ? undefined : Buffer.concat([Buffer.from(`${JSON.stringify(envelope)}\n`), bytes]);
}
