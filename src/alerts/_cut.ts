/**
 * Cutting text to a length without cutting anything in half: no surrogate pair, and none of the escapes that stand for one character
 * (`\u{202e}` of `plainLine`, `&amp;` of mrkdwn and HTML).
 */

const ESCAPE = /\\u\{[0-9a-f]{1,6}\}|&(?:amp|lt|gt|quot|#39);/y;
/** `\u{10ffff}` */
const LONGEST_ESCAPE = 10;

/**
 * `text`, or its beginning and `…`.
 * @param most UTF-16 code units, the `…` among them: never fewer than the characters that services count
 */
export function cutText(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, placeToCut(text, Math.max(0, most - 1)))}…`;
}

/** The last place up to `at` (code units) where nothing is cut in half. */
export function placeToCut(text: string, at: number): number {
  for (let start = Math.max(0, at - LONGEST_ESCAPE + 1); start < at; start += 1) {
    ESCAPE.lastIndex = start;
    if (ESCAPE.test(text) && ESCAPE.lastIndex > at) return start;
  }
  const isPair = /[\ud800-\udbff]/.test(text.charAt(at - 1)) && /[\udc00-\udfff]/.test(text.charAt(at));
  return isPair ? at - 1 : at;
}
