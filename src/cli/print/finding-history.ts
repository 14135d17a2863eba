/**
 * One finding and its history as a person reads them.
 */
import type { FindingHistory, HistoryEntry } from '../../answers/finding-history.ts';
import { inert } from '../../core/inert.ts';
import type { Page } from './answer.ts';
import { wrapped } from './width.ts';

/** The lines of `alerts show`, each at most `columns` wide. */
export function historyLines({ finding, history }: FindingHistory, { style, columns }: Page): string[] {
  const { who, subject, evidence } = finding;
  const facts: readonly (readonly [string, string | null])[] = [
    ['id', finding.id],
    ['status', `${finding.status}${finding.opening > 1 ? `, opening ${finding.opening}` : ''}${finding.status_since === null ? '' : ` since ${finding.status_since}`}`],
    ['occurred', finding.occurred_at],
    ['about', `${subject.kind} ${subject.id}`],
    ['who', who.object_id === null && who.name === null ? who.kind : `${who.name ?? 'unnamed'} (${who.kind ?? 'unknown'}${who.object_id === null ? '' : `, object id ${who.object_id}`})`],
    ['role', finding.role_arn],
    ['account', finding.account_id],
    ['cluster', finding.cluster],
    ['team', finding.team],
    ['assigned to', finding.assignee],
    ['reason', finding.reason],
    ['controls', finding.controls.join(', ')],
  ];
  return [
    `${style.bold(inert(finding.detection))}  ${finding.severity}`,
    ...wrapped(inert(finding.summary, 600), columns, { isWhole: true }),
    '',
    ...facts.flatMap(([name, value]) => (value === null || value === '' ? [] : [`  ${name.padEnd(12)} ${inert(value, 300)}`])),
    '',
    `Evidence${evidence.length === 0 ? ': none landed any more' : ''}`,
    ...evidence.map((proof) => `  ${proof.source}  ${inert(proof.record_id, 120)}  sha256 ${proof.sha256}`),
    '',
    `History${history.length === 0 ? ': no run has recorded it, and nobody has decided anything' : ''}`,
    ...history.flatMap((entry) => wrapped(`${entry.at}  ${entryText(entry)}`, columns - 2).map((line) => `  ${line}`)),
    '',
    style.dim('Times are UTC.'),
  ];
}

const CAUSES: Readonly<Record<string, string>> = {
  found: 'found',
  settled: 'settled: no record that may still come can end it',
  unsettled: 'provisional again: a source is less complete than it was',
  gone: 'over by itself: its condition holds no longer',
  found_again: 'found again',
  evidence_added: 'found again: there are records that were not there when it was resolved',
};

function entryText({ kind, what, detail, by, reason, until_at: until }: HistoryEntry): string {
  const why = reason === null ? '' : `: ${inert(reason, 400)}`;
  if (kind === 'change') return `${what} (${CAUSES[detail ?? ''] ?? inert(detail ?? '')})`;
  if (kind === 'decision') return `${what}${detail === null ? '' : ` ${inert(detail)}`}${until === null ? '' : ` until ${until}`} by ${inert(by ?? '')}${why}`;
  return `message "${what}" to ${inert(by ?? '')}: ${detail ?? ''}${until === null ? '' : `, tried again after ${until}`}${why}`;
}
