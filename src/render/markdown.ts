/**
 * The Markdown that report files are written in: headings, paragraphs, lists, definitions, and slots.
 *
 * Small on purpose. There is no way to write HTML in it, and no link, since a report refers to nothing outside itself.
 *
 * ```
 * ## Heading                      a section        ### Heading      a part of one
 * A paragraph with **strong**, *emphasis*, `code` and a number {{value rpt_totals.population}}, also a **{{value a.b}}**.
 * - an item of a list
 * term                            a definition: the term on a line of its own, then ": " and what it means
 * : What it means.
 * {{table rpt_rows}}              a slot on a line of its own; {{chart id}} is a picture and the table that it shows
 * ```
 */

export type Inline =
  | { readonly kind: 'text' | 'strong' | 'emphasis' | 'code'; readonly text: string }
  | { readonly kind: 'value'; readonly table: string; readonly column: string; readonly isStrong: boolean };

export type Block =
  | { readonly kind: 'heading'; readonly level: 2 | 3; readonly text: string }
  | { readonly kind: 'paragraph'; readonly inline: readonly Inline[] }
  | { readonly kind: 'list'; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: 'definitions'; readonly items: readonly { readonly term: string; readonly inline: readonly Inline[] }[] }
  | { readonly kind: 'slot'; readonly name: string; readonly argument: string | null };

const SLOT = /^\{\{\s*([a-z_]+)(?:\s+([a-z][a-z0-9_]*))?\s*\}\}$/;
const INLINE =
  /(?<mark>\*\*)?\{\{\s*value\s+(?<table>[a-z][a-z0-9_]*)\.(?<column>[a-z][a-z0-9_]*)\s*\}\}\k<mark>|\*\*(?<strong>[^*]+)\*\*|\*(?<emphasis>[^*]+)\*|`(?<code>[^`]+)`/g;

function parseInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) });
    const { mark, strong, emphasis, code, table, column } = match.groups ?? {};
    if (table !== undefined && column !== undefined) parts.push({ kind: 'value', table, column, isStrong: mark !== undefined });
    else if (strong !== undefined) parts.push({ kind: 'strong', text: strong });
    else if (emphasis !== undefined) parts.push({ kind: 'emphasis', text: emphasis });
    else parts.push({ kind: 'code', text: code ?? '' });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
  return parts;
}

/** `lines` up to the next one that is empty or opens something else, joined to one line. */
function gather(lines: readonly string[], at: number): { text: string; next: number } {
  const held: string[] = [lines[at] ?? ''];
  let next = at + 1;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (line.trim() === '' || /^(#{2,3} |- |: |\{\{\s*(?!value\b))/.test(line) || (lines[next + 1] ?? '').startsWith(': ')) break;
    held.push(line.trim());
  }
  return { text: held.join(' ').trim(), next };
}

/**
 * Reads a report's prose.
 *
 * @throws on a slot that is not closed, and on a heading of another level
 */
export function parseMarkdown(text: string): Block[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (line.trim() === '') {
      at += 1;
      continue;
    }
    const heading = /^(#+) (.+)$/.exec(line);
    const slot = SLOT.exec(line.trim());
    if (heading) {
      const level = heading[1]?.length;
      if (level !== 2 && level !== 3) throw new Error(`line ${at + 1}: a heading of level ${level}: a report has levels 2 and 3`);
      blocks.push({ kind: 'heading', level, text: (heading[2] ?? '').trim() });
      at += 1;
    } else if (slot && slot[1] !== 'value') {
      blocks.push({ kind: 'slot', name: slot[1] ?? '', argument: slot[2] ?? null });
      at += 1;
    } else if (/^\{\{(?!\s*value\b)/.test(line)) {
      throw new Error(`line ${at + 1}: ${JSON.stringify(line)} is no slot: expected {{name}} or {{name argument}} on a line of its own`);
    } else if (line.startsWith('- ')) {
      const items: Inline[][] = [];
      while ((lines[at] ?? '').startsWith('- ')) {
        const { text: item, next } = gather(lines, at);
        items.push(parseInline(item.slice(2)));
        at = next;
      }
      blocks.push({ kind: 'list', items });
    } else if ((lines[at + 1] ?? '').startsWith(': ')) {
      const items: { term: string; inline: Inline[] }[] = [];
      while ((lines[at + 1] ?? '').startsWith(': ')) {
        const term = (lines[at] ?? '').trim();
        const { text: meaning, next } = gather(lines, at + 1);
        items.push({ term, inline: parseInline(meaning.slice(2)) });
        at = next;
        // Definitions may stand apart by one empty line.
        if ((lines[at] ?? 'end').trim() === '' && (lines[at + 2] ?? '').startsWith(': ')) at += 1;
      }
      blocks.push({ kind: 'definitions', items });
    } else {
      const { text: paragraph, next } = gather(lines, at);
      blocks.push({ kind: 'paragraph', inline: parseInline(paragraph) });
      at = next;
    }
  }
  return blocks;
}

/** A table that the prose names, with the column where it takes a value from one. */
export interface TableName {
  readonly table: string;
  readonly column: string | null;
}

/** Every table that the prose shows or takes a value from. */
export function tablesNamed(blocks: readonly Block[]): TableName[] {
  const inlines = (block: Block): readonly Inline[] => {
    switch (block.kind) {
      case 'paragraph':
        return block.inline;
      case 'list':
        return block.items.flat();
      case 'definitions':
        return block.items.flatMap(({ inline }) => inline);
      default:
        return [];
    }
  };
  return blocks.flatMap((block): TableName[] => {
    if (block.kind === 'slot') return block.argument === null || block.name === 'chart' ? [] : [{ table: block.argument, column: null }];
    return inlines(block).flatMap((part) => (part.kind === 'value' ? [{ table: part.table, column: part.column }] : []));
  });
}

/** Every chart that the prose places. */
export function chartsNamed(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => (block.kind === 'slot' && block.name === 'chart' && block.argument !== null ? [block.argument] : []));
}

/** The terms that the prose defines. */
export function termsDefined(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => (block.kind === 'definitions' ? block.items.map(({ term }) => term) : []));
}
