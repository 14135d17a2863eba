/**
 * `whoran doctor`: what is missing for whoran to see everything, and how to grant it.
 */
import type { Command } from 'commander';
import { EXIT } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';
import { progressOn } from './progress.ts';

const EXAMPLES = `
Tried are the configuration, the data folder, whether landing is what was landed (every log's
chain, every file's hash), the clock, each source's credentials,
permissions and settings, and what the landed records say: tags, tenants, audiences,
accounts, regions and clusters that the configuration expects, and which ways of making
the join exact are in use (docs/exact-join.md); of each alert channel, whether its secrets are set,
its service is reached and a route names it. Nothing is sent or changed. Exit code 1 where
something is missing or failed; a warning alone is none.

Examples:
  $ whoran doctor
  $ whoran doctor --source trail
  $ whoran doctor --json`;

export function registerDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('try each credential, permission and setting, and say what is missing')
    .option('--source <id>', 'only this source, enabled or not')
    .addHelpText('after', EXAMPLES)
    .action(async ({ source }: { readonly source?: string }) => {
      const [{ loadConfig }, { runDoctor }, { configuredSources }, { realEffects }, { programVersion }] = await Promise.all([
        import('../config/load.ts'),
        import('../pipeline/doctor.ts'),
        import('../pipeline/ingest-sources.ts'),
        import('../pipeline/effects.ts'),
        import('./version.ts'),
      ]);
      const config = await loadConfig(context.globals.config);
      // An id that is not there is told with the ones that are.
      if (source !== undefined) await configuredSources(context.globals.data, config, [source]);
      const progress = progressOn(context);
      const interrupt = new AbortController();
      const onSignal = (): void => { interrupt.abort(new Error('interrupted')); };
      process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
      try {
        const doctor = await runDoctor(context.globals.data, config, {
          effects: realEffects,
          signal: interrupt.signal,
          only: source,
          channels: { around: { env: context.terminal.env, stdout: { write: () => true }, version: programVersion() } },
          progress: (step) => { progress.step(`trying ${inert(step)}`); },
        });
        progress.done();
        if (!doctor.fit) context.exitCode = EXIT.found;
        if (context.globals.json) {
          context.json(doctor);
          return;
        }
        const { doctorLines } = await import('./print/doctor.ts');
        context.lines(doctorLines(doctor, context.page));
      } finally {
        process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
        progress.done();
      }
    });
}
