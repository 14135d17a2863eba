/**
 * What the tests of this source share: a Graph double on a clock that only waiting moves, and a pull against it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as rest } from 'node:timers/promises';
import { graphDouble, type GraphDouble, type GraphDoubleOptions, type GraphLogRow } from '../fixtures/doubles/graph.ts';
import type { DoubleRequest } from '../fixtures/doubles/double-server.ts';
import { entraGraphSchema, type EntraGraphConfig } from '../src/config/sources/entra-graph.ts';
import { SourceError, type CheckResult, type Delivered, type PullContext, type Source, type SourceEvent, type Step, type Window } from '../src/sources/source.ts';
import { entraGraph, type GraphGiven } from '../src/sources/entra-graph/index.ts';

export const TENANT = '0aaa0000-1111-4222-8333-444455556666';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const NOON = Date.parse('2026-03-10T12:00:00Z');
/** A secret, as a JWT looks; no test may find a piece of it in what is told. */
export const TOKEN = `graph-${Buffer.from('{"alg":"none"}').toString('base64url')}.${'c2VjcmV0'.repeat(12)}.${'c2ln'.repeat(8)}`;

export interface Pulled {
  readonly steps: Step[];
  readonly error: unknown;
  readonly events: SourceEvent[];
}

/** A clock, a double, a source, and the cursors that its pulls leave. */
export class Bench {
  readonly double: GraphDouble;
  readonly clock: { ms: number };
  readonly cursors = new Map<string, string>();
  readonly config: EntraGraphConfig;
  /** How far this machine's clock is ahead of the double's. */
  aheadMs = 0;
  /** Whether the clock moves only when nothing is under way: what was sent at a time also arrives at it. */
  isPatient = false;
  readonly tokens: string[] = [];
  /** How long a token lasts. */
  tokenMs = 24 * HOUR;
  readonly #given: GraphGiven;

  private constructor(double: GraphDouble, clock: { ms: number }, config: EntraGraphConfig, given: GraphGiven) {
    this.double = double;
    this.clock = clock;
    this.config = config;
    this.#given = given;
  }

  /** `config`: what differs from a source that reads interactive sign-ins of the last two hours only. */
  static async start(options: Omit<GraphDoubleOptions, 'now'> & { readonly at?: number }, config: Readonly<Record<string, unknown>> = {}, given: GraphGiven = {}): Promise<Bench> {
    const clock = { ms: options.at ?? NOON };
    const double = await graphDouble({ ...options, now: () => clock.ms });
    const parsed = entraGraphSchema.parse({
      type: 'entra-graph', id: 'entra', tenant_id: TENANT, endpoint: double.url, first_days: 1, snapshot_hours: 0, directory_audits: false,
      sign_in_kinds: ['interactive_user'], window_minutes: 30, overlap_minutes: 120, ...config,
    });
    const bench = new Bench(double, clock, parsed, given);
    return bench;
  }

  source(config: Readonly<Record<string, unknown>> = {}): Source {
    const credential = {
      getToken: async () => {
        const token = `${TOKEN}${this.tokens.length}`;
        this.tokens.push(token);
        return Promise.resolve({ token, expiresOnTimestamp: this.clock.ms + this.aheadMs + this.tokenMs });
      },
    };
    return entraGraph({ ...this.config, ...config }, { credential, ca: this.double.certificate, ...this.#given });
  }

  effects(events: SourceEvent[], signal = new AbortController().signal): Omit<PullContext, 'cursors'> {
    return {
      now: () => new Date(this.clock.ms + this.aheadMs),
      sleep: async (ms, of) => {
        of.throwIfAborted();
        if (this.isPatient) await this.#quiet(events);
        this.clock.ms += ms;
      },
      random: () => 0.5,
      tell: (event) => events.push(event),
      signal,
    };
  }

  /** Pulls, keeping cursors as the pipeline does; `steps`: stop after so many, as a killed process would. */
  async pull({ backfill, steps: most = Infinity, signal, source = this.source() }: { backfill?: Window; steps?: number; signal?: AbortSignal; source?: Source } = {}): Promise<Pulled> {
    const events: SourceEvent[] = [];
    const steps: Step[] = [];
    const context: PullContext = { ...this.effects(events, signal), cursors: new Map(this.cursors), ...(backfill ? { backfill } : {}) };
    try {
      for await (const step of source.pull(context)) {
        steps.push(step);
        if (step.cursor !== undefined) this.cursors.set(step.stream, step.cursor);
        if (steps.length >= most) break;
      }
    } catch (error) {
      return { steps, error, events };
    }
    return { steps, error: undefined, events };
  }

  async check(config: Readonly<Record<string, unknown>> = {}): Promise<CheckResult[]> {
    const results: CheckResult[] = [];
    for await (const result of this.source(config).check(this.effects([]))) results.push(result);
    return results;
  }

  /** Resolves once neither side has done anything through many turns of the event loop that both share. */
  async #quiet(events: readonly SourceEvent[]): Promise<void> {
    for (let [turns, seen] = [0, -1]; turns < 20; turns += 1) {
      await rest(2);
      const now = events.length + this.requests.length;
      if (now !== seen) [turns, seen] = [0, now];
    }
  }

  get requests(): readonly DoubleRequest[] {
    return this.double.server.requests;
  }
}

/** A sign-in row, seen from `lagMs` after it happened. */
export function signIn(at: number, rest: Partial<GraphLogRow> & { lagMs?: number } = {}): GraphLogRow {
  const id = rest.id ?? randomUUID();
  const createdDateTime = new Date(at).toISOString().replace('.000Z', 'Z');
  const body = { id, createdDateTime, userPrincipalName: 'ada@example.com', appId: '11111111-0000-4000-8000-000000000001', uniqueTokenIdentifier: 'AAAA', signInEventTypes: [rest.eventType ?? 'interactiveUser'] };
  return { eventType: 'interactiveUser', visibleAt: at + (rest.lagMs ?? 0), ...rest, id, at, body: { ...body, ...rest.body } };
}

export function delivered(steps: readonly Step[]): Delivered[] {
  return steps.flatMap((step) => step.delivered);
}

/** The rows of what was delivered, in order, repeated ones too. */
export function rows(steps: readonly Step[]): Readonly<Record<string, unknown>>[] {
  return delivered(steps).flatMap(({ bytes }) => (JSON.parse(bytes.toString('utf8')) as { value: Readonly<Record<string, unknown>>[] }).value);
}

/** The ids in what was delivered, each once, sorted. */
export function ids(steps: readonly Step[]): string[] {
  return [...new Set(rows(steps).map(({ id }) => String(id)))].sort();
}

export function failuresOf(error: unknown): SourceError['failures'] {
  if (!(error instanceof SourceError)) throw error;
  return error.failures;
}
