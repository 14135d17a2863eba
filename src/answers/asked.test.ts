import { expect, test } from 'vitest';
import { readAsked } from './asked.ts';

const TASK = '0f9de17a6465404e8b1b2356dc13c2f8';
const DASHED = '0f9de17a-6465-404e-8b1b-2356dc13c2f8';

test.each([
  [`arn:aws:ecs:eu-central-1:111122223333:task/jobs/${TASK}`, { form: 'task', taskId: TASK, accountId: '111122223333' }],
  [`arn:aws-us-gov:ecs:us-gov-west-1:111122223333:task/${DASHED}`, { form: 'task', taskId: TASK, accountId: '111122223333' }],
  [`  ${TASK.toUpperCase()}\n`, { form: 'task', taskId: TASK, accountId: null }],
  [`444455556666/${TASK}`, { form: 'task', taskId: TASK, accountId: '444455556666' }],
  [`nightly/app/${TASK}`, { form: 'task', taskId: TASK, accountId: null }],
  [`jobs/${TASK}`, { form: 'task', taskId: TASK, accountId: null }],
  [`team/nightly/app/${DASHED}`, { form: 'task', taskId: TASK, accountId: null }],
  [DASHED, { form: 'guid', id: DASHED, accountId: null }],
  [`444455556666/${DASHED}`, { form: 'guid', id: DASHED, accountId: '444455556666' }],
  ['ASIAEXAMPLE000000001', { form: 'access_key', key: 'ASIAEXAMPLE000000001' }],
  ['AKIAEXAMPLE000000001', { form: 'access_key', key: 'AKIAEXAMPLE000000001' }],
  ['arn:aws:sts::111122223333:assumed-role/jobs/aiko@example.com', { form: 'session_arn', arn: 'arn:aws:sts::111122223333:assumed-role/jobs/aiko@example.com' }],
  ['arn:aws:sts::111122223333:federated-user/aiko', { form: 'session_arn', arn: 'arn:aws:sts::111122223333:federated-user/aiko' }],
  ['Aiko@Example.com', { form: 'user_principal_name', name: 'aiko@example.com' }],
  ['198.51.100.7', { form: 'address', address: '198.51.100.7' }],
  ['2001:DB8::7', { form: 'address', address: '2001:db8::7' }],
  ['::ffff:198.51.100.7', { form: 'address', address: '::ffff:198.51.100.7' }],
  ['EXAMPLE8-9621-4d00-b913-beca2EXAMPLE', { form: 'event', id: 'EXAMPLE8-9621-4d00-b913-beca2EXAMPLE', accountId: null }],
  ["x'; drop table stg_events; --", { form: 'event', id: "x'; drop table stg_events; --", accountId: null }],
  ['999.1.1.1', { form: 'event', id: '999.1.1.1', accountId: null }],
  ['', { form: 'event', id: '', accountId: null }],
])('%j', (typed, read) => {
  expect(readAsked(typed)).toEqual(read);
});
