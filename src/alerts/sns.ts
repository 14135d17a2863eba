/**
 * An Amazon SNS topic: plain text for people, attributes for filter policies. Limits: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
import { PublishCommand, SNSClient, SNSServiceException, type PublishCommandInput } from '@aws-sdk/client-sns';
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { z } from 'zod';
import type { snsSchema } from '../config/channels/index.ts';
import type { Alert } from './alert.ts';
import { ChannelError, type Channel, type Receipt, type RenderedMessage, type SendContext } from './channel.ts';
import { cutText } from './_cut.ts';
import { fitted } from './_fit.ts';
import { headline, plainLine } from './_parts.ts';
import { plainText } from './_text.ts';

/** Fewer than 100 characters of ASCII, and none that controls. */
const LONGEST_SUBJECT = 99;
const LARGEST_MESSAGE = 256 * 1024;
/** Attributes count too. */
const ROOM_FOR_ATTRIBUTES = 4 * 1024;
const LONGEST_PART = 16_000;
/** How long a topic that keeps order remembers a MessageDeduplicationId. */
const FIFO_MEMORY_MS = 5 * 60_000;
const TRANSIENT = /Throttl|TooManyRequests|Internal|ServiceUnavailable|KMSThrottling|RequestTimeout|ExpiredToken/i;

export interface SnsGiven {
  /** In place of the platform's default chain. */
  readonly credentials?: () => Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }>;
}

type Config = z.output<typeof snsSchema>;

/** @param config with its references resolved */
export function sns(config: Config, given: SnsGiven = {}): Channel {
  const { id, topic_arn: topic, endpoint } = config;
  const region = config.region ?? topic.split(':')[3] ?? '';
  const client = new SNSClient({ region, ...(endpoint === undefined ? {} : { endpoint }), credentials: given.credentials ?? credentialsOf(config, region), maxAttempts: 1 });
  const isFifo = topic.endsWith('.fifo');
  return {
    id,
    type: 'sns',
    notices: ['fired', 'reminder', 'acknowledged', 'resolved', 'digest', 'test'],
    // Topics that keep order drop a repeated id for five minutes, and most attempts of later runs come after that; others keep nothing back.
    honoursKey: false,
    ...(isFifo ? { keyHeldMs: FIFO_MEMORY_MS } : {}),
    target: topic,
    render: (alert) => {
      const { input: { Message: body = '', Subject: subject = '' }, cuts } = messageOf(topic, alert);
      return { content_type: 'text/plain', body, headers: { subject }, cuts } satisfies RenderedMessage;
    },
    send: async (alert, context) => publish(client, config, alert, context),
  };
}

function credentialsOf({ role_arn: role, external_id: externalId }: Config, region: string): ReturnType<typeof fromNodeProviderChain> {
  const chain = fromNodeProviderChain();
  if (role === undefined) return chain;
  return fromTemporaryCredentials({ masterCredentials: chain, params: { RoleArn: role, RoleSessionName: 'whoran-alerts', ...(externalId === undefined ? {} : { ExternalId: externalId }) }, clientConfig: { region } });
}

function messageOf(topic: string, alert: Alert): { readonly input: PublishCommandInput; readonly cuts: readonly string[] } {
  const { parts, cuts } = fitted(alert, { part: LONGEST_PART, fits: (some) => Buffer.byteLength(plainText(alert, some)) <= LARGEST_MESSAGE - ROOM_FOR_ATTRIBUTES });
  return { input: inputOf(topic, alert, plainText(alert, parts)), cuts };
}

function inputOf(topic: string, alert: Alert, text: string): PublishCommandInput {
  const [first] = alert.findings;
  const attribute = (value: string): { DataType: string; StringValue: string } => ({ DataType: 'String', StringValue: cutText(plainLine(value), 256) || '-' });
  return {
    TopicArn: topic,
    Subject: headline(alert).replace(/[^\x20-\x7e]/gu, '?').trim().slice(0, LONGEST_SUBJECT) || 'whoran',
    Message: text,
    MessageAttributes: {
      severity: attribute(alert.severity),
      notice: attribute(alert.notice),
      alert_key: attribute(alert.key),
      ...(first ? { detection: attribute(first.detection), finding_id: attribute(first.id), ...(first.account_id === null ? {} : { account_id: attribute(first.account_id) }) } : {}),
    },
    ...(topic.endsWith('.fifo') ? { MessageGroupId: alert.group_key, MessageDeduplicationId: alert.key } : {}),
  };
}

async function publish(client: SNSClient, { topic_arn: topic, role_arn: role }: Config, alert: Alert, { signal }: SendContext): Promise<Receipt> {
  try {
    const { MessageId: id } = await client.send(new PublishCommand(messageOf(topic, alert).input), { abortSignal: signal });
    return { id: id ?? null };
  } catch (error) {
    throw channelError(error, signal, topic, role);
  }
}

/** What a fault means: the topic's refusal, the role's, or no answer. The SDK's messages are left out: they may quote what was sent. */
function channelError(error: unknown, signal: AbortSignal, topic: string, role: string | undefined): ChannelError {
  if (signal.aborted) return new ChannelError(`SNS: ${signal.reason instanceof Error ? signal.reason.message : 'it was given up'}`, { isTransient: true });
  if (!isServiceError(error)) {
    const name = error instanceof Error ? error.name : 'an unknown fault';
    const isCredentials = name === 'CredentialsProviderError';
    return new ChannelError(`SNS could not be reached: ${name}`, { isTransient: true, ...(isCredentials ? { hint: 'No credentials were found: give whoran a role.' } : {}) });
  }
  const status = error.$metadata.httpStatusCode ?? 0;
  const isTransient = TRANSIENT.test(error.name) || status === 429 || status >= 500;
  // Before a message is published, a role may have to be assumed: STS refuses that, not SNS.
  if (!(error instanceof SNSServiceException)) {
    const who = role === undefined ? 'the credentials' : `role ${role}`;
    return new ChannelError(`AWS refused ${who}: ${error.name}`, { isTransient, ...(isTransient ? {} : { hint: 'Let whoran assume the role: its trust policy must name whoran\'s own role (and external_id, where it asks for one), and whoran\'s role needs sts:AssumeRole.' }) });
  }
  const hint = /AuthorizationError|AccessDenied/.test(error.name)
    ? `Grant sns:Publish on ${topic} (with an encrypted topic also kms:GenerateDataKey and kms:Decrypt on its key).`
    : error.name.includes('NotFound') ? `There is no topic ${topic}: check alerts.channels' topic_arn and the region.` : 'Check the topic and its settings.';
  return new ChannelError(`SNS refused: ${error.name}`, { isTransient, ...(isTransient ? {} : { hint }) });
}

/** An answer of any AWS service: its SDK's errors have these, and no class that all of them share. */
function isServiceError(error: unknown): error is Error & { readonly $metadata: { readonly httpStatusCode?: number } } {
  return error instanceof Error && '$fault' in error && '$metadata' in error && typeof error.$metadata === 'object' && error.$metadata !== null;
}
