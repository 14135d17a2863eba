/**
 * `whoran digests`: what CloudTrail's digests prove of the landed log files.
 */
import type { Command } from 'commander';
import { EXIT } from '../core/errors.ts';
import type { Context } from './context.ts';
import { withReader } from './data.ts';
import { readPeriod, withPeriod, type PeriodOptions } from './period.ts';

const EXAMPLES = `
CloudTrail signs a digest of its log files each hour, where log file validation is
on. Each run checks signatures, the chain of digests and every landed log file that
one names, without any network. The period is of deliveries, not of events.

Signatures need CloudTrail's public keys. Save them for the digests' region and time,
and ingest the file; a cloudtrail-s3 source with public_keys: true asks by itself:
  $ aws cloudtrail list-public-keys --region eu-central-1 \\
      --start-time 2026-01-01 --end-time 2026-02-01 > keys.json
  $ whoran ingest keys.json

A digest copied as a plain file has lost its signature, which S3 keeps beside the
object: the newest of a chain cannot be checked then; the others by the next one's
copy of it. Exit code 1: something is altered, deleted or wrongly signed. What is
missing or unproven is listed and is no such sign by itself.

Examples:
  $ whoran digests
  $ whoran digests --from 2026-01-01 --to 2026-01-31 --json`;

export function registerDigests(program: Command, context: Context): void {
  withPeriod(program.command('digests').description("show what CloudTrail's digests prove: log files proved, altered, missing or unproven"))
    .addHelpText('after', EXAMPLES)
    .action(async (options: PeriodOptions) => {
      const period = readPeriod(options);
      const { digests } = await import('../answers/digests.ts');
      const found = await withReader(context, (reader) => digests(reader, period));
      if (found.has_faults) context.exitCode = EXIT.found;
      if (context.globals.json) {
        context.json(found);
        return;
      }
      const { digestLines } = await import('./print/digests.ts');
      context.lines(digestLines(found, context.page));
    });
}
