/**
 * Retry-After, as RFC 9110 §10.2.3 has it: whole seconds, or an HTTP date in one of its three forms (§5.6.7). Anything else is no word.
 */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)';
const FORMS = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
];

/**
 * How long a service asks to be left alone.
 * @param value of the header; null where there is none
 * @returns milliseconds from `now`, 0 for a date that is past; undefined where the header is missing or says nothing
 */
export function retryAfterMs(value: string | null, now: Date): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER / 1000) * 1000;
  const at = httpDate(text, now);
  return at === undefined ? undefined : Math.max(0, at - now.getTime());
}

/** Milliseconds since 1970 of an HTTP date. Date.parse would also take `-5` and `1.5` for dates. */
function httpDate(text: string, now: Date): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (!parts) continue;
    const { year = '', month = '', day = '', hour = '', minute = '', second = '' } = parts;
    const at = Date.UTC(fullYear(Number(year), year.length, now), MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second));
    // 31 Feb would become a day in March.
    return new Date(at).getUTCMonth() === MONTHS.indexOf(month) ? at : undefined;
  }
  return undefined;
}

/** Two digits that would lie more than fifty years ahead are of the century before (RFC 9110 §5.6.7). */
function fullYear(year: number, digits: number, now: Date): number {
  if (digits === 4) return year;
  const here = now.getUTCFullYear() - (now.getUTCFullYear() % 100) + year;
  return here > now.getUTCFullYear() + 50 ? here - 100 : here;
}
