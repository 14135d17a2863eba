/**
 * An answer as a tired person reads it: the sentence; the chain as a tree; what is not known; what to try next.
 */
import type { Answer, Candidate, DetailValue, Evidence, Hop } from '../../answers/answer.ts';
import { reasonText } from '../../answers/reasons.ts';
import { inert } from '../../core/inert.ts';
import { confidenceStyle, type Style } from './style.ts';
import { commandLines, cut, width, wrapped } from './width.ts';

export interface Page {
  readonly style: Style;
  readonly columns: number;
  /** Options that a command to type needs so that it reads the same data: ` --data DIR`, or nothing. */
  readonly commandOptions: string;
}

const HOP_WORDS: Readonly<Record<Hop['hop'], string>> = {
  sign_in: 'sign-in',
  session: 'session',
  action: 'call',
  task: 'task',
  task_session: 'task session',
  call: 'call',
};

/** Candidates shown; the rest are counted. */
const SHOWN_CANDIDATES = 5;

/** The lines of an answer, each at most `columns` wide. */
export function answerLines(answer: Answer, page: Page): string[] {
  const sentence = wrapped(answer.sentence, page.columns).map((line) => page.style.bold(line));
  return [...sentence, ...chainLines(answer.chain, page), ...unknownLines(answer, page), ...nextLines(answer, page), ...footer(answer, page)];
}

function chainLines(chain: readonly Hop[], page: Page): string[] {
  if (chain.length === 0) return [];
  return ['', ...chain.flatMap((hop, depth) => hopLines(hop, depth, depth === chain.length - 1, page))];
}

function hopLines(hop: Hop, depth: number, isLast: boolean, { style, columns }: Page): string[] {
  const outer = depth === 0 ? '' : `${'  '.repeat(depth - 1)}└ `;
  const inner = `${'  '.repeat(depth)}${isLast ? '  ' : '│ '}`;
  const room = columns - inner.length;
  const word = HOP_WORDS[hop.hop];
  const start = [word, inert(hop.at ?? '', 40)].join('  ').trimEnd();
  const sureness = surenessText(hop);
  const colour = hop.confidence === null ? (plain: string): string => plain : confidenceStyle(style, hop.confidence);
  const fits = width(outer + start) + 2 + width(sureness) <= columns;
  const head = `${outer}${style.bold(word)}${start.slice(word.length)}`;
  const lines = [
    fits ? '' : colour(cut(sureness, room)),
    cut(inert(shownId(hop)), room),
    ...wrapped(detailText(hop), room),
    ...evidenceLines(hop.evidence).flatMap((line) => wrapped(line, room).map((part) => style.dim(part))),
  ];
  return [fits && sureness !== '' ? `${head}  ${colour(sureness)}` : head, ...lines.filter((line) => line !== '').map((line) => inner + line)];
}

function surenessText({ confidence, method }: Hop): string {
  if (confidence === null) return '';
  if (confidence === 'none') return 'identity unknown';
  return method === null ? confidence : `${confidence} by ${inert(method, 40)}`;
}

/** A task's ARN in its short form: its detail names account, Region and cluster. */
function shownId(hop: Hop): string {
  return hop.hop === 'task' && hop.id.startsWith('arn:') ? hop.id.slice(hop.id.lastIndexOf('/') + 1) : hop.id;
}

function text(value: DetailValue | undefined, limit = 60): string {
  return value === undefined || value === null ? '' : inert(String(value), limit);
}

function lastSegment(value: DetailValue | undefined): string {
  const whole = text(value, 200);
  return whole.slice(whole.lastIndexOf('/') + 1);
}

/** "a word" before a value that is there. */
function named(word: string, value: string): string {
  return value === '' ? '' : `${word} ${value}`;
}

function detailText({ hop, id, detail }: Hop): string {
  const parts: Readonly<Record<Hop['hop'], () => string[]>> = {
    sign_in: () => [
      text(detail['display_name']),
      text(detail['user_principal_name']),
      named('app', text(detail['application'])),
      named('from', text(detail['source_ip'])),
      detail['authentication_requirement'] === 'singleFactorAuthentication' ? 'single factor' : '',
    ],
    session: () => sessionParts(detail, id),
    task_session: () => sessionParts(detail, id),
    action: () => callParts(detail),
    call: () => callParts(detail),
    task: () => [
      named('cluster', text(detail['cluster'])),
      named('account', text(detail['account_id'])),
      text(detail['aws_region']),
      named('definition', lastSegment(detail['task_definition'])),
      named('started by', text(detail['started_by'])),
      named(text(detail['configurer_kind']), text(detail['configurer_name'])),
      text(detail['last_status']),
    ],
  };
  return parts[hop]()
    .filter((part) => part !== '')
    .join(', ');
}

function sessionParts(detail: Hop['detail'], id: string): string[] {
  return [
    named('role', lastSegment(detail['role_arn'])),
    named('named', text(detail['role_session_name'])),
    named('source identity', text(detail['source_identity'])),
    named('subject', text(detail['subject'])),
    named('account', text(detail['account_id'])),
    named('from', text(detail['source_ip'])),
    named('expires', text(detail['expires_at'])),
    detail['is_audience_checked'] === false ? 'audience unchecked' : '',
    detail['is_issued'] === false ? (id.startsWith('AKIA') ? 'a long-lived key' : 'no landed record issues it') : '',
  ];
}

function callParts(detail: Hop['detail']): string[] {
  return [
    text(detail['event_name']),
    text(detail['error_code']) === '' ? '' : `refused: ${text(detail['error_code'])}`,
    text(detail['resource'], 80),
    named('account', text(detail['account_id'])),
    text(detail['aws_region']),
    named('from', text(detail['source_ip'])),
  ];
}

function evidenceLines(evidence: readonly Evidence[]): string[] {
  return evidence.map(({ source, record_id: id, sha256 }) => `evidence ${source} ${inert(id, 14)} sha256 ${sha256.slice(0, 12)}…`);
}

/** Reasons that leave nothing unknown, and the one that the sentence itself is about. */
const SAID_ALREADY: ReadonlySet<string> = new Set(['not_seen', 'aws_service', 'compute_role']);

function unknownLines(answer: Answer, page: Page): string[] {
  const notes: string[] = [];
  if (answer.reason !== null && !SAID_ALREADY.has(answer.reason)) {
    notes.push(`${answer.reason}: ${reasonText(answer.reason, contextOf(answer)).means}.`);
  }
  if (answer.is_provisional) {
    const until = answer.provisional_until === null ? 'until the logs are complete' : `until the logs are complete through ${answer.provisional_until}`;
    notes.push(`Provisional ${until}: this answer may still change by itself.`);
  }
  if (answer.conflicts.length > 0) notes.push(`Other evidence names somebody else: ${answer.conflicts.map((conflict) => inert(conflict, 100)).join('; ')}.`);
  if (answer.candidates.length > 0) {
    notes.push(`${answer.candidates.length} candidate${answer.candidates.length === 1 ? '' : 's'}, none picked:`);
    notes.push(...answer.candidates.slice(0, SHOWN_CANDIDATES).map(candidateText));
    if (answer.candidates.length > SHOWN_CANDIDATES) notes.push(`- ${answer.candidates.length - SHOWN_CANDIDATES} more (--json has all)`);
  }
  if (answer.other_ids.length > 0) {
    const [first, ...rest] = answer.other_ids;
    notes.push(`The same id also means ${inert(first ?? '', 100)}${rest.length > 0 ? ` and ${rest.length} more` : ''}.`);
  }
  return section('Not known', notes, page);
}

function candidateText(candidate: Candidate): string {
  const id = 'sign_in_id' in candidate ? `sign-in ${inert(candidate.sign_in_id, 40)}` : 'session_id' in candidate ? `session ${inert(candidate.session_id, 60)}` : `${inert(candidate.kind, 20)} ${inert(candidate.name, 60)}, event ${inert(candidate.event_id, 40)}`;
  return `- ${inert(candidate.at, 40)}  ${id}: ${inert(candidate.why_not, 120)}`;
}

function contextOf(answer: Answer): Parameters<typeof reasonText>[1] {
  const address = answer.chain.map((hop) => hop.detail['source_ip']).find((value) => typeof value === 'string' && /^[0-9a-f.:]+$/i.test(value));
  return { asOf: answer.as_of, tenantId: answer.who.tenant_id, address: typeof address === 'string' ? address : null };
}

function nextLines(answer: Answer, page: Page): string[] {
  const next = answer.reason === 'not_seen' ? notSeenNext(answer) : answer.reason === null ? nextOfAnswer(answer) : [...reasonText(answer.reason, contextOf(answer)).next];
  if (next.length === 0) return [];
  const lines = next.flatMap((line) => (line.startsWith('whoran ') ? commandLines(`  $ ${line}`, page.commandOptions, page.columns) : bullet(line, page)));
  return ['', page.style.bold('Try next'), ...lines];
}

/** Ids that `ask` knows, for one that looks like none of them. */
const KNOWN_IDS = 'An id is a task (ARN or bare id), an event id, an access key id, a session ARN, a user principal name or object id, an IP address, or an awslogs stream name.';

function notSeenNext({ asked, subject }: Answer): string[] {
  const isNoKnownForm = subject.kind === 'event' && !/^[0-9a-f]{8}-/i.test(asked.trim());
  return [
    ...(isNoKnownForm ? [KNOWN_IDS] : []),
    'Check the id. If it is right, its record is not landed: see what is, and through when.',
    'whoran status',
    'whoran ingest PATH',
  ];
}

/** What else there is to see where the answer itself leaves nothing open. */
function nextOfAnswer(answer: Answer): string[] {
  const { object_id: objectId } = answer.who;
  return objectId !== null && /^[0-9a-z-]+$/i.test(objectId) ? [`whoran ask ${objectId}`] : [];
}

/** A titled list: an empty line, the title, and the notes wrapped and indented; nothing where there are no notes. */
function section(title: string, notes: readonly string[], { style, columns }: Page): string[] {
  if (notes.length === 0) return [];
  return ['', style.bold(title), ...notes.flatMap((note) => bullet(note, { columns }))];
}

function bullet(note: string, { columns }: Pick<Page, 'columns'>): string[] {
  return wrapped(note, columns - 4).map((line, index) => `${index > 0 ? '    ' : '  '}${line}`);
}

function footer(answer: Answer, { style, columns }: Page): string[] {
  const parts = [answer.as_of === null ? 'Nothing needed is landed' : `As of ${answer.as_of}`];
  if (answer.known_at !== null) parts.push(`as known at ${answer.known_at}`);
  return ['', ...wrapped(`${parts.join(', ')}. Times are UTC.`, columns).map((line) => style.dim(line))];
}
