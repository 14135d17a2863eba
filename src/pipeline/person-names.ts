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
const CONTROL: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

/** Where AWS writes a session's name or source identity; a plain word there may be anybody's elsewhere. */
const SESSION_PLACES = '(?:assumed-role/[^/"\\s]{1,128}/|federated-user/|(?:rolesessionname|sourceidentity)"?\\s*[:=]\\s*"?|(?:principalid|assumedroleid|federateduserid)"?\\s*[:=]\\s*"?[^":,\\s]{1,128}:)';

/** Tells whether bytes name one person. */
export class PersonNames {
  readonly #pattern: RegExp | undefined;

  constructor(names: readonly PersonName[]) {
    const of = (wanted: (name: PersonName) => boolean): string[] => [...new Set(names.filter(wanted).map(({ text }) => literal(text.toLowerCase())))];
    const isOfSession = ({ kind, text }: PersonName): boolean => (kind === 'session_name' || kind === 'source_identity') && !text.includes('@');
    const isId = ({ kind }: PersonName): boolean => kind === 'object_id' || kind === 'subject';
    const parts = [
      // Random enough to be found anywhere.
      alternatives(of(isId), '', ''),
      alternatives(of((name) => !isId(name) && !isOfSession(name)), '(?<![\\p{L}\\p{N}_.+-])', '(?![\\p{L}\\p{N}_]|[.-][\\p{L}\\p{N}])'),
      alternatives(of(isOfSession), SESSION_PLACES, '(?![\\p{L}\\p{N}_+=,.@-])'),
    ].filter((part) => part !== '');
    this.#pattern = parts.length === 0 ? undefined : new RegExp(parts.join('|'), 'u');
  }

  /** Whether the bytes hold a name as it stands, in any case, or once escapes of JSON or URLs are read. Not within what is encoded otherwise. */
  areIn(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      if (this.#isIn(bytes.toString('utf8', Math.max(0, at - OVERLAP_BYTES), at + PIECE_BYTES).toLowerCase())) return true;
    }
    return false;
  }

  #isIn(whole: string): boolean {
    let text = whole;
    for (let layer = 0; layer <= LAYERS; layer += 1) {
      if (this.#pattern?.test(text) === true || (text.includes('%') && this.#pattern?.test(percentDecoded(text)) === true)) return true;
      if (!text.includes('\\')) return false;
      text = text.replace(/\\(?:u([0-9a-f]{4})|(.))/g, (_, hex?: string, one?: string) => (hex === undefined ? (CONTROL[one ?? ''] ?? one ?? '') : String.fromCharCode(parseInt(hex, 16)).toLowerCase()));
    }
    return false;
  }
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
