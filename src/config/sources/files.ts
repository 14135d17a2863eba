import { z } from 'zod';
import { commonFields } from './common.ts';

export const filesSchema = z
  .strictObject({
    type: z.literal('files'),
    // A folder into which somebody puts files has no rhythm.
    ...commonFields(0, 'inbox', 0),
    path: z.string().min(1).meta({ description: 'The folder, walked with everything below it.', examples: ['./inbox'] }),
    quiet_seconds: z.int().nonnegative().default(5).describe('A file that changed within so many seconds is still being written, and waits.'),
  })
  .describe('A watched folder: new and changed files, once each.');
export type FilesConfig = z.output<typeof filesSchema>;
