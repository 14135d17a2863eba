/**
 * What stands, should be told, and is not told now: for whoever lists findings, without speaking to any channel.
 */
import { loadDetections } from '../catalog/catalog.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../engine/database.ts';
import { planAlerts, type HeldBack } from './alert-plan.ts';

export type { HeldBack } from './alert-plan.ts';

/**
 * Findings that are open, were told on no channel that a route sends them to, and are held back there, by what holds them. Needs none of
 * the channels' secrets.
 * @param db whose life of findings is loaded (`findings` does so)
 */
export async function heldBack(db: Database, config: Pick<Config, 'alerts'>, now: Date): Promise<readonly HeldBack[]> {
  // Which notices a channel takes decides what is sent to it, never what is held back.
  const channels = config.alerts.channels.filter(({ enabled }) => enabled).map(({ id }) => ({ id, notices: [] }));
  return (await planAlerts(db, config, await loadDetections(), channels, now)).held;
}
