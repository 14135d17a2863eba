/**
 * Erasure of one person's data: every record that names them is cut out of what is landed, and the database is made again from what is left.
 * What stays is said: the hashes of those records, the chained logs, what was given away.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { answerRow } from '../answers/reader.ts';
import type { Config } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Database } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';
import { holdsOf } from '../landing/holds.ts';
import { syncDirectory } from '../landing/private-files.ts';
import { REMOVAL_ACTIONS } from '../landing/removal-log.ts';
import { remove } from '../landing/removals.ts';
import { join } from 'node:path';
import { openReader } from '../store/reader.ts';
import { openWriter } from '../store/writer.ts';
import { rebuildAfterRemoval } from './apply-retention.ts';
import { groupBy, isHeld, latest, removedRows, removedSpans, type SpanRow } from './batch-spans.ts';
import { prepareErasure, scanBatches, type ErasureScan, type PreparedErasure } from './erase-batches.ts';
import { whatStays, type Staying } from './erasure-remains.ts';
import { findPerson, type FoundName, type FoundPerson } from './find-person.ts';
import { correlate } from './correlate.ts';
import { appendToJournal } from './journal.ts';
import { PersonNames } from './person-names.ts';
import type { RetainFrom } from './retain.ts';
import { stage } from './stage.ts';

/** What the erased records carried. */
export interface ErasureCosts {
  /** Sessions that lead back to the person, by how sure. */
  readonly sessions: Readonly<Record<string, number>>;
  readonly refused_tokens: number;
  /** Tasks that do, by the reason that they have without the records. */
  readonly tasks: Readonly<Record<string, number>>;
  /** Sessions of anybody whose absent sign-in becomes `source_gap`: an erased sign-in and one that never was look the same. */
  readonly absent_sign_ins: number;
  /** Sessions of others whose owner is inferred by time and address, from sign-ins of which some go: they may lose it. */
  readonly others_inferred: number;
  /** Through when each source is no longer complete. RFC 3339 UTC. */
  readonly sources: readonly { readonly source: string; readonly tenant_id: string | null; readonly sign_in_kind: string | null; readonly last_at: string }[];
}

/** `whoran.erasure/1`. */
export interface Erasure {
  readonly schema: 'whoran.erasure/1';
  readonly at: string;
  readonly by: string;
  readonly is_dry_run: boolean;
  readonly object_id: string | null;
  readonly names: readonly FoundName[];
  readonly deliveries: {
    readonly changed: number;
    /** Records, rejects and what is set aside; by form. */
    readonly erased: number;
    readonly by_form: Readonly<Record<string, number>>;
    /** Of them, those that name somebody else alone, in files that cannot be cut. */
    readonly taken_along: number;
    /** What stays in the same deliveries. */
    readonly left: number;
    /** Files that do not unpack: nobody can say whom they name. */
    readonly unreadable: readonly { readonly batch: number; readonly member: number }[];
  };
  readonly costs: ErasureCosts;
  readonly stays: Staying;
  /** Holds that keep deliveries which name the person. While there is one, nothing is erased. */
  readonly held: readonly { readonly hold: string; readonly batches: number }[];
  readonly journal_seq: number | null;
}

export interface ErasureOptions {
  readonly now: Date;
  readonly by: string;
  readonly reason: string;
  readonly person: string;
  /** Further texts that mean this person and nobody else. */
  readonly also?: readonly string[];
  readonly progress?: (step: string) => void;
  readonly sleep: (ms: number) => Promise<void>;
  /** Told once it is in the journal: with it and a name, whoever has the journal can tell that its line is about this person. It is kept nowhere. */
  readonly receipt?: (receipt: ErasureReceipt) => void;
}

export interface ErasureReceipt {
  /** Lower-case hex; the key of the line's HMAC-SHA-256. */
  readonly key: string;
  readonly journal_seq: number;
}

interface Plan {
  readonly person: FoundPerson;
  readonly names: PersonNames;
  readonly scan: ErasureScan;
  readonly spans: ReadonlyMap<number, readonly SpanRow[]>;
  readonly held: Erasure['held'];
  readonly result: Omit<Erasure, 'is_dry_run' | 'journal_seq'>;
}

/** What would be erased now, by what is published; with what it costs. Works beside a writer. */
export async function previewErasure(dataDir: string, options: ErasureOptions): Promise<Erasure> {
  const reader = await openReader(dataDir);
  try {
    if ((await answerRow<{ is_there: boolean }>(reader, 'has_correlated_tables'))?.is_there !== true) {
      throw new WhoranError(`${inert(dataDir, 300)}: records are landed, and nothing is correlated yet: what they call the person cannot be told`, { exitCode: EXIT.wrongUse, hint: 'Run `whoran correlate`, then look again.' });
    }
    const { result } = await planErasure({ dataDir, db: reader.db, landing: reader.landing }, options);
    return { ...result, is_dry_run: true, journal_seq: null };
  } finally {
    reader.close();
  }
}

/**
 * Erases, and publishes a database without the person.
 * @throws WhoranError (exit 2) where a hold keeps a record of theirs, or the reason or the decider names them: the journal keeps both for ever
 */
export async function applyErasure(dataDir: string, config: Config, options: ErasureOptions): Promise<Erasure> {
  const progress = options.progress ?? ((): void => undefined);
  const writer = await openWriter(dataDir);
  let erasure: Erasure;
  try {
    // What was landed last may tell another name of the person's.
    await stage(writer);
    await correlate(writer.db, config);
    const plan = await planErasure(writer, options);
    refuseHeld(plan);
    refuseNaming(plan, options);
    if (plan.scan.batches.length === 0) return { ...plan.result, is_dry_run: false, journal_seq: null };
    erasure = { ...plan.result, is_dry_run: false, journal_seq: await erase(writer, plan, options) };
  } finally {
    writer.close();
  }
  await rebuildAfterRemoval(dataDir, config, progress);
  return erasure;
}

async function planErasure(from: RetainFrom, { person: text, also = [], now, by, progress = (): void => undefined }: ErasureOptions): Promise<Plan> {
  const { db, landing } = from;
  const person = await findPerson(db, text, also);
  const names = new PersonNames(person.names.filter(({ left_because }) => left_because === null));
  const scan = scanBatches(landing, names, progress);
  await loadPlaces(db, scan);
  const erasedRows = await db.all<SpanRow>(await queryText('keeping/erased_spans'));
  const spans = groupBy(erasedRows, ({ batch_seq }) => batch_seq);
  const members = scan.batches.flatMap((batch) => [...batch.members.values()]);
  const erased = members.flatMap((member) => member.erased);
  const held = await heldBatches(from, scan);
  const result = {
    schema: 'whoran.erasure/1' as const, at: now.toISOString(), by, object_id: person.identity?.object_id ?? null, names: person.names,
    deliveries: {
      changed: scan.batches.length, erased: erased.length, by_form: tally(erased.map(({ form }) => form)), taken_along: sum(members.map(({ takenAlong }) => takenAlong)),
      left: sum(members.map(({ left }) => left)), unreadable: scan.unreadable,
    },
    costs: await costsOf(db, person, erasedRows),
    stays: whatStays(from, names), held,
  };
  return { person, names, scan, spans, held, result };
}

async function loadPlaces(db: Database, { batches }: ErasureScan): Promise<void> {
  const rows = batches.flatMap(({ line, members }) => [...members].flatMap(([member, { erased }]) => erased.map(({ recordNumber }) => ({ batch_seq: line.seq, member, record_number: recordNumber }))));
  await db.run(
    `create or replace temp table erased_places as
     select unnest(from_json($rows, '[{"batch_seq":"INTEGER","member":"INTEGER","record_number":"INTEGER"}]'), recursive := true)`,
    { rows: JSON.stringify(rows) },
  );
}

async function heldBatches({ db, landing }: RetainFrom, scan: ErasureScan): Promise<Erasure['held']> {
  const holds = holdsOf(landing.decisions()).filter(({ released }) => released === null);
  if (holds.length === 0) return [];
  const spans = groupBy(await db.all<SpanRow>(await queryText('keeping/batch_spans')), ({ batch_seq }) => batch_seq);
  return holds.flatMap((hold) => {
    const kept = scan.batches.filter(({ line }) => isHeld(landing, hold, line, spans.get(line.seq) ?? removedRows(landing, line.seq)));
    return kept.length === 0 ? [] : [{ hold: hold.id, batches: kept.length }];
  });
}

async function costsOf(db: Database, { identity }: FoundPerson, rows: readonly SpanRow[]): Promise<ErasureCosts> {
  const sources = removedSpans(rows).map(({ source, tenant_id, sign_in_kind, last_at }) => ({ source, tenant_id, sign_in_kind, last_at }));
  const through = latest(sources.filter(({ source }) => source === 'sign_ins').map(({ last_at }) => last_at)) ?? null;
  const isCorrelated = await db.get<{ is_there: boolean }>("select count(*) > 0 as is_there from information_schema.tables where table_name = 'cor_sessions'");
  const counts = isCorrelated?.is_there === true
    ? await db.all<{ what: string; detail: string; count: number }>(await queryText('keeping/erasure_costs'), { tenant_id: identity?.tenant_id ?? null, object_id: identity?.object_id ?? null, sign_ins_through: through })
    : [];
  const by = (what: string): Record<string, number> => Object.fromEntries(counts.filter((row) => row.what === what).map(({ detail, count }) => [detail, count]));
  return { sessions: by('sessions'), refused_tokens: sum(Object.values(by('refused_tokens'))), tasks: by('tasks'), absent_sign_ins: sum(Object.values(by('absent_sign_ins'))), others_inferred: sum(Object.values(by('inferred'))), sources };
}

function refuseHeld({ held }: Plan): void {
  const [first] = held;
  if (!first) return;
  throw new WhoranError(`${held.map(({ hold, batches }) => `${hold} keeps ${batches} deliver${batches === 1 ? 'y that names' : 'ies that name'} this person`).join('; ')}: nothing was erased`, {
    exitCode: EXIT.wrongUse, hint: `A hold goes before an erasure. Where its case is closed: whoran hold release ${first.hold} --reason "…".`,
  });
}

function refuseNaming({ names }: Plan, { reason, by }: ErasureOptions): void {
  for (const [option, text] of [['--reason', reason], ['--by', by]] as const) {
    if (!names.areIn(Buffer.from(text))) continue;
    throw new WhoranError(`${option} names the person, and the journal keeps it for ever`, { exitCode: EXIT.wrongUse, hint: option === '--by' ? 'Name who decides with --by.' : 'Name the request by a number of yours: --reason "request 2026-17".' });
  }
}

/** Files beside their places first, then the decision, then the lines that put them in place. @returns the journal's line */
async function erase(from: RetainFrom, { person, names, scan, spans }: Plan, { now, by, reason, progress = (): void => undefined, sleep, receipt }: ErasureOptions): Promise<number> {
  const { landing } = from;
  const at = now.toISOString();
  const prepared: PreparedErasure[] = [];
  for (const { line } of scan.batches) {
    progress(`erasing in batch ${line.seq}`);
    prepared.push(await prepareErasure(landing, line, names, { at, spans: removedSpans(spans.get(line.seq) ?? []) }));
  }
  syncDirectory(join(landing.folder, 'batches'));
  const key = randomBytes(32);
  const called = person.names.filter(({ left_because }) => left_because === null).map(({ text }) => createHmac('sha256', key).update(text).digest('hex')).sort();
  const [decision] = await appendToJournal(from.dataDir, at, () => [{
    by, action: REMOVAL_ACTIONS.erasure, subject: 'landing', reason,
    detail: {
      person_hmac_sha256: called, landed_batches: prepared.length, records: sum(scan.batches.flatMap(({ members }) => [...members.values()].map((one) => one.erased.length))),
      removals_before: landing.removals.lastSeq,
    },
  }], sleep);
  const journalSeq = decision?.seq ?? 0;
  receipt?.({ key: key.toString('hex'), journal_seq: journalSeq });
  await remove(landing.folder, landing.removals, prepared.map(({ removal, leaves }) => ({ leaves, removal: { ...removal, journal_seq: journalSeq } })));
  return journalSeq;
}

function tally(all: readonly string[]): Record<string, number> {
  return Object.fromEntries([...groupBy([...all].sort(), (one) => one)].map(([one, found]) => [one, found.length]));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, one) => total + one, 0);
}
