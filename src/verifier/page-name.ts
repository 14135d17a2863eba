/**
 * What a page of a group's members is: the page says neither of which group nor when, and what it is called in its batch's ledger line does.
 */
import type { JsonObject } from './json.ts';

const PAGE_ID = /^groups\/([0-9a-f-]{36})\/transitiveMembers page (\d+)(?: snapshot (\d{4}-\d\d-\d\dT[\d:]{8}Z))?$/;

/**
 * Whether a batch is the page of a group's members that a record's id says: the group, the page's number and the snapshot's time stand in what
 * the file is called, in any case and with `-` for `:`. A file that says no number is the first page; one that says no time is of when it landed.
 */
export function isPageOf(id: string, { origin, landed_at: landedAt }: JsonObject): boolean {
  const [, group = '', page = '', at] = PAGE_ID.exec(id) ?? [];
  const name = typeof origin === 'string' ? origin.toLowerCase() : '';
  if (group === '' || !name.includes(group)) return false;
  const ownPage = /transitivemembers.{0,200}?[_ -]page[_ =-](\d+)/.exec(name)?.[1] ?? '1';
  const ownTime = /snapshot[ _=-](\S{10}t\d\d[:-]\d\d[:-]\d\dz)/.exec(name)?.[1];
  const dated = ownTime?.toUpperCase().replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:') ?? (typeof landedAt === 'string' ? `${landedAt.slice(0, 19)}Z` : undefined);
  return Number(ownPage) === Number(page) && (at === undefined || at === dated);
}
