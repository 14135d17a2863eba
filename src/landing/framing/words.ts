/** Quoting hostile text in reasons. */
import { inert } from '../../core/inert.ts';

/** Longest stretch of delivered text in a reason, in characters. */
const LONGEST_QUOTE = 60;
const MOST_NAMES = 5;

/** A stretch of delivered text in double quotes, harmless to look at and cut at 60 characters. */
export function quoted(text: string): string {
  return `"${inert(text, LONGEST_QUOTE)}"`;
}

/** Up to five names, quoted; `none` for none. */
export function quotedNames(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, MOST_NAMES).map(quoted).join(', ');
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}
