/**
 * The HTML part of a mail.
 */
import type { Alert, AlertSeverity } from './alert.ts';
import { alertParts, contextLine, headline, plainLine, type Part } from './_parts.ts';

const COLOUR: Readonly<Record<AlertSeverity, string>> = { critical: '#b3261e', high: '#b3261e', medium: '#8a5a00', low: '#4a5568' };

function escaped(text: string): string {
  return plainLine(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&#39;');
}

/**
 * The page: no scripts, images or remote content; tables and inline styles, as mail programs know them.
 * @param shown its parts, where not all of them are to be there
 */
export function emailHtml(alert: Alert, shown: readonly Part[] = alertParts(alert)): string {
  const colour = colourOf(alert);
  const parts = shown.map(({ kind, title, lines }) => {
    const isCode = kind === 'go_on' || kind === 'evidence';
    const text = lines.map((line) => `<div style="margin:2px 0;${isCode ? 'font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px;' : ''}overflow-wrap:anywhere">${escaped(line)}</div>`).join('');
    return `<tr><td style="padding:10px 20px 0"><div style="font-size:12px;font-weight:600;text-transform:uppercase;letter-spacing:.04em;opacity:.7">${escaped(title)}</div>${text}</td></tr>`;
  });
  const link = alert.link === null ? '' : `<tr><td style="padding:16px 20px 0"><a href="${escaped(alert.link)}" style="color:${colour};font-weight:600">Read on</a></td></tr>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>${escaped(headline(alert))}</title></head>`
    + `<body style="margin:0;padding:16px;font-family:system-ui,-apple-system,Segoe UI,Roboto,sans-serif;font-size:15px;line-height:1.45">`
    + `<table role="presentation" width="100%" style="max-width:640px;margin:0 auto;border:1px solid rgba(128,128,128,.35);border-top:4px solid ${colour};border-radius:6px;border-spacing:0">`
    + `<tr><td style="padding:18px 20px 0"><div style="font-size:18px;font-weight:650;overflow-wrap:anywhere">${escaped(headline(alert))}</div><div style="margin-top:4px;font-size:13px;opacity:.75">${escaped(contextLine(alert))}</div></td></tr>`
    + `\n${parts.join('\n')}${link}\n<tr><td style="padding:16px 20px 18px;font-size:12px;opacity:.6">Sent by whoran. Times are UTC.</td></tr></table></body></html>`;
}

/** Green is for what is over by itself or by somebody's work; what was suppressed may go on. */
function colourOf({ notice, severity, findings }: Alert): string {
  if (notice !== 'resolved') return COLOUR[severity];
  return findings.some(({ status }) => status === 'suppressed') ? COLOUR.low : '#1b6e3c';
}
