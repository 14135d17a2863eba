/**
 * `ask --live`: fetches what AWS has of the thing asked about, lands it, and brings answers up to date. The answer itself is then
 * asked for as always.
 */
import type { Config } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { liveSource, type LiveGiven, type LivePaces, type LiveQuestion } from '../sources/live.ts';
import type { SourceEffects } from '../sources/source.ts';
import { openWriter, type Writer } from '../store/writer.ts';
import { WriterBusyError } from '../store/writer-lock.ts';
import { bringUpToDate } from './bring-up-to-date.ts';
import { createCorrelatedTables } from './correlate.ts';
import { firstQuestion, liveReach, secondQuestion, type LiveReach } from './live-question.ts';
import { pullSources, type SourceResult } from './pull.ts';
import { stage } from './stage.ts';

export interface AskLiveOptions {
  readonly signal: AbortSignal;
  readonly effects: Pick<SourceEffects, 'now' | 'sleep' | 'random'>;
  /** Told each step as it begins; may hold text of services. */
  readonly progress?: (step: string) => void;
  /** Credentials and endpoints, for tests. */
  readonly given?: LiveGiven;
}

/** What was fetched, and what couldn't be. */
export interface LiveOutcome {
  /** False where another writer holds the data folder: nothing was fetched then. */
  readonly isFetched: boolean;
  readonly requests: number;
  /** Answers of services that were landed; those that were landed before don't count. */
  readonly landed: number;
  /** What people should know, one sentence each, what to do first in its hint. */
  readonly problems: readonly { readonly message: string; readonly hint?: string }[];
}

/**
 * Fetches for one id: ECS's description of a task, the events of its keys or of the key asked about, and the last minutes of the
 * configured accounts that it is about. What a service refuses is a problem, never thrown: the answer then comes from what
 * is landed. Moves no cursor.
 * @throws WhoranError (wrong use) where no cloudtrail-lookup source is configured
 */
export async function fetchLive(dataDir: string, typed: string, config: Config, options: AskLiveOptions): Promise<LiveOutcome> {
  if (!config.sources.some(({ type }) => type === 'cloudtrail-lookup')) {
    throw new WhoranError('--live: the configuration has no source of type cloudtrail-lookup', {
      exitCode: EXIT.wrongUse,
      hint: 'Add one to `sources` (id, type: cloudtrail-lookup, accounts, regions): it says which accounts and regions to ask, and by which role. With `enabled: false` only --live uses it.',
    });
  }
  let writer: Writer;
  try {
    writer = await openWriter(dataDir, { now: options.effects.now });
  } catch (error) {
    if (!(error instanceof WriterBusyError)) throw error;
    return { isFetched: false, requests: 0, landed: 0, problems: [{ message: `nothing was fetched: ${error.message}`, hint: 'The answer is of what is landed; ask again when the other writer is done.' }] };
  }
  try {
    const fetch = new LiveFetch(writer, typed, config, options);
    const outcome = await fetch.run();
    if (fetch.isChanged) await writer.publishAndClose();
    return outcome;
  } finally {
    writer.close();
  }
}

class LiveFetch {
  readonly #writer: Writer;
  readonly #typed: string;
  readonly #config: Config;
  readonly #options: AskLiveOptions;
  readonly #results: SourceResult[] = [];
  readonly #paces: LivePaces = new Map();
  /** Something is staged that isn't correlated. */
  #isStale = false;
  /** Readers would see something else than before. */
  isChanged = false;

  constructor(writer: Writer, typed: string, config: Config, options: AskLiveOptions) {
    this.#writer = writer;
    this.#typed = typed;
    this.#config = config;
    this.#options = options;
  }

  async run(): Promise<LiveOutcome> {
    const writer = this.#writer;
    const now = new Date(Math.floor(this.#options.effects.now().getTime() / 1000) * 1000);
    // What a stopped run had landed counts among what is known; in a new folder the tables are made.
    if (writer.stagedThrough < writer.landing.lastSeq) await this.#stage();
    await createCorrelatedTables(writer.db);
    const correlated = await writer.db.get<{ times: number }>('select count(*) as times from cor_state');
    if (correlated?.times !== 1) this.#isStale = true;
    const reach = liveReach(this.#config, (source) => writer.landing.pulls.cursors(source), now);
    const { question, unreached } = await firstQuestion(writer.db, this.#typed, this.#config, reach, now);
    await this.#fetch(question);
    await this.#followUp(question, reach, now);
    return {
      isFetched: true,
      requests: sum(this.#results, ({ requests }) => requests),
      landed: sum(this.#results, ({ landed }) => landed),
      problems: [
        ...unreached.map((account) => ({ message: `account ${account} is not among those of the configured cloudtrail-lookup sources: nothing was fetched of it`, hint: 'Add it to `accounts` of one.' })),
        ...this.#results.flatMap(({ failures, warnings }) => [
          ...failures.map(({ stream, message, hint }) => ({ message: stream === '' ? message : `${stream}: ${message}`, ...(hint === undefined ? {} : { hint }) })),
          ...warnings.map((message) => ({ message })),
        ]),
      ],
    };
  }

  async #followUp(first: LiveQuestion, reach: readonly LiveReach[], now: Date): Promise<void> {
    const question = await secondQuestion(this.#writer.db, this.#typed, reach, first, now);
    if (question.keys.length > 0 && !this.#options.signal.aborted) await this.#fetch(question);
  }

  /** Pulls, stages and correlates; what failed is in the results. */
  async #fetch(question: LiveQuestion): Promise<void> {
    const { signal, effects, given } = this.#options;
    const { sources } = await pullSources(this.#writer, [liveSource(question, given, this.#paces)], {
      signal,
      effects,
      progress: (_, event) => {
        if (event.kind === 'progress') this.#tell(`${event.stream}: ${event.message}`);
        if (event.kind === 'retry') this.#tell(`${event.operation}: ${event.reason}; again in ${Math.ceil(event.waitMs / 1000)} s`);
      },
    });
    this.#results.push(...sources);
    if (sum(sources, ({ landed }) => landed) > 0) await this.#stage();
    if (!this.#isStale) return;
    await bringUpToDate(this.#writer, this.#config, { progress: (step) => { this.#tell(step); } });
    this.#isStale = false;
    this.isChanged = true;
  }

  async #stage(): Promise<void> {
    await stage(this.#writer, { progress: (seq, last) => { this.#tell(`staging: batch ${seq} of ${last}`); } });
    this.#isStale = true;
  }

  #tell(step: string): void {
    this.#options.progress?.(step);
  }
}

function sum(results: readonly SourceResult[], of: (result: SourceResult) => number): number {
  return results.reduce((total, result) => total + of(result), 0);
}
