/**
 * Writes what the file channel and reports write, for test/peers/ocsf.sh: every notice, findings with everything and with nothing, and hostile values.
 *   node ocsf-events.js FILE
 */
import { appendFile } from 'node:fs/promises';
import { createChannel } from '../../src/alerts/index.ts';
import type { Alert, AlertFinding } from '../../src/alerts/alert.ts';
import { channelSchema } from '../../src/config/channels/index.ts';
import { ocsfReport } from '../../src/render/ocsf.ts';
import { HOSTILE_FINDINGS, findingsReport } from '../findings-report.ts';
import { EXAMPLE_ALERT, EXAMPLE_DIGEST, EXAMPLE_RESOLVED, EXAMPLE_SUPPRESSED } from '../alerts/example-alert.ts';

const [, , path] = process.argv;
if (path === undefined) throw new Error('give the file to write to');

const [example] = EXAMPLE_ALERT.findings;
if (!example) throw new Error('the example has a finding');
const BARE: AlertFinding = { ...example, who: null, not_known: [], as_of: null, evidence: [], steps: [], controls: [], account_id: null, team: null };
const NOBODY: AlertFinding = { ...example, who: { sentence: 'Nobody is known.', kind: 'unknown', name: null, tenant_id: null, object_id: null, method: null, confidence: 'none', how: null, sign_in_grade: 'none' } };
const HOSTILE: AlertFinding = { ...example, what: '\u0000\u2028{"class_uid":1}\ud800', detection: '=1+1\r\n', status: 'made up', subject: { kind: '<script>', id: 'x'.repeat(40_000) } };

const alerts: readonly Alert[] = [
  EXAMPLE_ALERT, EXAMPLE_RESOLVED, EXAMPLE_SUPPRESSED, EXAMPLE_DIGEST,
  ...(['reminder', 'acknowledged'] as const).map((notice): Alert => ({ ...EXAMPLE_ALERT, notice })),
  { ...EXAMPLE_ALERT, notice: 'test', findings: [], findings_total: 0 },
  ...(['low', 'medium', 'high', 'critical'] as const).map((severity): Alert => ({ ...EXAMPLE_ALERT, link: null, findings: [{ ...BARE, severity }, { ...NOBODY, severity }, { ...HOSTILE, severity }] })),
];
const channel = await createChannel(channelSchema.parse({ id: 'ocsf', type: 'file', path }), { env: {}, stdout: process.stdout, version: '0.0.0' });
for (const alert of alerts) if (channel.notices.includes(alert.notice)) await channel.send(alert, { signal: new AbortController().signal, now: () => new Date(), attempt: 1 });
for (const document of [findingsReport(), findingsReport(HOSTILE_FINDINGS), findingsReport([])]) for await (const line of ocsfReport(document)) await appendFile(path, line);
