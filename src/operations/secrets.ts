/**
 * Blanking what looks like a secret in text that a library or a service wrote, before it reaches a log, a record or a terminal.
 * The last line of defence: sources are not to put secrets into messages in the first place.
 */

/** What stands where a secret stood. */
export const HIDDEN = '[hidden]';

/** Variables whose values are secrets, by the words that their names are made of. */
const SECRET_VARIABLE = /SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|CONNECTION_STRING|EXTERNAL_?ID|DEAD_?MAN|_PAT$/i;
/** Shorter values are words that a message may hold by chance. */
const LEAST_SECRET = 8;

const NAMES =
  'authorization|client[_-]?secret|client[_-]?assertion|assertion|password|passwd|pwd|secret|secret[_-]?(?:access[_-]?)?key|sig|signature|credential|' +
  'access[_-]?token|refresh[_-]?token|id[_-]?token|session[_-]?token|security[_-]?token|next[_-]?token|page[_-]?token|skip[_-]?token|' +
  'external[_-]?id|api[_-]?key|x-amz-[a-z-]+|cookie|set-cookie';

/** In this order: what a later one would tear apart comes first. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // Whole schemes of an Authorization header, with what follows them.
  [/\b(Bearer|Basic|SharedKey|SharedAccessSignature|AWS4-HMAC-SHA256)\s+[^\s"'<>,]+(?:,\s*(?:SignedHeaders|Signature)=[^\s"'<>,]+)*/gi, `$1 ${HIDDEN}`],
  // A JWT: three parts of base64url, the first a JSON object.
  [/\beyJ[\w-]{4,}(?:\.[\w-]*){1,4}/g, HIDDEN],
  // What stands before the host, and after the path.
  [/(\bhttps?:\/\/)[^\s/@"'<>]+@/gi, `$1${HIDDEN}@`],
  [/(\bhttps?:\/\/[^\s?#"'<>]+)[?#][^\s"'<>]+/gi, `$1?${HIDDEN}`],
  // name=value and "name": "value", the name percent-encoded or with a dollar before it.
  [new RegExp(`((?:%24|\\$|\\b)(?:${NAMES})\\b["']?\\s*[=:]\\s*)("[^"]*"|'[^']*'|[^\\s"'&,;<>}]+)`, 'gi'), `$1${HIDDEN}`],
  // Words that also begin plain sentences ("token: expired") count only in the form of a query.
  [/(\b(?:token|code|key)=)[^\s"'&]+/gi, `$1${HIDDEN}`],
  // Nothing that people read is this long without a space, a dot or a dash: session tokens, assertions, skip tokens.
  [/[A-Za-z0-9+/=_]{100,}/g, HIDDEN],
];

export type Scrub = (text: string) => string;

/**
 * A function that blanks secrets: values of the environment's secret variables, those `known`, and what has a secret's form
 * (Authorization headers, JWTs, queries of URLs, named values, long runs of base64).
 * @param env the process's environment
 * @param known further secret values, for example a ping URL
 */
export function scrubber(env: Readonly<Record<string, string | undefined>>, known: readonly string[] = []): Scrub {
  const fromEnvironment = Object.entries(env).flatMap(([name, value]) => (value !== undefined && SECRET_VARIABLE.test(name) ? [value] : []));
  // The longest first: one may be part of another.
  const values = [...new Set([...known, ...fromEnvironment])].filter((value) => value.length >= LEAST_SECRET).sort((a, b) => b.length - a.length);
  return (text) => {
    const without = values.reduce((rest, value) => rest.replaceAll(value, HIDDEN), text);
    return PATTERNS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), without);
  };
}
