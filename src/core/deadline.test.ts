import { expect, test } from 'vitest';
import { deadlineOf } from './deadline.ts';

const wait = async (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

test('after its time the work is ended, and the parent is not', async () => {
  const parent = new AbortController();
  const deadline = deadlineOf(10, parent.signal);
  await wait(30);
  expect([deadline.signal.aborted, deadline.isPast, parent.signal.aborted]).toEqual([true, true, false]);
  expect(deadline.signal.reason).toMatchObject({ message: 'not done within 0.01 s' });
});

test('the parent ends it with its own reason, also one that was aborted before', () => {
  const parent = new AbortController();
  const reason = new Error('stopped');
  const before = deadlineOf(60_000, parent.signal);
  parent.abort(reason);
  const after = deadlineOf(60_000, parent.signal);
  expect([before.signal.reason, after.signal.reason, before.isPast, after.isPast]).toEqual([reason, reason, false, false]);
  before.end();
  after.end();
});

test('ended work is left alone', async () => {
  const parent = new AbortController();
  const deadline = deadlineOf(10, parent.signal);
  deadline.end();
  parent.abort();
  await wait(30);
  expect([deadline.signal.aborted, deadline.isPast]).toEqual([false, false]);
});
