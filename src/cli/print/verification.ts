/**
 * What `whoran verify` found, as a person reads it.
 */
import { parametersLine, redactedLine } from '../../verifier/lines-of.ts';
import { inert } from '../../core/inert.ts';
import type { Finding, Verification } from '../../verifier/verification.ts';
import type { Page } from './answer.ts';
import { wrapped } from './width.ts';

const text = (value: unknown): string => (typeof value === 'string' ? inert(value, 100) : 'unknown');

/** The lines of a check's result. */
export function verificationPage(verification: Verification, page: Page): string[] {
  const { style, columns } = page;
  const { verdict, bundle, report, counts, faults, faults_left_off: more } = verification;
  const head = verdict === 'intact' ? style.good('Intact') : style.poor('Altered');
  return [
    `${head}: ${inert(bundle, 300)}`,
    ...(report ? [`report ${text(report['id'])}, ${text(report['from'])} to ${text(report['to'])}, run at ${text(report['run_at'])} by ${text(report['run_by'])}`] : []),
    ...parametersLine(report),
    signerLine(verification, page),
    `checked ${counts.files} files, ${counts.bytes} bytes; ${counts.records} records, ${counts.batches} batches, ${counts.journal_lines} decisions, ${counts.table_rows} rows`,
    ...redactedLine(verification),
    ...(faults.length === 0 ? [] : ['', style.bold(`Faults: ${faults.length + more}`)]),
    ...faults.flatMap(({ file, expected, found }) => [`  ${style.poor(inert(file, 300))}`, ...wrapped(`expected ${inert(expected, 500)}`, columns - 4, { isWhole: true }).map(indented), ...wrapped(`found ${inert(found, 500)}`, columns - 4, { isWhole: true }).map(indented)]),
    ...(more === 0 ? [] : [`  and ${more} more`]),
    ...section('Proved', verification.proved, page),
    ...section('Only the signer says so', verification.attested, page),
    ...section('Not checked', verification.not_checked, page),
    ...section('No check of a bundle shows', verification.not_proved, page),
  ];
}

function signerLine({ signer: { key_id: keyId, is_named_key: isNamed } }: Verification, { style }: Page): string {
  if (keyId === null) return style.poor('no signature that holds with the expected key');
  return isNamed === true ? `signed by the key that you named, ${keyId}` : `signed by key ${keyId}, ${style.fair('which was compared with none: no --key was given')}`;
}

function section(title: string, findings: readonly Finding[], { style, columns }: Page): string[] {
  if (findings.length === 0) return [];
  return ['', style.bold(title), ...findings.flatMap((finding) => wrapped(inert(finding.text, 600), columns - 4, { isWhole: true }).map((line, index) => (index === 0 ? `  - ${line}` : indented(line))))];
}

function indented(line: string): string {
  return `    ${line}`;
}
