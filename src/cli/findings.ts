/**
 * `whoran findings`: what the detections found, and where each stands.
 */
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { Context } from './context.ts';
import { withReader } from './data.ts';
import { readPeriod, withPeriod, type PeriodOptions } from './period.ts';

interface Options extends PeriodOptions {
  readonly detection?: string;
  readonly status?: string;
  readonly all?: boolean;
  readonly failOn?: string;
}

const SEVERITIES = ['low', 'medium', 'high', 'critical'];
/** What a pipeline is stopped by: what stands, whoever is on it. */
const STANDING = ['open', 'acknowledged'];

const EXAMPLES = `
Provisional findings may still vanish when late records come. Resolved ones are listed
with --all or --status resolved. --fail-on counts findings that are open or
acknowledged; provisional and suppressed ones stop nothing.

Examples:
  $ whoran findings --from 2026-01-01 --status open
  $ whoran findings --detection session_without_sign_in --json
  $ whoran findings --fail-on high    (exit code 1 where one stands)`;

export function registerFindings(program: Command, context: Context): void {
  withPeriod(program.command('findings').description('list what the detections found'))
    .option('--detection <id>', 'of this detection only')
    .option('--status <status>', 'provisional, open, acknowledged, resolved or suppressed')
    .option('--all', 'resolved ones too')
    .option('--fail-on <severity>', `exit with 1 where a finding of this severity or above stands: ${SEVERITIES.join(', ')}`)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const filter = {
        ...readPeriod(options),
        ...(options.detection === undefined ? {} : { detection: options.detection }),
        ...(options.status === undefined ? {} : { status: options.status }),
        all: options.all ?? false,
      };
      const severities = options.failOn === undefined ? [] : severitiesFrom(options.failOn);
      const { findings } = await import('../answers/findings.ts');
      const found = await withReader(context, (reader) => findings(reader, filter));
      const failing = found.findings.filter(({ severity, status }) => severities.includes(severity) && STANDING.includes(status));
      if (failing.length > 0) {
        context.exitCode = EXIT.found;
        context.say(`${failing.length} finding${failing.length === 1 ? '' : 's'} of severity ${severities.join(' or ')} ${failing.length === 1 ? 'stands' : 'stand'}`);
      }
      if (context.globals.json) {
        context.json(found);
        return;
      }
      const { findingsLines } = await import('./print/findings.ts');
      context.lines(findingsLines(found, context.page));
    });
}

/** This severity and those above. @throws WhoranError (exit 2) where there is none of that name */
function severitiesFrom(word: string): string[] {
  const at = SEVERITIES.indexOf(word);
  if (at >= 0) return SEVERITIES.slice(at);
  const near = nearest(word, SEVERITIES);
  throw new WhoranError(`--fail-on: there is no severity ${JSON.stringify(word.slice(0, 60))}`, {
    exitCode: EXIT.wrongUse,
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${SEVERITIES.join(', ')}.`,
  });
}
