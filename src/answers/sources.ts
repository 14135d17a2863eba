/**
 * How far the sources are landed that an answer rests on (RULINGS 8).
 */
import type { SearchedSource } from './answer.ts';
import { answerRows, type AnswerReader } from './reader.ts';
import type { SessionRow } from './rows.ts';

const USER_KINDS: readonly string[] = ['interactive_user', 'non_interactive_user'];
const WORKLOAD_KINDS: readonly string[] = ['service_principal', 'managed_identity'];

/** Sign-ins of one tenant, of the kinds whose absence would mean something (ATTRIBUTION 4). */
export interface NeededSignIns {
  readonly tenantId: string;
  readonly kinds: readonly string[];
}

/** All sources that are landed, in a total order. */
export async function landedSources(reader: Pick<AnswerReader, 'db'>): Promise<SearchedSource[]> {
  return answerRows<SearchedSource>(reader, 'sources');
}

/** The sign-ins that a session's answer needs; undefined where none is looked for. */
export function neededSignIns(session: SessionRow): NeededSignIns | undefined {
  const tenantId = session.who_tenant_id ?? session.tenant_id;
  if (tenantId === null || !['person', 'workload', 'agent', 'unknown'].includes(session.who_kind)) return undefined;
  const isUser = session.who_kind === 'person' || session.who_kind === 'unknown';
  const workload = session.who_sign_in_kind === null ? WORKLOAD_KINDS : [session.who_sign_in_kind];
  return { tenantId, kinds: isUser ? USER_KINDS : workload };
}

/**
 * The least `complete_through` of the sources that a question needs: CloudTrail always, the tenant's sign-ins where one is
 * looked for, ECS events for a task. Null where none of them is landed.
 */
export function asOf(sources: readonly SearchedSource[], needs: { signIns: NeededSignIns | undefined; ecsEvents: boolean }): string | null {
  const needed = sources.filter(
    (source) =>
      source.source === 'cloudtrail' ||
      (source.source === 'ecs_events' && needs.ecsEvents) ||
      (source.source === 'sign_ins' &&
        source.tenant_id === needs.signIns?.tenantId &&
        source.sign_in_kind !== null &&
        needs.signIns.kinds.includes(source.sign_in_kind)),
  );
  return earliest(needed.map((source) => source.complete_through));
}

/** The earliest of RFC 3339 UTC instants as the engine writes them; null where there is none. */
export function earliest(instants: readonly (string | null)[]): string | null {
  const known = instants.filter((instant) => instant !== null);
  return known.sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null;
}
