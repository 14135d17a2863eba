/**
 * Making the database again from what is landed, and nothing else.
 */
import type { Writer } from '../store/writer.ts';
import { openWriter, type WriterOptions } from '../store/writer.ts';
import { stage, type StageOptions } from './stage.ts';

/**
 * A writer whose database holds everything that is landed, staged anew; nothing shows before it publishes. Works on a data
 * folder of any schema version.
 * @throws WhoranError where landing is damaged or held by another writer
 */
export async function rebuild(dataDir: string, options: WriterOptions & StageOptions = {}): Promise<Writer> {
  const writer = await openWriter(dataDir, { ...options, fromNothing: true });
  try {
    await stage(writer, options);
    return writer;
  } catch (error) {
    writer.close();
    throw error;
  }
}
