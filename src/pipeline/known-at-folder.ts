/**
 * Reading a data folder as it was at positions of its logs: the built database, and a landing whose logs end there. So whatever reads
 * landing (batches, decisions, proofs) has the same cut, and none has to be told of it.
 */
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { AnswerReader } from '../answers/reader.ts';
import type { Config } from '../config/config.ts';
import { chainTexts } from '../landing/chain-log.ts';
import { FILE_MODE, FOLDER_MODE } from '../landing/private-files.ts';
import { storeFolder } from '../store/manifest.ts';
import { openReader } from '../store/reader.ts';
import { buildAtPositions, type Positions } from './known-at.ts';

/**
 * Builds what is needed, does `work`, and takes the cut landing away again.
 * @param work gets a reader of the built database, and the folder whose `landing/` is cut
 */
export async function withFolderAt<Result>(
  dataDir: string,
  positions: Positions,
  config: Config,
  work: (reader: AnswerReader, cutFolder: string) => Promise<Result>,
  progress: (step: string) => void = () => undefined,
): Promise<Result> {
  const built = await buildAtPositions(dataDir, positions, config, progress);
  const folder = await mkdtemp(join(storeFolder(dataDir), '.cut-'));
  try {
    await cutLanding(join(resolve(dataDir), 'landing'), join(resolve(built), 'landing'), join(folder, 'landing'), positions);
    const reader = await openReader(built);
    try {
      return await work({ db: reader.db, landing: { readMember: async (batch, member) => Promise.resolve(reader.landing.unpackMember(batch, member)) } }, folder);
    } finally {
      reader.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The logs are copied, byte for byte; all else is the built folder's, which has no more than it should. */
async function cutLanding(from: string, built: string, to: string, positions: Positions): Promise<void> {
  await mkdir(to, { mode: FOLDER_MODE });
  const logs = new Map<string, number>(Object.entries(positions).map(([name, last]) => [`${name}.jsonl`, last]));
  for (const name of await readdir(built)) {
    if (logs.has(name)) continue;
    await symlink(join(built, name), join(to, name)).catch(async () => copyFile(join(built, name), join(to, name)));
  }
  for (const [name, last] of logs) {
    if (last > 0) await writeFile(join(to, name), Buffer.concat([...chainTexts(join(from, name), last)].flatMap((text) => [text, Buffer.from('\n')])), { mode: FILE_MODE });
  }
}
