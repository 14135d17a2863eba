/**
 * A file channel that writes to standard output, beside a command that has something to say there: `--json` stays one document.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../src/cli/program.ts';
import { configSchema } from '../../src/config/config.ts';
import { bringUpToDate } from '../../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../../src/pipeline/ingest.ts';
import { openWriter } from '../../src/store/writer.ts';

let folder: string;
/** A change of ECS with an IAM user's key: a finding of medium severity. */
const RECORD = {
  eventVersion: '1.11', eventID: '9d52cb31-52ec-486a-94fd-225371633fb3', eventTime: '2026-01-15T09:00:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'StopTask', awsRegion: 'eu-central-1', recipientAccountId: '111122223333',
  sourceIPAddress: '198.51.100.7', readOnly: false, requestParameters: { cluster: 'prod', task: '0f9de17a6465404e8b1b2356dc13c2f8' }, responseElements: null,
  userIdentity: { type: 'IAMUser', userName: 'deploy', arn: 'arn:aws:iam::111122223333:user/deploy', accountId: '111122223333', principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' },
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-stdout-'));
  writeFileSync(join(folder, 'log.json'), JSON.stringify({ Records: [RECORD] }));
  const writer = await openWriter(join(folder, 'data'), { now: () => new Date('2026-01-15T12:00:00Z') });
  await ingest(writer, [join(folder, 'log.json')]);
  await bringUpToDate(writer, configSchema.parse({}));
  await writer.publishAndClose();
  const channels = ['one', 'two'].map((id) => `    - { id: ${id}, type: file, path: "-" }`).join('\n');
  const routes = ['one', 'two'].map((id) => `    - { channels: [${id}], min_severity: low }`).join('\n');
  writeFileSync(join(folder, 'whoran.yaml'), `alerts:\n  channels:\n${channels}\n  routes:\n${routes}\n`);
});
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

async function whoran(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main([...argv, '--data', join(folder, 'data'), '--config', join(folder, 'whoran.yaml')], {
    out: (text) => { out += text; }, err: (text) => { err += text; }, env: {}, isOutTty: false, isErrTty: false, columns: 120,
  });
  return { code, out, err };
}
/** The class of each line that is an event. */
const classes = (text: string): number[] => text.split('\n').filter((line) => line.startsWith('{"class_uid"')).map((line) => (JSON.parse(line) as { class_uid: number }).class_uid);

test('alerts test --json: one document on standard output, the event on standard error', async () => {
  const { code, out, err } = await whoran('alerts', 'test', 'one', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ channel: 'one', sent: true });
  expect(classes(err)).toEqual([0]);
});

test('alerts test without it: the event is a line of its own on standard output', async () => {
  const { out } = await whoran('alerts', 'test', 'one');
  expect(classes(out)).toEqual([0]);
});

test('alerts send --json: one document, and every finding of both channels beside it', async () => {
  const { code, out, err } = await whoran('alerts', 'send', '--json');
  const { sent } = JSON.parse(out) as { sent: number };
  expect(code).toBe(0);
  expect(sent).toBeGreaterThan(1);
  const told = classes(err);
  expect(told.length).toBeGreaterThanOrEqual(sent);
  expect(new Set(told)).toEqual(new Set([2004]));
  expect(classes(out)).toEqual([]);
});
