import { expect, test } from 'vitest';
import { createLog, type LogFields } from './log.ts';
import type { LogLevel } from './log-levels.ts';
import { scrubber } from './secrets.ts';

function logged(form: 'json' | 'human', level: LogLevel, work: (log: ReturnType<typeof createLog>) => void): string {
  let out = '';
  work(createLog({ write: (text) => { out += text; }, form, level, scrub: scrubber({ CLIENT_SECRET: 'planted-secret-1' }), now: () => new Date('2026-02-03T02:30:00Z') }));
  return out;
}

test('a line is JSON with its run, source and stream, and no more than that', () => {
  const out = logged('json', 'info', (log) => { log.with({ run_id: 'r1' }).with({ source: 'graph-main' }).info('trying again', { stream: 'sign-ins', attempt: 2 }); });
  expect(out.endsWith('\n')).toBe(true);
  expect(JSON.parse(out)).toEqual({ level: 'info', at: '2026-02-03T02:30:00.000Z', run_id: 'r1', source: 'graph-main', stream: 'sign-ins', attempt: 2, message: 'trying again' });
});

test('what is not in the list, and what is not of its type, does not get in', () => {
  const hostile = { authorization: 'Bearer planted-secret-2', cursor: 'planted-secret-3', source: { body: 'planted-secret-4' }, attempt: 'planted-secret-5', err: new Error('planted-secret-6'), headers: ['planted-secret-7'] };
  const out = logged('json', 'debug', (log) => { log.with(hostile as unknown as LogFields).error('x', hostile as unknown as LogFields); });
  expect(Object.keys(JSON.parse(out) as object)).toEqual(['level', 'at', 'message']);
  expect(out).not.toContain('planted');
});

test('secrets in what is let in are blanked, and nothing acts on a terminal', () => {
  for (const form of ['json', 'human'] as const) {
    const out = logged(form, 'debug', (log) => { log.warn('a\u001b[2J planted-secret-1 \u202e', { error: 'client_secret=planted-secret-8\nforged line', reason: 'Bearer planted-secret-9' }); });
    expect(out).not.toMatch(/planted/);
    expect(out).not.toMatch(/[\u001b\u202e]/);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
  }
});

test('a line for people', () => {
  const out = logged('human', 'info', (log) => { log.with({ run_id: 'r1', source: 'graph-main' }).warn('trying again', { stream: 'sign-ins', attempt: 2, wait_ms: 900 }); });
  expect(out).toBe('02:30:00Z warn  graph-main/sign-ins: trying again (attempt=2, wait_ms=900)\n');
});

test('levels', () => {
  const all = (log: ReturnType<typeof createLog>): void => {
    for (const level of ['error', 'warn', 'info', 'debug'] as const) log[level](level);
  };
  expect(logged('human', 'warn', all).match(/(error|warn|info|debug)$/gm)).toEqual(['error', 'warn']);
  expect(logged('human', 'debug', all).match(/(error|warn|info|debug)$/gm)).toEqual(['error', 'warn', 'info', 'debug']);
});
