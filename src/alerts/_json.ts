/**
 * JSON that every reader takes, whatever a record holds.
 */

/**
 * `value` as JSON. Half a surrogate pair becomes U+FFFD: JSON.stringify would write it as an escape that strict readers refuse, so a record
 * could keep an alert from being read. Line separators of Unicode are escaped: they break a line for some readers.
 * @throws TypeError where the value holds a cycle or a bigint
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'string' ? wellFormed(one) : one)).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** Text without halves of surrogate pairs: in their place U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '\uFFFD');
}
