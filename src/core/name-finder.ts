/**
 * Finds known names in any text, whatever their case, as whole words: `alice` in `role/x/alice` and in `alice_dev`, not in `malice`. Where a
 * script writes no spaces between words, each of its characters is a word. One pass over the text, however many names there are.
 */

/** Scripts without spaces between words, and Hangul, where endings follow a name without one. */
const UNSPACED = '\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Hang}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmr}\\p{sc=Mymr}';
// As text: the compiler takes the flag `v` for later than what it is told to make.
const WORD = new RegExp(`[${UNSPACED}]|[[\\p{L}\\p{N}]--[${UNSPACED}]]+`, 'gv');
const SPACED = new RegExp(`[[\\p{L}\\p{N}]--[${UNSPACED}]]`, 'v');
const HAS_UNSPACED = new RegExp(`[${UNSPACED}]`, 'v');

/** Where a name lies around its first word. */
interface Shape {
  /** Where its first word begins in it. */
  readonly offset: number;
  readonly length: number;
}

export interface FoundName {
  readonly start: number;
  readonly end: number;
  /** What stands for the name. */
  readonly value: string;
}

/** In lower case, character by character, so that places stay the same. */
export function folded(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return lower;
  return Array.from(text, (unit) => (unit.toLowerCase().length === unit.length ? unit.toLowerCase() : unit)).join('');
}

/** Whether a script without spaces stands in a text: there a whole name may have two characters. */
export function isUnspaced(text: string): boolean {
  return HAS_UNSPACED.test(text);
}

export class NameFinder {
  /** Of names by their first word, the longest first: thousands of sessions are called `botocore-session-` and a number, in a few lengths. */
  readonly #shapes = new Map<string, Shape[]>();
  readonly #values = new Map<string, string>();

  /** @param names each name with what stands for it; those without letter or digit cannot be told from punctuation, and are left out */
  constructor(names: Iterable<readonly [name: string, value: string]>) {
    for (const [name, value] of names) {
      const text = folded(name);
      const word = new RegExp(WORD).exec(text);
      if (!word || this.#values.has(text)) continue;
      this.#values.set(text, value);
      const shapes = this.#shapes.get(word[0]) ?? [];
      this.#shapes.set(word[0], shapes);
      if (!shapes.some(({ offset, length }) => offset === word.index && length === text.length)) shapes.push({ offset: word.index, length: text.length });
    }
    for (const list of this.#shapes.values()) list.sort((a, b) => b.length - a.length || a.offset - b.offset);
  }

  /** The names in a text, none over another, from left to right. */
  *in(text: string): Generator<FoundName> {
    const lower = folded(text);
    let done = 0;
    for (const word of lower.matchAll(WORD)) {
      for (const { offset, length } of this.#shapes.get(word[0]) ?? []) {
        const start = word.index - offset;
        const end = start + length;
        if (start < done || end > lower.length) continue;
        const value = this.#values.get(lower.slice(start, end));
        if (value === undefined || isWithin(lower, end)) continue;
        yield { start, end, value };
        done = end;
        break;
      }
    }
  }

  /** The text with each name replaced; the text itself where it holds none. */
  replace(text: string): string {
    let result = '';
    let done = 0;
    for (const { start, end, value } of this.in(text)) {
      result += text.slice(done, start) + value;
      done = end;
    }
    return done === 0 ? text : result + text.slice(done);
  }

  /** The first name in a text, as it stands there. */
  first(text: string): string | undefined {
    for (const { start, end } of this.in(text)) return text.slice(start, end);
    return undefined;
  }
}

/** Whether a name that ends at `end` ends within a word. */
function isWithin(text: string, end: number): boolean {
  const [next] = text.slice(end, end + 2);
  const [last] = text.slice(end - 1, end);
  return next !== undefined && SPACED.test(next) && last !== undefined && SPACED.test(last);
}
