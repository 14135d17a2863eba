/**
 * Findings: what the detections found, with the landed records that show it.
 */
import { loadCatalog, type Catalog } from '../catalog/catalog.ts';
import type { Severity } from '../catalog/header.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { EVIDENCE_SOURCES, type Evidence } from './answer.ts';
import { answerRow, answerRows, type AnswerReader } from './reader.ts';
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
}

/** INTERFACE, "findings --json". Property names are the JSON's. */
export interface FindingsDocument {
  readonly schema: 'whoran.findings/1';
  readonly as_of: string | null;
  readonly findings: readonly Finding[];
}

/** Which findings: all of them where nothing is given. The period includes `from` and not `to`, by `occurred_at`. */
export interface FindingsFilter {
  readonly from?: Date;
  readonly to?: Date;
  readonly detection?: string;
  readonly status?: string;
}

interface FindingRow extends Omit<Finding, 'subject' | 'evidence'> {
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly evidence: readonly RecordRef[];
}

/**
 * The findings in a total order (time, detection, id). `as_of` is the least `complete_through` of the sources that the
 * detections asked for need (RULINGS 8); null where none of them is landed.
 *
 * @throws WhoranError (exit 2) for a detection or status that there is none of, and where detections have never run: an
 *   empty list would then read as "nothing found"
 */
export async function findings(reader: AnswerReader, filter: FindingsFilter = {}): Promise<FindingsDocument> {
  const catalog = await loadCatalog();
  checkFilter(catalog, filter);
  const table = await answerRow<{ is_there: boolean }>(reader, 'has_findings_table');
  if (!table?.is_there) {
    throw new WhoranError('the detections have not run on this data folder yet', { exitCode: EXIT.wrongUse, hint: 'Run `whoran correlate` first.' });
  }
  const rows = await answerRows<FindingRow>(reader, 'findings', {
    from_at: filter.from ?? null,
    to_at: filter.to ?? null,
    detection: filter.detection ?? null,
    status: filter.status ?? null,
  });
  const hashes = await new RecordHashes(reader).of(rows.flatMap(({ evidence }) => evidence));
  let place = 0;
  return {
    schema: 'whoran.findings/1',
    as_of: await asOf(reader, catalog, filter.detection),
    findings: rows.map(({ subject_kind: kind, subject_id: id, evidence, ...row }) => {
      const proofs = evidence.map((ref) => evidenceOf(ref, hashes[place++] ?? null)).filter((proof) => proof !== undefined);
      return {
        id: row.id,
        detection: row.detection,
        severity: row.severity,
        status: row.status,
        occurred_at: row.occurred_at,
        subject: { kind, id },
        summary: row.summary,
        reason: row.reason,
        dedup_key: row.dedup_key,
        controls: row.controls,
        evidence: proofs,
        query_sha256: row.query_sha256,
      };
    }),
  };
}

/** A record that no landed batch holds is none: nothing is shown that can't be verified. */
function evidenceOf(ref: RecordRef, sha256: string | null): Evidence | undefined {
  const source = EVIDENCE_SOURCES.find((known) => known === ref.source);
  return source === undefined || sha256 === null ? undefined : { source, record_id: ref.record_id, sha256 };
}

async function asOf(reader: AnswerReader, catalog: Catalog, detection: string | undefined): Promise<string | null> {
  const asked = catalog.detections.filter(({ id }) => detection === undefined || id === detection);
  const needed = new Set<string>(asked.flatMap(({ header }) => header.sources));
  const sources = await landedSources(reader);
  return earliest(sources.filter(({ source }) => needed.has(source)).map((source) => source.complete_through));
}

function checkFilter({ detections }: Catalog, { detection, status }: FindingsFilter): void {
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
