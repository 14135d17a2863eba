/**
 * The configured channels, made. One that can't be made is named and takes nothing from the others.
 */
import type { Channel } from '../alerts/channel.ts';
import { createChannel, type Surroundings } from '../alerts/index.ts';
import type { Environment } from '../config/environment.ts';
import type { Config } from '../config/config.ts';
import { WhoranError } from '../core/errors.ts';

export { ChannelError, type Channel } from '../alerts/channel.ts';

export interface ConfiguredChannels {
  readonly channels: readonly Channel[];
  readonly unmade: readonly { readonly id: string; readonly message: string; readonly hint: string | null }[];
}

/** Makes every channel that is enabled. Speaks to nobody. */
export async function configuredChannels({ alerts }: Pick<Config, 'alerts'>, around: Surroundings): Promise<ConfiguredChannels> {
  const channels: Channel[] = [];
  const unmade: ConfiguredChannels['unmade'][number][] = [];
  for (const config of alerts.channels) {
    if (!config.enabled) continue;
    try {
      channels.push(await createChannel(config, around));
    } catch (error) {
      if (!(error instanceof WhoranError)) throw error;
      unmade.push({ id: config.id, message: error.message, hint: error.hint ?? null });
    }
  }
  return { channels, unmade };
}

/** What the channels' references to the environment stand for: secrets that no message may hold. */
export function channelSecrets({ alerts }: Pick<Config, 'alerts'>, env: Environment): string[] {
  const names = [...JSON.stringify(alerts.channels).matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g)].map(([, name = '']) => name);
  return names.flatMap((name) => env[name] ?? []).filter((value) => value !== '');
}
