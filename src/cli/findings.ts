/**
 * `whoran findings`: what the detections found, and where each stands.
 */
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { parseTime, rfc3339 } from '../core/times.ts';
import type { Context } from './context.ts';
import { withReaderKnownAt } from './known-at.ts';
import { readPeriod, withPeriod, type PeriodOptions } from './period.ts';

interface Options extends PeriodOptions {
  readonly detection?: string;
  readonly status?: string;
  readonly all?: boolean;
  readonly failOn?: string;
  readonly knownAt?: string;
}

const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
type Severity = (typeof SEVERITIES)[number];

const EXAMPLES = `
Provisional findings may still vanish when late records come, and are told to nobody.
Resolved ones are listed with --all or --status resolved. What is open and not told now
(a source is silent, quiet hours, planned work) is named with the reason.

--fail-on looks at every finding of the period and detection that is open or
acknowledged, also where --status lists others: a list never hides what stops a
pipeline. Provisional, suppressed and resolved ones stop nothing.

--known-at gives the findings as they would have been had nothing been landed, decided
or told since, by the detections of today.

Examples:
  $ whoran findings --from 2026-01-01 --status open
  $ whoran findings --detection session_without_sign_in --json
  $ whoran findings --fail-on high    (exit code 1 where one stands)
  $ whoran findings --known-at 2026-01-15T12:00:00Z --all`;

export function registerFindings(program: Command, context: Context): void {
  withPeriod(program.command('findings').description('list what the detections found'))
    .option('--detection <id>', 'of this detection only')
    .option('--status <status>', 'provisional, open, acknowledged, resolved or suppressed')
    .option('--all', 'resolved ones too')
    .option('--fail-on <severity>', `exit with 1 where a finding of this severity or above is open or acknowledged: ${SEVERITIES.join(', ')}`)
    .option('--known-at <time>', 'as of what had been landed and decided then')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => runFindings(context, options));
}

async function runFindings(context: Context, options: Options): Promise<void> {
  const knownAt = options.knownAt === undefined ? undefined : parseTime(options.knownAt, '--known-at');
  const now = knownAt ?? new Date();
  const filter = {
    ...readPeriod(options),
    ...(options.detection === undefined ? {} : { detection: options.detection }),
    ...(options.status === undefined ? {} : { status: options.status }),
    ...(knownAt === undefined ? {} : { knownAt }),
    all: options.all ?? false,
    now,
  };
  const severities = options.failOn === undefined ? [] : severitiesFrom(options.failOn);
  const [{ findings }, { heldBack }, { loadConfig }] = await Promise.all([import('../answers/findings.ts'), import('../pipeline/held-back.ts'), import('../config/load.ts')]);
  const config = await loadConfig(context.globals.config);
  const { found, held } = await withReaderKnownAt(context, knownAt, async (reader) => {
    // Decisions, and the lines of landing's logs that are evidence, are the data folder's own.
    const whole = await findings({ ...reader, dataDir: context.globals.data }, filter);
    return { found: whole, held: await heldBack(reader.db, config, now) };
  });
  const standing = severities.reduce((sum, severity) => sum + found.standing[severity], 0);
  if (standing > 0) {
    context.exitCode = EXIT.found;
    context.say(`${standing} finding${standing === 1 ? '' : 's'} of severity ${severities.join(' or ')} ${standing === 1 ? 'stands' : 'stand'}`);
  }
  const document = { ...found, ...(knownAt === undefined ? {} : { known_at: rfc3339(knownAt) }), held_back: held };
  if (context.globals.json) {
    context.json(document);
    return;
  }
  const { findingsLines } = await import('./print/findings.ts');
  context.lines(findingsLines(document, context.page));
}

/** This severity and those above. @throws WhoranError (exit 2) where there is none of that name */
function severitiesFrom(word: string): Severity[] {
  const at = SEVERITIES.findIndex((severity) => severity === word);
  if (at >= 0) return SEVERITIES.slice(at);
  const near = nearest(word, SEVERITIES);
  throw new WhoranError(`--fail-on: there is no severity ${JSON.stringify(word.slice(0, 60))}`, {
    exitCode: EXIT.wrongUse,
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${SEVERITIES.join(', ')}.`,
  });
}
