import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Row } from './document.ts';
import { htmlReport } from './html.ts';
import { pageTags } from '../../test/html-structure.ts';
import { reportOf, SAMPLE_COLUMNS, tableOfRows } from '../../test/report-sample.ts';

const MARKDOWN = `Seen: {{value rpt_rows.who}}, **{{value rpt_rows.population}}**.

## Rows & more

{{table rpt_rows}}

proved
: It is *certain*, see \`who\`.

{{queries}}
`;

async function pageOf(rows: readonly Row[], { markdown = MARKDOWN, rowLimit = 100, onRead = (): void => undefined, columns = SAMPLE_COLUMNS } = {}): Promise<string> {
  let page = '';
  for await (const piece of htmlReport(reportOf([tableOfRows(rows, onRead, columns)], markdown), { rowLimit, fileOf: () => 'sample.csv' })) page += piece;
  return page;
}
const rowWith = (text: string): Row => ({
  at: text, who: text, population: 1, evidence: [{ hop: text, source: text, record_id: text, sha256: text }],
});
const shape = (page: string): unknown[] => pageTags(page).tags.filter(({ name }) => name !== 'meta');

describe('a value of a record', () => {
  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    '</td></table><form action=https://example.com>',
    '</style><script>alert(1)</script>',
    '<!-- ',
    ']]><svg/onload=alert(1)>',
    '&lt;b&gt; &#60;b&#62;',
    'javascript:alert(1)',
    '{{queries}}',
  ])('%j adds no element and no attribute', async (hostile) => {
    const page = await pageOf([rowWith(hostile)]);
    expect(shape(page)).toEqual(shape(await pageOf([rowWith('harmless')])));
  });

  test('whatever it is, adds no element and no attribute', async () => {
    const harmless = shape(await pageOf([rowWith('harmless')]));
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), fc.constantFrom('<', '">', "'>", '&', '</td>', '<b '), async (tail, head) => {
        expect(shape(await pageOf([rowWith(head + tail)]))).toEqual(harmless);
      }),
      { numRuns: 200 },
    );
  });

  test('that acts or hides is shown as an escape', async () => {
    const { text } = pageTags(await pageOf([rowWith('a\u001b[31m\u202eb\u200bc\u2028d\0')]));
    expect(text).toContain('a\\u001b[31m\\u202eb\\u200bc\\u2028d\\u0000');
    expect(text).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
  });

  test('links only where it is a word of the glossary', async () => {
    const columns = [{ ...SAMPLE_COLUMNS[1]!, kind: 'term' as const }];
    const linked = pageTags(await pageOf([{ who: 'proved' }, { who: 'proved" href="x' }, { who: 'disproved' }], { columns, markdown: '{{table rpt_rows}}\n\nproved\n: Yes.\n' }));
    expect(linked.tags.filter(({ attributes }) => attributes['href'] === '#term-proved')).toHaveLength(1);
    expect(linked.tags.filter(({ attributes }) => attributes['href'] !== undefined).map(({ attributes }) => attributes['href'])).toEqual(['#term-proved', '#query-rpt_rows']);
  });
});

describe('the page', () => {
  test('needs nothing from outside, runs nothing, and its policy allows its own style alone', async () => {
    const page = await pageOf([rowWith('x')]);
    const { tags } = pageTags(page);
    for (const { name, attributes } of tags) {
      expect(['script', 'link', 'img', 'iframe', 'object', 'embed', 'form', 'base']).not.toContain(name);
      for (const [attribute, value] of Object.entries(attributes)) {
        expect(attribute).not.toMatch(/^(on|src|style$|action|xlink)/);
        if (attribute === 'href') expect(value).toMatch(/^#/);
      }
    }
    const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? '';
    expect(style).not.toMatch(/@import|url\((?!#)/);
    const policy = tags.find(({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy')?.attributes['content'];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(policy).toBe(`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`);
  });

  test('has closed every tag, in order', async () => {
    const open: string[] = [];
    for (const { name, isClosing } of pageTags(await pageOf([rowWith('x'), rowWith('y')])).tags) {
      if (['meta', 'rect', 'circle', 'path', 'wbr'].includes(name)) continue;
      if (isClosing) expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  test('links only to what is on it', async () => {
    const { tags } = pageTags(await pageOf([rowWith('x')]));
    const ids = new Set(tags.map(({ attributes }) => attributes['id']));
    for (const { attributes } of tags) if (attributes['href'] !== undefined) expect(ids).toContain(attributes['href'].slice(1));
  });

  test('repeats a table\'s heading in print, and keeps a row in one piece', async () => {
    const page = await pageOf([rowWith('x')]);
    expect(page).toMatch(/<table><thead><tr><th scope="col">/);
    expect(page).toMatch(/@media print \{[^]*thead \{ display: table-header-group; \}/);
    expect(page).toMatch(/tbody, [^{]*\{ break-inside: avoid; \}/);
  });

  test('shows the first rows of a long table, says so, names the file with all, and reads no further', async () => {
    let read = 0;
    const rows = Array.from({ length: 2000 }, (_, index) => rowWith(`row ${index}`));
    const page = await pageOf(rows, { markdown: '{{table rpt_rows}}', rowLimit: 5, onRead: () => (read += 1) });
    expect(page.match(/<tbody>/g)).toHaveLength(5);
    expect(pageTags(page).text).toContain('The first 5 of 2,000 rows are shown here; all of them are in sample.csv.');
    expect(read).toBeLessThanOrEqual(6);
  });

  test('says so where there is no row', async () => {
    expect(await pageOf([], { markdown: '{{table rpt_rows}}' })).toContain('<p class="empty">None.</p>');
  });

  test.each([
    ['{{graph rpt_rows}}', /expected table, chart, bar, notes or queries/],
    ['{{chart rpt_rows}}', /no chart rpt_rows/],
    ['{{table rpt_other}}', /no table rpt_other/],
    ['{{value rpt_rows.nothing}}', /no such column/],
  ])('of a report with the slot %s is not made', async (markdown, message) => {
    await expect(pageOf([rowWith('x')], { markdown })).rejects.toThrow(message);
  });
});
