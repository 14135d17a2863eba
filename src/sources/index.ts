/**
 * The registry of sources: one line each. Modules are loaded when they are needed, since the SDKs are large and most commands
 * speak to no service.
 */
import type { SourceConfig } from '../config/sources/index.ts';
import type { Source } from './source.ts';

/** What a source can't know from its own configuration. */
export interface Surroundings {
  /** The data folder: a watched folder that holds it leaves it out. */
  readonly dataDir: string;
}

type Maker<Type extends SourceConfig['type']> = (config: Extract<SourceConfig, { type: Type }>, around: Surroundings) => Promise<Source>;

const MAKERS: { readonly [Type in SourceConfig['type']]: Maker<Type> } = {
  'cloudtrail-lookup': async (config) => (await import('./cloudtrail-lookup/index.ts')).cloudtrailLookup(config),
  'cloudtrail-s3': async (config) => (await import('./cloudtrail-s3/index.ts')).cloudtrailS3(config),
  'cloudwatch-logs': async (config) => (await import('./cloudwatch-logs/index.ts')).cloudwatchLogs(config),
  'entra-graph': async (config) => (await import('./entra-graph/index.ts')).entraGraph(config),
  'entra-logs': async (config) => (await import('./entra-logs/index.ts')).entraLogs(config),
  files: async (config, { dataDir }) => (await import('./files.ts')).files(config, { skipped: dataDir }),
};

/** The source that a part of the configuration describes. Speaks to nobody yet. */
export async function createSource(config: SourceConfig, around: Surroundings): Promise<Source> {
  const make = MAKERS[config.type] as (config: SourceConfig, around: Surroundings) => Promise<Source>;
  return make(config, around);
}
