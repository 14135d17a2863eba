/**
 * An alert as plain text, for e-mail and SNS: no control characters but line breaks of ours.
 */
import type { Alert } from './alert.ts';
import { alertParts, contextLine } from './_parts.ts';

/** One line of plain text: what would move a cursor, hide or turn text is shown as its code. */
export function plainLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** The whole alert. */
export function plainText(alert: Alert): string {
  const parts = alertParts(alert).flatMap(({ title, lines }) => ['', `${title}:`, ...lines.map((line) => `  ${plainLine(line)}`)]);
  return [plainLine(alert.title), plainLine(contextLine(alert)), ...parts, ...(alert.link === null ? [] : ['', `Read on: ${alert.link}`]), ''].join('\n');
}
