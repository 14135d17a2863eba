/**
 * Reads tables in a thread of their own, beside the records. The same file starts the thread and is what runs in it.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { readTables, type TablesRead, type TablesToRead } from './tables.ts';

/** Marks a thread as ours: whoever imports this file from another thread must not start a reading. */
interface Job {
  readonly tablesToRead?: TablesToRead;
}

/**
 * As `readTables`, in another thread.
 * @throws what ended the thread
 */
export async function readTablesBeside(toRead: TablesToRead): Promise<TablesRead> {
  // Sources that a test runner compiles as it goes cannot be started as a thread.
  if (!import.meta.url.endsWith('.js')) return readTables(toRead);
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: { tablesToRead: toRead } satisfies Job });
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => {
      reject(new Error('the thread that reads tables/ ended before it was done'));
    });
  });
}

const job = isMainThread ? null : (workerData as Job | null);
if (job?.tablesToRead && parentPort) {
  const read = readTables(job.tablesToRead);
  const { batches, leaves, hashes, names, nameEnds } = read.mentions;
  parentPort.postMessage(read, [batches.buffer, leaves.buffer, hashes.buffer, names.buffer, nameEnds.buffer]);
}
