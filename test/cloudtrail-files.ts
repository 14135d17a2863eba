/**
 * CloudTrail records and files of them, for tests of ingest. Synthetic: account 111122223333.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export const ACCOUNT = '111122223333';
export type Fields = Readonly<Record<string, unknown>>;

export const guid = (n: number): string => `aaaaaaaa-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** A ListTasks call by an assumed role; fields given replace or add. */
export function record(n: number, fields: Fields = {}): Record<string, unknown> {
  return {
    eventVersion: '1.11', eventID: guid(n), eventTime: '2026-01-15T09:00:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'ListTasks', awsRegion: 'eu-central-1',
    sourceIPAddress: '198.51.100.7', userAgent: 'aws-cli/2', recipientAccountId: ACCOUNT, readOnly: true, eventType: 'AwsApiCall', eventCategory: 'Management',
    userIdentity: {
      type: 'AssumedRole', principalId: 'AROAEXAMPLE00000001:job', arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Operator/job`, accountId: ACCOUNT, accessKeyId: 'ASIAEXAMPLE000000001',
    },
    requestParameters: { cluster: 'prod' }, responseElements: null,
    ...fields,
  };
}

/** An AssumeRole that issues a key, its session token among what it says. */
export function assumeRole(n: number, key: string, fields: Fields = {}, credentials: Fields = {}): Record<string, unknown> {
  return record(n, {
    eventSource: 'sts.amazonaws.com', eventName: 'AssumeRole',
    requestParameters: { roleArn: `arn:aws:iam::${ACCOUNT}:role/Operator`, roleSessionName: 'job' },
    responseElements: {
      credentials: { accessKeyId: key, sessionToken: 'IQoJb3JpZ2luX2VjE', expiration: 'Jan 15, 2026, 10:00:00 AM', ...credentials },
      assumedRoleUser: { assumedRoleId: 'AROAEXAMPLE00000001:job', arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Operator/job` },
    },
    ...fields,
  });
}

/** A trail object as text. */
export const trailText = (...records: readonly unknown[]): string => JSON.stringify({ Records: records });
/** JSON lines. */
export const linesText = (...records: readonly unknown[]): string => records.map((one) => `${JSON.stringify(one)}\n`).join('');

/** Events of a CloudWatch Logs group, each with a record as its message. */
export function logsText(...records: readonly unknown[]): string {
  const events = records.map((one, number) => ({ logStreamName: `${ACCOUNT}_CloudTrail_eu-central-1`, timestamp: 1768467600000, message: JSON.stringify(one), ingestionTime: 1768467700000, eventId: String(number) }));
  return JSON.stringify({ events, searchedLogStreams: [] });
}

/** What `aws cloudtrail lookup-events` prints. */
export function lookupText(...records: readonly Fields[]): string {
  return JSON.stringify({ Events: records.map((one) => ({ EventId: one['eventID'], EventName: one['eventName'], CloudTrailEvent: JSON.stringify(one), Resources: [] })) });
}

/** Writes a file below a folder, folders made, packed where its name ends in `.gz`; returns its path. */
export function put(folder: string, name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, name.endsWith('.gz') && typeof content === 'string' ? gzipSync(content) : content);
  return path;
}
