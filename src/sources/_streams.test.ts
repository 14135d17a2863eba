import { describe, expect, test } from 'vitest';
import { SourceError, type Step } from './source.ts';
import { runStreams, type RunningStream } from './_streams.ts';

const step = (stream: string, n: number): Step => ({ stream, covers: [], delivered: [], cursor: String(n) });
const tick = async (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
const failureOf = (stream: string, error: unknown) => ({ stream, message: (error as Error).message });

/** A stream of so many steps; `asked` says how often it was asked for one. */
function counted(stream: string, steps: number, log: string[], fail = false): RunningStream {
  return {
    stream,
    async *pull() {
      try {
        for (let n = 1; n <= steps; n += 1) {
          log.push(`${stream} makes ${n}`);
          await tick();
          yield step(stream, n);
        }
        if (fail) throw new Error(`${stream} broke`);
      } finally {
        log.push(`${stream} ends`);
      }
    },
  };
}

async function taken(streams: readonly RunningStream[], parallel: number, signal = new AbortController().signal): Promise<{ steps: string[]; error: unknown }> {
  const steps: string[] = [];
  try {
    for await (const { stream, cursor } of runStreams(streams, { parallel, signal, failureOf })) steps.push(`${stream}${cursor ?? ''}`);
    return { steps, error: undefined };
  } catch (error) {
    return { steps, error };
  }
}

describe('streams side by side', () => {
  test('every step of every stream, each stream\'s in order', async () => {
    const { steps, error } = await taken(['a', 'b', 'c'].map((name) => counted(name, 3, [])), 2);
    expect(error).toBeUndefined();
    for (const name of ['a', 'b', 'c']) expect(steps.filter((one) => one.startsWith(name))).toEqual([`${name}1`, `${name}2`, `${name}3`]);
  });

  test('no more than so many at a time', async () => {
    const log: string[] = [];
    await taken(['a', 'b', 'c'].map((name) => counted(name, 2, log)), 1);
    expect(log).toEqual(['a makes 1', 'a makes 2', 'a ends', 'b makes 1', 'b makes 2', 'b ends', 'c makes 1', 'c makes 2', 'c ends']);
  });

  test('a stream makes its next step only after the one before was taken', async () => {
    const log: string[] = [];
    const steps = runStreams([counted('a', 3, log)], { parallel: 4, signal: new AbortController().signal, failureOf });
    await steps.next();
    for (let turn = 0; turn < 5; turn += 1) await tick();
    expect(log).toEqual(['a makes 1']);
    await steps.next();
    expect(log).toEqual(['a makes 1', 'a makes 2']);
    await steps.return(undefined);
  });

  test('those that fail don\'t stop the others, and are named at the end', async () => {
    const { steps, error } = await taken([counted('a', 1, [], true), counted('b', 3, []), counted('c', 0, [], true)], 2);
    expect(steps.sort()).toEqual(['a1', 'b1', 'b2', 'b3']);
    expect(error).toBeInstanceOf(SourceError);
    expect((error as SourceError).failures).toEqual([{ stream: 'a', message: 'a broke' }, { stream: 'c', message: 'c broke' }]);
    expect((error as SourceError).cause).toMatchObject({ message: 'a broke' });
  });

  test('an abort ends all with its reason, and whoever stops taking ends those under way', async () => {
    const abort = new AbortController();
    const log: string[] = [];
    const streams = runStreams([counted('a', 9, log), counted('b', 9, log)], { parallel: 2, signal: abort.signal, failureOf });
    await streams.next();
    abort.abort(new Error('the run ends'));
    await expect(streams.next()).rejects.toThrow('the run ends');
    for (let turn = 0; turn < 5; turn += 1) await tick();
    expect(log.filter((line) => line.endsWith('ends')).sort()).toEqual(['a ends', 'b ends']);
    const others: string[] = [];
    const left = runStreams([counted('c', 9, others), counted('d', 9, others)], { parallel: 2, signal: new AbortController().signal, failureOf });
    await left.next();
    await left.return(undefined);
    for (let turn = 0; turn < 5; turn += 1) await tick();
    expect(others.filter((line) => line.endsWith('ends')).sort()).toEqual(['c ends', 'd ends']);
  });
});
