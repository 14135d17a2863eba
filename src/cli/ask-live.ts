/**
 * `whoran ask ID --live`: what AWS has of it is fetched first; the answer is then asked for as always.
 */
import { EXIT } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';
import { progressOn } from './progress.ts';

/** Fetches, and says on standard error what could not be. Exit code 3 where another writer holds the data folder. */
export async function fetchBeforeAsking(context: Context, id: string): Promise<void> {
  const [{ loadConfig }, { fetchLive }, { realEffects }] = await Promise.all([
    import('../config/load.ts'),
    import('../pipeline/ask-live.ts'),
    import('../pipeline/effects.ts'),
  ]);
  const config = await loadConfig(context.globals.config);
  const progress = progressOn(context);
  const interrupt = new AbortController();
  const onSignal = (): void => { interrupt.abort(new Error('interrupted')); };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const { isFetched, landed, requests, problems } = await fetchLive(context.globals.data, id, config, {
      signal: interrupt.signal,
      effects: realEffects,
      progress: (step) => { progress.step(inert(step)); },
    });
    progress.done();
    for (const { message, hint } of problems) {
      context.say(`live: ${inert(message, 500)}`);
      if (hint !== undefined) context.say(`  ${inert(hint, 500)}`);
    }
    if (isFetched) context.say(`live: ${requests} requests, ${landed === 0 ? 'nothing new' : `${landed} new ${landed === 1 ? 'answer' : 'answers'} landed`}`);
    else context.exitCode = EXIT.locked;
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
    progress.done();
  }
}
