/** The account that a trail object's key names (ATTRIBUTION §1: where the record itself names none). */

const IN_FOLDER = /(?:^|\/)AWSLogs\/(?:o-[a-z0-9]+\/)?(\d{12})\/CloudTrail\//;
const IN_FILE_NAME = /(?:^|\/)(\d{12})_CloudTrail_[^/]*$/;

/** Account id out of `[prefix/]AWSLogs/[o-…/]<account>/CloudTrail/…` or out of the object's own name; undefined for other paths. */
export function accountOfPath(origin: string): string | undefined {
  const path = origin.replaceAll('\\', '/');
  return (IN_FOLDER.exec(path) ?? IN_FILE_NAME.exec(path))?.[1];
}
