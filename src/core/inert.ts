/**
 * Making text out of a record harmless to look at: no control character, no terminal escape, no bidirectional override,
 * nothing invisible, no line break of its own.
 */

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Controls, formats (bidi, zero width), line and paragraph separators, lone surrogates, private use and unassigned code
 * points, and everything that Unicode says may be left undrawn. */
const NOT_INERT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu;

function escapeCharacter(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/**
 * `text` with every character that could act, hide or mislead shown as an escape, cut with `…` after `limit` characters.
 * What comes out is safe in a terminal, a log line and a chat; it isn't escaped for HTML or CSV.
 */
export function inert(text: string, limit = 200): string {
  const shown = Array.from(text.slice(0, limit * 2 + 2));
  const kept = shown.length > limit ? [...shown.slice(0, limit - 1), '…'] : shown;
  return kept.join('').replace(NOT_INERT, escapeCharacter);
}

/**
 * JSON whose bytes are as harmless as `inert` text: characters that JSON may hold raw (bidi overrides, zero widths, C1
 * controls) stand as `\uXXXX`, so a parser reads the same values. `indent` as in `JSON.stringify`.
 */
export function inertJson(value: unknown, indent = 2): string {
  const json = JSON.stringify(value, null, indent);
  return json.replace(NOT_INERT, (character) =>
    character === '\n' ? character : character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
