/**
 * What is wrong with a bundle: one fault says in which file, what was expected there, and what was found.
 */

export interface Fault {
  /** Path inside the bundle, with the line where there is one: `records/cloudtrail.jsonl:17`. */
  readonly file: string;
  readonly expected: string;
  readonly found: string;
}

/** So many faults are listed; a bundle of which nothing holds has one a line. The rest is counted. */
const LISTED = 200;

/** Collects faults. Texts are made harmless here, so that whoever collects need not think of it. */
export class Faults {
  readonly listed: Fault[] = [];
  count = 0;

  add(file: string, expected: string, found: string): void {
    this.count += 1;
    if (this.listed.length < LISTED) this.listed.push({ file: shown(file), expected: shown(expected, 400), found: shown(found, 400) });
  }
}

/** Thrown where a file cannot be read any further; caught by `verifyBundle`, which makes a fault of it. */
export class Unreadable extends Error {
  readonly file: string;
  readonly expected: string;
  readonly found: string;

  constructor(file: string, expected: string, found: string) {
    super(`${file}: expected ${expected}, found ${found}`);
    this.file = file;
    this.expected = expected;
    this.found = found;
  }
}

/** All but visible ASCII and the space: a bundle may come from anybody, and what is printed must not act on a terminal or hide. */
const NOT_PLAIN = /[^\x20-\x7e]/gu;

/** `text` with all but plain ASCII as escapes, cut after `limit` characters. */
export function shown(text: string, limit = 200): string {
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return cut.replace(NOT_PLAIN, (character) => (character === '…' ? '...' : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`));
}
