/**
 * What a report is asked for besides its period: whose things it lists, and in which time zone. The same members stand in manifests, filings
 * and reports.
 */
import { UTC } from './time-zone.ts';

export interface ReportParameters {
  /** An IANA name. */
  readonly timeZone: string;
  /** Account ids, each once, in order; none: all. */
  readonly accounts: readonly string[];
  /** Ids of teams (`alerts.teams`), each once, in order; none: all. */
  readonly teams: readonly string[];
}

export const ALL_IN_UTC: ReportParameters = { timeZone: UTC, accounts: [], teams: [] };

const inOrder = (names: readonly string[]): string[] => [...new Set(names)].sort();

/** The parameters of these wishes: what is left out is everything, in UTC. */
export function reportParameters({ timeZone = UTC, accounts = [], teams = [] }: Partial<ReportParameters>): ReportParameters {
  return { timeZone, accounts: inOrder(accounts), teams: inOrder(teams) };
}

/** Whether a report lists some things and leaves others out. */
export function isScoped({ accounts, teams }: ReportParameters): boolean {
  return accounts.length + teams.length > 0;
}

/** The scope as manifests and JSON hold it: only what was asked for. The zone stands beside it, as `time_zone`. */
export function scopeMembers({ accounts, teams }: ReportParameters): Record<string, readonly string[]> {
  return { ...(accounts.length > 0 ? { accounts } : {}), ...(teams.length > 0 ? { teams } : {}) };
}

/** Whether anything was asked for but the period. */
export function hasParameters(parameters: ReportParameters): boolean {
  return isScoped(parameters) || parameters.timeZone !== UTC;
}

/** What a manifest or a filing says, as parameters. What is no text is left out: a manifest may come from anybody. */
export function parametersOf(timeZone: unknown, members: Readonly<Record<string, unknown>>): ReportParameters {
  const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);
  return reportParameters({ ...(typeof timeZone === 'string' ? { timeZone } : {}), accounts: texts(members['accounts']), teams: texts(members['teams']) });
}
