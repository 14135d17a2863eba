/**
 * What `doctor` says of one thing that it tried, and how its parts say it.
 */
import type { CheckResult } from '../sources/source.ts';

export type DoctorArea = 'configuration' | 'data' | 'clock' | 'source' | 'landed' | 'channel';

/** One line of `whoran.doctor/1`. */
export interface DoctorCheck {
  readonly area: DoctorArea;
  /** The source's or channel's id, where it is about one. */
  readonly source: string | null;
  /** What was tried. */
  readonly what: string;
  /** `missing` and `failed` make the whole unfit; `not_tried` says why not. */
  readonly outcome: CheckResult['outcome'];
  readonly found: string;
  /** The permission to grant or the setting to change; null where all is well. */
  readonly fix: string | null;
}

/** Makes the checks of one area. */
export function checksOf(area: DoctorArea, source: string | null = null): (what: string, outcome: DoctorCheck['outcome'], found: string, fix?: string) => DoctorCheck {
  return (what, outcome, found, fix) => ({ area, source, what, outcome, found, fix: fix ?? null });
}

/** Names in a sentence, at most `limit` of them. */
export function named(names: readonly string[], limit = 5): string {
  const more = names.length - limit;
  return more > 0 ? `${names.slice(0, limit).join(', ')} and ${more} more` : names.join(', ');
}
