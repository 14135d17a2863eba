/**
 * Writes the cards that the Teams channel sends, one a line, for test/peers/adaptive-card.sh: every notice, everything and nothing, hostile values.
 *   node teams-cards.js FILE
 */
import { writeFileSync } from 'node:fs';
import type { Alert } from '../../src/alerts/alert.ts';
import { teamsMessage } from '../../src/alerts/teams.ts';
import { EXAMPLE_ALERT, EXAMPLE_DIGEST, EXAMPLE_RESOLVED, EXAMPLE_SUPPRESSED } from '../alerts/example-alert.ts';

const [, , path] = process.argv;
if (path === undefined) throw new Error('give the file to write to');

const hostile = '[x](https://evil.example.com) <at>everyone</at> {{DATE(2026-01-15)}} ${expression} \u0000\u202e\ud800';
const alerts: readonly Alert[] = [
  EXAMPLE_ALERT, EXAMPLE_RESOLVED, EXAMPLE_SUPPRESSED, EXAMPLE_DIGEST,
  ...(['reminder', 'acknowledged', 'test'] as const).map((notice): Alert => ({ ...EXAMPLE_ALERT, notice })),
  ...(['low', 'medium', 'high', 'critical'] as const).map((severity): Alert => ({ ...EXAMPLE_ALERT, severity, link: null, title: '', findings: [], findings_total: 0 })),
  { ...EXAMPLE_ALERT, title: hostile, findings: Array.from({ length: 10 }, () => EXAMPLE_ALERT.findings.map((finding) => ({ ...finding, what: hostile.repeat(500), steps: ['', hostile], ask: hostile }))).flat() },
];
writeFileSync(path, alerts.map((alert) => `${JSON.stringify(teamsMessage(alert).message.attachments[0].content)}\n`).join(''));
