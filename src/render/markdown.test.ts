import { expect, test } from 'vitest';
import { parseMarkdown, tablesNamed, termsDefined } from './markdown.ts';

const TEXT = `First line
of a paragraph with **bold** and {{value rpt_a.n}}.

## A section
- one
- two, which
goes on

term
: What it
means.

other
: More.

{{table rpt_b}}
{{value rpt_a.m}} opens a paragraph.
`;

test('blocks are read in order, lines joined', () => {
  expect(parseMarkdown(TEXT)).toEqual([
    {
      kind: 'paragraph',
      inline: [
        { kind: 'text', text: 'First line of a paragraph with ' },
        { kind: 'strong', text: 'bold' },
        { kind: 'text', text: ' and ' },
        { kind: 'value', table: 'rpt_a', column: 'n', isStrong: false },
        { kind: 'text', text: '.' },
      ],
    },
    { kind: 'heading', level: 2, text: 'A section' },
    { kind: 'list', items: [[{ kind: 'text', text: 'one' }], [{ kind: 'text', text: 'two, which goes on' }]] },
    {
      kind: 'definitions',
      items: [
        { term: 'term', inline: [{ kind: 'text', text: 'What it means.' }] },
        { term: 'other', inline: [{ kind: 'text', text: 'More.' }] },
      ],
    },
    { kind: 'slot', name: 'table', argument: 'rpt_b' },
    { kind: 'paragraph', inline: [{ kind: 'value', table: 'rpt_a', column: 'm', isStrong: false }, { kind: 'text', text: ' opens a paragraph.' }] },
  ]);
});

test('strong values, code and HTML, which is text', () => {
  expect(parseMarkdown('**{{value rpt_a.n}}** `a*b*` <b>no</b> *so*')).toEqual([
    {
      kind: 'paragraph',
      inline: [
        { kind: 'value', table: 'rpt_a', column: 'n', isStrong: true },
        { kind: 'text', text: ' ' },
        { kind: 'code', text: 'a*b*' },
        { kind: 'text', text: ' <b>no</b> ' },
        { kind: 'emphasis', text: 'so' },
      ],
    },
  ]);
});

test('what the prose names can be listed', () => {
  const blocks = parseMarkdown(TEXT);
  expect(tablesNamed(blocks)).toEqual([
    { table: 'rpt_a', column: 'n' },
    { table: 'rpt_b', column: null },
    { table: 'rpt_a', column: 'm' },
  ]);
  expect(termsDefined(blocks)).toEqual(['term', 'other']);
});

test.each([
  ['# Title', /line 1: a heading of level 1/],
  ['text\n\n{{table rpt_a', /line 3: .* is no slot/],
])('%j is refused with its line', (text, message) => {
  expect(() => parseMarkdown(text)).toThrow(message);
});
