/**
 * A report under pseudonyms (`--redact people`): its material is a database of the redacted inputs alone, and its evidence is hashed from landing by
 * the names that the records really have.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordHashes, RecordRef } from '../answers/record-hashes.ts';
import { UTC } from '../core/time-zone.ts';
import { Database } from '../engine/database.ts';
import { PACKAGE_ROOT, queryText } from '../engine/query-file.ts';
import { literal } from '../engine/sql-text.ts';
import { Pseudonyms } from '../evidence/pseudonyms.ts';
import { FUNCTIONS, VIEWS, writeInputs, type BundleInputs } from './bundle-inputs.ts';
import { LandedHashes } from './evidence-hashes.ts';
import { loadInputs } from './bundle-replay.ts';
import { peopleNames, type PeopleNames } from './people-names.ts';
import { redactInputs } from './redact-inputs.ts';
import type { ReportMaterial, RenderOptions } from './report-render.ts';

/** A record's name, and the one that a redacted bundle gives it. */
export interface RecordAlias {
  readonly source: string;
  readonly owner_id: string;
  readonly record_id: string;
  readonly shown_owner_id: string;
  readonly shown_record_id: string;
}

export interface Redaction {
  readonly names: PeopleNames;
  /** The redacted inputs, as files. */
  readonly inputsFolder: string;
  readonly inputs: BundleInputs;
  /** Records that have another name here. */
  readonly aliases: readonly RecordAlias[];
}

/**
 * Makes the redacted inputs in `scratch`, loads them, and lets `use` work with them in place of the published database.
 *
 * @param key of the pseudonyms
 * @param landed the records' hashes by their real names
 * @param use gets the material to render from
 */
export async function withRedaction<Result>(
  material: ReportMaterial,
  landed: Pick<RecordHashes, 'of'>,
  options: RenderOptions,
  key: Buffer,
  scratch: string,
  use: (redacted: ReportMaterial, redaction: Redaction) => Promise<Result>,
): Promise<Result> {
  const step = (text: string): void => options.progress?.(text);
  step('gathering people’s names');
  const names = await peopleNames(material.db, new Pseudonyms(key));
  const raw = join(scratch, 'as-read');
  const inputsFolder = join(scratch, 'inputs');
  // A folder of ours, private, gone with the scratch folder.
  await mkdir(raw, { mode: 0o700 });
  const inputs = await writeInputs(material.db, material.catalog, material.definition.queries, raw, { from: options.from, to: options.to });
  const db = await Database.open({ path: ':memory:', temporaryDirectory: join(scratch, 'spill') });
  try {
    await redactInputs(db, raw, inputsFolder, names, step);
    const aliases = inputs.relations.includes('stg_identity_registry')
      ? await db.all<RecordAlias>(await aliasesSql(join(raw, 'stg_identity_registry.parquet'), join(inputsFolder, 'stg_identity_registry.parquet')))
      : [];
    await loadInputs(db, { inputs: inputsFolder, functions: join(PACKAGE_ROOT, FUNCTIONS), views: inputs.hasViews ? join(PACKAGE_ROOT, VIEWS) : null, timeZone: options.parameters?.timeZone ?? UTC });
    const hashes = new LandedHashes(new RealHashes(landed, aliases));
    return await use({ ...material, db, hashes }, { names, inputsFolder, inputs, aliases });
  } finally {
    db.close();
  }
}

async function aliasesSql(raw: string, redacted: string): Promise<string> {
  const sql = await queryText('bundles/registry_aliases');
  // Paths of ours, where no parameter may stand.
  return sql.replaceAll("'registry.parquet'", literal(raw)).replaceAll("'redacted_registry.parquet'", literal(redacted));
}

/** Hashes of records by the names that a redacted report gives them. */
class RealHashes {
  readonly #hashes: Pick<RecordHashes, 'of'>;
  readonly #real: ReadonlyMap<string, RecordAlias>;

  constructor(hashes: Pick<RecordHashes, 'of'>, aliases: readonly RecordAlias[]) {
    this.#hashes = hashes;
    this.#real = new Map(aliases.map((alias) => [JSON.stringify([alias.source, alias.shown_owner_id, alias.shown_record_id]), alias]));
  }

  async of(refs: readonly RecordRef[]): Promise<(string | null)[]> {
    return this.#hashes.of(
      refs.map((ref) => {
        const real = this.#real.get(JSON.stringify([ref.source, ref.owner_id, ref.record_id]));
        return real ? { ...ref, owner_id: real.owner_id, record_id: real.record_id } : ref;
      }),
    );
  }
}
