/**
 * `--from` and `--to`, as every command that takes a period has them.
 */
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { parseTime } from '../core/times.ts';

export interface PeriodOptions {
  readonly from?: string;
  readonly to?: string;
}

/** Adds the two options; without them a command takes all time (RULINGS 23). */
export function withPeriod(command: Command): Command {
  return command
    .option('--from <time>', 'from this time on: RFC 3339, or a date, from its first instant in UTC')
    .option('--to <time>', 'before this time: RFC 3339, or a date, which is counted whole');
}

/** The period that was typed; a date is a day in `timeZone`, UTC where it is left out. @throws WhoranError where a time is none, or the period is empty */
export function readPeriod(options: PeriodOptions, timeZone?: string): { from?: Date; to?: Date } {
  const zone = timeZone === undefined ? {} : { timeZone };
  const from = options.from === undefined ? undefined : parseTime(options.from, '--from', zone);
  const to = options.to === undefined ? undefined : parseTime(options.to, '--to', { wholeDay: true, ...zone });
  if (from && to && from >= to) {
    throw new WhoranError('--from is not before --to', { exitCode: EXIT.wrongUse, hint: 'Give a period: --from 2026-01-01 --to 2026-01-31 is all of January.' });
  }
  return { ...(from ? { from } : {}), ...(to ? { to } : {}) };
}
