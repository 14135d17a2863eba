import { z } from 'zod';
import { commonFields } from './common.ts';

/** A watched folder: new and changed files, once each. */
export const filesSchema = z.strictObject({
  type: z.literal('files'),
  ...commonFields(0),
  path: z.string().min(1),
  /** A file that changed within so many seconds is still being written, and waits. */
  quiet_seconds: z.int().nonnegative().default(5),
});
export type FilesConfig = z.output<typeof filesSchema>;
