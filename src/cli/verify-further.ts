/**
 * Checks of a bundle that need more than the bundle and a key, loaded when they are asked for. An option for one is there when the check is.
 */
import type { MakeRecordRoot } from '../evidence/check-data.ts';
import type { BundleCheck } from '../evidence/verify-bundle.ts';

interface FurtherChecks {
  /** `--replay`: runs the enclosed SQL over the enclosed inputs again. */
  readonly replay?: () => Promise<BundleCheck>;
  /** For `--data`: makes a landed batch's record tree. */
  readonly recordRoot?: () => Promise<MakeRecordRoot>;
}

export const FURTHER_CHECKS: FurtherChecks = {
  replay: async () => (await import('../pipeline/bundle-replay-check.ts')).replayCheck,
  recordRoot: async () => (await import('../evidence/record-tree.ts')).recordRoot,
};
