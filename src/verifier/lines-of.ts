/**
 * A check's result as a person reads it, in plain lines.
 */
import { shown } from './faults.ts';
import type { Finding, Verification } from './verification.ts';

const reportOf = (report: Verification['report']): string => {
  if (!report) return 'no readable manifest';
  const text = (name: string): string => (typeof report[name] === 'string' ? shown(report[name], 80) : 'unknown');
  return `report ${text('id')}, ${text('from')} to ${text('to')}, run at ${text('run_at')} by ${text('run_by')}`;
};

function signerLine({ key_id: keyId, is_named_key: isNamed }: Verification['signer']): string {
  if (keyId === null) return 'no valid signature by the expected key';
  return `key ${keyId} (${isNamed === true ? 'the one that you named' : 'NOT compared with any: no --key was given'})`;
}

/** The result's lines, without colour. Values from the bundle are plain ASCII. */
export function verificationLines(verification: Verification): string[] {
  const { verdict, faults, faults_left_off: more, counts } = verification;
  return [
    `${verdict === 'intact' ? 'INTACT' : 'ALTERED'}: ${shown(verification.bundle)}`,
    `  ${reportOf(verification.report)}`,
    ...parametersLine(verification.report).map((line) => `  ${line}`),
    `  signed by ${signerLine(verification.signer)}`,
    `  checked ${counts.files} files (${counts.bytes} bytes): ${counts.records} records, ${counts.batches} batches, ${counts.journal_lines} journal lines, ${counts.table_rows} rows`,
    ...redactedLine(verification).map((line) => `  ${line}`),
    ...(faults.length === 0 ? [] : ['', `Faults: ${faults.length + more}`]),
    ...faults.flatMap(({ file, expected, found }) => [`  ${file}`, `    expected ${expected}`, `    found    ${found}`]),
    ...(more === 0 ? [] : [`  and ${more} more`]),
    ...section('Proved', verification.proved),
    ...section('Only the signer says so', verification.attested),
    ...section('Not checked here', verification.not_checked),
    ...section('No check of a bundle shows', verification.not_proved),
  ];
}

/** What the report was asked for besides its period; no line where that is everything, in UTC. */
export function parametersLine(report: Verification['report']): string[] {
  const members = report?.['parameters'];
  const lists = typeof members === 'object' && members !== null ? Object.entries(members) : [];
  const parts = lists.map(([name, values]) => `${shown(name, 20)} ${(Array.isArray(values) ? values : [values]).map((value) => shown(String(value), 80)).join(', ')}`);
  const zone = report?.['time_zone'];
  if (typeof zone === 'string' && zone !== 'UTC') parts.push(`time zone ${shown(zone, 80)}`);
  return parts.length === 0 ? [] : [`asked for: ${parts.join('; ')}`];
}

/** How much of a redacted bundle only the signer says; no line where nothing is redacted. */
export function redactedLine({ counts }: Pick<Verification, 'counts'>): string[] {
  const parts: readonly (readonly [attested: number, all: number, what: string])[] = [
    [counts.records_attested, counts.records, 'records'], [counts.table_rows_attested, counts.table_rows, 'rows'],
    [counts.ledger_lines_attested, counts.batches, 'ledger lines'], [counts.journal_lines_attested, counts.journal_lines, 'decisions'],
  ];
  if (parts.every(([attested]) => attested === 0)) return [];
  return [`redacted: attested by the signer, not proved, are ${parts.map(([attested, all, what]) => `${attested} of ${all} ${what}`).join(', ')}`];
}

function section(title: string, findings: readonly Finding[]): string[] {
  return findings.length === 0 ? [] : ['', title, ...findings.map(({ text }) => `  - ${text.replace(/[’“”]/g, "'")}`)];
}
