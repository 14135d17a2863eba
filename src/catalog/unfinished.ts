/**
 * What the author of a detection still has to write: its template marks each place, and nothing runs with a mark in it.
 */
import type { CatalogFault } from './faults.ts';

/** Stands in the template wherever the author knows what belongs there. */
export const FILL_IN = 'FILL IN';

/**
 * A fault for each line of a detection's SQL or cases that still has the mark, with what it asks for.
 * @param file path below the root, for the message
 */
export function unfinishedFaults(file: string, text: string): CatalogFault[] {
  return text.split('\n').flatMap((line, index) => {
    const at = line.indexOf(FILL_IN);
    return at < 0 ? [] : [{ file, message: `line ${index + 1}: fill in ${line.slice(at + FILL_IN.length).replace(/["}\]]+$/, '').trim() || 'what is missing'}` }];
  });
}
