/**
 * Pulls one table: counts what there is, asks for it in pieces that fit an answer, and asks for less where that was too much.
 *
 * The cursor is a time of the service's own clock: every row that was ingested before it and could be read has been delivered.
 * `ingestion_time()` is taken when an ingestion ends, and two that overlap can be readable in either order (Kusto's
 * documentation); so a pull begins the overlap before the cursor. The overlap is about that order alone: a row that reaches the
 * workspace hours after its event has a late ingestion time, and comes by itself.
 */
import type { EntraLogsConfig } from '../../config/sources/entra-logs.ts';
import type { Delivered, PullContext, Step, Window } from '../source.ts';
import { NoAnswer, TooMuch } from './failures.ts';
import { countQuery, rowsQuery, type Finding } from './kql.ts';
import { ceilTo, divide, endsItsSpan, floorTo, halvesOf, LEAST_SPAN_MS, refine, slotOf, type AnswerLimits, type Division, type Grid, type Piece, type SlotCount, type Span } from './spans.ts';
import type { LogTable } from './tables.ts';
import type { Answer, Workspace } from './workspace.ts';

/** One answer holds about so much, since it is landed as one: far below the service's own 500,000 rows and 64 MB. */
const ANSWER: AnswerLimits = { rows: 5000, bytes: 6 * 1024 * 1024 };
const DAY_MS = 86_400_000;
/** Slots are counted for so long at a time: a week's first pull is one count. */
const COUNTED_MS = 8 * DAY_MS;

/** What is pulled of a table, and in what pieces. */
interface Plan {
  readonly finding: Finding;
  readonly span: Span;
  /** Where pieces may be larger than a slot: new to us, and old enough not to be read again. */
  readonly large: Span;
  readonly grid: Grid;
  /** Undefined for a backfill, which says no cursor. */
  readonly watermark: { readonly before: number; readonly overlapMs: number; readonly now: number } | undefined;
}

/**
 * Steps of one table, in order of time.
 * @param serviceNow the service's time when the pull began: nothing ingested later is counted on
 * @throws what a query failed with for good; the signal's reason
 */
export async function* pullTable(table: LogTable, workspace: Workspace, config: EntraLogsConfig, context: PullContext, serviceNow: Date): AsyncGenerator<Step> {
  yield* new TablePull(planOf(table, config, context, serviceNow.getTime()), workspace, config, context).steps();
}

function planOf(table: LogTable, config: EntraLogsConfig, { backfill, cursors }: PullContext, now: number): Plan {
  const windowMs = config.window_minutes * 60_000;
  const grid = { windowMs, slotMs: slotOf(windowMs) };
  const guardDays = config.guard_days;
  if (backfill) {
    // People who ask for a time mean when things happened.
    const span = { from: backfill.from.getTime(), to: backfill.to.getTime() };
    return { finding: { table, axis: 'generated', guardDays }, span, large: { from: -Infinity, to: Infinity }, grid, watermark: undefined };
  }
  const overlapMs = config.overlap_minutes * 60_000;
  const kept = readCursor(cursors.get(table.name));
  const begin = kept === undefined ? now - config.first_days * DAY_MS : kept - overlapMs;
  return {
    finding: { table, axis: 'ingestion', guardDays },
    // To the end of the slot that now lies in: asked in the same words until it is over.
    span: { from: floorTo(begin, grid.slotMs), to: ceilTo(now + 1, grid.slotMs) },
    large: { from: kept ?? -Infinity, to: now - overlapMs },
    grid,
    watermark: { before: kept ?? -Infinity, overlapMs, now },
  };
}

/** @throws where the text is none of ours: pulling from the beginning would hide that the state is damaged */
function readCursor(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new Error('the cursor kept for this table is no time: the record of pulls is damaged');
  return at;
}

class TablePull {
  readonly #plan: Plan;
  readonly #workspace: Workspace;
  readonly #config: EntraLogsConfig;
  readonly #context: PullContext;
  #cursor: number;

  constructor(plan: Plan, workspace: Workspace, config: EntraLogsConfig, context: PullContext) {
    this.#plan = plan;
    this.#workspace = workspace;
    this.#config = config;
    this.#context = context;
    this.#cursor = plan.watermark?.before ?? -Infinity;
  }

  async *steps(): AsyncGenerator<Step> {
    const { span, large, grid } = this.#plan;
    for (let from = span.from; from < span.to;) {
      const to = Math.min(span.to, floorTo(from, grid.windowMs) + ceilTo(COUNTED_MS, grid.windowMs));
      for (const part of divide({ from, to }, await this.#count({ from, to }, grid.slotMs), grid, large, ANSWER)) yield* this.#part(part);
      const rest = this.#reached({ from, to }, []);
      if (rest) yield rest;
      from = to;
    }
  }

  /** Rows and bytes by slot. A count that is too much is taken of each half. */
  async #count(span: Span, slotMs: number): Promise<SlotCount[]> {
    const middle = ceilTo(span.from + (span.to - span.from) / 2, slotMs);
    const isLeast = middle >= span.to;
    try {
      return slotCounts(await this.#workspace.ask(`count ${this.#table}`, countQuery(this.#plan.finding, span, slotMs), this.#context, { insists: isLeast }));
    } catch (error) {
      if (!(error instanceof TooMuch) || isLeast) throw error;
      this.#askForLess(`counting ${nameOf(span)}`, error);
      return [...(await this.#count({ from: span.from, to: middle }, slotMs)), ...(await this.#count({ from: middle, to: span.to }, slotMs))];
    }
  }

  async *#part(part: Division): AsyncGenerator<Step> {
    const pieces: Piece[] = part.fits ? [{ from: part.from, to: part.to }] : refine(part, await this.#count(part, LEAST_SPAN_MS), ANSWER);
    for (const piece of pieces) yield* this.#piece(piece);
  }

  async *#piece(piece: Piece): AsyncGenerator<Step> {
    const halves = halvesOf(piece);
    let answer: Answer;
    try {
      answer = await this.#workspace.ask(`query ${this.#table}`, rowsQuery(this.#plan.finding, piece), this.#context, { insists: halves === undefined });
    } catch (error) {
      if (!(error instanceof TooMuch) || !halves) throw error;
      this.#askForLess(nameOf(piece), error);
      for (const half of halves) yield* this.#piece(half);
      return;
    }
    this.#context.tell({ kind: 'progress', stream: this.#table, message: `${nameOf(piece)}: ${answer.rows.length} rows` });
    const delivered = answer.rows.length === 0 ? [] : [this.#delivered(piece, answer)];
    const step = (endsItsSpan(piece) ? this.#reached(piece, delivered) : undefined) ?? this.#step(piece, delivered);
    if (step.delivered.length > 0 || step.cursor !== undefined) yield step;
  }

  /** The step that moves the cursor to the end of `span`; undefined where the cursor is further already, or is none. */
  #reached(span: Span, delivered: readonly Delivered[]): Step | undefined {
    const { watermark } = this.#plan;
    if (!watermark) return undefined;
    const cursor = Math.min(span.to, watermark.now);
    if (cursor <= this.#cursor) return undefined;
    // The first step tells from where on the table is known: what was counted before it is empty.
    const told = this.#cursor === -Infinity ? { from: this.#plan.span.from, to: span.to } : span;
    this.#cursor = cursor;
    return { ...this.#step(told, delivered), cursor: new Date(cursor).toISOString(), completeThrough: new Date(cursor - watermark.overlapMs) };
  }

  #step(span: Span, delivered: readonly Delivered[]): Step {
    const window: Window = { from: new Date(span.from), to: new Date(Math.min(span.to, this.#plan.watermark?.now ?? Infinity)) };
    return { stream: this.#table, covers: this.#plan.finding.table.covers, window, delivered };
  }

  #delivered(piece: Piece, { bytes }: Answer): Delivered {
    const time = this.#plan.finding.axis === 'ingestion' ? 'ingestion_time' : 'TimeGenerated';
    const share = piece.share ? `&share=${piece.share.index}/${piece.share.of}` : '';
    return { origin: `log-analytics/${this.#config.workspace_id}/${this.#table}?${time}=${nameOf(piece)}${share}`, bytes, tenantId: this.#config.tenant_id };
  }

  get #table(): string {
    return this.#plan.finding.table.name;
  }

  #askForLess(what: string, { message }: TooMuch): void {
    this.#context.tell({ kind: 'progress', stream: this.#table, message: `${what}: ${message}; asking for less at a time` });
  }
}

function nameOf({ from, to }: Span): string {
  return `${new Date(from).toISOString()}/${new Date(to).toISOString()}`;
}

/** @throws NoAnswer where the columns aren't those that were asked for */
function slotCounts({ rows, column }: Answer): SlotCount[] {
  const [slot, count, bytes] = [column('Slot'), column('Rows'), column('Bytes')];
  return rows.map((row) => {
    const from = Date.parse(String(row[slot]));
    const counted = Number(row[count]);
    if (Number.isNaN(from) || !Number.isSafeInteger(counted)) throw new NoAnswer('a count that is no number');
    const size = Number(row[bytes]);
    // A table without billed sizes: rows alone decide.
    return { from, rows: counted, bytes: Number.isFinite(size) ? size : 0 };
  });
}
