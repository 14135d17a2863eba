/**
 * Quiet hours and times of day, by the clocks of time zones with their summer times.
 */
import type { AlertsConfig } from '../config/alerts.ts';

export const SEVERITY_RANK = { low: 1, medium: 2, high: 3, critical: 4 } as const;
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const MINUTE = 60_000;
/** A day and a half: no quiet time is longer, whatever a clock is set forward or back. */
const HORIZON_MINUTES = 36 * 60;

/** What a clock on the wall shows. */
export interface WallClock {
  /** `2026-01-15`. */
  readonly date: string;
  readonly weekday: (typeof DAYS)[number];
  /** Minutes after midnight. */
  readonly minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clock of a time zone shows at an instant. */
export function wallClock(at: Date, timeZone: string): WallClock {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const date = `${parts['year'] ?? ''}-${parts['month'] ?? ''}-${parts['day'] ?? ''}`;
  return { date, weekday: DAYS[new Date(`${date}T00:00:00Z`).getUTCDay()] ?? 'sun', minute: Number(parts['hour']) * 60 + Number(parts['minute']) };
}

/** Minutes after midnight of `22:30`. */
export function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}

type Quiet = AlertsConfig['quiet_hours'][number];

function isQuietAt(at: Date, { from, to, time_zone: zone, days }: Quiet): boolean {
  const { weekday, minute } = wallClock(at, zone);
  const [start, end] = [minuteOf(from), minuteOf(to)];
  const begins = (day: WallClock['weekday']): boolean => days === undefined || days.includes(day);
  if (start < end) return minute >= start && minute < end && begins(weekday);
  // Over midnight: what began yesterday goes on this morning.
  if (minute >= start) return begins(weekday);
  return minute < end && begins(DAYS[(DAYS.indexOf(weekday) + 6) % 7] ?? 'sun');
}

/** What waits now, and until when. `below`: findings of a lower rank than this; 0 where nothing waits. */
export function quietNow(now: Date, hours: readonly Quiet[]): { readonly below: number; readonly until: Date } {
  const current = hours.filter((one) => isQuietAt(now, one));
  const below = Math.max(0, ...current.map((one) => SEVERITY_RANK[one.below]));
  if (below === 0) return { below, until: now };
  const strictest = current.filter((one) => SEVERITY_RANK[one.below] === below);
  const first = Math.ceil(now.getTime() / MINUTE) * MINUTE;
  for (let step = 0; step <= HORIZON_MINUTES; step += 1) {
    const at = new Date(first + step * MINUTE);
    if (!strictest.some((one) => isQuietAt(at, one))) return { below, until: at };
  }
  return { below, until: new Date(first + HORIZON_MINUTES * MINUTE) };
}
