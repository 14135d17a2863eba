/**
 * An alert as plain text, for e-mail and SNS: no control characters but line breaks of ours.
 */
import type { Alert } from './alert.ts';
import { alertParts, contextLine, headline, type Part } from './_parts.ts';

/** The alert. @param shown its parts, where not all of them are to be there */
export function plainText(alert: Alert, shown: readonly Part[] = alertParts(alert)): string {
  const parts = shown.flatMap(({ title, lines }) => ['', `${title}:`, ...lines.map((line) => `  ${line}`)]);
  return [headline(alert), contextLine(alert), ...parts, ...(alert.link === null ? [] : ['', `Read on: ${alert.link}`]), ''].join('\n');
}
