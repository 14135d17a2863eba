/**
 * Findings as a person reads them: one paragraph each, the most severe first.
 */
import type { Finding, FindingsDocument } from '../../answers/findings.ts';
import { inert } from '../../core/inert.ts';
import type { HeldBack } from '../../pipeline/held-back.ts';
import type { Page } from './answer.ts';
import { wrapped } from './width.ts';

const SEVERITY_ORDER = ['critical', 'high', 'medium', 'low'] as const;

/** Findings with what the command knows besides; `known_at` where they are of an earlier time. */
export type ListedFindings = FindingsDocument & { readonly held_back?: readonly HeldBack[]; readonly known_at?: string };

/** The lines of the findings, each at most `columns` wide. */
export function findingsLines(document: ListedFindings, page: Page): string[] {
  const { findings } = document;
  const sorted = SEVERITY_ORDER.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
  const counts = SEVERITY_ORDER.map((severity) => [severity, findings.filter((finding) => finding.severity === severity).length] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => `${count} ${severity}`);
  const lead = findings.length === 0 ? 'No findings.' : `${findings.length} finding${findings.length === 1 ? '' : 's'}: ${counts.join(', ')}.`;
  return [page.style.bold(lead), ...statusLine(document, page), ...heldLines(document, page), ...sorted.flatMap((finding) => findingLines(finding, page)), '', page.style.dim(`As of ${inert(document.as_of ?? 'nothing landed')}${document.known_at === undefined ? '' : `, as known at ${document.known_at}`}. Times are UTC.`)];
}

/** How many have each status, also those that are not listed: nothing is hidden without a word. */
function statusLine({ counts, findings }: FindingsDocument, page: Page): string[] {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  if (some.length === 0) return [];
  const total = some.reduce((sum, [, count]) => sum + count, 0);
  const more = total > findings.length ? ` ${total - findings.length} not listed here: --all, or --status.` : '';
  const provisional = counts.provisional > 0 ? ' Provisional ones may still vanish, and are told to nobody.' : '';
  return wrapped(`${some.map(([status, count]) => `${count} ${status}`).join(', ')}.${more}${provisional}`, page.columns).map((line) => page.style.dim(line));
}

/** What is open, of all times and detections, and not told now. */
function heldLines({ held_back: held = [] }: ListedFindings, page: Page): string[] {
  return held.flatMap(({ why, findings, channels }) => wrapped(`Held back: ${findings} finding${findings === 1 ? '' : 's'} for ${channels.map((channel) => inert(channel)).join(', ')}: ${inert(why, 300)}.`, page.columns)).map((line) => page.style.fair(line));
}

function findingLines(finding: Finding, { style, columns }: Page): string[] {
  const colour = { critical: style.poor, high: style.poor, medium: style.fair, low: style.dim }[finding.severity];
  const status = finding.status === 'open' ? '' : ` (${finding.status})`;
  const id = inert(finding.subject.kind === 'task' ? finding.subject.id.slice(finding.subject.id.lastIndexOf('/') + 1) : finding.subject.id, 120);
  const evidence = finding.evidence.length === 0 ? '' : `, ${finding.evidence.length} record${finding.evidence.length === 1 ? '' : 's'} of evidence`;
  return [
    '',
    `${colour(finding.severity)}  ${style.bold(inert(finding.detection))}${status}  ${inert(finding.occurred_at)}`,
    ...wrapped(inert(finding.summary, 400), columns - 2, { isWhole: true }).map((line) => `  ${line}`),
    ...wrapped(`${inert(finding.subject.kind)} ${id}${evidence}, finding ${inert(finding.id.slice(0, 12))}`, columns - 2).map((line) => style.dim(`  ${line}`)),
    ...decisionLines(finding, columns - 2).map((line) => style.dim(`  ${line}`)),
  ];
}

function decisionLines({ decision, status, assignee, team }: Finding, columns: number): string[] {
  const owner = [...(team === null ? [] : [`team ${inert(team)}`]), ...(assignee === null ? [] : [`assigned to ${inert(assignee)}`])];
  const untilAt = decision?.until ?? null;
  const until = untilAt === null ? '' : ` until ${untilAt}`;
  const word = decision === null ? [] : [`${status}${inert(until)} by ${inert(decision.by)}${decision.is_exception ? ' (exception in the configuration)' : ''}: ${inert(decision.reason ?? '', 300)}`];
  return [...owner, ...word].flatMap((text) => wrapped(text, columns));
}
