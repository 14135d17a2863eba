/**
 * `whoran alerts send`, `test` and `channels`: telling now, trying a channel, and how each stands.
 */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { nearest } from '../core/nearest.ts';
import type { Channel, ConfiguredChannels } from '../pipeline/alert-channels.ts';
import type { Context } from './context.ts';

const SEND_EXAMPLES = `
What is due is sent as \`whoran run\` does it: each opening of a finding once a channel,
nothing that is provisional, suppressed or held back. --dry-run shows every message as it
would be sent; it sends and records nothing.

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
  const [{ previewAlerts }, { realEffects }] = await Promise.all([import('../pipeline/alert.ts'), import('../pipeline/effects.ts')]);
  const { previews, held } = await previewAlerts({ dataDir: context.globals.data, config, channels: made.channels, effects: realEffects });
  sayUnmade(context, made);
  if (context.globals.json) {
    context.json({ schema: 'whoran.alerts_preview/1', messages: previews, held, unmade: made.unmade });
    return;
  }
  const { previewLines } = await import('./print/alerts.ts');
  context.lines(previewLines(previews, held, context.page));
}

async function send(context: Context): Promise<void> {
  const { config, made, scrub } = await prepare(context);
  const [{ sendAlerts }, { realEffects }, { WriterLock }] = await Promise.all([
    import('../pipeline/alert.ts'), import('../pipeline/effects.ts'), import('../store/writer-lock.ts'),
  ]);
  const lock = await WriterLock.acquire(context.globals.data);
  try {
    const result = await sendAlerts({ dataDir: context.globals.data, config, channels: made.channels, runId: null, effects: realEffects, signal: new AbortController().signal, scrub });
    sayUnmade(context, made);
    if (made.unmade.length > 0 || result.channels.some(({ failure }) => failure !== null)) context.exitCode = EXIT.found;
    if (context.globals.json) {
      context.json({ ...result, unmade: made.unmade });
      return;
    }
    const { resultLines } = await import('./print/alerts.ts');
    context.lines(resultLines(result, context.page));
  } finally {
    lock.release();
  }
}

async function test(context: Context, id: string, isDryRun: boolean): Promise<void> {
  const { config, made, scrub } = await prepare(context);
  const channel = find(config, made, id);
  const [{ testAlert }, { realEffects }, { deadlineOf }] = await Promise.all([import('../pipeline/alert.ts'), import('../pipeline/effects.ts'), import('../core/deadline.ts')]);
  const alert = testAlert(randomBytes(32).toString('hex'), id, realEffects.now());
  if (isDryRun) {
    const message = await channel.render(alert);
    if (context.globals.json) context.json({ schema: 'whoran.alert_test/1', channel: id, target: channel.target, sent: false, message });
    else context.lines([`To ${inert(channel.target, 200)}:`, '', inert(message.body, 4000)]);
    return;
  }
  const seconds = config.alerts.channels.find((one) => one.id === id)?.timeout_seconds ?? 10;
  const deadline = deadlineOf(seconds * 1000);
  try {
    const receipt = await channel.send(alert, { signal: deadline.signal, now: realEffects.now, attempt: 1 });
    if (context.globals.json) context.json({ schema: 'whoran.alert_test/1', channel: id, target: channel.target, sent: true, receipt: receipt.id });
    else context.lines([`Sent to ${inert(channel.target, 200)}${receipt.id === null ? '' : ` (${inert(receipt.id)})`}. Look there: only whoever reads it knows that it came.`]);
  } catch (error) {
    const { ChannelError } = await import('../pipeline/alert-channels.ts');
    if (!(error instanceof ChannelError)) throw error;
    throw new WhoranError(`channel ${id}: ${scrub(error.message)}`, { exitCode: EXIT.found, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  } finally {
    deadline.end();
  }
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
  const { channelStates } = await import('../pipeline/alert-states.ts');
  const states = await channelStates(context.globals.data, config, made);
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
