/**
 * The page that a bundle's receiver reads first.
 */
import { inert } from '../core/inert.ts';
import type { BundleManifest } from '../evidence/manifest.ts';

/** Where it lies in the bundle. */
export const README = 'README.txt';

/** The text of README.txt. */
export function bundleReadme({ report, corrects, redaction }: Pick<BundleManifest, 'report' | 'corrects'> & { readonly redaction: object | null }): string {
  return `${report.title}
${report.from} to ${report.to}, as of ${report.as_of ?? 'nothing landed'}
written ${report.run_at} by ${inert(report.run_by)} with whoran ${inert(report.program.version)}
${corrects ? `\nThis report replaces the one filed as ${inert(corrects.filed)} (${corrects.manifest_sha256 === null ? 'without a bundle' : `manifest ${corrects.manifest_sha256}`}).\n` : ''}${redaction ? '\nPeople stand here under pseudonyms, and the delivered records are not enclosed: their hashes are attested by the signer.\n' : ''}
WHAT IS HERE
  report/     the report. Read this.
  tables/     its tables, as JSON lines, CSV and Parquet
  records/    the log records behind them, ${redaction ? 'by their hashes alone' : 'as AWS and Microsoft delivered them'}
  proofs/     that each of these records stood in what was taken in
  program/    the SQL that gave the tables, and inputs/ what it read
  manifest.json and statement.dsse.json
              every file's SHA-256, and the signed statement about them

HOW TO CHECK IT
  whoran verify <this folder> --key <the signer's public key>
      every hash, signature and proof; no network, no data folder
  whoran verify <this folder> --key <the signer's public key> --replay
      runs the SQL again and compares every table, byte for byte
  Get the public key from the signer by another way than this bundle.
  Without whoran: docs/verifying-a-bundle.md of its sources shows how to check a bundle with openssl and sha256sum,
  and src/verifier is a verifier of its own to read.

WHAT A CHECK DOES NOT PROVE
  That AWS and Microsoft delivered every record: what is known about that, and where it is not, stands in the report.
  That the signer took in just what was delivered: the records' hashes can be compared with the sources' own copies.
  That a pseudonym or a name belongs to whom it says: names are for show; the identity is the tenant and object id.
`;
}
