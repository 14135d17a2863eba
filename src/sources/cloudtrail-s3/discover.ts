/**
 * What lies under a prefix: the accounts, an organization's too, and their regions, found by listing folders. One listing for the
 * accounts, one for each organization, one for each account and kind.
 */
import pLimit from 'p-limit';
import type { CloudtrailS3Config } from '../../config/sources/cloudtrail-s3.ts';
import { awsFailure } from '../_aws-failure.ts';
import { SourceError, type SourceEffects, type StreamFailure } from '../source.ts';
import type { TrailBucket } from './bucket.ts';
import { accountOfFolder, isOrganizationFolder, logsFolder, regionOfFolder, streamName, type ObjectKind, type TrailStream } from './layout.ts';

export interface Discovered {
  /** Sorted: digests after log files. */
  readonly streams: readonly TrailStream[];
  /** Accounts whose folders could not be listed. */
  readonly failures: readonly StreamFailure[];
}

/**
 * The streams under the configured prefix that the configuration asks for. Accounts and regions that it names and that have
 * no folder are warned about.
 * @throws SourceError where the accounts themselves can't be listed, or there are none
 */
export async function discover(bucket: TrailBucket, config: CloudtrailS3Config, { tell }: Pick<SourceEffects, 'tell'>): Promise<Discovered> {
  const root = logsFolder(config.prefix);
  const attempt = { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket.name}` };
  let accountFolders: string[];
  try {
    const top = await bucket.folders(root);
    const ofOrganizations = await Promise.all(top.filter(isOrganizationFolder).map(async (folder) => await bucket.folders(folder)));
    accountFolders = [...top, ...ofOrganizations.flat()].filter((folder) => accountOfFolder(folder) !== undefined);
  } catch (error) {
    throw new SourceError([awsFailure(root, error, attempt)], error);
  }
  if (accountFolders.length === 0) {
    throw new SourceError([
      {
        stream: root,
        message: `nothing of a trail lies under s3://${bucket.name}/${root}`,
        hint: 'Correct `bucket` and `prefix` (what stands before AWSLogs/); a new trail delivers its first object within 15 minutes.',
      },
    ]);
  }

  const kinds: ObjectKind[] = config.digests ? ['CloudTrail', 'CloudTrail-Digest'] : ['CloudTrail'];
  const found = new Map<string, TrailStream>();
  const failures: StreamFailure[] = [];
  const limit = pLimit(config.parallel);
  const wanted = accountFolders.filter((folder) => isWanted(config.accounts, accountOfFolder(folder)));
  const visit = async (folder: string, kind: ObjectKind): Promise<void> => {
    const accountId = accountOfFolder(folder) ?? '';
    for (const below of await bucket.folders(`${folder}${kind}/`)) {
      const region = regionOfFolder(below);
      if (region === undefined || !isWanted(config.regions, region)) continue;
      const stream = streamName(kind, accountId, region);
      found.set(stream, { stream, kind, accountId, region, folders: [...(found.get(stream)?.folders ?? []), below].sort() });
    }
  };
  await Promise.all(
    wanted.flatMap((folder) =>
      kinds.map(
        async (kind) => { await limit(async () => {
            await visit(folder, kind).catch((error: unknown) => failures.push(awsFailure(`${accountOfFolder(folder) ?? ''}/${kind}`, error, attempt)));
          }); },
      ),
    ),
  );
  // Aborted while folders were listed: that is no failure of theirs.
  bucket.signal.throwIfAborted();

  const streams = [...found.values()].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (a.stream < b.stream ? -1 : 1));
  const logs = streams.filter(({ kind }) => kind === 'CloudTrail');
  for (const accountId of config.accounts) {
    if (!logs.some((one) => one.accountId === accountId)) tell({ kind: 'warning', stream: null, message: `account ${accountId} has no log files under ${root}` });
  }
  for (const region of config.regions) {
    if (!logs.some((one) => one.region === region)) tell({ kind: 'warning', stream: null, message: `no account has log files of ${region} under ${root}` });
  }
  return { streams, failures: failures.sort((a, b) => (a.stream < b.stream ? -1 : 1)) };
}

/** An empty list asks for all. */
function isWanted(list: readonly string[], value: string | undefined): boolean {
  return value !== undefined && (list.length === 0 || list.includes(value));
}
