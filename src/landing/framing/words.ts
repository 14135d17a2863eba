/** Quoting hostile text in reasons and messages. */

/** Longest stretch of delivered text in a reason, in characters. */
const LONGEST_QUOTE = 60;

/** A stretch of delivered text, in double quotes, cut at 60 characters, everything but printable ASCII and letters escaped. */
export function quoted(text: string): string {
  const cut = [...text.slice(0, LONGEST_QUOTE * 2)].slice(0, LONGEST_QUOTE).join('');
  const safe = cut.replace(/[^\p{L}\p{N}\x20-\x21\x23-\x5b\x5d-\x7e]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  return cut.length < text.length ? `"${safe}…"` : `"${safe}"`;
}

/** Up to five names, quoted. */
export function quotedNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).map(quoted).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
