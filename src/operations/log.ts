/**
 * The log of a run: one JSON line a message on standard error, or a line for people on a terminal. A line holds the message and
 * fields out of a fixed list, all of them scrubbed and inert: nothing else can get in, whatever somebody passes.
 */
import { pino } from 'pino';
import { inert } from '../core/inert.ts';
import type { LogLevel } from './log-levels.ts';
import { HIDDEN, type Scrub } from './secrets.ts';

/** All fields that a line may have, and what their values are. */
const FIELDS = {
  run_id: 'text', trigger: 'text', outcome: 'text', step: 'text', source: 'text', stream: 'text', operation: 'text', report: 'text',
  error: 'text', hint: 'text', reason: 'text', host: 'text', schedule: 'text', next_run_at: 'text', version: 'text', address: 'text',
  attempt: 'number', wait_ms: 'number', seconds: 'number', delivered: 'number', landed: 'number', repeated: 'number', bytes: 'number',
  records: 'number', rejected: 'number', requests: 'number', retries: 'number', findings: 'number', status: 'number', port: 'number',
} as const satisfies Record<string, 'text' | 'number'>;

export type LogFields = { readonly [Name in keyof typeof FIELDS]?: (typeof FIELDS)[Name] extends 'number' ? number : string };

export interface Log {
  readonly error: (message: string, fields?: LogFields) => void;
  readonly warn: (message: string, fields?: LogFields) => void;
  readonly info: (message: string, fields?: LogFields) => void;
  readonly debug: (message: string, fields?: LogFields) => void;
  /** A log whose lines all have these fields. */
  readonly with: (fields: LogFields) => Log;
}

export interface LogOptions {
  /** Where lines go, each with its line break. */
  readonly write: (text: string) => void;
  readonly form: 'json' | 'human';
  readonly level: LogLevel;
  readonly scrub: Scrub;
  readonly now: () => Date;
}

const MESSAGE_LIMIT = 600;
const FIELD_LIMIT = 300;

/** A log that writes to `write`. */
export function createLog({ write, form, level, scrub, now }: LogOptions): Log {
  const shown = (text: string, limit: number): string => inert(scrub(text), limit);
  const allowed = (given: Readonly<Record<string, unknown>>): Record<string, string | number> => {
    const kept: Record<string, string | number> = {};
    for (const [name, kind] of Object.entries(FIELDS)) {
      const value = given[name];
      if (kind === 'text' && typeof value === 'string') kept[name] = shown(value, FIELD_LIMIT);
      if (kind === 'number' && typeof value === 'number' && Number.isFinite(value)) kept[name] = value;
    }
    return kept;
  };
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"at":"${now().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: allowed },
      // Should a field of such a name ever be let into the list above.
      redact: { paths: ['authorization', 'password', 'secret', 'token', 'cursor', 'external_id', 'headers'], censor: HIDDEN },
    },
    { write: form === 'json' ? write : (line: string): void => { write(humanLine(line)); } },
  );
  const at = (one: LogLevel, bound: LogFields) => (message: string, fields: LogFields = {}): void => {
    logger[one]({ ...bound, ...fields }, shown(message, MESSAGE_LIMIT));
  };
  const bind = (bound: LogFields): Log => ({
    error: at('error', bound), warn: at('warn', bound), info: at('info', bound), debug: at('debug', bound),
    with: (fields) => bind({ ...bound, ...fields }),
  });
  return bind({});
}

/** `02:30:00Z warn  graph-main: retrying (attempt 2)`: what a person follows; run id and version are left out. */
function humanLine(line: string): string {
  const { level, at, message, source, stream, run_id: _run, version: _version, ...rest } = JSON.parse(line) as Record<string, string | number>;
  const where = [source, stream].filter((part) => part !== undefined && part !== '').join('/');
  const more = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
  const text = [where === '' ? '' : `${where}:`, message, more.length === 0 ? '' : `(${more.join(', ')})`].filter((part) => part !== '').join(' ');
  return `${String(at).slice(11, 19)}Z ${String(level).padEnd(5)} ${text}\n`;
}
