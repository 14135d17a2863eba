import { expect, test } from 'vitest';
import { logsOrigin, readLogsOrigin, type LogsOrigin } from './logs-origin.ts';

const window = { from: new Date('2026-01-15T10:00:00Z'), to: new Date('2026-01-15T11:00:00Z') };

test.each<LogsOrigin>([
  { region: 'eu-central-1', accountId: '111122223333', group: '/aws/ecs/prod.jobs_1#a-b', holds: 'application' },
  { region: 'us-gov-west-1', accountId: undefined, group: 'trail', holds: 'cloudtrail' },
])('what is written is read back: %o', (origin) => {
  expect(readLogsOrigin(logsOrigin({ ...origin, ...window }))).toEqual(origin);
});

test('no path of a file or object is taken for one', () => {
  const others = [
    '', './logs/events.json', 'AWSLogs/111122223333/CloudTrail/eu-central-1/2026/01/15/x.json.gz', 'LookupEvents 111122223333/eu-central-1 a/b',
    'FilterLogEvents other 111122223333/eu-central-1 g a/b', 'FilterLogEvents application 1/eu-central-1 g a/b', 'x/FilterLogEvents application -/eu-central-1 g a/b',
  ];
  expect(others.map(readLogsOrigin)).toEqual(others.map(() => undefined));
});
