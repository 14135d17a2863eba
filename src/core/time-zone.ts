/**
 * Time zones by their IANA names: what the clock shows in one, and when a day begins there.
 */
import { nearest } from './nearest.ts';

export const UTC = 'UTC';

/** Clocks change by quarters of an hour at the least, at whole ones of UTC. */
const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;

/** `Intl.supportedValuesOf` lists one name of each zone, and for some an old one (Asia/Calcutta): all of them are known to the clock. */
export function isTimeZone(name: string): boolean {
  // An offset has no summer time, and is no name.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The known zone whose name is nearest to a mistyped one, or undefined. */
export function nearestTimeZone(name: string): string | undefined {
  return nearest(name, [UTC, ...Intl.supportedValuesOf('timeZone')]);
}

/** A zone's clock: asked once for each quarter of an hour, since a report asks for many instants of few days. */
class ZoneClock {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  constructor(zone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', era: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    });
  }

  offsetMs(ms: number): number {
    const quarter = Math.floor(ms / QUARTER_MS);
    const known = this.#offsets.get(quarter);
    if (known !== undefined) return known;
    const at = quarter * QUARTER_MS;
    const parts = new Map(this.#format.formatToParts(at).map(({ type, value }) => [type, value]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name));
    const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year');
    const wall = new Date(0);
    wall.setUTCFullYear(year, part('month') - 1, part('day'));
    wall.setUTCHours(part('hour'), part('minute'), part('second'));
    const offset = wall.getTime() - at;
    if (this.#offsets.size > 100_000) this.#offsets.clear();
    this.#offsets.set(quarter, offset);
    return offset;
  }
}

const clocks = new Map<string, ZoneClock>();

/** How far the zone's clock is ahead of UTC at an instant (ms since 1970), in ms. */
export function zoneOffsetMs(zone: string, ms: number): number {
  if (zone === UTC) return 0;
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new ZoneClock(zone);
    clocks.set(zone, clock);
  }
  return clock.offsetMs(ms);
}

/** `+02:00`; with seconds where a zone of old times had them. */
export function offsetText(offsetMs: number): string {
  const seconds = Math.abs(Math.round(offsetMs / 1000));
  const two = (number: number): string => String(number).padStart(2, '0');
  const rest = seconds % 60;
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}${rest === 0 ? '' : `:${two(rest)}`}`;
}

/** The date that the zone's clock shows at an instant. `month` counts from 1. */
export function zonedDate(zone: string, at: Date): { year: number; month: number; day: number } {
  const wall = new Date(at.getTime() + zoneOffsetMs(zone, at.getTime()));
  return { year: wall.getUTCFullYear(), month: wall.getUTCMonth() + 1, day: wall.getUTCDate() };
}

/**
 * The first instant of a day in a zone. Days there have 23 to 25 hours where clocks change; where midnight itself is left out, the day begins
 * with the first time that there is.
 * @param month counts from 1; days and months beyond their ends go on into the next, as for `Date.UTC`
 */
export function startOfDay(zone: string, year: number, month: number, day: number): Date {
  const midnight = Date.UTC(year, month - 1, day);
  if (zone === UTC) return new Date(midnight);
  // Zones reach from 12 hours behind to 14 ahead, and once from 15 to 15: the day begins in between.
  let before = midnight - 16 * HOUR_MS;
  let after = midnight + 16 * HOUR_MS;
  while (after - before > 1000) {
    const middle = Math.floor((before + after) / 2000) * 1000;
    if (middle + zoneOffsetMs(zone, middle) >= midnight) after = middle;
    else before = middle;
  }
  return new Date(after);
}

const INSTANT = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?Z$/;

/**
 * An RFC 3339 UTC instant as the zone's clock shows it: `2026-03-29 03:15:00 +02:00`, in UTC `2026-03-29 01:15:00Z`. Anything else as it stands.
 */
export function zonedText(text: string, zone: string): string {
  return zoned(text, zone, ' ', ' ');
}

/** As `zonedText`, in RFC 3339: `2026-03-29T03:15:00+02:00`; in UTC the text itself. */
export function zonedInstant(text: string, zone: string): string {
  return zone === UTC ? text : zoned(text, zone, 'T', '');
}

function zoned(text: string, zone: string, between: string, before: string): string {
  const match = INSTANT.exec(text);
  const [, second = '', fraction = ''] = match ?? [];
  const ms = match === null ? Number.NaN : Date.parse(`${second}Z`);
  if (Number.isNaN(ms)) return text;
  if (zone === UTC) return `${second.replace('T', between)}${fraction}Z`;
  const offset = zoneOffsetMs(zone, ms);
  const wall = new Date(ms + offset).toISOString().slice(0, 19);
  return `${wall.replace('T', between)}${fraction}${before}${offsetText(offset)}`;
}
