/**
 * Times that people type.
 */
import { EXIT, WhoranError } from './errors.ts';
import { startOfDay, UTC } from './time-zone.ts';

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?([Zz]|[+-]\d{2}:\d{2})?$/;

function midnight(year: string, month: string, day: string): number | undefined {
  const at = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const back = new Date(at);
  return back.getUTCMonth() === Number(month) - 1 && back.getUTCDate() === Number(day) ? at : undefined;
}

function offsetMs(zone: string): number | undefined {
  if (/^[Zz]$/.test(zone)) return 0;
  const [hours, minutes] = zone.slice(1).split(':').map(Number);
  if (hours === undefined || minutes === undefined || hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** RFC 3339 UTC, with milliseconds only where there are any: `2026-01-15T09:00:02Z`. */
export function rfc3339(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z');
}

/**
 * The instant that `text` names: RFC 3339 with a zone, or a date, which is a day in `timeZone`. A date means the day's first
 * instant; with `wholeDay`, as for `--to`, the instant after its last, so that the day itself is counted.
 * @param option names the option in the error, for example `--from`
 * @param timeZone an IANA name that the clock knows
 * @throws WhoranError (wrong use) that says which forms work
 */
export function parseTime(text: string, option: string, { wholeDay = false, timeZone = UTC }: { wholeDay?: boolean; timeZone?: string } = {}): Date {
  const bad = (why: string): WhoranError =>
    new WhoranError(`${option}: ${why}`, {
      exitCode: EXIT.wrongUse,
      hint: `Give RFC 3339 with a zone (2026-01-15T09:00:00Z, 2026-01-15T18:00:00+09:00) or a date (2026-01-15), which is a day in ${timeZone}.`,
    });
  const shown = JSON.stringify(text.slice(0, 60));
  const date = DATE.exec(text.trim());
  if (date) {
    const at = midnight(date[1] ?? '', date[2] ?? '', date[3] ?? '');
    if (at === undefined) throw bad(`there is no day ${shown}`);
    return startOfDay(timeZone, Number(date[1]), Number(date[2]), Number(date[3]) + (wholeDay ? 1 : 0));
  }
  const match = DATE_TIME.exec(text.trim());
  if (!match) throw bad(`${shown} is not a time`);
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '0', fraction = '', zone] = match;
  if (zone === undefined) throw bad(`${shown} has no time zone`);
  const start = midnight(year, month, day);
  const offset = offsetMs(zone);
  if (start === undefined || offset === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    throw bad(`there is no time ${shown}`);
  }
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3));
  return new Date(start + Number(hour) * 3_600_000 + Number(minute) * 60_000 + Number(second) * 1000 + milliseconds - offset);
}
