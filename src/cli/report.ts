/**
 * `whoran report`: lists the reports, or runs one.
 */
import { setTimeout } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { REPORT_FORMATS, type ReportFormat } from '../core/report-formats.ts';
import { hasParameters, isScoped, reportParameters, type ReportParameters } from '../core/report-parameters.ts';
import { parseTime, rfc3339 } from '../core/times.ts';
import type { BundleResult, BundleSigner } from '../pipeline/bundle.ts';
import type { Config } from '../config/config.ts';
import type { Filing } from '../pipeline/filing.ts';
import type { Filed, MadeAgain } from '../pipeline/filing.ts';
import type { ReportResult } from '../pipeline/report.ts';
import { zonedText } from '../core/time-zone.ts';
import type { Context } from './context.ts';
import { spillingInto, withReader } from './data.ts';
import { readPeriod, withPeriod, type PeriodOptions } from './period.ts';
import { progressOn } from './progress.ts';

interface Options extends PeriodOptions {
  readonly account?: readonly string[];
  readonly team?: readonly string[];
  readonly timeZone?: string;
  readonly out?: string;
  readonly format?: readonly ReportFormat[];
  readonly bundle?: boolean;
  readonly redact?: 'people';
  readonly file?: boolean;
  readonly note?: string;
  readonly filed?: string;
  readonly knownAt?: string;
  /** False with --no-zip. */
  readonly zip: boolean;
}

const EXAMPLES = `
Examples:
  $ whoran report list
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./january
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./january --format pdf,xlsx
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./january --bundle
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./january --bundle \\
      --redact people
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./january \\
      --account 111122223333 --account 444455556666 --time-zone Europe/Berlin
  $ whoran report exceptions --from 2026-01-01 --to 2026-01-31 --out ./january \\
      --team data-platform
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./january --file --note Q1
  $ whoran report filed
  $ whoran report traceability --out ./again \\
      --filed traceability_20260101T000000Z_20260131T000000Z_1
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./then \\
      --known-at 2026-02-01T06:00:00Z

Without --format: HTML, CSV and JSON. A PDF is printed by Chromium, which WHORAN_CHROMIUM names
where it is not found by itself.

--account and --team list only what belongs to one of the accounts, and to one of the teams of
the configuration (alerts.teams); each may stand several times. What they leave out is counted in
the report, under Scope. With --time-zone, dates in --from and --to are days there, and times
are shown there with their offset; JSON holds them in UTC.

A bundle holds the report with the records, SQL and proofs behind it, signed with the key that
the configuration names (evidence.signing_key_file, evidence.kms_key_id): \`whoran verify\`
checks it where there is neither network nor data folder.

--redact people puts a pseudonym in place of each person, by the key that the configuration
names (evidence.pseudonym_key_file): the same one in every report. The delivered records are
then enclosed by their hashes alone. Services, roles, tasks and accounts keep their names.

--file makes the report of landing alone and writes into the journal what it was made of, and
every file's SHA-256. --filed makes it again, with the same head, whatever came later, and exits
with 1 where a file is not the filed one. Filing the same report and period again is a
correction: it names the one before and lists the rows that changed. --known-at gives a report
of what was landed and decided by then; at the very time of a filing, the filed report.`;

export function registerReport(program: Command, context: Context): void {
  withPeriod(program.command('report').description('write a report, or list the reports there are').argument('<id>', 'a report\'s id, or list, or filed'))
    .option('--out <folder>', 'where to write it; made where it is missing')
    .option('--account <id>', 'only what belongs to this AWS account; may be given several times', collected)
    .option('--team <name>', 'only what belongs to this team; may be given several times', collected)
    .option('--time-zone <name>', 'IANA time zone of dates, days and times; UTC without it')
    .option('--format <formats>', `which formats, with commas: ${REPORT_FORMATS.join(', ')}`, readFormats)
    .option('--bundle', 'write a signed evidence bundle beside it: a folder, and the same as a zip')
    .addOption(new Option('--redact <what>', 'pseudonyms in place of people, in the report and its bundle').choices(['people']))
    .option('--no-zip', 'with --bundle: the folder alone')
    .option('--file', 'file it: the journal keeps what it was made of, so that it can be made again')
    .option('--note <text>', 'with --file: why, for the journal')
    .option('--filed <id>', 'make a filed report again (`whoran report filed` lists them)')
    .option('--known-at <time>', 'as of what had been landed and decided then')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: Options) => {
      if (id === 'list') await list(context);
      else if (id === 'filed') await listFiled(context);
      else await run(context, id, options);
    });
}

const collected = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** What was typed. @throws WhoranError (wrong use) for what is no account id, and no time zone */
async function readParameters({ account = [], team = [], timeZone }: Options): Promise<ReportParameters> {
  const strange = account.find((id) => !/^\d{12}$/.test(id));
  if (strange !== undefined) throw new WhoranError(`--account: ${inert(JSON.stringify(strange), 60)} is no AWS account id`, { exitCode: EXIT.wrongUse, hint: 'Give its twelve digits, and --account again for another one: --account 111122223333 --account 444455556666.' });
  const { checkTimeZone } = await import('../pipeline/report-zone.ts');
  return reportParameters({ accounts: account, teams: team, ...(timeZone === undefined ? {} : { timeZone: checkTimeZone(timeZone) }) });
}

/** @throws WhoranError (wrong use) for a word that is no format, and for none */
function readFormats(text: string, before: readonly ReportFormat[] = []): ReportFormat[] {
  const named = text.split(',').map((word) => word.trim().toLowerCase()).filter(Boolean);
  const formats = named.map((word) => {
    const format = REPORT_FORMATS.find((known) => known === word);
    if (format === undefined) throw new WhoranError(`--format: there is no format ${inert(JSON.stringify(word), 40)}`, { exitCode: EXIT.wrongUse, hint: `There are: ${REPORT_FORMATS.join(', ')}; several with commas.` });
    return format;
  });
  if (formats.length === 0) throw new WhoranError('--format names no format', { exitCode: EXIT.wrongUse, hint: `There are: ${REPORT_FORMATS.join(', ')}; several with commas.` });
  return [...new Set([...before, ...formats])];
}

async function list(context: Context): Promise<void> {
  const { listReports } = await import('../pipeline/report.ts');
  const reports = await listReports();
  if (context.globals.json) {
    context.json({ schema: 'whoran.reports/1', reports });
    return;
  }
  const { tableLines } = await import('./print/table.ts');
  const rows = reports.map((report) => [report.id, inert(report.title), report.formats.join(', ')]);
  context.lines(tableLines([{ title: 'report' }, { title: 'title' }, { title: 'formats' }], rows, context.page));
}

async function run(context: Context, id: string, options: Options): Promise<void> {
  const chosen = [options.file === true && '--file', options.filed !== undefined && '--filed', options.knownAt !== undefined && '--known-at'].filter((name) => name !== false);
  if (chosen.length > 1) throw new WhoranError(`${chosen.join(' and ')}: only one of them`, { exitCode: EXIT.wrongUse, hint: 'To file what was known at an earlier time is not possible: a filing is of what is known now.' });
  if (options.note !== undefined && options.file !== true) throw new WhoranError('--note: only with --file', { exitCode: EXIT.wrongUse });
  if (options.redact !== undefined && (options.file === true || options.filed !== undefined)) throw new WhoranError(`--redact: not with ${options.file === true ? '--file' : '--filed'}, since a filed report names people as they are`, { exitCode: EXIT.wrongUse, hint: 'File the report without --redact, and write the redacted one beside it.' });
  const parameters = await readParameters(options);
  if (options.filed !== undefined) {
    if (hasParameters(parameters)) throw new WhoranError('--account, --team and --time-zone: not with --filed, which has its own', { exitCode: EXIT.wrongUse, hint: 'A filed report is made again with the parameters that it was filed with.' });
    await again(context, id, options.filed, options);
    return;
  }
  const { from, to } = readPeriod(options, parameters.timeZone);
  const { out: outDir } = options;
  if (!from || !to || outDir === undefined) {
    throw new WhoranError('a report needs --from, --to and --out', {
      exitCode: EXIT.wrongUse,
      hint: `For example: whoran report ${inert(id, 40)} --from 2026-01-01 --to 2026-01-31 --out ./january`,
    });
  }
  const { runReport } = await import('../pipeline/report.ts');
  const bundle = options.bundle === true ? { bundle: { dataDir: context.globals.data, signer: await signerOf(context), hasZip: options.zip } } : {};
  const redact = options.redact === undefined ? {} : { redact: { key: await pseudonymKeyOf(context) } };
  const progress = progressOn(context);
  try {
    const wish = { from, to, parameters, outDir, now: new Date(), ...(options.format ? { formats: options.format } : {}), ...bundle, ...redact, progress: (step: string) => { progress.step(step); } };
    if (options.file === true) {
      const filed = await (await filing()).fileReport(context.globals.data, await configOf(context), id, { ...wish, ...(options.note === undefined ? {} : { note: options.note }), sleep: async (ms) => setTimeout(ms) });
      progress.done();
      if (context.globals.json) context.json({ schema: 'whoran.report-filed/1', ...filed });
      else context.lines([...filedLines(filed), ...bundleLines(filed.report.bundle)]);
      return;
    }
    if (options.knownAt !== undefined) {
      const at = parseTime(options.knownAt, '--known-at', { timeZone: parameters.timeZone });
      if (at > wish.now) throw new WhoranError(`--known-at: ${rfc3339(at)} is in the future`, { exitCode: EXIT.wrongUse, hint: 'Give a time that is over; without --known-at a report is of what is known now.' });
      const { listFilings, reportKnownAt, sameReport } = await filing();
      const one = options.redact === undefined && sameReport(listFilings(context.globals.data), { report: id, from, to, parameters }).find((found) => Date.parse(found.filed_at) === at.getTime());
      if (one) {
        await again(context, id, one.id, options);
        return;
      }
      const result = await reportKnownAt(context.globals.data, await configOf(context), id, at, wish);
      progress.done();
      if (context.globals.json) context.json({ schema: 'whoran.report-run/1', ...result });
      else context.lines(resultLines(result));
      return;
    }
    const result = await withReader(context, (reader) => runReport(reader, id, { ...wish, dataDir: context.globals.data }), spillingInto(outDir));
    progress.done();
    if (context.globals.json) context.json({ schema: 'whoran.report-run/1', ...result });
    else context.lines(resultLines(result));
  } finally {
    progress.done();
  }
}

const filing = async () => import('../pipeline/filing.ts');

async function configOf(context: Context): Promise<Config> {
  return (await import('../config/load.ts')).loadConfig(context.globals.config);
}

async function listFiled(context: Context): Promise<void> {
  const { filingRemovals, listFilings } = await filing();
  const removals = filingRemovals(context.globals.data);
  const filings = listFilings(context.globals.data).map((one) => ({ ...one, removed: removals.get(one.id) ?? null }));
  if (context.globals.json) {
    context.json({ schema: 'whoran.filed-reports/1', filings });
    return;
  }
  if (filings.length === 0) {
    context.lines(['No report is filed. `whoran report ID … --file` files one.']);
    return;
  }
  const { tableLines } = await import('./print/table.ts');
  const rows = filings.map((one) => [inert(one.id, 200), parameterText(one), one.filed_at, inert(one.filed_by, 60), one.corrects === null ? '' : `corrects ${inert(one.corrects, 200)}: ${one.changes.length === 0 ? 'nothing changed' : `${one.changes.length} tables changed`}`, one.removed === null ? '' : `removed ${one.removed.at.slice(0, 10)}`, inert(one.note ?? '', 200)]);
  context.lines(tableLines([{ title: 'filed as' }, { title: 'of' }, { title: 'filed at' }, { title: 'by' }, { title: 'correction' }, { title: 'files' }, { title: 'note' }], rows, context.page));
}

function parameterText({ time_zone: zone, accounts, teams }: Filing): string {
  return inert([...accounts, ...teams.map((team) => `team ${team}`), ...(zone === 'UTC' ? [] : [zone])].join(', ') || 'all', 200);
}

/** Makes a filed report again. Exit 1 where its files are not the filed ones. */
async function again(context: Context, id: string, filed: string, options: Options): Promise<void> {
  const { filingOf, makeFiled } = await filing();
  const one = filingOf(context.globals.data, filed);
  if (one.report !== id) throw new WhoranError(`${inert(filed, 200)} is a report ${inert(one.report, 60)}, not ${inert(id, 60)}`, { exitCode: EXIT.wrongUse });
  if (options.out === undefined) throw new WhoranError('--filed needs --out', { exitCode: EXIT.wrongUse, hint: `For example: whoran report ${inert(id, 40)} --filed ${inert(filed, 200)} --out ./again` });
  const progress = progressOn(context);
  try {
    const bundle = options.bundle === true ? { bundle: { dataDir: context.globals.data, signer: await signerOf(context), hasZip: options.zip } } : {};
    const made = await makeFiled(context.globals.data, await configOf(context), one, { outDir: options.out, ...bundle, progress: (step) => { progress.step(step); } });
    progress.done();
    if (!made.is_same) context.exitCode = EXIT.found;
    if (context.globals.json) context.json({ schema: 'whoran.report-again/1', ...made });
    else context.lines([...resultLines(made.report), '', ...againLines(made)]);
  } finally {
    progress.done();
  }
}

function againLines({ filing: one, is_same: isSame, differing, not_comparable: others, causes, removed }: MadeAgain): string[] {
  return [
    isSame ? `Filed as ${inert(one.id, 200)}: these are the same files, byte for byte.` : `Filed as ${inert(one.id, 200)}: NOT the same bytes: ${differing.map((name) => inert(name, 200)).join(', ')}.`,
    ...(removed === null ? [] : [`Written then: ${removed.written}; of these retention removed ${removed.removed}, the last of them at ${removed.at} by ${inert(removed.by, 60)} (line ${removed.journal_line} of the journal). Their hashes stay there, and these files were held against them.`]),
    ...(others.length > 0 ? [`Not compared, since no two runs print alike: ${others.map((name) => inert(name, 200)).join(', ')}.`] : []),
    ...(isSame ? [] : causes.length > 0 ? causes.map((cause) => `  ${inert(cause, 300)}`) : ['  Program, configuration and logs are as they were: check landing with `whoran doctor` (batches may have been removed).']),
  ];
}

function filedLines({ filing: one, report }: Filed): string[] {
  const corrects = report.filed_as?.corrects;
  return [
    ...resultLines({ ...report, bundle: null }),
    '',
    `Filed as ${inert(one.id, 200)} by ${inert(one.filed_by, 60)} (line ${one.journal_line} of the journal).`,
    ...(corrects ? [`It corrects ${inert(corrects.filed, 200)}: ${one.changes.length === 0 ? 'nothing has changed since.' : ''}`, ...one.changes.map((change) => `  ${inert(change, 300)}`)] : []),
  ];
}

function resultLines(result: ReportResult): string[] {
  const zone = result.time_zone;
  const shown = (instant: string): string => zonedText(instant, zone);
  return [`${inert(result.title)}, ${shown(result.from)} to ${shown(result.to)}, as of ${result.as_of === null ? 'nothing landed' : shown(result.as_of)}:`, ...scopeLines(result), ...result.files.map((file) => `  ${inert(file.path, 300)}`), ...bundleLines(result.bundle)];
}

/** What was asked for, and how much is left out; nothing where everything is listed. */
function scopeLines({ accounts, teams, scope }: ReportResult): string[] {
  if (!isScoped({ timeZone: '', accounts, teams })) return [];
  const counts = scope.flatMap(({ what, in_period: all, in_scope: listed, out_of_scope: others, not_assignable: unknown }) =>
    all !== null && all > 0 ? [`    ${what}: ${listed ?? 0} of ${all}; left out: ${others ?? 0} out of scope, ${unknown ?? 0} not assignable`] : [],
  );
  const asked = [...(accounts.length === 0 ? [] : [`accounts ${accounts.join(', ')}`]), ...(teams.length === 0 ? [] : [`teams ${teams.map((team) => inert(JSON.stringify(team), 80)).join(', ')}`])];
  return [`  scope: ${asked.join('; ')}`, ...counts];
}

async function pseudonymKeyOf(context: Context): Promise<Buffer> {
  const { readPseudonymKey } = await import('../evidence/pseudonyms.ts');
  return readPseudonymKey((await configOf(context)).evidence.pseudonym_key_file);
}

/** The key is opened before anything is written. */
async function signerOf(context: Context): Promise<BundleSigner> {
  const [{ bundleSigner }, { loadConfig }] = await Promise.all([import('../pipeline/bundle-signer.ts'), import('../config/load.ts')]);
  return bundleSigner((await loadConfig(context.globals.config)).evidence);
}

function bundleLines(bundle: BundleResult | null): string[] {
  if (bundle === null) return [];
  const records = Object.values(bundle.records).reduce((sum, count) => sum + count, 0);
  return [
    '',
    'Evidence bundle',
    `  ${inert(bundle.path, 300)}`,
    ...(bundle.zip === null ? [] : [`  ${inert(bundle.zip, 300)}`]),
    `  ${records} delivered records${bundle.redaction === null ? '' : ', by their hashes: people stand under pseudonyms'}${bundle.missing_records > 0 ? `; ${bundle.missing_records} that the tables name are not in landing any more` : ''}`,
    `  manifest  ${bundle.manifest_sha256}`,
    `  signed by ${bundle.key_id}${bundle.timestamped_at === null ? ', without a timestamp' : `, timestamp ${bundle.timestamped_at}`}`,
    '',
    `Check it with: whoran verify ${inert(bundle.path, 300)} --key <public key> --replay`,
  ];
}
