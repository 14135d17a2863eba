/**
 * Faults of the catalog: what is wrong with the program's own query files, all of it at once.
 */
import { EXIT, WhoranError } from '../core/errors.ts';

export interface CatalogFault {
  /** Path below the catalog's root. */
  readonly file: string;
  /** What was expected and what was found. */
  readonly message: string;
}

/** Thrown when query files can't be used. Nothing runs on half a catalog: a detection left out would read as "nothing found". */
export class CatalogError extends WhoranError {
  readonly faults: readonly CatalogFault[];

  constructor(faults: readonly CatalogFault[]) {
    super(`the query files have faults:\n${faults.map(({ file, message }) => `  ${file}: ${message}`).join('\n')}`, {
      exitCode: EXIT.wrongUse,
      hint: 'Mend the files named (queries/README.md says what each must hold), or install the package again.',
    });
    this.name = 'CatalogError';
    this.faults = faults;
  }
}
