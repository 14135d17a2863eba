/**
 * An alert as plain text, for e-mail and SNS: no control characters but line breaks of ours.
 */
import type { Alert } from './alert.ts';
import { alertParts, contextLine, headline } from './_parts.ts';

/** The whole alert. */
export function plainText(alert: Alert): string {
  const parts = alertParts(alert).flatMap(({ title, lines }) => ['', `${title}:`, ...lines.map((line) => `  ${line}`)]);
  return [headline(alert), contextLine(alert), ...parts, ...(alert.link === null ? [] : ['', `Read on: ${alert.link}`]), ''].join('\n');
}
