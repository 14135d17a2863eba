/**
 * A report's parameters in a name: of files, filings and OSCAL's ids.
 */
import { createHash } from 'node:crypto';
import { hasParameters, type ReportParameters } from '../core/report-parameters.ts';

/** As in names of files and filings: empty without parameters, else eight hex digits that differ where parameters do. Names of teams may hold anything. */
export function parametersTag(parameters: ReportParameters): string {
  if (!hasParameters(parameters)) return '';
  const { timeZone, accounts, teams } = parameters;
  return createHash('sha256').update(JSON.stringify([timeZone, accounts, teams])).digest('hex').slice(0, 8);
}
