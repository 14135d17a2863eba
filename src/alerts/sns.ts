/**
 * An Amazon SNS topic: plain text for people, attributes for filter policies. Limits: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
import { PublishCommand, SNSClient, SNSServiceException, type PublishCommandInput } from '@aws-sdk/client-sns';
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { z } from 'zod';
import type { snsSchema } from '../config/channels/index.ts';
import type { Alert } from './alert.ts';
import { ChannelError, type Channel, type Receipt, type RenderedMessage, type SendContext } from './channel.ts';
import { headline, plainLine } from './_parts.ts';
import { plainText } from './_text.ts';

/** Fewer than 100 characters of ASCII, and none that controls. */
const LONGEST_SUBJECT = 99;
const LARGEST_MESSAGE = 256 * 1024;
/** Attributes count too. */
const ROOM_FOR_ATTRIBUTES = 4 * 1024;
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
    // Topics that keep order drop a repeated id within five minutes; others keep nothing back.
    honoursKey: isFifo,
    target: topic,
    render: (alert) => {
      const { Message: body = '', Subject: subject = '' } = messageOf(topic, alert);
      return { content_type: 'text/plain', body, headers: { subject }, cuts: [] } satisfies RenderedMessage;
    },
    send: async (alert, context) => publish(client, topic, alert, context),
  };
}

function credentialsOf({ role_arn: role, external_id: externalId }: Config, region: string): ReturnType<typeof fromNodeProviderChain> {
  const chain = fromNodeProviderChain();
  if (role === undefined) return chain;
  return fromTemporaryCredentials({ masterCredentials: chain, params: { RoleArn: role, RoleSessionName: 'whoran-alerts', ...(externalId === undefined ? {} : { ExternalId: externalId }) }, clientConfig: { region } });
}

function messageOf(topic: string, alert: Alert): PublishCommandInput {
  const [first] = alert.findings;
  const attribute = (value: string): { DataType: string; StringValue: string } => ({ DataType: 'String', StringValue: plainLine(value).slice(0, 256) || '-' });
  return {
    TopicArn: topic,
    Subject: headline(alert).replace(/[^\x20-\x7e]/g, '?').trim().slice(0, LONGEST_SUBJECT) || 'whoran',
    Message: cutBytes(plainText(alert), LARGEST_MESSAGE - ROOM_FOR_ATTRIBUTES),
    MessageAttributes: {
      severity: attribute(alert.severity),
      notice: attribute(alert.notice),
      alert_key: attribute(alert.key),
      ...(first ? { detection: attribute(first.detection), finding_id: attribute(first.id), ...(first.account_id === null ? {} : { account_id: attribute(first.account_id) }) } : {}),
    },
    ...(topic.endsWith('.fifo') ? { MessageGroupId: alert.group_key, MessageDeduplicationId: alert.key } : {}),
  };
}

/** At most so many bytes of UTF-8, no character cut in half, and a word about the rest. */
function cutBytes(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  const rest = '\n… cut: a message of SNS is no longer.\n';
  return Buffer.from(text).subarray(0, most - Buffer.byteLength(rest)).toString('utf8').replace(/\uFFFD$/, '') + rest;
}

async function publish(client: SNSClient, topic: string, alert: Alert, { signal }: SendContext): Promise<Receipt> {
  try {
    const { MessageId: id } = await client.send(new PublishCommand(messageOf(topic, alert)), { abortSignal: signal });
    return { id: id ?? null };
  } catch (error) {
    throw channelError(error, signal, topic);
  }
}

function channelError(error: unknown, signal: AbortSignal, topic: string): ChannelError {
  if (signal.aborted) return new ChannelError(`SNS: ${signal.reason instanceof Error ? signal.reason.message : 'it was given up'}`, { isTransient: true });
  if (!(error instanceof SNSServiceException)) {
    const name = error instanceof Error ? error.name : 'an unknown fault';
    const isCredentials = name === 'CredentialsProviderError';
    return new ChannelError(`SNS could not be reached: ${name}`, { isTransient: true, ...(isCredentials ? { hint: 'No credentials were found: give whoran a role.' } : {}) });
  }
  const status = error.$metadata.httpStatusCode ?? 0;
  const isTransient = TRANSIENT.test(error.name) || status === 429 || status >= 500;
  const hint = /AuthorizationError|AccessDenied/.test(error.name)
    ? `Grant sns:Publish on ${topic} (with an encrypted topic also kms:GenerateDataKey and kms:Decrypt on its key).`
    : error.name.includes('NotFound') ? `There is no topic ${topic}: check alerts.channels' topic_arn and the region.` : 'Check the topic and its settings.';
  return new ChannelError(`SNS refused: ${error.name}`, { isTransient, ...(isTransient ? {} : { hint }) });
}
