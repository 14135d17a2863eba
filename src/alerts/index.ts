/**
 * The registry of channels: one line each. Modules are loaded when they are needed, since most commands tell nobody anything.
 */
import type { ChannelConfig } from '../config/channels/index.ts';
import { expanded, type Environment } from '../config/environment.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { Channel } from './channel.ts';

/** What a channel can't know from its own configuration. */
export interface Surroundings {
  /** Environment variables, for references like `${NAME}`. */
  readonly env: Environment;
  /** Standard output, for the file channel's `-`. */
  readonly stdout: { write(text: string): unknown };
  /** The program's version: the sender's name for services. */
  readonly version: string;
}

/** Gets its configuration with references resolved: the values are secrets. */
type Maker<Type extends ChannelConfig['type']> = (config: Extract<ChannelConfig, { type: Type }>, around: Surroundings) => Promise<Channel>;

const MAKERS: { readonly [Type in ChannelConfig['type']]: Maker<Type> } = {
  email: async (config) => (await import('./email.ts')).email(config),
  file: async (config, { stdout, version }) => (await import('./file.ts')).file(config, stdout, version),
  pagerduty: async (config) => (await import('./pagerduty.ts')).pagerduty(config),
  slack: async (config) => (await import('./slack.ts')).slack(config),
  sns: async (config) => (await import('./sns.ts')).sns(config),
  teams: async (config) => (await import('./teams.ts')).teams(config),
  webhook: async (config, { version }) => (await import('./webhook.ts')).webhook(config, version),
};

/**
 * The channel that a part of the configuration describes. Speaks to nobody yet.
 * @throws WhoranError (exit 2) where an environment variable that it refers to is not set
 */
export async function createChannel(config: ChannelConfig, around: Surroundings): Promise<Channel> {
  const make = MAKERS[config.type] as (config: ChannelConfig, around: Surroundings) => Promise<Channel>;
  return make(resolved(config, around.env), around);
}

/** A channel's configuration with its references to the environment replaced. */
function resolved(config: ChannelConfig, env: Environment): ChannelConfig {
  const faults: string[] = [];
  const values = Object.entries(config).map(([key, value]) => {
    if (typeof value !== 'string') return [key, value] as const;
    const { text, faults: found } = expanded(value, env);
    faults.push(...found.map((fault) => `${key}: ${fault}`));
    return [key, text] as const;
  });
  if (faults.length === 0) return Object.fromEntries(values) as ChannelConfig;
  throw new WhoranError(`channel ${config.id}: ${faults.join('; ')}`, { exitCode: EXIT.wrongUse, hint: 'Set it where whoran runs, or turn the channel off with enabled: false.' });
}
