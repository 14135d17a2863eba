/**
 * The period of a run's report: whole days of its time zone that are over.
 */
import type { ReportJob } from '../config/run.ts';
import { startOfDay, UTC, zonedDate } from '../core/time-zone.ts';

/** From inclusive, to exclusive. */
export function reportPeriod(period: ReportJob['period'], now: Date, timeZone: string = UTC): { from: Date; to: Date } {
  const { year, month, day } = zonedDate(timeZone, now);
  if (period === 'previous_month') return { from: startOfDay(timeZone, year, month - 1, 1), to: startOfDay(timeZone, year, month, 1) };
  const days = period === 'previous_day' ? 1 : period.last_days;
  return { from: startOfDay(timeZone, year, month, day - days), to: startOfDay(timeZone, year, month, day) };
}
