/**
 * Checks of a bundle beyond what the small verifier does, and their place in its result.
 */
import type { Fault } from '../verifier/faults.ts';
import type { Finding, Verification } from '../verifier/verification.ts';

/** What a further check found. */
export interface FurtherCheck {
  /** Ids among `not_checked` of what it checked. */
  readonly settles: readonly string[];
  readonly proved: readonly Finding[];
  /** What it left open. */
  readonly not_checked: readonly Finding[];
  /** What is no longer only the signer's word, by id. */
  readonly no_longer_attested?: readonly string[];
  readonly faults: readonly Fault[];
}

/** The result with one more check in it. */
export function withCheck(verification: Verification, check: FurtherCheck): Verification {
  const faults = [...verification.faults, ...check.faults];
  return {
    ...verification,
    verdict: faults.length + verification.faults_left_off === 0 ? 'intact' : 'altered',
    proved: [...verification.proved, ...check.proved],
    attested: verification.attested.filter(({ id }) => check.no_longer_attested?.includes(id) !== true),
    not_checked: [...verification.not_checked.filter(({ id }) => !check.settles.includes(id)), ...check.not_checked],
    faults,
  };
}
