/**
 * `whoran report`: lists the reports, or runs one.
 */
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { REPORT_FORMATS, type ReportFormat } from '../core/report-formats.ts';
import type { BundleResult, BundleSigner } from '../pipeline/bundle.ts';
import type { Context } from './context.ts';
import { withReader } from './data.ts';
import { readPeriod, withPeriod, type PeriodOptions } from './period.ts';
import { progressOn } from './progress.ts';

interface Options extends PeriodOptions {
  readonly out?: string;
  readonly format?: readonly ReportFormat[];
  readonly bundle?: boolean;
  /** False with --no-zip. */
  readonly zip: boolean;
}

const EXAMPLES = `
Examples:
  $ whoran report list
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./january
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./january --format html,pdf,xlsx
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./january --bundle

Without --format: HTML, CSV and JSON. A PDF is printed by Chromium, which WHORAN_CHROMIUM names
where it is not found by itself.

A bundle holds the report with the records, SQL and proofs behind it, signed with the key that
the configuration names (evidence.signing_key_file, evidence.kms_key_id): \`whoran verify\`
checks it where there is neither network nor data folder.`;

export function registerReport(program: Command, context: Context): void {
  withPeriod(program.command('report').description('write a report, or list the reports there are').argument('<id>', 'a report\'s id, or list'))
    .option('--out <folder>', 'where to write it; made where it is missing')
    .option('--format <formats>', `which formats, with commas: ${REPORT_FORMATS.join(', ')}`, readFormats)
    .option('--bundle', 'write a signed evidence bundle beside it: a folder, and the same as a zip')
    .option('--no-zip', 'with --bundle: the folder alone')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: Options) => {
      await (id === 'list' ? list(context) : run(context, id, options));
    });
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
  const { from, to } = readPeriod(options);
  const { out: outDir } = options;
  if (!from || !to || outDir === undefined) {
    throw new WhoranError('a report needs --from, --to and --out', {
      exitCode: EXIT.wrongUse,
      hint: `For example: whoran report ${inert(id, 40)} --from 2026-01-01 --to 2026-01-31 --out ./january`,
    });
  }
  const { runReport } = await import('../pipeline/report.ts');
  const bundle = options.bundle === true ? { bundle: { dataDir: context.globals.data, signer: await signerOf(context), hasZip: options.zip } } : {};
  const progress = progressOn(context);
  try {
    const result = await withReader(context, (reader) =>
      runReport(reader, id, {
        from,
        to,
        outDir,
        dataDir: context.globals.data,
        now: new Date(),
        ...(options.format ? { formats: options.format } : {}),
        ...bundle,
        progress: (step) => {
          progress.step(step);
        },
      }),
    );
    progress.done();
    if (context.globals.json) context.json({ schema: 'whoran.report-run/1', ...result });
    else context.lines([`${inert(result.title)}, ${result.from} to ${result.to}, as of ${result.as_of ?? 'nothing landed'}:`, ...result.files.map((file) => `  ${inert(file.path, 300)}`), ...bundleLines(result.bundle)]);
  } finally {
    progress.done();
  }
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
    `  ${records} delivered records${bundle.missing_records > 0 ? `; ${bundle.missing_records} that the tables name are not in landing any more` : ''}`,
    `  manifest  ${bundle.manifest_sha256}`,
    `  signed by ${bundle.key_id}${bundle.timestamped_at === null ? ', without a timestamp' : `, timestamp ${bundle.timestamped_at}`}`,
    '',
    `Check it with: whoran verify ${inert(bundle.path, 300)} --key <public key> --replay`,
  ];
}
