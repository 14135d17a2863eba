import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KEYS, trail } from '../../test/digest-trail.ts';
import { main } from './program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-cli-digests-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function run(...argv: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', ''];
  const code = await main(['--data', join(folder, 'data'), ...argv], {
    out: (text) => { out += text; }, err: (text) => { err += text; }, isOutTty: false, isErrTty: false, columns: 100, env: {},
  });
  return { code, out, err };
}

function write(objects: readonly { readonly key: string; readonly bytes: Buffer }[]): void {
  for (const { key, bytes } of objects) {
    mkdirSync(dirname(join(folder, 'logs', key)), { recursive: true });
    writeFileSync(join(folder, 'logs', key), bytes);
  }
}

test('a copied trail is proved but for its newest digest; an altered log file is found, with exit code 1 and as a finding', async () => {
  const { digests, logs } = trail(3);
  write([...digests, ...logs.slice(1)]);
  expect((await run('ingest', join(folder, 'logs'))).code).toBe(0);
  expect((await run('digests')).out).toContain('its public key is not known: ingest list-public-keys');
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(KEYS));
  const keys = await run('ingest', join(folder, 'keys.json'));
  expect(keys.code).toBe(0);
  const good = await run('digests');
  expect(good.code).toBe(0);
  expect(good.out).toContain('3 of 6 log files are proved by 2 valid digests; nothing is altered.');
  expect(good.out).toContain('log file missing: it is not landed, and nobody looked for it in the bucket');
  expect(good.out).toContain('it came without its signature, and no later digest is landed that holds it');
  expect(good.out).toContain('1 of them only from files');
  for (const line of good.out.split('\n')) if (!line.includes('.json.gz')) expect(line.length).toBeLessThanOrEqual(100);

  const altered = { ...logs[0]!, bytes: gzipSync('{"Records":[]}') };
  write([altered]);
  await run('ingest', join(folder, 'logs'));
  const bad = await run('digests');
  expect(bad.code).toBe(1);
  expect(bad.out).toContain('log file altered: its hash is another than a signed digest says');
  const json = await run('digests', '--json');
  const document = JSON.parse(json.out) as { schema: string; has_faults: boolean; trails: object[]; notes: { object: string }[] };
  expect(document).toMatchObject({ schema: 'whoran.digests/1', has_faults: true, keys: { known: 1, from_files: 1 } });
  expect(document.trails).toEqual([
    expect.objectContaining({
      account_id: '111122223333', aws_region: 'eu-central-1', trail_name: 'example-trail', digests_valid: 2, digests_unverifiable: 1, logs_proved: 3, logs_altered: 1, logs_unproven: 2,
      covered_from: '2026-01-15T08:00:00Z', covered_to: '2026-01-15T10:00:00Z', covered_seconds: 7200,
    }),
  ]);
  expect(document.notes[0]?.object.endsWith(altered.key)).toBe(true);
  expect((await run('findings', '--detection', 'log_integrity_broken')).out.replace(/\s+/g, ' ')).toContain('has another hash than a signed digest says');
  // In a period without the altered file there is nothing to complain of.
  expect((await run('digests', '--from', '2026-01-15T09:10:00Z')).code).toBe(0);
}, 120_000);

test('without digests it says that nothing is proved', async () => {
  write(trail(1).logs);
  await run('ingest', join(folder, 'logs'));
  const { code, out } = await run('digests');
  expect(code).toBe(0);
  expect(out).toContain('No digest is landed in this period: nothing proves that the 2 log files are whole and unaltered.');
  const help = await run('digests', '--help');
  expect(help.out).toMatch(/\$ whoran digests/);
  for (const line of help.out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
}, 60_000);
