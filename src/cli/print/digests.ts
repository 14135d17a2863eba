/**
 * What digests prove, as a person reads it: a table of trails, then what is at fault or not proved.
 */
import type { DigestNote, DigestsDocument, DigestTrail } from '../../answers/digests.ts';
import { inert } from '../../core/inert.ts';
import type { Page } from './answer.ts';
import { tableLines } from './table.ts';
import { wrapped } from './width.ts';

/** Notes that are no faults are shown so many of each reason; `--json` has more. */
const SHOWN_OF_A_REASON = 3;
const SHOWN_FAULTS = 100;

/** What each reason of stg_digest_checks means, for a person. */
const REASONS: Readonly<Record<string, string>> = {
  signature_wrong: 'its signature is wrong',
  hash_differs: 'its hash is another than a signed digest says',
  moved: 'it does not lie where it says',
  trailing_bytes: 'bytes follow its gzip data',
  not_unpacked: 'it cannot be unpacked',
  not_a_digest: 'it holds no digest',
  landing_altered: 'it was changed in landing',
  landing_missing: 'it is gone from landing',
  bytes_gone: 'it is gone from landing',
  bytes_removed: 'its bytes were removed from landing by retention or an erasure, which the journal records',
  landing_removed: 'its bytes were removed from landing by retention or an erasure, which the journal records',
  not_there_when_looked: 'it was not in the bucket when a source looked',
  not_landed: 'it is not landed, and nobody looked for it in the bucket',
  no_signature: 'it came without its signature, and no later digest is landed that holds it',
  key_missing: 'its public key is not known: ingest list-public-keys',
  key_unusable: 'the public key that is listed for it is none',
  algorithm_unknown: 'its algorithm is not known to this program',
  chain_begins_anew: 'the chain begins anew: log file validation or the trail was off',
  time_not_covered: 'no digest that can be believed covers this time',
  digest_invalid: 'the digest that names it is invalid',
  digest_unverifiable: 'the digest that names it cannot be verified',
  not_named: 'no digest names it, though digests cover its time',
  in_gap: 'it was delivered in a gap between digests',
  before_first_digest: 'it is older than the first digest',
  after_last_digest: 'it is younger than the last digest',
  no_digests: 'no digest of its account and region is landed',
  name_unknown: "its name is not one of CloudTrail's log files",
};

/** The lines, each at most `columns` wide. */
export function digestLines(document: DigestsDocument, page: Page): string[] {
  const { trails, notes, notes_total: total, keys } = document;
  const sum = (name: keyof DigestTrail): number => trails.reduce((count, trail) => count + Number(trail[name]), 0);
  const logs = sum('logs_proved') + sum('logs_altered') + sum('logs_deleted') + sum('logs_missing') + sum('logs_unproven');
  const digestCount = sum('digests_valid') + sum('digests_invalid') + sum('digests_unverifiable');
  const lead =
    digestCount === 0
      ? `No digest is landed in this period: nothing proves that the ${logs} log files are whole and unaltered.`
      : document.has_faults
        ? 'Something is altered, deleted or wrongly signed.'
        : `${sum('logs_proved')} of ${logs} log files are proved by ${sum('digests_valid')} valid digests; nothing is altered.`;
  const faults = notes.filter(({ is_fault: isFault }) => isFault);
  const others = notes.filter(({ is_fault: isFault }) => !isFault);
  const shown = [...faults.slice(0, SHOWN_FAULTS), ...ofEachReason(others)];
  const words = wrapped(lead, page.columns).map((line) => page.style.bold(line));
  return [
    ...words, '', ...trailTables(trails, page),
    ...(shown.length === 0 ? [] : ['', ...shown.flatMap((note) => noteLines(note, page))]),
    ...(total > shown.length ? ['', `${total - shown.length} more are not shown: --json.`] : []),
    '',
    ...wrapped(
      `${document.from ?? 'the beginning'} to ${document.to ?? 'now'}, times of delivery in UTC. ${keys.known} public keys known` +
        `${keys.from_files > 0 ? `, ${keys.from_files} of them only from files: whoever could write those could have signed` : ''}.`,
      page.columns,
    ).map((line) => page.style.dim(line)),
  ];
}

function trailTables(trails: readonly DigestTrail[], page: Page): string[] {
  const number = (title: string): { title: string; isNumber: true } => ({ title, isNumber: true });
  const name = ({ account_id, aws_region, trail_name, is_backfill }: DigestTrail): string =>
    `${account_id ?? '?'} ${aws_region ?? '?'} ${trail_name ?? '(named by no digest)'}${is_backfill ? ', backfill' : ''}`;
  const digests = trails.filter(({ trail_name: trail }) => trail !== null);
  const minute = (at: string | null): string => at?.slice(0, 16) ?? '-';
  const tables = [
    tableLines(
      [{ title: 'digests' }, ...['valid', 'invalid', 'unverifiable', 'deleted', 'missing', 'gaps'].map(number)],
      digests.map((one) => [name(one), ...[one.digests_valid, one.digests_invalid, one.digests_unverifiable, one.digests_deleted, one.digests_missing, one.gaps].map(String)]),
      page,
    ),
    tableLines(
      [{ title: 'log files' }, ...['proved', 'altered', 'deleted', 'missing', 'unproven'].map(number)],
      trails.map((one) => [name(one), ...[one.logs_proved, one.logs_altered, one.logs_deleted, one.logs_missing, one.logs_unproven].map(String)]),
      page,
    ),
    tableLines(
      [{ title: 'covered' }, { title: 'from' }, { title: 'to' }, number('hours')],
      digests.map((one) => [name(one), minute(one.covered_from), minute(one.covered_to), (one.covered_seconds / 3600).toFixed(1)]),
      page,
    ),
  ].filter((table) => table.length > 0);
  return tables.flatMap((table, index) => (index === 0 ? table : ['', ...table]));
}

function ofEachReason(notes: readonly DigestNote[]): DigestNote[] {
  const counts = new Map<string, number>();
  return notes.filter(({ check_kind: kind, reason }) => {
    const count = (counts.get(`${kind} ${reason}`) ?? 0) + 1;
    counts.set(`${kind} ${reason}`, count);
    return count <= SHOWN_OF_A_REASON;
  });
}

function noteLines({ check_kind: kind, state, reason, object, from_at: from, to_at: to, is_fault: isFault }: DigestNote, { style, columns }: Page): string[] {
  const what = { digest: 'digest', gap: 'gap', log: 'log file' }[kind];
  const head = kind === 'gap' ? 'gap' : `${what} ${state}`;
  const when = kind === 'gap' ? `${from ?? '?'} to ${to ?? '?'}` : (to ?? '');
  return [
    ...wrapped(`${head}: ${REASONS[reason] ?? inert(reason)}`, columns).map((line) => line.replace(head, isFault ? style.poor(head) : style.fair(head))),
    ...wrapped(`${inert(when)} ${inert(object, 400)}`, columns - 2, { isWhole: true }).map((line) => style.dim(`  ${line}`)),
  ];
}
