/**
 * One seed for all property tests, so that the gate gives the same verdict twice. Others are tried by setting
 * `WHORAN_PROPERTY_SEED` (a number, or `random`), with more trials by `WHORAN_PROPERTY_RUNS`; a failure prints its seed.
 */
import fc from 'fast-check';

const SEED = process.env['WHORAN_PROPERTY_SEED'] ?? '20260115';

if (SEED !== 'random') fc.configureGlobal({ seed: Number(SEED) });
