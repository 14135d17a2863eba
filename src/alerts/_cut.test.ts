import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutText, placeToCut } from './_cut.ts';
import { plainLine } from './_parts.ts';
import { inertMrkdwn } from './slack.ts';

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['a😀b', 3, 'a…'],
  ['😀😀', 3, '😀…'],
  ['a\\u{202e}b', 6, 'a…'],
  ['a\\u{202e}b', 10, 'a\\u{202e}b'],
  ['a\\u{202e}bc', 10, 'a\\u{202e}…'],
  ['R&amp;D!', 5, 'R…'],
  ['R&amp;D!', 7, 'R&amp;…'],
  ['\\u{not one}', 5, '\\u{n…'],
  ['ab', 1, '…'],
  ['ab', 0, '…'],
])('%j in %i is %j', (text, most, cut) => {
  expect(cutText(text, most)).toBe(cut);
});

test('whatever the text and the length: a beginning of it, and what is escaped is whole', () => {
  const text = fc.array(fc.constantFrom('a', '\\', 'u', '{', '}', '&', '<', '😀', '\u202e', '\n', '2', 'amp;'), { maxLength: 40 }).map((pieces) => pieces.join(''));
  fc.assert(fc.property(text, fc.nat(60), fc.constantFrom(plainLine, inertMrkdwn), (raw, at, escape) => {
    const escaped = escape(raw);
    const place = placeToCut(escaped, Math.min(at, escaped.length));
    const head = escaped.slice(0, place);
    expect(place).toBeGreaterThanOrEqual(Math.min(at, escaped.length) - 10);
    expect(head).not.toMatch(/\p{Cs}/u);
    // Every escape that begins in what is kept also ends there.
    const starts = [...escaped.matchAll(/\\u\{[0-9a-f]{1,6}\}|&(?:amp|lt|gt|quot|#39);/g)].filter(({ index }) => index < place);
    for (const found of starts) expect(found.index + found[0].length).toBeLessThanOrEqual(place);
  }), { numRuns: 500, seed: 20_260_115 });
});
