import { expect, test } from 'vitest';
import { main } from './program.ts';
import type { Terminal } from './terminal.ts';

async function whoran(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal: Pick<Terminal, 'out' | 'err' | 'env' | 'isOutTty' | 'columns'> = {
    out: (text) => { out += text; }, err: (text) => { err += text; }, env: {}, isOutTty: false, columns: 110,
  };
  const code = await main(argv, terminal as Terminal);
  return { code, out, err };
}

test('lists every detection, and shows one in full', async () => {
  const { out } = await whoran('detections', 'list', '--json');
  const { detections } = JSON.parse(out) as { detections: { id: string }[] };
  expect(detections).toContainEqual(expect.objectContaining({ id: 'source_silent', severity: 'high', is_enabled: true }));
  const shown = await whoran('detections', 'show', 'source_silent');
  for (const words of ['Not seen:', 'expected_after_minutes = 10080 (default)', 'from stg_source_watch', 'SHA-256']) expect(shown.out).toContain(words);
});

test('runs the cases of one, and names the nearest where there is none', async () => {
  const tested = await whoran('detections', 'test', 'alert_undeliverable');
  expect(tested).toMatchObject({ code: 0, out: expect.stringContaining('5 passed, 0 failed.') as string });
  const wrong = await whoran('detections', 'show', 'source_silnt');
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain('Did you mean source_silent?');
});
