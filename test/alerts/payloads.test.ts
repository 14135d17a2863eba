/**
 * What each channel sends for one example, kept in docs/alerts so that people can see it: made again with
 * `npx vitest run test/alerts/payloads.test.ts -u`.
 */
import { expect, test } from 'vitest';
import type { Alert } from '../../src/alerts/alert.ts';
import { emailHtml } from '../../src/alerts/_email-html.ts';
import { ocsfEvents } from '../../src/alerts/_ocsf.ts';
import { plainText } from '../../src/alerts/_text.ts';
import { pagerDutyEvent } from '../../src/alerts/pagerduty.ts';
import { slackMessage } from '../../src/alerts/slack.ts';
import { teamsMessage } from '../../src/alerts/teams.ts';
import { EXAMPLE_ALERT, EXAMPLE_DIGEST, EXAMPLE_RESOLVED, EXAMPLE_SUPPRESSED } from './example-alert.ts';

/** Ten findings with everything in them: more than Slack takes in one message. */
const TEN: Alert = {
  ...EXAMPLE_ALERT,
  findings: Array.from({ length: 10 }, (_, index) => EXAMPLE_ALERT.findings.map((finding) => ({ ...finding, id: `${index}f2a9c01`.repeat(4), subject: { kind: 'session', id: `ASIAEXAMPLE00000000${index}` }, ask: `whoran ask ASIAEXAMPLE00000000${index}` }))).flat(),
  findings_total: 12,
};
/** A message's blocks as they read, one below the other. */
const slackText = (alert: Alert): string => `${slackMessage(alert).message.blocks.flatMap((block) => ('text' in block ? [block.text.text] : 'elements' in block ? block.elements.map(({ text }) => text) : [])).join('\n\n')}\n`;
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

test.each([
  ['slack-fired.json', json(slackMessage(EXAMPLE_ALERT).message)],
  ['slack-digest.json', json(slackMessage(EXAMPLE_DIGEST).message)],
  ['slack-cut.txt', slackText(TEN)],
  ['teams-fired.json', json(teamsMessage(EXAMPLE_ALERT).message)],
  ['teams-suppressed.json', json(teamsMessage(EXAMPLE_SUPPRESSED).message)],
  ['pagerduty-fired.json', json(pagerDutyEvent(EXAMPLE_ALERT).event)],
  ['pagerduty-resolved.json', json(pagerDutyEvent(EXAMPLE_RESOLVED).event)],
  ['webhook-fired.json', json({ schema: 'whoran.alert/1', ...EXAMPLE_ALERT })],
  ['ocsf-fired.json', json(ocsfEvents(EXAMPLE_ALERT, '0.1.0')[0])],
  ['ocsf-resolved.json', json(ocsfEvents(EXAMPLE_RESOLVED, '0.1.0')[0])],
  ['text-fired.txt', plainText(EXAMPLE_ALERT)],
  ['text-resolved.txt', plainText(EXAMPLE_RESOLVED)],
  ['text-suppressed.txt', plainText(EXAMPLE_SUPPRESSED)],
  ['text-digest.txt', plainText(EXAMPLE_DIGEST)],
  ['email-fired.html', `${emailHtml(EXAMPLE_ALERT)}\n`],
])('docs/alerts/%s', async (file, text) => {
  await expect(text).toMatchFileSnapshot(`../../docs/alerts/${file}`);
});
