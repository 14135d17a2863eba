/**
 * `ingest --source`: configured live sources pulled, landed and staged.
 */
import type { Config } from '../config/config.ts';
import type { SourceConfig } from '../config/sources/index.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { createSource } from '../sources/index.ts';
import type { Source } from '../sources/source.ts';
import type { Writer } from '../store/writer.ts';
import { countIngest, type IngestResult } from './ingest-result.ts';
import { pullSources, retireOthers, type PullOptions, type SourceResult } from './pull.ts';
import { stage, type StageOptions } from './stage.ts';

/** `whoran.ingest/1` of live sources: what each did, and the counts of the records that came. */
export interface IngestSourcesResult extends IngestResult {
  readonly sources: readonly SourceResult[];
}

/**
 * The configured sources of these ids, in the configuration's order; without ids, those that are switched on.
 * @throws WhoranError (wrong use) that names the ids which there are
 */
export async function configuredSources(dataDir: string, config: Config, ids?: readonly string[]): Promise<Source[]> {
  const known = config.sources.map(({ id }) => id);
  const wrong = (ids ?? []).find((id) => !known.includes(id));
  if (wrong !== undefined) {
    const near = nearest(wrong, known);
    throw new WhoranError(`--source: there is no source ${JSON.stringify(wrong)} in the configuration`, {
      exitCode: EXIT.wrongUse,
      hint: known.length === 0 ? 'It has none: `whoran init` writes a configuration to start from.' : near === undefined ? `It has ${known.join(', ')}.` : `Did you mean ${near}?`,
    });
  }
  const wanted = (source: SourceConfig): boolean => (ids === undefined ? source.enabled : ids.includes(source.id));
  return Promise.all(config.sources.filter(wanted).map(async (source) => createSource(source, { dataDir })));
}

/**
 * Pulls sources, lands and stages what they deliver; first what a stopped run had landed. Shows when the writer publishes.
 * @throws where landing can't be written; a source's failure is in the result
 */
export async function ingestSources(
  writer: Writer,
  sources: readonly Source[],
  config: Config,
  options: PullOptions & { readonly staging?: StageOptions['progress'] },
): Promise<IngestSourcesResult> {
  const left = writer.landing.lastSeq - writer.stagedThrough;
  const repairs = [...writer.repairs, ...(left > 0 ? [`staged ${left} batch(es) that a stopped run had landed`] : [])];
  const after = writer.stagedThrough;
  retireOthers(writer, new Set(config.sources.filter(({ enabled }) => enabled).map(({ id }) => id)), options.effects.now);
  const pulled = await pullSources(writer, sources, options);
  await stage(writer, options.staging ? { progress: options.staging } : {});
  const files = pulled.sources.reduce((sum, source) => sum + source.delivered, 0);
  const counted = await countIngest(writer.db, after, pulled.repeated, { files, unreadable: [], repairs });
  return { ...counted, sources: pulled.sources };
}
