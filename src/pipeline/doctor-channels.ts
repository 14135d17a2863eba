/**
 * What `doctor` says of channels: whether each can be made (its secrets are there), can be reached from here, is named by a route, and took
 * what it was sent. Nothing is sent: `whoran alerts test` does that.
 */
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createChannel, type Surroundings } from '../alerts/index.ts';
import { endpointOf, reach, type Endpoint, type Reached } from '../alerts/reach.ts';
import { channelRecords, type ChannelRecord } from '../answers/channels.ts';
import type { ChannelConfig } from '../config/channels/index.ts';
import type { Config } from '../config/config.ts';
import { deadlineOf } from '../core/deadline.ts';
import { WhoranError } from '../core/errors.ts';
import { Database } from '../engine/database.ts';
import { checksOf, named, type DoctorCheck } from './doctor-checks.ts';

const REACH_MS = 10_000;

export interface ChannelChecks {
  readonly around: Surroundings;
  readonly signal: AbortSignal;
  readonly now: Date;
  /** Opens a connection; `reach` of src/alerts, unless a test brings its own. */
  readonly reach?: (endpoint: Endpoint, signal: AbortSignal) => Promise<Reached>;
}

/** Checks every channel, and the routes. Never throws for what it finds. */
export async function checkChannels(dataDir: string, { alerts }: Pick<Config, 'alerts'>, options: ChannelChecks): Promise<DoctorCheck[]> {
  const check = checksOf('channel');
  if (alerts.channels.length === 0) return [check('somebody is told', 'warning', 'no channel is configured: findings are listed, and nobody is told', 'Add one under `alerts.channels`, and a route: docs/alerts.md.')];
  const records = await recordsOf(dataDir, options.now);
  const each = await Promise.all(alerts.channels.map(async (channel) => checksOfOne(channel, alerts, records.find((one) => one.channel === channel.id), options)));
  return [...routeChecks(alerts), ...each.flat()];
}

/** Every route has somebody at its end. */
function routeChecks({ routes, channels }: Config['alerts']): DoctorCheck[] {
  const check = checksOf('channel');
  if (routes.length === 0) return [check('routes lead somewhere', 'missing', 'there is no route: channels are configured, and nothing is sent to them', 'Add one under `alerts.routes`: docs/alerts.md.')];
  const on = new Set(channels.filter(({ enabled }) => enabled).map(({ id }) => id));
  const dead = routes.flatMap((route, index) => (route.channels.some((id) => on.has(id)) ? [] : [`route ${index + 1} (${named(route.channels)})`]));
  return dead.length === 0
    ? [check('routes lead somewhere', 'ok', `${routes.length} route${routes.length === 1 ? '' : 's'}, each to a channel that is on`)]
    : [check('routes lead somewhere', 'failed', `${named(dead)}: every channel named is turned off`, 'Turn one on (`enabled: true`), or name another in the route.')];
}

async function checksOfOne(config: ChannelConfig, alerts: Config['alerts'], record: ChannelRecord | undefined, options: ChannelChecks): Promise<DoctorCheck[]> {
  const check = checksOf('channel', config.id);
  if (!config.enabled) return [check('try it', 'not_tried', 'it is turned off', 'Set `enabled: true` to use it.')];
  const checks: DoctorCheck[] = [];
  try {
    await createChannel(config, options.around);
    checks.push(check('has its settings and secrets', 'ok', JSON.stringify(config).includes('${') ? 'every environment variable that it names is set' : 'it needs none from the environment'));
    checks.push(await reachable(config, options));
  } catch (error) {
    if (!(error instanceof WhoranError)) throw error;
    checks.push(check('has its settings and secrets', 'missing', error.message, error.hint));
  }
  const places = [...alerts.routes.flatMap(({ channels }, index) => (channels.includes(config.id) ? [`route ${index + 1}`] : [])), ...(alerts.digest?.channels.includes(config.id) === true ? ['the digest'] : [])];
  checks.push(places.length > 0
    ? check('is named by a route', 'ok', named(places))
    : check('is named by a route', 'warning', 'no route and no digest names it: nothing is ever sent to it', 'Name it in `alerts.routes[].channels`, or turn it off.'));
  return [...checks, ...recordChecks(config.id, record)];
}

async function reachable(config: ChannelConfig, { around, signal, ...options }: ChannelChecks): Promise<DoctorCheck> {
  const check = checksOf('channel', config.id);
  if (config.type === 'file') return writable(config.path, config.id);
  const endpoint = endpointOf(config, around.env);
  if (!endpoint) return check('can be reached', 'failed', 'its address is no URL', 'Check the value of the environment variable: a whole https URL.');
  const deadline = deadlineOf(REACH_MS, signal);
  try {
    const { isReached, found } = await (options.reach ?? reach)(endpoint, deadline.signal);
    return isReached ? check('can be reached', 'ok', found) : check('can be reached', 'failed', found, `See that this machine may reach ${endpoint.host}, port ${endpoint.port} (name resolution, proxy, firewall, VPC endpoint).`);
  } finally {
    deadline.end();
  }
}

/** Not by writing: a check leaves nothing behind. */
async function writable(path: string, id: string): Promise<DoctorCheck> {
  const check = checksOf('channel', id);
  if (path === '-') return check('can be written', 'ok', 'standard output');
  const isThere = await stat(path).then((found) => found.isFile(), () => false);
  const place = isThere ? path : dirname(path);
  const isWritable = await access(place, constants.W_OK).then(() => true, () => false);
  return isWritable
    ? check('can be written', 'ok', isThere ? `${path} is there` : `${path} is made with the first message`)
    : check('can be written', 'failed', `${place} can't be written`, `Let the user that runs whoran write ${place}, or name another path.`);
}

function recordChecks(id: string, record: ChannelRecord | undefined): DoctorCheck[] {
  const check = checksOf('channel', id);
  if (!record) return [check('takes what it is sent', 'not_tried', 'nothing was sent to it yet', `whoran alerts test ${id} sends a message to look for.`)];
  const { sent, waiting, dead, last_failure: failure, last_sent_at: last } = record;
  const counts = `${sent} sent${last === null ? '' : `, the last at ${last}`}, ${waiting} waiting, ${dead} given up`;
  const why = failure === null ? '' : `; last failure at ${failure.at}: ${failure.message}`;
  if (dead > 0 || failure !== null) return [check('takes what it is sent', 'warning', `${counts}${why}`, `whoran alerts test ${id} tries it now. What was given up is a finding: \`whoran findings --detection alert_undeliverable\`.`)];
  return [check('takes what it is sent', 'ok', counts)];
}

async function recordsOf(dataDir: string, now: Date): Promise<readonly ChannelRecord[]> {
  const db = await Database.open({ path: ':memory:' });
  try {
    return await channelRecords(db, dataDir, now);
  } finally {
    db.close();
  }
}
