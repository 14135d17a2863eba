/**
 * An answer in one plain line that can be pasted into a chat: who, how sure, when; or that nobody can be named, and why.
 *
 * Everything out of a record is inert and cut.
 */
import { inert } from '../core/inert.ts';
import type { Answer, SearchedSource, Who } from './answer.ts';
import { reasonText } from './reasons.ts';

/** The answer as far as the sentence needs it, and how to speak of what was asked. */
export interface Told extends Pick<Answer, 'who' | 'how' | 'confidence' | 'identity' | 'sign_in' | 'reason' | 'as_of' | 'is_provisional' | 'provisional_until'> {
  readonly subject: TellableSubject;
}

/** What was asked about, as a sentence speaks of it. */
export type TellableSubject =
  | { readonly kind: 'task'; readonly id: string; readonly cluster: string | null; readonly at: string | null }
  | { readonly kind: 'event'; readonly id: string; readonly name: string | null; readonly isDenied: boolean; readonly at: string | null }
  | { readonly kind: 'session'; readonly id: string; readonly role: string | null; readonly at: string | null };

const NAME_LIMIT = 60;
const ID_LIMIT = 80;

/** The first part of a GUID, as people compare them by eye. */
function short(id: string): string {
  return `${inert(id, ID_LIMIT).slice(0, 8)}…`;
}

/** The identity in words: name, kind where it is no person, and the short object id. */
export function whoPhrase(who: Who): string {
  const name = who.name === null ? null : inert(who.name, NAME_LIMIT);
  const subject = who.subject === null ? null : inert(who.subject, NAME_LIMIT);
  switch (who.kind) {
    case 'person':
      return who.object_id === null ? (name ?? subject ?? 'a person') : `${name ?? 'a person without a name in the logs'} (object id ${short(who.object_id)})`;
    case 'workload':
    case 'agent': {
      const kind = who.kind === 'agent' ? 'agent' : 'workload';
      if (who.object_id !== null) return `${kind} ${name ?? 'without a name in the logs'} (object id ${short(who.object_id)})`;
      return `${kind} ${subject ?? name ?? 'without a name'}`;
    }
    case 'iam_user':
      return `IAM user ${name ?? '?'}`;
    case 'root':
      return 'the root user';
    case 'aws_service':
      return `AWS service ${name ?? '?'}`;
    case 'unknown':
      return 'nobody known';
  }
}

function atPhrase(at: string | null): string {
  return at === null ? '' : ` at ${at}`;
}

/** "ran task X on cluster Y", "called RunTask (event X)", "opened session X (role Y)". */
function deed(subject: TellableSubject): string {
  const id = inert(subject.id, ID_LIMIT);
  switch (subject.kind) {
    case 'task':
      return `ran task ${bareTaskId(id)}${subject.cluster === null ? '' : ` on cluster ${inert(subject.cluster, NAME_LIMIT)}`}`;
    case 'event':
      return `${subject.isDenied ? 'was denied' : 'called'} ${subject.name === null ? 'an API' : inert(subject.name, NAME_LIMIT)} (event ${id})`;
    case 'session':
      return `held session ${id}${subject.role === null ? '' : ` (role ${inert(lastSegment(subject.role), NAME_LIMIT)})`}`;
  }
}

function bareTaskId(id: string): string {
  return id.startsWith('arn:') ? lastSegment(id) : id;
}

function lastSegment(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1);
}

/** What is asked about as a thing: "task X", "RunTask (event X)", "session X". */
function thing(subject: TellableSubject): string {
  const id = inert(subject.id, ID_LIMIT);
  if (subject.kind === 'task') return `task ${bareTaskId(id)}`;
  if (subject.kind === 'session') return `session ${id}`;
  return `${subject.name === null ? 'the call' : inert(subject.name, NAME_LIMIT)} (event ${id})`;
}

function provisional(told: Told): string {
  if (!told.is_provisional) return '';
  return told.provisional_until === null ? ' This may still change.' : ` This may still change until the logs are complete through ${told.provisional_until}.`;
}

function sureness(told: Told): string {
  const method = told.identity.method === null ? '' : ` by ${told.identity.method}`;
  const grade = told.sign_in.grade === 'none' ? '' : `, sign-in ${told.sign_in.grade}`;
  return `${told.confidence}${method}${grade}`;
}

/** The line, with its full stop. */
export function sentenceFor(told: Told): string {
  const { subject, who, reason } = told;
  const means = reason === null ? null : `${reasonText(reason, { asOf: told.as_of, tenantId: who.tenant_id, address: null }).means} (${reason})`;
  if (who.kind === 'unknown' || told.confidence === 'none') {
    const act = told.how === 'configured' ? 'who configured' : subject.kind === 'task' ? 'who ran' : subject.kind === 'session' ? 'who held' : 'who made';
    return `It can't be said ${act} ${thing(subject)}${atPhrase(subject.at)}: ${means ?? 'no landed record says'}.${provisional(told)}`;
  }
  const start = whoPhrase(who);
  const did = told.how === 'configured' ? `configured what led to ${thing(subject)}` : deed(subject);
  const line = `${start.charAt(0).toUpperCase()}${start.slice(1)} ${did}${atPhrase(subject.at)}: ${sureness(told)}`;
  return means === null ? `${line}.${provisional(told)}` : `${line}; ${means}.${provisional(told)}`;
}

/** The line for an id that nothing landed mentions: what was searched, and through when. */
export function notSeenSentence(asked: string, searched: readonly SearchedSource[]): string {
  const sources = new Map<string, string[]>();
  for (const { source, complete_through: through } of searched) {
    if (through !== null) sources.set(source, [...(sources.get(source) ?? []), through]);
  }
  const words: Readonly<Record<string, string>> = { cloudtrail: 'CloudTrail', ecs_events: 'ECS events', sign_ins: 'Entra sign-ins' };
  const parts = [...sources].map(([source, through]) => `${words[source] ?? source} through ${through.sort()[0] ?? ''}`);
  const where = parts.length === 0 ? 'nothing is landed yet' : `searched ${parts.join(', ')}`;
  return `Nothing landed mentions ${inert(asked, ID_LIMIT)}: ${where}.`;
}
