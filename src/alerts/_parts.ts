/**
 * What every message for people says, in which order: plain data, so that each channel only has to make it look right and keep it inert.
 */
import type { Alert, AlertDigest, AlertFinding } from './alert.ts';

/** A heading and its lines; plain text, which may come from records. */
export interface Part {
  readonly title: string;
  readonly lines: readonly string[];
}

const LEADS = { fired: 'New', reminder: 'Still standing', acknowledged: 'Acknowledged', resolved: 'Over', digest: 'Summary', test: 'Test' } as const;

/** `New · high · session_without_sign_in · team data-platform`: the line under the title. */
export function contextLine({ notice, severity, findings, findings_total: total }: Alert): string {
  const [first] = findings;
  const parts = first ? [severity, first.detection, ...(first.account_id === null ? [] : [`account ${first.account_id}`]), ...(first.team === null ? [] : [`team ${first.team}`])] : [];
  return plainLine([LEADS[notice], ...parts, ...(total > 1 ? [`${total} findings`] : [])].join(' · '));
}

/** The parts of one finding: what, who and how sure, what changed, what is not known, evidence, first steps, how to go on. */
export function findingParts(finding: AlertFinding): Part[] {
  const { who, change, not_known: unknown, evidence, steps } = finding;
  return [
    { title: 'What happened', lines: [finding.what, `${finding.occurred_at}, ${finding.subject.kind} ${finding.subject.id}`] },
    ...(change === null ? [] : [{ title: 'What changed', lines: [`${change.reason} (${change.by}, ${change.at})`] }]),
    ...(who === null ? [] : [{ title: 'Who, how we know, how sure', lines: [who.sentence, `${who.confidence}${who.method === null ? '' : ` by ${who.method}`}; sign-in: ${who.sign_in_grade}`] }]),
    ...(unknown.length === 0 ? [] : [{ title: 'What is not known', lines: unknown }]),
    ...(evidence.length === 0 ? [] : [{ title: 'Evidence', lines: evidence.map(({ source, record_id, sha256 }) => `${source} ${record_id} sha256 ${sha256.slice(0, 16)}…`) }]),
    ...(steps.length === 0 ? [] : [{ title: 'First steps', lines: steps.map((step, index) => `${index + 1}. ${step}`) }]),
    { title: 'Go on with', lines: [finding.ask, `whoran alerts show ${finding.id.slice(0, 12)}`] },
  ];
}

/** The parts of a digest. */
export function digestParts(digest: AlertDigest): Part[] {
  const { critical, high, medium, low } = digest.standing;
  return [
    { title: 'Standing', lines: [`${critical} critical, ${high} high, ${medium} medium, ${low} low`] },
    { title: 'From a day before', lines: [`${digest.appeared} new, ${digest.resolved} over; ${digest.provisional} provisional (may still vanish, told to nobody), ${digest.suppressed} suppressed`] },
    ...(digest.held_back.length === 0 ? [] : [{ title: 'Held back', lines: digest.held_back }]),
    ...(digest.undelivered.length === 0 ? [] : [{ title: 'Not delivered', lines: digest.undelivered }]),
    { title: 'Complete through', lines: digest.sources.map(({ name, complete_through: through, note }) => `${name}: ${through ?? 'nothing'}${note === null ? '' : ` (${note})`}`) },
  ];
}

/** All parts of an alert in order, with how many findings are not shown. Each line is one line, whatever a record says. */
export function alertParts(alert: Alert): Part[] {
  const parts = alert.digest ? digestParts(alert.digest) : alert.findings.flatMap(findingParts);
  const more = alert.findings_total - alert.findings.length;
  const rest = more > 0 ? [{ title: 'More', lines: [`${more} more findings of this group: whoran findings${alert.notice === 'resolved' ? ' --all' : ''}`] }] : [];
  return [...parts, ...rest].map(({ title, lines }) => ({ title, lines: lines.map(plainLine) }));
}

/** The headline in one line; never empty, since services refuse that. */
export function headline({ title, notice }: Alert): string {
  const line = plainLine(title).trim();
  return line === '' ? LEADS[notice] : line;
}

/** One line of plain text: what would break it, move a cursor, hide or turn text is shown as its code. So no value can look like a part of ours. */
export function plainLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
