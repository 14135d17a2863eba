/**
 * Finds known names in any text, whatever their case, as whole words: `alice` in `role/x/alice` and in `alice_dev`, not in `malice`. One
 * pass over the text, however many names there are.
 */

const WORD = /[\p{L}\p{N}]+/gu;
const LETTER = /[\p{L}\p{N}]/u;

interface Name {
  readonly folded: string;
  /** Where its first word begins in it. */
  readonly offset: number;
  readonly value: string;
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

export class NameFinder {
  /** By first word, the longest name first. */
  readonly #names = new Map<string, Name[]>();

  /** @param names each name with what stands for it; those without letter or digit cannot be told from punctuation, and are left out */
  constructor(names: Iterable<readonly [name: string, value: string]>) {
    for (const [name, value] of names) {
      const text = folded(name);
      const word = new RegExp(WORD).exec(text);
      if (!word) continue;
      this.#names.set(word[0], [...(this.#names.get(word[0]) ?? []), { folded: text, offset: word.index, value }]);
    }
    for (const list of this.#names.values()) list.sort((a, b) => b.folded.length - a.folded.length);
  }

  /** The names in a text, none over another, from left to right. */
  *in(text: string): Generator<FoundName> {
    const lower = folded(text);
    let done = 0;
    for (const word of lower.matchAll(WORD)) {
      for (const name of this.#names.get(word[0]) ?? []) {
        const start = word.index - name.offset;
        const end = start + name.folded.length;
        if (start < done || !lower.startsWith(name.folded, start) || isWithin(lower, end)) continue;
        yield { start, end, value: name.value };
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
  return next !== undefined && LETTER.test(next) && last !== undefined && LETTER.test(last);
}
