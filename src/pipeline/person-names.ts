/**
 * What a person is called in records, and whether bytes hold it. Stricter than what holds look for (`Names`): a hold may keep too much, and an
 * erasure must not take the records of somebody whose name begins in the same way.
 */

export type NameKind = 'object_id' | 'user_principal_name' | 'display_name' | 'subject' | 'session_name' | 'source_identity' | 'given';

export interface PersonName {
  readonly kind: NameKind;
  readonly text: string;
}

/** Bytes are looked through in pieces of this size; a name stands within the overlap of two. */
const PIECE_BYTES = 16 * 1024 * 1024;
const OVERLAP_BYTES = 4096;
/** A record may stand as a string in a string: each reading takes one layer of escapes off. */
const LAYERS = 4;
/** Text in base64 or base64url, long enough to hold a name; a JWT's parts stand apart by their dots. */
const BASE64 = /[A-Za-z0-9+/_-]{12,}/g;
/** Bytes that only look like base64 decode to anything: shorter names would be found in them by chance. */
const LEAST_ENCODED = 8;
/** The two signs of base64 as JSON, URLs and base64url write them. */
const SLASH = '(?:\\\\*/|_|%2[fF]|\\\\+u002[fF])';
const PLUS = '(?:\\+|-|%2[bB]|\\\\+u002[bB])';
/** So much around what may be an encoded name is decoded. */
const AROUND = 512;
const CONTROL: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

/** Where AWS writes a session's name or source identity; a plain word there may be anybody's elsewhere. */
const SESSION_PLACES = '(?:assumed-role/[^/"\\s]{1,128}/|federated-user/|(?:rolesessionname|sourceidentity)"?\\s*[:=]\\s*"?|(?:principalid|assumedroleid|federateduserid)"?\\s*[:=]\\s*"?[^":,\\s]{1,128}:)';

/** Tells whether bytes name one person. */
export class PersonNames {
  readonly #pattern: RegExp | undefined;
  readonly #encoded: RegExp | undefined;
  readonly #needles: RegExp | undefined;

  constructor(names: readonly PersonName[]) {
    const of = (wanted: (name: PersonName) => boolean): string[] => [...new Set(names.filter(wanted).map(({ text }) => literal(text.toLowerCase())))];
    const isOfSession = ({ kind, text }: PersonName): boolean => (kind === 'session_name' || kind === 'source_identity') && !text.includes('@');
    const isId = ({ kind }: PersonName): boolean => kind === 'object_id' || kind === 'subject';
    const patternOf = (isWanted: (name: PersonName) => boolean): RegExp | undefined => {
      const parts = [
        // Random enough to be found anywhere.
        alternatives(of((name) => isWanted(name) && isId(name)), '', ''),
        alternatives(of((name) => isWanted(name) && !isId(name) && !isOfSession(name)), '(?<![\\p{L}\\p{N}_.+-])', '(?![\\p{L}\\p{N}_]|[.-][\\p{L}\\p{N}])'),
        alternatives(of((name) => isWanted(name) && isOfSession(name)), SESSION_PLACES, '(?![\\p{L}\\p{N}_+=,.@-])'),
      ].filter((part) => part !== '');
      return parts.length === 0 ? undefined : new RegExp(parts.join('|'), 'u');
    };
    this.#pattern = patternOf(() => true);
    const isLong = ({ text }: PersonName): boolean => text.length >= LEAST_ENCODED;
    this.#encoded = patternOf(isLong);
    const needles = [...new Set(names.filter(isLong).flatMap(({ text }) => base64Needles(text.toLowerCase())))];
    this.#needles = needles.length === 0 ? undefined : new RegExp(needles.join('|'), 'g');
  }

  /**
   * Whether the bytes hold a name as it stands, in any case, once escapes of JSON or URLs are read, or within base64 (a JWT's body). Not within what
   * is packed, encoded twice, or encoded otherwise.
   */
  areIn(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.toString('utf8', Math.max(0, at - OVERLAP_BYTES), at + PIECE_BYTES);
      if (this.#isIn(piece.toLowerCase()) || this.#isEncodedIn(piece)) return true;
    }
    return false;
  }

  #isEncodedIn(piece: string): boolean {
    if (!this.#needles) return false;
    for (const { index, 0: found } of piece.matchAll(this.#needles)) {
      // JSON may escape what base64 has, and a URL does.
      const around = piece.slice(Math.max(0, index - AROUND), index + found.length + AROUND).replace(/\\+\/|%2f|\\+u002f/gi, '/').replace(/%2b|\\+u002b/gi, '+');
      if (this.#isIn(base64Decoded(around), this.#encoded)) return true;
    }
    return false;
  }

  #isIn(whole: string, pattern = this.#pattern): boolean {
    let text = whole;
    for (let layer = 0; layer <= LAYERS; layer += 1) {
      if (pattern?.test(text) === true || (text.includes('%') && pattern?.test(percentDecoded(text)) === true)) return true;
      if (!text.includes('\\')) return false;
      text = text.replace(/\\(?:u([0-9a-f]{4})|(.))/g, (_, hex?: string, one?: string) => (hex === undefined ? (CONTROL[one ?? ''] ?? one ?? '') : String.fromCharCode(parseInt(hex, 16)).toLowerCase()));
    }
    return false;
  }
}

/**
 * What base64 holds where a text is encoded, for each of the three places in a group of three bytes at which it may begin, without the groups that it
 * shares with what stands around it; in any case of its letters.
 */
function base64Needles(text: string): string[] {
  const bytes = [...Buffer.from(text)].map((byte) => (byte >= 0x61 && byte <= 0x7a ? [byte, byte - 0x20] : [byte]));
  return [0, 1, 2].map((skipped) => {
    const groups: string[] = [];
    for (let at = skipped; at + 3 <= bytes.length; at += 3) {
      const [first = [], second = [], third = []] = bytes.slice(at, at + 3);
      const all = first.flatMap((one) => second.flatMap((two) => third.map((three) => Buffer.from([one, two, three]).toString('base64'))));
      groups.push(`(?:${[...new Set(all)].map((four) => four.replaceAll('/', SLASH).replaceAll('+', PLUS)).join('|')})`);
    }
    return groups.join('');
  });
}

/** What texts in base64 say, one a line: from each of four places, since what stands before may look like its beginning. */
function base64Decoded(text: string): string {
  const said: string[] = [];
  for (const [run] of text.matchAll(BASE64)) for (let from = 0; from < 4; from += 1) said.push(Buffer.from(run.slice(from), 'base64').toString('utf8'));
  return said.join('\n').toLowerCase();
}

function alternatives(texts: readonly string[], before: string, after: string): string {
  return texts.length === 0 ? '' : `${before}(?:${texts.join('|')})${after}`;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function percentDecoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8').toLowerCase());
}
