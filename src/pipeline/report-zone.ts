/**
 * The engine's clock in a report's time zone: days in queries are days there.
 */
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { isTimeZone, nearestTimeZone, UTC } from '../core/time-zone.ts';
import type { Database } from '../engine/database.ts';
import { literal } from '../engine/sql-text.ts';

/** @throws WhoranError (wrong use) for a name that no clock knows */
export function checkTimeZone(name: string, option = '--time-zone'): string {
  if (isTimeZone(name)) return name;
  const near = nearestTimeZone(name);
  throw new WhoranError(`${option}: there is no time zone ${inert(JSON.stringify(name), 80)}`, {
    exitCode: EXIT.wrongUse,
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}Give an IANA name like Europe/Berlin, Asia/Tokyo or UTC; an offset is none, since it has no summer time.`,
  });
}

/** Runs `work` with the connection's time zone set, and sets UTC again, which everything else counts on. */
export async function inTimeZone<Result>(db: Database, timeZone: string, work: () => Promise<Result>): Promise<Result> {
  if (timeZone === UTC) return work();
  await db.run(`set TimeZone = ${literal(checkTimeZone(timeZone))}`);
  try {
    return await work();
  } finally {
    await db.run("set TimeZone = 'UTC'");
  }
}
