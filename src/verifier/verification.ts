/**
 * The result of a check: what is proved, what only the signer says, what was not checked, what is wrong.
 */
import type { Fault } from './faults.ts';
import type { Manifest } from './manifest.ts';
import type { Signer } from './statement.ts';

/** One thing that a check found, or did not do. `id` is for programs, `text` for people. */
export interface Finding {
  readonly id: string;
  readonly text: string;
}

export interface Counts {
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
  readonly records_attested: number;
  readonly batches: number;
  readonly ledger_lines_attested: number;
  readonly journal_lines: number;
  readonly journal_lines_attested: number;
  readonly table_rows: number;
  /** Rows that hold a pseudonym. */
  readonly table_rows_attested: number;
  readonly evidence: number;
}

/** `whoran.verification/1`. */
export interface Verification {
  readonly schema: 'whoran.verification/1';
  readonly bundle: string;
  /** `intact`: everything that was checked is as it was signed. Read `not_checked` with it. */
  readonly verdict: 'intact' | 'altered';
  readonly signer: Signer;
  /** The report's facts, as the manifest has them; null where it could not be read. */
  readonly report: Manifest['report'] | null;
  readonly proved: readonly Finding[];
  /** What only the signer says. */
  readonly attested: readonly Finding[];
  /** What is in the bundle and was not looked at, and how to do it. */
  readonly not_checked: readonly Finding[];
  /** What no check of a bundle can show. */
  readonly not_proved: readonly Finding[];
  readonly counts: Counts;
  readonly faults: readonly Fault[];
  /** Faults beyond those listed. */
  readonly faults_left_off: number;
}

/** What no check of a bundle shows, whatever it says. */
export const NOT_PROVED: readonly Finding[] = [
  { id: 'sources_complete', text: 'That the sources delivered everything. What is known of that stands in the report’s part on completeness.' },
  { id: 'truth', text: 'That what the sources recorded is what happened.' },
];

/** What the check of the parts found, for `findingsOf`. */
export interface Outcome {
  readonly signer: Signer;
  readonly manifest: Manifest | undefined;
  readonly counts: Counts;
  readonly unhashed: number;
  /** Logs whose last line is withheld. */
  readonly withheld: readonly string[];
  readonly hasTimestamp: boolean;
  /** Whether a part of the bundle has a fault. */
  readonly isFaulty: (part: 'statement' | 'files' | 'records' | 'batches' | 'journal' | 'heads' | 'tables') => boolean;
}

/** What the outcome proves, attests and leaves open, in words. */
export function findingsOf(outcome: Outcome): Pick<Verification, 'proved' | 'attested' | 'not_checked'> {
  return { proved: provedOf(outcome), attested: attestedOf(outcome), not_checked: notCheckedOf(outcome) };
}

function provedOf({ signer, manifest, counts, withheld, isFaulty }: Outcome): Finding[] {
  const proved: Finding[] = [];
  const add = (holds: boolean, id: string, text: string): void => {
    if (holds && manifest) proved.push({ id, text });
  };
  const who = signer.is_named_key === true ? 'The holder of the key that you named' : 'Whoever holds the key that the bundle itself encloses';
  add(signer.key_id !== null && !isFaulty('statement'), 'statement', `${who} signed the statement about exactly this manifest.`);
  add(!isFaulty('files'), 'files', `All ${counts.files} files are those that the manifest lists, byte for byte, and there is no other.`);
  const shown = counts.records - counts.records_attested;
  add(shown > 0 && !isFaulty('records'), 'records', `${shown} records hash to what the report names.`);
  add(counts.records > 0 && !isFaulty('records') && !isFaulty('batches'), 'record_trees', `${counts.records} records’ hashes stand in their batches’ record trees.`);
  add(counts.batches > 0 && !isFaulty('batches'), 'ledger', `${counts.batches} batches’ lines${counts.ledger_lines_attested > 0 ? ` (${counts.ledger_lines_attested} of them by their hash alone)` : ''} stand in a ledger of ${manifest?.ledger.tree_size ?? 0} lines with the root that was signed.`);
  add(counts.journal_lines > 0 && !isFaulty('journal'), 'journal', `${counts.journal_lines} decisions${counts.journal_lines_attested > 0 ? ` (${counts.journal_lines_attested} of them by their hash alone)` : ''} stand in a journal with the root that was signed.`);
  for (const log of ['ledger', 'journal'] as const) {
    const size = manifest?.[log].tree_size ?? 0;
    add(size > 0 && !withheld.includes(log) && !isFaulty('heads'), `${log}_size`, `The ${log} had ${size} lines: its last one is enclosed, says its number, and nothing is to the right of it below the root that was signed.`);
  }
  add(counts.evidence > 0 && !isFaulty('tables') && !isFaulty('records'), 'evidence', `Each of ${counts.evidence} mentions of a record with its hash, in ${counts.table_rows} rows, is of an enclosed record.`);
  return proved;
}

function attestedOf({ manifest, counts, unhashed, withheld }: Outcome): Finding[] {
  if (!manifest) return [];
  const attested = [
    { id: 'report_facts', text: 'Who made the report, when, with what program and parameters.' },
    { id: 'roots', text: 'That the ledger’s and the journal’s roots are those of the signer’s landing. Another bundle of the same signer, or the data folder, can contradict it.' },
  ];
  for (const log of withheld) attested.push({ id: `${log}_size`, text: `That the ${log} had ${log === 'ledger' ? manifest.ledger.tree_size : manifest.journal.tree_size} lines: its last line is withheld.` });
  if (counts.batches > 0) attested.push({ id: 'record_roots', text: `That the ${counts.batches} batches whose hashes the ledger names consist of just the records of their record trees.` });
  if (manifest.redaction) attested.push(...redactedOf(counts));
  if (unhashed > 0) attested.push({ id: 'evidence_without_hash', text: `${unhashed} mentions of a record that have no hash.` });
  return attested;
}

/** What stands behind pseudonyms. Whoever has the data folder, or a source's own copy of a record, can compare hashes. */
function redactedOf(counts: Counts): Finding[] {
  return [
    { id: 'redacted_records', text: `That ${counts.records_attested} of ${counts.records} records, whose text is withheld, have these hashes and say what the report says of them. Whoever holds a record can hash it and compare.` },
    { id: 'pseudonyms', text: `Who stands behind the pseudonyms in ${counts.table_rows_attested} of ${counts.table_rows} rows, and that one pseudonym is one person. The inputs that a replay reads have pseudonyms too.` },
    ...(counts.ledger_lines_attested > 0 ? [{ id: 'redacted_ledger_lines', text: `What ${counts.ledger_lines_attested} of ${counts.batches} batches’ ledger lines say, which are withheld since they name people.` }] : []),
    ...(counts.journal_lines_attested > 0 ? [{ id: 'redacted_journal_lines', text: `What ${counts.journal_lines_attested} of ${counts.journal_lines} decisions say, which are withheld since they name who decided.` }] : []),
  ];
}

function notCheckedOf({ signer, manifest, counts, hasTimestamp }: Outcome): Finding[] {
  const open: Finding[] = [];
  if (signer.is_named_key === null) open.push({ id: 'signer_identity', text: 'Who signed: no key was named. Anybody can make a bundle with a key of their own; get the signer’s public key by another way and give it with --key.' });
  if (hasTimestamp) open.push({ id: 'timestamp', text: 'The timestamp in statement.tsr: by whoran verify --tsa-ca, or by openssl ts (docs/verifying-a-bundle.md).' });
  else open.push({ id: 'time', text: 'When it was signed: the bundle has no timestamp.' });
  if (manifest) open.push({ id: 'replay', text: 'That the SQL over the enclosed inputs gives the enclosed tables: whoran verify --replay.' });
  if (counts.batches > 0) open.push({ id: 'data', text: 'That the batches consist of these records: whoran verify --data DIR, by whoever has the data folder.' });
  return open;
}
