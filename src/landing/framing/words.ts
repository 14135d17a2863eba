/** Quoting hostile text in reasons. */
import { inert } from '../../core/inert.ts';

/** Longest stretch of delivered text in a reason, in characters. */
const LONGEST_QUOTE = 60;
const MOST_NAMES = 5;

/** Base64, escaped or not: session tokens have hundreds of such characters in a row, names and ids fewer than this. */
const TOKEN_LIKE = /[\w+/=%\\-]{40,}/g;

/** A stretch of delivered text in double quotes, harmless to look at, cut at 60 characters, and no token. */
export function quoted(text: string): string {
  return `"${inert(text.replace(TOKEN_LIKE, '…'), LONGEST_QUOTE)}"`;
}

/** Up to five names, quoted; `none` for none. */
export function quotedNames(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, MOST_NAMES).map(quoted).join(', ');
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}
