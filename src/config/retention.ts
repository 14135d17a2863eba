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

function reportFiles(what: string) {
  return z
    .strictObject({
      days: days.optional().meta({ description: `${what} Left out: for ever, but for what \`ids\` says.`, examples: [400] }),
      ids: z.record(z.string().min(1), days).default({}).meta({ description: 'Another number of days for one report, by its id.', examples: [{ traceability: 2555 }] }),
    })
    .prefault({});
}

export const retentionConfigSchema = z
  .strictObject({
    landed: layer('For how many days after its last record a delivery’s bytes are kept. Then only its hashes are.').describe('Delivered bytes. The ledger, hashes of every record and all logs stay.'),
    database: layer('For how many days after its last record a delivery is in the database.').describe('The database that answers questions. Nothing is in it longer than its bytes are kept.'),
    reports: reportFiles('For how many days after it was written a report of `run.reports` is kept.').describe('Files that runs wrote. A file that is not as it was written any more is left alone.'),
    filed_reports: reportFiles('For how many days after it was filed the files and the bundle of `report … --file` are kept. Then the journal’s hashes of them are.').describe('Files of filed reports, with their bundles. The filing itself stays in the journal.'),
  })
  .prefault({})
  .describe('How long deliveries and reports are kept, in whole UTC days (docs/keeping.md). Nothing is removed by default.');

export type RetentionConfig = z.output<typeof retentionConfigSchema>;
