/**
 * What stays and what goes when a service takes less than there is to say; and that the counts of what went are right.
 */
import { describe, expect, test } from 'vitest';
import { EXAMPLE_ALERT, EXAMPLE_DIGEST } from '../../test/alerts/example-alert.ts';
import type { Alert, AlertFinding } from './alert.ts';
import { fitted, type Fitted } from './_fit.ts';
import { alertParts, type Part } from './_parts.ts';
import { pagerDutyEvent } from './pagerduty.ts';
import { slackMessage } from './slack.ts';
import { teamsMessage } from './teams.ts';

const [EXAMPLE] = EXAMPLE_ALERT.findings as readonly [AlertFinding];
const idOf = (index: number): string => index.toString(16).padStart(4, '0').repeat(8);
/** An alert of findings that differ in their ids, subjects and evidence, each changed. */
function alertOf(count: number, change: (index: number) => Partial<AlertFinding> = () => ({})): Alert {
  const findings = Array.from({ length: count }, (_, index): AlertFinding => ({
    ...EXAMPLE, id: idOf(index), subject: { kind: 'session', id: `ASIAEXAMPLE${index}` }, ask: `whoran ask ASIAEXAMPLE${index}`,
    evidence: [{ source: 'cloudtrail', record_id: `record-${index}-0`, sha256: 'c'.repeat(64) }], ...change(index),
  }));
  return { ...EXAMPLE_ALERT, findings, findings_total: count };
}
const linesOf = (parts: readonly Part[]): string[] => parts.flatMap(({ lines }) => [...lines]);
const sizeOf = (parts: readonly Part[]): number => linesOf(parts).join('\n').length;
const within = (most: number, part = 100_000) => (alert: Alert): Fitted => fitted(alert, { part, fits: (parts) => sizeOf(parts) <= most });
/** The number that a sentence about cuts begins with, by what follows it. */
const counted = (cuts: readonly string[], what: string): number => Number(cuts.find((cut) => cut.includes(what))?.split(' ')[0] ?? 0);

test('what fits is whole, and nothing is said of cuts', () => {
  for (const alert of [alertOf(1), alertOf(10), EXAMPLE_ALERT, EXAMPLE_DIGEST]) expect(within(100_000)(alert)).toEqual({ parts: alertParts(alert), cuts: [] });
});

test('one long value is cut, and nothing else', () => {
  const { parts, cuts } = within(100_000, 3000)(alertOf(2, (index) => (index === 0 ? { what: 'x'.repeat(40_000) } : {})));
  expect(cuts).toEqual(['1 long line: cut at the …']);
  const [first, ...rest] = alertParts(alertOf(2));
  expect(parts.slice(1, -1)).toEqual(rest);
  expect(parts[0]?.lines[0]).toMatch(/^x{2900,}…$/);
  expect(parts[0]?.lines[1]).toBe(first?.lines[1]);
});

test('a long list loses its end, and the count of its lines is right, in the message and beside it', () => {
  const { parts, cuts } = within(100_000, 2000)(alertOf(1, () => ({ evidence: Array.from({ length: 500 }, (_, index) => ({ source: 'cloudtrail', record_id: `record-${index}`, sha256: 'c'.repeat(64) })) })));
  const evidence = parts.find(({ kind }) => kind === 'evidence')?.lines ?? [];
  const ids = evidence.filter((line) => line.startsWith('cloudtrail record-'));
  expect(ids.length).toBeGreaterThan(20);
  expect(evidence.at(-1)).toBe(`… ${500 - ids.length} more lines`);
  expect(counted(cuts, 'more line')).toBe(500 - ids.length);
});

test('a command is whole or left out: half of one may be another one', () => {
  const { parts, cuts } = within(100_000, 3000)(alertOf(1, () => ({ ask: `whoran ask '${'x'.repeat(5000)}; rm -rf /tmp/y'` })));
  expect(parts.find(({ kind }) => kind === 'go_on')?.lines).toEqual([`whoran alerts show ${idOf(0).slice(0, 12)}`]);
  expect(counted(cuts, 'more line')).toBe(1);
});

test.each([20_000, 10_000, 6000, 4000, 3000, 2000])('within %i characters: the first finding keeps what, evidence and how to go on; counts add up', (most) => {
  const alert = alertOf(10, (index) => ({ steps: Array.from({ length: 20 }, (_, step) => `step ${step} of ${index} ${'y'.repeat(200)}`), not_known: ['n'.repeat(900)] }));
  const { parts, cuts } = within(most)(alert);
  expect(sizeOf(parts)).toBeLessThanOrEqual(most);
  const lines = linesOf(parts);
  expect(lines).toEqual(expect.arrayContaining([alert.findings[0]?.what, expect.stringMatching(/^cloudtrail record-0-0 /), 'whoran ask ASIAEXAMPLE0', `whoran alerts show ${idOf(0).slice(0, 12)}`]));
  // Each finding that is shown has them; the others are counted.
  const shown = alert.findings.filter(({ ask }) => lines.includes(ask)).length;
  expect(lines.filter((line) => line.startsWith('cloudtrail record-')).length).toBe(shown);
  expect(counted(cuts, 'counted only')).toBe(10 - shown);
  expect(lines.filter((line) => line === `${10 - shown} more findings of this group: whoran findings`).length).toBe(shown === 10 ? 0 : 1);
  const detailed = parts.filter(({ kind }) => kind === 'steps').length;
  expect(counted(cuts, 'only what happened')).toBe(shown - detailed);
  const steps = parts.filter(({ kind }) => kind === 'steps').flatMap((part) => part.lines.filter((line) => /^\d+\. /.test(line)));
  expect(counted(cuts, 'more line')).toBe(detailed * 20 - steps.length);
  expect(counted(cuts, 'long line')).toBe(lines.filter((line) => line.endsWith('…') && /^(?:\d+\. |n)/.test(line)).length);
  // The message says so itself, at its end.
  expect(parts.at(-1)?.kind).toBe('left_out');
  expect(parts.at(-1)?.lines.slice(0, -1)).toEqual(cuts);
});

describe('services', () => {
  const LONG = alertOf(10, (index) => ({ what: `${'漢'.repeat(3000)} ${index}`, not_known: ['"'.repeat(4000)], steps: Array.from({ length: 30 }, () => '\\'.repeat(300)) }));
  const EMOJI = alertOf(10, () => ({ what: '😀'.repeat(20_000), detection: '😀'.repeat(2000), team: '😀'.repeat(2000), subject: { kind: 'session', id: '\u202e'.repeat(4000) } }));

  test('Slack: ten findings of everything stay within 50 blocks, each of them with its evidence and how to go on', () => {
    const { message, cuts } = slackMessage(alertOf(10));
    const texts = message.blocks.flatMap((block) => ('text' in block ? [block.text.text] : []));
    expect(message.blocks.length).toBeLessThanOrEqual(50);
    for (let index = 0; index < 10; index += 1) expect(texts.some((text) => text.includes(`whoran ask ASIAEXAMPLE${index}\n`)) && texts.some((text) => text.includes(`record-${index}-0 `))).toBe(true);
    expect(texts.at(-1)).toMatch(/^Left out here/);
    expect(cuts).toEqual([expect.stringMatching(/^\d findings: only what happened/)]);
  });

  test.each([['漢', LONG], ['😀', EMOJI]])('%s: every service gets what it takes, the first finding’s last parts are there, and no character is cut in half', (_name, alert) => {
    const slack = slackMessage(alert);
    const teams = teamsMessage(alert);
    const pagerduty = pagerDutyEvent(alert);
    expect(slack.message.blocks.length).toBeLessThanOrEqual(50);
    expect(JSON.stringify(slack.message.blocks).length).toBeLessThanOrEqual(12_000);
    expect(Buffer.byteLength(JSON.stringify(teams.message))).toBeLessThanOrEqual(27 * 1024);
    expect(Buffer.byteLength(JSON.stringify(pagerduty.event))).toBeLessThanOrEqual(500_000);
    for (const { text, cuts } of [{ text: JSON.stringify(slack.message), cuts: slack.cuts }, { text: JSON.stringify(teams.message), cuts: teams.cuts }, { text: JSON.stringify(pagerduty.event), cuts: pagerduty.cuts }]) {
      expect(text).toContain('cloudtrail record-0-0 sha256');
      expect(text).toContain('whoran ask ASIAEXAMPLE0');
      // PagerDuty takes half a megabyte.
      expect(cuts.length > 0).toBe(text !== JSON.stringify(pagerduty.event) || alert === EMOJI);
      // JSON.stringify writes half of a pair as an escape; what is escaped by us ends with a brace.
      expect(text).not.toMatch(/\\ud[89a-f]/i);
      expect(text.replaceAll('\\\\u{202e}', '')).not.toContain('\\\\u{');
    }
  });

  test('PagerDuty: names keep the limit of names, whatever is in them', () => {
    const { payload } = pagerDutyEvent(EMOJI).event;
    for (const name of [payload?.component, payload?.group, payload?.class]) {
      expect(name?.length).toBeGreaterThan(200);
      expect(name?.length).toBeLessThanOrEqual(255);
    }
  });
});
