/**
 * What a report says of its parameters, in words: one way for every format.
 */
import { UTC, zonedInstant } from '../core/time-zone.ts';
import { inertText } from './cell-text.ts';
import type { Column, ReportDocument } from './document.ts';

/** Names and values for a report's head: the zone, and the scope where there is one. */
export function parameterFacts({ parameters }: Pick<ReportDocument, 'parameters'>): [string, string][] {
  const { timeZone, accounts, teams } = parameters;
  const leftOut = 'what this leaves out is counted under Scope';
  return [
    timeZone === UTC ? ['Time zone of every time', UTC] : ['Time zone', `${timeZone}: times stand with their offset; what ends in Z is UTC`],
    ...(accounts.length === 0 ? [] : [['Accounts', `${accounts.map(inertText).join(', ')}; ${leftOut}`] as [string, string]]),
    ...(teams.length === 0 ? [] : [['Teams', `${teams.map((team) => inertText(JSON.stringify(team))).join(', ')}; ${leftOut}`] as [string, string]]),
  ];
}

/** The period in the report's zone, RFC 3339. */
export function periodIn({ period, parameters }: Pick<ReportDocument, 'period' | 'parameters'>): { from: string; to: string } {
  return { from: zonedInstant(period.from, parameters.timeZone), to: zonedInstant(period.to, parameters.timeZone) };
}

/** What a column's values mean where instants stand in the report's zone: definitions say UTC, as JSON holds them. */
export function aboutIn({ kind, about }: Column, timeZone: string): string {
  return timeZone === UTC || kind !== 'instant' ? about : about.replace(/\bUTC\.$/, `In ${timeZone}, with its offset from UTC.`);
}
