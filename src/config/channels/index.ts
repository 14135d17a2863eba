/**
 * The configuration of channels: where alerts go.
 */
import { z } from 'zod';
import { awsFields, region } from '../sources/common.ts';
import { commonFields, secretReference } from './common.ts';

const httpsUrl = (what: string): z.ZodString => z.string().regex(/^(\$\{[A-Za-z_][A-Za-z0-9_]*\}|https:\/\/[^\s]+|http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?(\/[^\s]*)?)$/, `${what}: an https URL, or \${NAME} for one in an environment variable`);
const address = z.string().regex(/^[^\s@<>,;"()\\]+@[^\s@<>,;"()\\]+$/, 'a bare e-mail address like oncall@example.com');

export const slackSchema = z.strictObject({
  ...commonFields('slack-oncall', 30),
  type: z.literal('slack').describe('A Slack channel, by an incoming webhook.'),
  webhook_url: secretReference('The incoming webhook. Who knows the URL can post.', '${WHORAN_SLACK_WEBHOOK}'),
}).describe('A Slack channel, by an incoming webhook.');
export const teamsSchema = z.strictObject({
  ...commonFields('teams-security', 30),
  type: z.literal('teams').describe('A Microsoft Teams channel, by a Workflows webhook.'),
  webhook_url: secretReference('The URL that the workflow "When a Teams webhook request is received" shows. Who knows it can post.', '${WHORAN_TEAMS_WEBHOOK}'),
}).describe('A Microsoft Teams channel, by a Workflows webhook that posts Adaptive Cards.');
export const pagerdutySchema = z.strictObject({
  ...commonFields('pagerduty', 60),
  type: z.literal('pagerduty').describe('PagerDuty, by Events API v2.'),
  routing_key: secretReference("The integration key of the service's Events API v2 integration.", '${WHORAN_PAGERDUTY_KEY}'),
  endpoint: httpsUrl('endpoint').default('https://events.pagerduty.com').describe('Another region: https://events.eu.pagerduty.com.'),
}).describe('PagerDuty, by Events API v2: one incident a group of findings, resolved when all of it is over.');
export const webhookSchema = z.strictObject({
  ...commonFields('siem-webhook', 120),
  type: z.literal('webhook').describe('Any HTTPS receiver, with a signature that it can check.'),
  url: httpsUrl('url').meta({ description: 'Where to post to.', examples: ['https://hooks.example.com/whoran'] }),
  secret: secretReference('The key of the signature (HMAC-SHA-256): at least 32 characters, or `whsec_` and the base64 of 24 to 64 bytes, which is decoded.', '${WHORAN_WEBHOOK_SECRET}'),
  previous_secret: secretReference('The key before, while receivers change over: both signatures are sent.', '${WHORAN_WEBHOOK_OLD_SECRET}').optional(),
}).describe('Any HTTPS receiver: the alert as JSON, with a signature that it can check (Standard Webhooks).');
export const emailSchema = z.strictObject({
  ...commonFields('mail-compliance', 30),
  type: z.literal('email').describe('E-mail, by SMTP.'),
  host: z.string().min(1).meta({ description: "The mail server's host.", examples: ['smtp.example.com'] }),
  port: z.int().positive().max(65535).default(587).describe('Its port.'),
  security: z.enum(['starttls', 'tls', 'none']).default('starttls').describe('How the connection is protected. `none` is taken for loopback addresses alone.'),
  username: secretReference('The account at the server, where it asks for one.', '${WHORAN_SMTP_USER}').optional(),
  password: secretReference('Its password.', '${WHORAN_SMTP_PASSWORD}').optional(),
  from: address.meta({ description: 'The sender.', examples: ['whoran@example.com'] }),
  to: z.array(address).min(1).meta({ description: 'The receivers.', examples: [['oncall@example.com']] }),
}).describe('E-mail, by SMTP: text and HTML, one thread a group of findings.');
export const snsSchema = z.strictObject({
  ...commonFields('sns', 300),
  type: z.literal('sns').describe('An Amazon SNS topic. Needs sns:Publish on it.'),
  topic_arn: z.string().regex(/^arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}$/, 'the ARN of an SNS topic').meta({ description: 'The topic.', examples: ['arn:aws:sns:eu-central-1:111122223333:whoran-alerts'] }),
  region: region.optional().meta({ description: "Where it isn't the topic's own.", examples: ['eu-central-1'] }),
  ...awsFields,
}).describe('An Amazon SNS topic, as text with attributes to filter by. Needs sns:Publish on it.');
export const fileSchema = z.strictObject({
  ...commonFields('ocsf', 6000),
  type: z.literal('file').describe('A file of JSON lines, one OCSF Detection Finding (2004) each, or standard output.'),
  path: z.string().min(1).meta({ description: 'The file, appended to; made with mode 0600 where it is missing. `-` is standard output, and standard error where `--json` takes standard output for its own document.', examples: ['./whoran-findings.jsonl'] }),
}).describe('A file of JSON lines, or standard output: one OCSF Detection Finding (2004) a finding, for a log shipper.');

export const channelSchema = z.discriminatedUnion('type', [slackSchema, teamsSchema, pagerdutySchema, webhookSchema, emailSchema, snsSchema, fileSchema]);
export type ChannelConfig = z.output<typeof channelSchema>;
