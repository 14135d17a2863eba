/**
 * Reads a page back as a browser's tokenizer would meet it, for tests: every `<` must open a tag that reports use, and every
 * attribute must be one of theirs. Stricter than HTML, which forgives.
 */

const TAG = /^<(?<closing>\/?)(?<name>[a-zA-Z][a-zA-Z0-9]*)(?<attributes>(?:\s+[a-zA-Z:-]+(?:="[^"<>]*")?)*)\s*(?<self>\/?)>/;
const ATTRIBUTE = /\s+(?<name>[a-zA-Z:-]+)(?:="(?<value>[^"<>]*)")?/g;

export interface PageTag {
  readonly name: string;
  readonly isClosing: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The page's tags in order, and the text of the page without them. @throws at the first `<` that opens no well-formed tag */
export function pageTags(page: string): { tags: PageTag[]; text: string } {
  const tags: PageTag[] = [];
  let text = '';
  let at = page.startsWith('<!doctype html>') ? '<!doctype html>'.length : 0;
  while (at < page.length) {
    const open = page.indexOf('<', at);
    text += page.slice(at, open === -1 ? undefined : open);
    if (open === -1) break;
    const match = TAG.exec(page.slice(open, open + 4000));
    if (!match) throw new Error(`no tag at ${open}: ${JSON.stringify(page.slice(open, open + 60))}`);
    const { closing, name = '', attributes = '' } = match.groups ?? {};
    const pairs = [...attributes.matchAll(ATTRIBUTE)].map((pair) => [pair.groups?.['name'] ?? '', pair.groups?.['value'] ?? ''] as const);
    tags.push({ name, isClosing: closing === '/', attributes: Object.fromEntries(pairs) });
    at = open + match[0].length;
    // A style element's content is text up to its end tag, whatever stands in it.
    if (name === 'style' && closing === '') at = page.indexOf('</style>', at);
  }
  return { tags, text };
}
