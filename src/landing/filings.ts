/**
 * Filed reports as the journal has them: a line each, `report.file`. Lists are text, one thing an item, so that a line can be read as it stands.
 */
import type { Decision } from './journal.ts';
import type { JournalLine } from './landed-batches.ts';

export const FILE_ACTION = 'report.file';

/** A filed report. Times are RFC 3339 UTC, hashes SHA-256 in lower-case hex. */
export interface Filing {
  /** `<report>_<from>_<to>_<n>`, with what tells its parameters apart before the number: the nth of its report, period and parameters. */
  readonly id: string;
  /** The journal's line that holds it. */
  readonly journal_line: number;
  readonly filed_at: string;
  readonly filed_by: string;
  readonly note: string | null;
  readonly report: string;
  readonly from: string;
  readonly to: string;
  /** UTC in filings of older versions, which had no parameters. */
  readonly time_zone: string;
  readonly accounts: readonly string[];
  readonly teams: readonly string[];
  readonly as_of: string | null;
  readonly formats: readonly string[];
  /** Where landing's logs ended: the number of the last line that counts. */
  readonly positions: { readonly ledger: number; readonly pulls: number; readonly runs: number; readonly alerts: number; readonly journal: number };
  /** Of the ledger's and the journal's last line that counts; null where there is none. */
  readonly ledger_head_sha256: string | null;
  readonly journal_head_sha256: string | null;
  readonly program_version: string;
  readonly config_sha256: string;
  readonly files: Readonly<Record<string, string>>;
  /** Where they were written: an absolute path on the machine that filed it; null in filings of older versions. */
  readonly folder: string | null;
  /** Of each table's rows. */
  readonly tables: Readonly<Record<string, string>>;
  readonly queries: Readonly<Record<string, string>>;
  /** Of the bundle's manifest; null where it was filed without a bundle. */
  readonly manifest_sha256: string | null;
  /** The bundle's folder below `folder`, and its zip's SHA-256; null where there is none. */
  readonly bundle: string | null;
  readonly zip_sha256: string | null;
  /** The filing that this one corrects. */
  readonly corrects: string | null;
  /** For each table that differs from the corrected one's: how many rows. */
  readonly changes: readonly string[];
}

/** A filing as a line to append. */
export function filingLine({ id, filed_by: by, note, report, from, to, time_zone, accounts, teams, as_of, formats, positions, ledger_head_sha256, journal_head_sha256, program_version, config_sha256, files, folder, tables, queries, manifest_sha256, bundle, zip_sha256, corrects, changes }: Omit<Filing, 'journal_line' | 'filed_at'>): Decision {
  return {
    by, action: FILE_ACTION, subject: id, reason: note,
    detail: {
      report, from, to, time_zone, accounts, teams, as_of, formats, ledger: positions.ledger, pulls: positions.pulls, runs: positions.runs, alerts: positions.alerts, journal: positions.journal,
      ledger_head_sha256, journal_head_sha256, program_version, config_sha256, files: sums(files), folder, tables: sums(tables), queries: sums(queries), manifest_sha256, bundle, zip_sha256, corrects, changes,
    },
  };
}

/** The filings among the journal's lines, oldest first. */
export function filingsOf(lines: Iterable<JournalLine>): Filing[] {
  return [...lines].flatMap(({ seq, at, by, action, subject, reason, detail }): Filing[] => {
    if (action !== FILE_ACTION) return [];
    const text = (name: string): string | null => (typeof detail[name] === 'string' ? detail[name] : null);
    const count = (name: string): number => (typeof detail[name] === 'number' ? detail[name] : 0);
    const list = (name: string): readonly string[] => { const value = detail[name]; return typeof value === 'object' && value !== null ? value : []; };
    return [{
      id: subject, journal_line: seq, filed_at: at, filed_by: by, note: reason, report: text('report') ?? '', from: text('from') ?? '', to: text('to') ?? '', time_zone: text('time_zone') ?? 'UTC', accounts: list('accounts'), teams: list('teams'), as_of: text('as_of'), formats: list('formats'),
      positions: { ledger: count('ledger'), pulls: count('pulls'), runs: count('runs'), alerts: count('alerts'), journal: count('journal') },
      ledger_head_sha256: text('ledger_head_sha256'), journal_head_sha256: text('journal_head_sha256'), program_version: text('program_version') ?? '', config_sha256: text('config_sha256') ?? '',
      files: named(list('files')), folder: text('folder'), tables: named(list('tables')), queries: named(list('queries')), manifest_sha256: text('manifest_sha256'), bundle: text('bundle'), zip_sha256: text('zip_sha256'), corrects: text('corrects'), changes: list('changes'),
    }];
  });
}

/** As `sha256sum` writes them. */
function sums(hashes: Readonly<Record<string, string>>): string[] {
  return Object.entries(hashes).map(([name, sha256]) => `${sha256}  ${name}`);
}

function named(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}
