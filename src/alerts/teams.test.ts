/**
 * The Teams payload under a schema of what Teams and Adaptive Cards document for the elements that we use. The cards are also checked with
 * Microsoft's own library, outside `npm test`: test/peers/adaptive-card.sh.
 */
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { EXAMPLE_ALERT, EXAMPLE_DIGEST, EXAMPLE_RESOLVED, EXAMPLE_SUPPRESSED } from '../../test/alerts/example-alert.ts';
import type { Alert } from './alert.ts';
import { teamsMessage } from './teams.ts';

const only = (properties: object, required: readonly string[]): object => ({ type: 'object', properties, required, additionalProperties: false });
/**
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using#send-adaptive-cards-using-an-incoming-webhook
 * and the explorer's pages of AdaptiveCard, RichTextBlock, TextRun and Action.OpenUrl; `msteams` is Teams' own. Words are ours.
 */
const MESSAGE = only({
  type: { const: 'message' },
  attachments: {
    type: 'array', minItems: 1, maxItems: 10,
    items: only({
      contentType: { const: 'application/vnd.microsoft.card.adaptive' },
      contentUrl: { type: 'null' },
      content: only({
        $schema: { const: 'http://adaptivecards.io/schemas/adaptive-card.json' },
        type: { const: 'AdaptiveCard' },
        version: { enum: ['1.2', '1.3', '1.4', '1.5'] },
        fallbackText: { type: 'string', minLength: 1 },
        body: {
          type: 'array', minItems: 1,
          items: only({
            type: { const: 'RichTextBlock' },
            separator: { type: 'boolean' },
            inlines: {
              type: 'array', minItems: 1,
              items: only({
                type: { const: 'TextRun' },
                text: { type: 'string', minLength: 1 },
                weight: { enum: ['Lighter', 'Default', 'Bolder'] },
                size: { enum: ['Small', 'Default', 'Medium', 'Large', 'ExtraLarge'] },
                color: { enum: ['Default', 'Dark', 'Light', 'Accent', 'Good', 'Warning', 'Attention'] },
                isSubtle: { type: 'boolean' },
              }, ['type', 'text']),
            },
          }, ['type', 'inlines']),
        },
        actions: { type: 'array', maxItems: 6, items: only({ type: { const: 'Action.OpenUrl' }, title: { type: 'string', minLength: 1 }, url: { type: 'string', pattern: '^https?://' } }, ['type', 'url']) },
        msteams: only({ width: { const: 'Full' } }, ['width']),
      }, ['type', 'version', 'body']),
    }, ['contentType', 'content']),
  },
}, ['type', 'attachments']);
const isMessage = new Ajv({ allErrors: true }).compile(MESSAGE);

const BARE: Alert = { ...EXAMPLE_ALERT, title: '', link: null, findings: [], findings_total: 0 };
const HOSTILE: Alert = { ...EXAMPLE_ALERT, title: '[x](https://evil.example.com)\u0000', findings: EXAMPLE_ALERT.findings.map((finding) => ({ ...finding, what: '', steps: ['', '<at>everyone</at>'] })) };

test.each([
  ['fired', EXAMPLE_ALERT], ['resolved', EXAMPLE_RESOLVED], ['suppressed', EXAMPLE_SUPPRESSED], ['digest', EXAMPLE_DIGEST], ['test', { ...BARE, notice: 'test' as const }], ['nothing in it', BARE], ['hostile', HOSTILE],
  ...(['low', 'medium', 'high', 'critical'] as const).map((severity): [string, Alert] => [severity, { ...EXAMPLE_ALERT, severity }]),
])('%s is a message that is documented', (_name, alert) => {
  isMessage(teamsMessage(alert).message);
  expect(isMessage.errors).toBeNull();
});

test('what is not documented is found', () => {
  const change = (from: string, to: string): unknown => JSON.parse(JSON.stringify(teamsMessage(EXAMPLE_ALERT).message).replace(from, to));
  for (const [from, to] of [['"Bolder"', '"Boldest"'], ['"RichTextBlock"', '"TextBlock"'], ['"isSubtle"', '"subtle"'], ['https://', 'javascript:'], ['"1.4"', '"2.0"']] as const) expect(isMessage(change(from, to)), to).toBe(false);
});

test('readers replace nothing in what a record says, and the fallback, which some take for Markdown, holds nothing of it', () => {
  const { content } = teamsMessage({ ...HOSTILE, title: '{{DATE(2026-01-15T00:00:00Z, SHORT)}} {{{TIME(2026-01-15T00:00:00Z)}}}' }).message.attachments[0];
  const texts = content.body.flatMap(({ inlines }) => inlines.map(({ text }) => text));
  expect(texts.join('\n')).not.toMatch(/\{\{/);
  expect(texts[0]?.replaceAll('\u2060', '')).toContain('{{DATE(2026-01-15T00:00:00Z, SHORT)}}');
  expect(content.fallbackText).toBe('New (high): this program can\'t show the card. See whoran alerts show 3f2a9c013f2a');
});

test('green is for what is over; what is suppressed may go on, and says so first', () => {
  const headOf = (alert: Alert): unknown => teamsMessage(alert).message.attachments[0].content.body[0]?.inlines[0];
  expect(headOf(EXAMPLE_RESOLVED)).toMatchObject({ color: 'Good', text: expect.stringMatching(/^Over: /) as string });
  expect(headOf(EXAMPLE_SUPPRESSED)).toMatchObject({ color: 'Default', text: expect.stringMatching(/^Suppressed: /) as string });
  expect(JSON.stringify(teamsMessage(EXAMPLE_SUPPRESSED).message)).not.toContain('Over');
});
