/**
 * Findings: what the detections found, where each stands by now, and the landed records that show it.
 */
import { loadDetections, type DetectionCatalog } from '../catalog/catalog.ts';
import { SEVERITIES, type Severity } from '../catalog/header.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { EVIDENCE_SOURCES, type Evidence } from './answer.ts';
import { landingLineHash } from './landing-lines.ts';
import { answerRow, answerRows, type AnswerReader } from './reader.ts';
import { loadFindingLife } from './finding-life.ts';
import { RecordHashes, type RecordRef } from './record-hashes.ts';
import { earliest, landedSources } from './sources.ts';

/** Where a finding stands: `provisional` may still vanish by itself; the last three are set by people (INTERFACE). */
export const FINDING_STATUSES = ['provisional', 'open', 'acknowledged', 'resolved', 'suppressed'] as const;
export type FindingStatus = (typeof FINDING_STATUSES)[number];

export interface Finding {
  readonly id: string;
  readonly detection: string;
  readonly severity: Severity;
  readonly status: FindingStatus;
  readonly occurred_at: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly summary: string;
  /** ATTRIBUTION 4, where the subject's answer has one. */
  readonly reason: string | null;
  readonly dedup_key: string;
  readonly controls: readonly string[];
  readonly evidence: readonly Evidence[];
  /** SHA-256 of the file of the query that found it. */
  readonly query_sha256: string;
  /** Whether its condition still holds; a finding that is gone is resolved, and kept with its history. */
  readonly is_present: boolean;
  /** Counts from 1: coming again after it was over is another opening. */
  readonly opening: number;
  /** Since when it has its status, where a run or a person has recorded that. */
  readonly status_since: string | null;
  readonly who: { readonly kind: string | null; readonly tenant_id: string | null; readonly object_id: string | null; readonly name: string | null };
  readonly role_arn: string | null;
  readonly account_id: string | null;
  readonly cluster: string | null;
  /** Who owns it by the configuration, and who took it. */
  readonly team: string | null;
  readonly assignee: string | null;
  /** The decision or exception that its status rests on. `until`: for suppressions. */
  readonly decision: { readonly by: string; readonly at: string | null; readonly reason: string | null; readonly until: string | null; readonly is_exception: boolean } | null;
}

/** What nobody has dealt with yet, whoever is on it. */
const STANDING: readonly FindingStatus[] = ['open', 'acknowledged'];

/** INTERFACE, "findings --json". Property names are the JSON's. */
export interface FindingsDocument {
  readonly schema: 'whoran.findings/1';
  readonly as_of: string | null;
  readonly findings: readonly Finding[];
  /** How many findings of the period and detection have each status, listed or not. */
  readonly counts: Readonly<Record<FindingStatus, number>>;
  /** Of them, how many are open or acknowledged, by severity, listed or not. */
  readonly standing: Readonly<Record<Severity, number>>;
}

/** Which findings: all of them where nothing is given. The period includes `from` and not `to`, by `occurred_at`. */
export interface FindingsFilter {
  readonly from?: Date;
  readonly to?: Date;
  readonly detection?: string;
  /** Without it: every status but `resolved`. */
  readonly status?: string;
  /** Resolved ones too. */
  readonly all?: boolean;
  /** Of these ids alone. */
  readonly ids?: readonly string[];
  /** For suppressions and exceptions that end; now where it is left out. */
  readonly now?: Date;
  /** What people decided and runs recorded after this instant is left out; the reader has to be of what was known then, too. */
  readonly knownAt?: Date;
}

interface FindingRow extends Omit<Finding, 'subject' | 'evidence' | 'who' | 'cluster' | 'decision'> {
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly evidence: readonly RecordRef[];
  readonly who_kind: string | null;
  readonly who_tenant_id: string | null;
  readonly who_object_id: string | null;
  readonly who_name: string | null;
  readonly cluster_name: string | null;
  readonly decided_by: string | null;
  readonly decided_at: string | null;
  readonly decided_reason: string | null;
  readonly suppressed_until: string | null;
  readonly suppressed_by: 'decision' | 'exception' | null;
}

/** A reader, and where its data folder is: decisions lie there. Without a folder there are none. */
export type FindingsReader = AnswerReader & { readonly dataDir?: string };

/**
 * The findings in a total order (time, detection, id). `as_of` is the least `complete_through` of the sources that the
 * detections asked for need (RULINGS 8); null where none of them is landed.
 *
 * @throws WhoranError (exit 2) for a detection or status that there is none of, and where detections have never run: an
 *   empty list would then read as "nothing found"
 */
export async function findings(reader: FindingsReader, filter: FindingsFilter = {}): Promise<FindingsDocument> {
  const catalog = await loadDetections();
  checkFilter(catalog, filter);
  await loadLife(reader, filter.now ?? new Date(), filter.knownAt);
  const all = await answerRows<FindingRow>(reader, 'findings', { from_at: filter.from ?? null, to_at: filter.to ?? null, detection: filter.detection ?? null });
  const wanted = filter.ids === undefined ? undefined : new Set(filter.ids);
  const rows = all.filter(({ id, status }) => wanted?.has(id) !== false && (filter.status === undefined ? filter.all === true || status !== 'resolved' : status === filter.status));
  const refs = rows.flatMap(({ evidence }) => evidence);
  const records = await new RecordHashes(reader).of(refs.filter(({ source }) => source !== 'landing'));
  let record = 0;
  const hashes = refs.map(({ source, record_id: id }) => (source === 'landing' ? landingLineHash(reader.dataDir, id) : (records[record++] ?? null)));
  let place = 0;
  return {
    schema: 'whoran.findings/1',
    as_of: await asOf(reader, catalog, filter.detection),
    findings: rows.map((row) => findingOf(row, row.evidence.map((ref) => evidenceOf(ref, hashes[place++] ?? null)).filter((proof) => proof !== undefined))),
    counts: Object.fromEntries(FINDING_STATUSES.map((status) => [status, all.filter((row) => row.status === status).length])) as Record<FindingStatus, number>,
    standing: Object.fromEntries(SEVERITIES.map((severity) => [severity, all.filter((row) => row.severity === severity && STANDING.includes(row.status)).length])) as Record<Severity, number>,
  };
}

/**
 * Makes `finding_life` in the reader's database.
 * @throws WhoranError (exit 2) where detections have never run: nothing would then read as "nothing found"
 */
export async function loadLife(reader: FindingsReader, now: Date, knownAt?: Date): Promise<void> {
  const table = await answerRow<{ is_there: boolean }>(reader, 'has_findings_table');
  if (!table?.is_there) {
    throw new WhoranError('the detections have not run on this data folder yet', { exitCode: EXIT.wrongUse, hint: 'Run `whoran correlate` first.' });
  }
  await loadFindingLife(reader.db, { dataDir: reader.dataDir, now, ...(knownAt === undefined ? {} : { knownAt }) });
}

function findingOf(row: FindingRow, evidence: readonly Evidence[]): Finding {
  return {
    id: row.id,
    detection: row.detection,
    severity: row.severity,
    status: row.status,
    occurred_at: row.occurred_at,
    subject: { kind: row.subject_kind, id: row.subject_id },
    summary: row.summary,
    reason: row.reason,
    dedup_key: row.dedup_key,
    controls: row.controls,
    evidence,
    query_sha256: row.query_sha256,
    is_present: row.is_present,
    opening: row.opening,
    status_since: row.status_since,
    who: { kind: row.who_kind, tenant_id: row.who_tenant_id, object_id: row.who_object_id, name: row.who_name },
    role_arn: row.role_arn,
    account_id: row.account_id,
    cluster: row.cluster_name,
    team: row.team,
    assignee: row.assignee,
    decision:
      row.decided_by === null
        ? null
        : { by: row.decided_by, at: row.decided_at, reason: row.decided_reason, until: row.suppressed_until, is_exception: row.suppressed_by === 'exception' },
  };
}

/** A record that no landed batch holds is none: nothing is shown that can't be verified. */
function evidenceOf(ref: RecordRef, sha256: string | null): Evidence | undefined {
  const source = EVIDENCE_SOURCES.find((known) => known === ref.source);
  return source === undefined || sha256 === null ? undefined : { source, record_id: ref.record_id, sha256 };
}

async function asOf(reader: AnswerReader, catalog: DetectionCatalog, detection: string | undefined): Promise<string | null> {
  const asked = catalog.detections.filter(({ id }) => detection === undefined || id === detection);
  const needed = new Set<string>(asked.flatMap(({ header }) => header.sources));
  const sources = await landedSources(reader);
  return earliest(sources.filter(({ source }) => needed.has(source)).map((source) => source.complete_through));
}

function checkFilter({ detections }: DetectionCatalog, { detection, status }: FindingsFilter): void {
  const ids = detections.map(({ id }) => id);
  if (detection !== undefined && !ids.includes(detection)) throw unknownWord('detection', detection, ids);
  if (status !== undefined && !FINDING_STATUSES.some((known) => known === status)) throw unknownWord('status', status, FINDING_STATUSES);
}

function unknownWord(what: string, word: string, known: readonly string[]): WhoranError {
  const near = nearest(word, known);
  return new WhoranError(`there is no ${what} ${JSON.stringify(word)}`, {
    exitCode: EXIT.wrongUse,
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${known.join(', ')}.`,
  });
}
