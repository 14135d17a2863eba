/**
 * The period of a run's report: whole UTC days that are over.
 */
import type { ReportJob } from '../config/run.ts';

/** From inclusive, to exclusive. */
export function reportPeriod(period: ReportJob['period'], now: Date): { from: Date; to: Date } {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  if (period === 'previous_month') return { from: new Date(Date.UTC(year, month - 1, 1)), to: new Date(Date.UTC(year, month, 1)) };
  const days = period === 'previous_day' ? 1 : period.last_days;
  return { from: new Date(Date.UTC(year, month, day - days)), to: new Date(Date.UTC(year, month, day)) };
}
