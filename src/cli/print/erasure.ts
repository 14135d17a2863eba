/**
 * An erasure as a person reads it: whom it is about, what goes, what that costs, what stays.
 */
import { inert } from '../../core/inert.ts';
import type { Erasure } from '../../pipeline/erasure.ts';

/** The lines of an erasure. @param person as it was asked for, inert */
export function erasureLines(erasure: Erasure, person: string): string[] {
  const { is_dry_run: isDryRun, names, deliveries, held, journal_seq: line } = erasure;
  const wanted = names.filter(({ left_because: why }) => why === null);
  const left = names.filter(({ left_because: why }) => why !== null);
  return [
    erasure.object_id === null ? `No record ties ${person} to an identity: it is looked for as it was given.` : `${person} is ${inert(erasure.object_id)}.`,
    ...wanted.map(({ kind, text }) => `  looked for: ${inert(text, 200)} (${kind.replaceAll('_', ' ')})`),
    ...left.map(({ kind, text, left_because: why }) => `  left: ${inert(text, 200)} (${kind.replaceAll('_', ' ')}): ${why ?? ''}`),
    '',
    ...(deliveries.changed === 0 ? ['No delivery names this person.'] : goes(erasure)),
    ...costs(erasure),
    ...stays(erasure),
    ...held.map(({ hold, batches }) => `${isDryRun ? 'Would be refused' : 'Refused'}: ${inert(hold)} keeps ${batches} of these deliveries.`),
    ...(line === null ? [] : ['', `Line ${line} of the journal records it. The database is made again from what is left.`]),
    ...(isDryRun && deliveries.changed > 0 ? ['', 'Nothing is erased yet: give --apply, and a --reason that does not name the person.'] : []),
  ];
}

function goes({ is_dry_run: isDryRun, deliveries }: Erasure): string[] {
  const { changed, erased, by_form: forms, taken_along: along, left } = deliveries;
  return [
    `${isDryRun ? 'Would go' : 'Gone'}: ${erased} record${erased === 1 ? '' : 's'} in ${changed} deliver${changed === 1 ? 'y' : 'ies'} (${Object.entries(forms).map(([form, count]) => `${form} ${count}`).join(', ')}); ${left} other${left === 1 ? '' : 's'} in these deliveries stay${left === 1 ? 's' : ''}.`,
    ...((forms['graph_group_members'] ?? 0) > 0 ? [`  Of them, ${forms['graph_group_members'] ?? 0} are pages of group members, each of them one record: who else stands on them goes too.`] : []),
    ...(along > 0 ? [`  Of them, ${along} name somebody else alone, in files that cannot be cut.`] : []),
  ];
}

function costs({ costs: { sessions, tasks, refused_tokens: refused, absent_sign_ins: absent, others_inferred: inferred, sources } }: Erasure): string[] {
  const list = (counts: Readonly<Record<string, number>>): string => Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ');
  const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((sum, one) => sum + one, 0);
  const lines = [
    ...(total(sessions) > 0 ? [`  ${total(sessions)} sessions lead back to this person (${list(sessions)}): they lose their owner, or go.`] : []),
    ...(total(tasks) > 0 ? [`  ${total(tasks)} tasks lose their owner; their reason will be: ${list(tasks)}.`] : []),
    ...(refused > 0 ? [`  ${refused} refused tokens go.`] : []),
    ...(absent > 0 ? [`  ${absent} sessions of anybody have sign_in_absent now, and source_gap then: an erased sign-in and one that never was look the same.`] : []),
    ...(inferred > 0 ? [`  ${inferred} sessions of others have an owner that is inferred by time and address, from all sign-ins of that time: they may lose it (source_gap).`] : []),
    ...sources.map(({ source, sign_in_kind: kind, last_at: at }) => `  ${inert([source, kind].filter((part) => part !== null).join(' '))} counts as complete only after ${at}.`),
  ];
  return lines.length === 0 ? [] : ['What it costs:', ...lines];
}

function stays({ stays: { logs, filed_reports: filed, report_files: files, report_files_unread: unread }, deliveries: { unreadable } }: Erasure): string[] {
  return [
    'What stays:',
    '  the SHA-256 of each record that goes, and of its delivery; what backups, exports and reports hold; the logs of AWS and Entra themselves',
    ...logs.map(({ file, lines }) => `  ${file}: ${lines} line${lines === 1 ? '' : 's'} with a name; a chained log is never changed`),
    ...(filed.length === 0 ? [] : [`  ${filed.length} filed report${filed.length === 1 ? '' : 's'}, with whoever has the files: ${filed.map((id) => inert(id, 120)).join(', ')}`]),
    ...files.map((path) => `  ${inert(path, 300)}: a report that names the person; delete or replace it yourself`),
    ...unread.map((path) => `  ${inert(path, 300)}: a report that cannot be looked into here`),
    ...(unreadable.length === 0 ? [] : [`  ${unreadable.length} file${unreadable.length === 1 ? '' : 's'} that do not unpack, so that nobody can say whom they name: ${unreadable.slice(0, 10).map(({ batch, member }) => `batch ${batch}, member ${member}`).join('; ')}`]),
  ];
}
