/**
 * Telling secrets that somebody wrote into a configuration file. Credentials come from the platform's default chain; what can't
 * (an external id, a URL with a key in it) comes from the environment, as `${NAME}`.
 */

/** Shapes that are secrets wherever they stand, comments included. */
const SHAPES: readonly (readonly [name: string, shape: RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['an AWS access key id', /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/],
  ['a token', /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}/],
  ['a bearer token', /\bbearer\s+[A-Za-z0-9._~+/=-]{16,}/i],
  // Entra's client secrets have `<digit>Q~` after three characters.
  ['a client secret of Entra', /(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}/],
  ['a signed URL', /[?&](?:sig|X-Amz-Signature)=[A-Za-z0-9%+/=_-]{16,}/i],
  ['a URL with a password', /\bhttps?:\/\/[^\s/@:]+:[^\s/@]+@/i],
];

/** Words in a key's name that say that its value is a secret. */
const SECRET_KEY = /secret|password|passwd|private_key|access_key|api_key|bearer|authorization|(?:^|_)token$/i;
/** Not secret to the service that made it, but nobody else's business: never shown. */
const UNSHOWN_KEY = /external_id|url$|routing_key/i;

/** What `text` looks like (`an AWS access key id`), or undefined where it looks like no secret. */
export function secretIn(text: string): string | undefined {
  return SHAPES.find(([, shape]) => shape.test(text))?.[0] ?? (isSecretAccessKey(text) ? 'an AWS secret access key' : undefined);
}

/** 40 characters of base64 with letters of both cases and digits, and nothing else: a path or a SHA-1 isn't. */
function isSecretAccessKey(text: string): boolean {
  return /^[A-Za-z0-9/+]{40}$/.test(text) && /[A-Z]/.test(text) && /[a-z]/.test(text) && /\d/.test(text);
}

/** Whether a key of this name is for a secret. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key);
}

/** Whether a message must not repeat the value of this key. */
export function isShown(key: string, value: string): boolean {
  return !isSecretKey(key) && !UNSHOWN_KEY.test(key) && secretIn(value) === undefined;
}
