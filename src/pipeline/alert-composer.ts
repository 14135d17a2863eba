/**
 * Puts a plan's messages together, one after another, with the findings of many messages read at once: each reading goes over all of a
 * finding's history and hashes its evidence.
 */
import type { Alert } from '../alerts/alert.ts';
import { findings, type Finding } from '../answers/findings.ts';
import { composeAlert, SHOWN_FINDINGS, type ComposeContext } from './alert-compose.ts';
import { composeDigest } from './alert-digest.ts';
import type { DueNotice, HeldBack } from './alert-plan.ts';

/** Findings that are read together at most. A message's own are never split. */
const FINDINGS_A_READING = 500;

/** A message as it was planned. */
export interface PlannedMessage extends Omit<DueNotice, 'notice'> {
  readonly notice: DueNotice['notice'] | 'digest';
  readonly plannedAt: Date;
}

export class Composer {
  readonly #context: ComposeContext;
  readonly #held: readonly HeldBack[];
  readonly #ids: readonly string[];
  readonly #loaded = new Map<string, Finding>();
  readonly #asked = new Set<string>();
  #asOf: string | null = null;
  /** One connection answers one question at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param messages all that may have to be composed, in about the order in which they will be */
  constructor(context: ComposeContext, messages: readonly PlannedMessage[], held: readonly HeldBack[]) {
    this.#context = context;
    this.#held = held;
    this.#ids = [...new Set(messages.flatMap(shownIds))];
  }

  /** Composes one message. Calls may overlap; they wait for one another. */
  async compose(message: PlannedMessage): Promise<Alert> {
    const mine = this.#turn.then(async () => this.#compose(message));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #compose(message: PlannedMessage): Promise<Alert> {
    const { reader, config, now } = this.#context;
    const { notice } = message;
    if (notice === 'digest') return composeDigest(reader, message, this.#held, config, now);
    await this.#load(shownIds(message));
    return composeAlert(this.#context, { byId: this.#loaded, asOf: this.#asOf }, { ...message, notice });
  }

  /** Reads what is missing of `ids`, and with it what will be asked for next. */
  async #load(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => !this.#asked.has(id));
    if (missing.length === 0) return;
    const next = this.#ids.filter((id) => !this.#asked.has(id) && !missing.includes(id));
    const wanted = [...missing, ...next.slice(0, Math.max(0, FINDINGS_A_READING - missing.length))];
    const document = await findings(this.#context.reader, { all: true, ids: wanted, now: this.#context.now });
    for (const id of wanted) this.#asked.add(id);
    for (const finding of document.findings) this.#loaded.set(finding.id, finding);
    this.#asOf = document.as_of;
  }
}

function shownIds({ finding_ids: ids }: PlannedMessage): readonly string[] {
  return ids.slice(0, SHOWN_FINDINGS);
}
