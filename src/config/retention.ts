/**
 * The configuration's part about how long things are kept.
 */
import { z } from 'zod';

/** Classes of records that age, in the words of `queries/keeping/batch_classes.sql`. */
export const RETENTION_CLASSES = ['cloudtrail', 'ecs_events', 'application_logs', 'sign_ins', 'directory_audits'] as const;
export type RetentionClass = (typeof RETENTION_CLASSES)[number];

const days = z.int().positive().max(36_600);

function layer(what: string) {
  return z
    .strictObject({
      days: days.optional().meta({ description: `${what} Left out: for ever, but for what \`classes\` and \`sources\` say.`, examples: [400] }),
      classes: z
        .partialRecord(z.enum(RETENTION_CLASSES), days)
        .default({})
        .meta({ description: `Another number of days for a class of records: ${RETENTION_CLASSES.join(', ')}.`, examples: [{ sign_ins: 180 }] }),
      sources: z
        .record(z.string().min(1), days)
        .default({})
        .meta({ description: 'Another number of days for what one configured source delivered, by its id; `files` is what `ingest PATH` took. Goes before `classes`.', examples: [{ 'org-trail': 730 }] }),
    })
    .prefault({});
}

export const retentionConfigSchema = z
  .strictObject({
    landed: layer('For how many days after its last record a delivery’s bytes are kept. Then only its hashes are.').describe('Delivered bytes. The ledger, hashes of every record and all logs stay.'),
    database: layer('For how many days after its last record a delivery is in the database.').describe('The database that answers questions. Nothing is in it longer than its bytes are kept.'),
  })
  .prefault({})
  .describe('How long deliveries are kept, in whole UTC days (docs/keeping.md). Nothing is removed by default.');

export type RetentionConfig = z.output<typeof retentionConfigSchema>;
