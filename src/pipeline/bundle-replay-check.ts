/**
 * Replay as one of the checks of `whoran verify`.
 */
import type { Correction } from '../core/filed-as.ts';
import type { BundleReport } from '../evidence/manifest.ts';
import type { BundleCheck } from '../evidence/verify-bundle.ts';
import { replayBundle } from './bundle-replay.ts';

/** Runs a bundle's SQL again. What cannot be read as what it should be is a fault: the bundle may come from anybody. */
export const replayCheck: BundleCheck = async ({ folder, manifest, progress }) => {
  const tables = Object.fromEntries([...manifest.tables].map(([id, rows]) => [id, { rows, missing_evidence: 0 }]));
  try {
    // A manifest that the verifier could read has these members; what they hold is only compared with.
    const { tables: same, rendered, not_replayed: others, faults } = await replayBundle(folder, { report: manifest.report as unknown as BundleReport, tables, corrects: manifest.corrects as Correction | null, redaction: manifest.redaction }, progress ? { progress } : {});
    return {
      settles: ['replay'],
      proved:
        faults.length > 0
          ? []
          : [{ id: 'replay', text: `The enclosed SQL over the enclosed inputs gives the ${same.length} enclosed tables, byte for byte${rendered.length > 0 ? `, and from them ${rendered.length} files of the report${rendered.some((file) => file.endsWith('.xlsx')) ? ' (a workbook part by part, unpacked)' : ''}` : ''}.` }],
      not_checked: others.map(({ file, why }) => ({ id: 'replay_rendered', text: `${file} was not made again: ${why}.` })),
      faults,
    };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { settles: ['replay'], proved: [], not_checked: [], faults: [{ file: 'program', expected: 'SQL that runs over the enclosed inputs', found }] };
  }
};
