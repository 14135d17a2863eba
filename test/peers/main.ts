/**
 * The sources against a peer that isn't written here, one after another: `node out/peers/test/peers/main.js http://127.0.0.1:5000`.
 * A source that is to be tried too has a file beside this one and a line in PEERS. Exit code 1: one of them failed, and says how.
 */
import { cloudtrailS3Peer } from './cloudtrail-s3.ts';
import { cloudwatchLogsPeer, type PeerCounts } from './cloudwatch-logs.ts';

const PEERS: Readonly<Record<string, (endpoint: string) => Promise<PeerCounts>>> = {
  'cloudtrail-s3': cloudtrailS3Peer,
  'cloudwatch-logs': cloudwatchLogsPeer,
};

const [endpoint = ''] = process.argv.slice(2);
for (const [source, run] of Object.entries(PEERS)) {
  const began = performance.now();
  try {
    const { written, pulled, requests } = await run(endpoint);
    process.stdout.write(`${source}: ${written} written, ${pulled} pulled, ${requests} requests, ${Math.round(performance.now() - began)} ms\n`);
  } catch (error) {
    process.exitCode = 1;
    process.stdout.write(`${source}: FAILED\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}
