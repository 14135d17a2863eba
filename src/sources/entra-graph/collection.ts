/**
 * A whole collection, page after page. Where the service no longer takes a next link, the query begins anew.
 */
import { GraphContradiction, isExpiredLink } from './failures.ts';
import type { Effects, GraphClient, GraphPage, GraphQuery } from './graph-client.ts';

/** So often a query whose next links expire is begun anew. */
const MOST_BEGINNINGS = 4;

export interface CollectionPage extends GraphPage {
  /** From 1; 1 again where the query began anew: then what came before is to be forgotten. */
  readonly number: number;
}

/**
 * The pages of a query, in order.
 * @throws as `GraphClient.page`; GraphContradiction where links lead in a circle
 */
export async function* pagesOf(client: GraphClient, query: GraphQuery, effects: Effects): AsyncGenerator<CollectionPage> {
  const followed = new Set<string>();
  let link: string | undefined;
  let beginnings = 1;
  for (let number = 1; ; number += 1) {
    let page: GraphPage;
    try {
      page = await client.page(query, link, effects);
    } catch (error) {
      if (link === undefined || !isExpiredLink(error) || beginnings >= MOST_BEGINNINGS) throw error;
      beginnings += 1;
      link = undefined;
      number = 0;
      continue;
    }
    yield { ...page, number };
    link = page.nextLink;
    if (link === undefined) return;
    if (followed.has(link)) throw new GraphContradiction(`GET ${query.version}/${query.path}: its next link leads back to a page that was read already`);
    followed.add(link);
  }
}
