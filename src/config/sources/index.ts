/**
 * The configuration's `sources`: one schema a type, told apart by `type`.
 */
import { z } from 'zod';
import { cloudtrailLookupSchema } from './cloudtrail-lookup.ts';
import { cloudtrailS3Schema } from './cloudtrail-s3.ts';
import { cloudwatchLogsSchema } from './cloudwatch-logs.ts';
import { entraGraphSchema } from './entra-graph.ts';
import { entraLogsSchema } from './entra-logs.ts';
import { filesSchema } from './files.ts';

export const sourceSchema = z.discriminatedUnion('type', [
  entraGraphSchema, entraLogsSchema, cloudtrailS3Schema, cloudtrailLookupSchema, cloudwatchLogsSchema, filesSchema,
]);

/** A configured source, defaults filled in. */
export type SourceConfig = z.output<typeof sourceSchema>;
export type SourceType = SourceConfig['type'];
