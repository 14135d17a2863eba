/**
 * The clock of the services that sources speak to, as their answers' Date header has it. A machine whose clock is off is refused
 * by AWS (its signatures are good for minutes), and judges tokens and sessions wrongly.
 */
import type { SourceConfig } from '../config/sources/index.ts';

/** What a service's clock said. */
export interface ClockReading {
  readonly host: string;
  /** How far the service is ahead of this machine, in milliseconds; negative where it is behind. Undefined where it gave no answer. */
  readonly aheadMs: number | undefined;
  /** Half a second for the header's grain, and half of the time that the answer took. */
  readonly uncertaintyMs: number;
  /** Why there is no answer, in a few words. */
  readonly problem?: string;
}

/**
 * Where a source's service answers, without credentials: any answer has a Date. Undefined for `files`, which speaks to none, and
 * for Entra's sources, whose own checks compare clocks with the very service.
 */
export function serviceUrl(config: SourceConfig): string | undefined {
  switch (config.type) {
    case 'files':
    case 'entra-graph':
    case 'entra-logs':
      return undefined;
    case 'cloudtrail-s3':
      return config.endpoint ?? awsUrl('s3', config.bucket_region);
    case 'cloudtrail-lookup':
      return config.endpoint ?? awsUrl('cloudtrail', config.regions[0] ?? 'us-east-1');
    case 'cloudwatch-logs':
      return config.endpoint ?? awsUrl('logs', config.region);
  }
}

function awsUrl(service: string, region: string): string {
  return `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** Asks a service for the time. Never throws; what fails is a reading without an answer. */
export async function readServiceClock(url: string, context: { readonly now: () => Date; readonly signal: AbortSignal }): Promise<ClockReading> {
  const { host } = new URL(url);
  const asked = context.now().getTime();
  try {
    const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: context.signal });
    const answered = context.now().getTime();
    const date = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(date)) return { host, aheadMs: undefined, uncertaintyMs: 0, problem: 'its answer has no Date' };
    // The header is cut to whole seconds: its middle is half a second later.
    return { host, aheadMs: date + 500 - (asked + answered) / 2, uncertaintyMs: 500 + (answered - asked) / 2 };
  } catch (error) {
    return { host, aheadMs: undefined, uncertaintyMs: 0, problem: problemOf(error) };
  }
}

function problemOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  if (code !== undefined) return `it can't be reached (${code})`;
  return error instanceof Error && error.name === 'TimeoutError' ? 'it gave no answer in time' : 'it can\'t be reached';
}
