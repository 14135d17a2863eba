/**
 * `whoran alerts send`, `test` and `channels`: telling now, trying a channel, and how each stands.
 */
import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { nearest } from '../core/nearest.ts';
import type { Channel, ConfiguredChannels } from '../pipeline/alert-channels.ts';
import type { Context } from './context.ts';

const SEND_EXAMPLES = `
What is due is sent as \`whoran run\` does it: each opening of a finding once a channel,
nothing that is provisional, suppressed or held back. It sends for two minutes at most,
and leaves the rest to the next time. --dry-run shows every message as it would be sent,
digests and those that wait from earlier among them; it sends and records nothing.

Examples:
  $ whoran alerts send --dry-run
  $ whoran alerts send`;

interface Sending {
  readonly config: Config;
  readonly made: ConfiguredChannels;
  readonly scrub: (text: string) => string;
}

export function registerAlertsSend(alerts: Command, context: Context): void {
  alerts
    .command('send')
    .description('send what is due now')
    .option('--dry-run', 'print what would be sent, and what is held back; send nothing')
    .addHelpText('after', SEND_EXAMPLES)
    .action(async ({ dryRun = false }: { dryRun?: boolean }) => {
      await (dryRun ? preview(context) : send(context));
    });
  alerts
    .command('test')
    .description('send a test message to a channel')
    .argument('<channel>', "the channel's id in the configuration")
    .option('--dry-run', 'print the message, and send nothing')
    .action(async (id: string, { dryRun = false }: { dryRun?: boolean }) => {
      await test(context, id, dryRun);
    });
  alerts
    .command('channels')
    .description('list the channels, what was sent to each, and what waits')
    .action(async () => {
      await channels(context);
    });
}

async function prepare(context: Context): Promise<Sending> {
  const [{ loadConfig }, { configuredChannels, channelSecrets }, { scrubber }, { programVersion }] = await Promise.all([
    import('../config/load.ts'), import('../pipeline/alert-channels.ts'), import('../operations/secrets.ts'), import('./version.ts'),
  ]);
  const { env } = context.terminal;
  const config = await loadConfig(context.globals.config);
  // With --json standard output is one document: lines of a channel that writes there go to standard error.
  const write = (text: string): void => { if (context.globals.json) context.terminal.err(text); else context.terminal.out(text); };
  return { config, made: await configuredChannels(config, { env, stdout: { write }, version: programVersion() }), scrub: scrubber(env, channelSecrets(config, env)) };
}

async function preview(context: Context): Promise<void> {
  const { config, made } = await prepare(context);
  const [{ previewAlerts }, { realEffects }] = await Promise.all([import('../pipeline/alert-preview.ts'), import('../pipeline/effects.ts')]);
  const found = await previewAlerts({ dataDir: context.globals.data, config, channels: made.channels, effects: realEffects });
  sayUnmade(context, made);
  if (context.globals.json) {
    context.json({ schema: 'whoran.alerts_preview/1', messages: found.previews, held: found.held, orphans: found.orphans, unmade: made.unmade });
    return;
  }
  const { previewLines } = await import('./print/alerts.ts');
  context.lines(previewLines(found, context.page));
}

async function send(context: Context): Promise<void> {
  const { config, made, scrub } = await prepare(context);
  const [{ sendAlerts }, { realEffects }, { WriterLock }] = await Promise.all([
    import('../pipeline/alert.ts'), import('../pipeline/effects.ts'), import('../store/writer-lock.ts'),
  ]);
  const lock = await WriterLock.acquire(context.globals.data);
  const interrupt = new AbortController();
  const onSignal = (): void => { interrupt.abort(new Error('interrupted')); };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const result = await sendAlerts({ dataDir: context.globals.data, config, channels: made.channels, runId: null, effects: realEffects, signal: interrupt.signal, scrub });
    sayUnmade(context, made);
    if (made.unmade.length > 0 || result.channels.some(({ failure }) => failure !== null)) context.exitCode = EXIT.found;
    if (context.globals.json) {
      context.json({ ...result, unmade: made.unmade });
      return;
    }
    const { resultLines } = await import('./print/alerts.ts');
    context.lines(resultLines(result, context.page));
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
    lock.release();
  }
}

async function test(context: Context, id: string, isDryRun: boolean): Promise<void> {
  const { config, made, scrub } = await prepare(context);
  const channel = find(config, made, id);
  const [{ newTestAlert, testChannel }, { realEffects }] = await Promise.all([import('../pipeline/alert-test.ts'), import('../pipeline/effects.ts')]);
  const about = { schema: 'whoran.alert_test/1', channel: id, target: channel.target };
  if (isDryRun) {
    const message = await channel.render(newTestAlert(id, realEffects.now()));
    if (context.globals.json) context.json({ ...about, sent: false, message });
    else context.lines([`To ${inert(channel.target, 200)}:`, '', inert(message.body, 4000)]);
    return;
  }
  const seconds = config.alerts.channels.find((one) => one.id === id)?.timeout_seconds ?? 10;
  const tested = await testChannel({ dataDir: context.globals.data, channel, timeoutMs: seconds * 1000, effects: realEffects, scrub });
  if (tested.unrecorded !== null) context.say(`The test is not in the record of messages: ${inert(tested.unrecorded, 300)}.`);
  if ('failure' in tested) throw new WhoranError(`channel ${id}: ${tested.failure.message}`, { exitCode: EXIT.found, ...(tested.failure.hint === undefined ? {} : { hint: tested.failure.hint }) });
  const { id: receipt } = tested.receipt;
  if (context.globals.json) context.json({ ...about, sent: true, receipt, recorded: tested.unrecorded === null });
  else context.lines([`Sent to ${inert(channel.target, 200)}${receipt === null ? '' : ` (${inert(receipt)})`}. Look there: only whoever reads it knows that it came.`]);
}

function find({ alerts }: Config, { channels: made, unmade }: ConfiguredChannels, id: string): Channel {
  const channel = made.find((one) => one.id === id);
  if (channel) return channel;
  const failed = unmade.find((one) => one.id === id);
  if (failed) throw new WhoranError(failed.message, { exitCode: EXIT.wrongUse, ...(failed.hint === null ? {} : { hint: failed.hint }) });
  const ids = alerts.channels.map((one) => one.id);
  const near = nearest(id, ids);
  throw new WhoranError(`there is no channel ${JSON.stringify(id.slice(0, 80))}${ids.includes(id) ? ' that is enabled' : ''}`, {
    exitCode: EXIT.wrongUse,
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}${ids.length === 0 ? 'The configuration has none: `whoran init` writes one of each type to start from.' : `There are: ${ids.join(', ')}.`}`,
  });
}

async function channels(context: Context): Promise<void> {
  const { config, made } = await prepare(context);
  const [{ channelStates }, { realEffects }] = await Promise.all([import('../pipeline/alert-states.ts'), import('../pipeline/effects.ts')]);
  const states = await channelStates(context.globals.data, config, made, realEffects.now());
  if (context.globals.json) {
    context.json({ schema: 'whoran.channels/1', channels: states });
    return;
  }
  const { channelLines } = await import('./print/alerts.ts');
  context.lines(channelLines(states, context.page));
}

function sayUnmade(context: Context, { unmade }: ConfiguredChannels): void {
  for (const { message, hint } of unmade) context.say(`${inert(message, 400)}${hint === null ? '' : `\n${inert(hint, 400)}`}`);
}
