/**
 * What every message for people says, in which order: plain data, so that each channel only has to make it look right and keep it inert.
 */
import { leadOf, type Alert, type AlertDigest, type AlertFinding } from './alert.ts';

/** What a part is about: decides what stays where a service takes little. */
export type PartKind = 'what' | 'changed' | 'who' | 'unknown' | 'evidence' | 'steps' | 'go_on' | 'more' | 'digest' | 'left_out';

/** A heading and its lines; plain text, which may come from records. */
export interface Part {
  readonly kind: PartKind;
  readonly title: string;
  readonly lines: readonly string[];
}

/** How much of an alert is shown, counted from the first finding. */
export interface Shape {
  /** Findings with all of their parts; those after them have the essential ones. */
  readonly detailed: number;
  /** Findings that are shown; the rest is counted. */
  readonly shown: number;
}

/** Without these nobody knows what a message is about, or can go on. */
const ESSENTIAL: ReadonlySet<PartKind> = new Set(['what', 'changed', 'evidence', 'go_on']);
const WHOLE: Shape = { detailed: Infinity, shown: Infinity };

/** `New · high · session_without_sign_in · team data-platform`: the line under the title. */
export function contextLine(alert: Alert): string {
  const { severity, findings, findings_total: total } = alert;
  const [first] = findings;
  const parts = first ? [severity, first.detection, ...(first.account_id === null ? [] : [`account ${first.account_id}`]), ...(first.team === null ? [] : [`team ${first.team}`])] : [];
  return plainLine([leadOf(alert.notice, findings), ...parts, ...(total > 1 ? [`${total} findings`] : [])].join(' · '));
}

/** The parts of one finding: what, what changed, who and how sure, what is not known, evidence, first steps, how to go on. */
export function findingParts(finding: AlertFinding): Part[] {
  const { who, change, not_known: unknown, evidence, steps } = finding;
  return [
    { kind: 'what', title: 'What happened', lines: [finding.what, `${finding.occurred_at}, ${finding.subject.kind} ${finding.subject.id}`] },
    ...part('changed', 'What changed', change === null ? [] : [`${change.reason} (${change.by}, ${change.at})`]),
    ...part('who', 'Who, how we know, how sure', who === null ? [] : [who.sentence, `${who.confidence}${who.method === null ? '' : ` by ${who.method}`}; sign-in: ${who.sign_in_grade}`]),
    ...part('unknown', 'What is not known', unknown),
    ...part('evidence', 'Evidence', evidence.map(({ source, record_id, sha256 }) => `${source} ${record_id} sha256 ${sha256.slice(0, 16)}…`)),
    ...part('steps', 'First steps', steps.map((step, index) => `${index + 1}. ${step}`)),
    { kind: 'go_on', title: 'Go on with', lines: [finding.ask, `whoran alerts show ${finding.id.slice(0, 12)}`] },
  ];
}

/** The parts of a digest. */
export function digestParts(digest: AlertDigest): Part[] {
  const { critical, high, medium, low } = digest.standing;
  return [
    ...part('digest', 'Standing', [`${critical} critical, ${high} high, ${medium} medium, ${low} low`]),
    ...part('digest', 'From a day before', [`${digest.appeared} new, ${digest.resolved} over; ${digest.provisional} provisional (may still vanish, told to nobody), ${digest.suppressed} suppressed`]),
    ...part('digest', 'Held back', digest.held_back),
    ...part('digest', 'Not delivered', digest.undelivered),
    ...part('digest', 'Complete through', digest.sources.map(({ name, complete_through: through, note }) => `${name}: ${through ?? 'nothing'}${note === null ? '' : ` (${note})`}`)),
  ];
}

function part(kind: PartKind, title: string, lines: readonly string[]): Part[] {
  return lines.length === 0 ? [] : [{ kind, title, lines }];
}

/** The parts of an alert in order, with how many findings are not shown. Each line is one line, whatever a record says. */
export function alertParts(alert: Alert, { detailed, shown }: Shape = WHOLE): Part[] {
  const findings = alert.findings.slice(0, shown);
  const parts = alert.digest
    ? digestParts(alert.digest)
    : findings.flatMap((finding, index) => findingParts(finding)
      .filter(({ kind }) => index < detailed || ESSENTIAL.has(kind))
      .map((one) => (one.kind === 'what' && alert.findings_total > 1 ? { ...one, title: `${one.title} (${index + 1} of ${alert.findings_total})` } : one)));
  const more = alert.findings_total - findings.length;
  const rest = part('more', 'More', more > 0 ? [`${more} more findings of this group: whoran findings${alert.notice === 'resolved' ? ' --all' : ''}`] : []);
  return [...parts, ...rest].map((one) => ({ ...one, lines: one.lines.map(plainLine) }));
}

/** How many findings that are shown have only their essential parts, and more than those to show. */
export function briefFindings({ findings }: Alert, { detailed, shown }: Shape): number {
  return findings.slice(detailed, shown).filter((finding) => findingParts(finding).some(({ kind }) => !ESSENTIAL.has(kind))).length;
}

/** The headline in one line; never empty, since services refuse that. */
export function headline({ title, notice, findings }: Alert): string {
  const line = plainLine(title).trim();
  return line === '' ? leadOf(notice, findings) : line;
}

/**
 * One line of plain text: what would break it, move a cursor, hide or turn text, and half of a surrogate pair, is shown as its code. So no
 * value can look like a part of ours.
 */
export function plainLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
