/**
 * How often attribution is right: what whoran says of each session and task of a world, against the world's truth.
 */
import type { Actor, World } from '../fixtures/world/index.ts';
import type { Database } from '../src/engine/database.ts';

/** What whoran said of one session or task. */
interface Said {
  readonly id: string;
  readonly who_kind: string;
  readonly who_tenant_id: string | null;
  readonly who_object_id: string | null;
  readonly who_issuer: string | null;
  readonly who_subject: string | null;
  readonly identity_method: string | null;
  readonly confidence: string;
  readonly how: string | null;
  readonly sign_in_grade: string;
  readonly sign_in_id: string | null;
}

/** Right and wrong answers of one kind. */
export interface Tally {
  said: number;
  right: number;
}

export interface Accuracy {
  /** By `confidence method`, where somebody is named. */
  readonly methods: Map<string, Tally>;
  /** By `confidence grade`, the sign-ins that are named for sessions. */
  readonly grades: Map<string, Tally>;
  /** Ids for which somebody is named, and rightly. */
  readonly right: Set<string>;
  /** What was wrong, one line each. */
  readonly wrong: string[];
}

const COLUMNS = 'who_kind, who_tenant_id, who_object_id, who_issuer, who_subject, identity_method, confidence, how, sign_in_grade, sign_in_id';

/** Compares every issued session and every task with an ARN. */
export async function measureAccuracy(db: Database, world: World): Promise<Accuracy> {
  const accuracy: Accuracy = { methods: new Map(), grades: new Map(), right: new Set(), wrong: [] };
  const sessions = await db.all<Said>(`select session_id as id, ${COLUMNS} from cor_sessions where is_issued order by session_id`);
  for (const said of sessions) {
    const truth = world.truth.sessions.get(said.id);
    if (!truth) throw new Error(`${said.id}: the world has no such session`);
    judge(accuracy, said, truth.actor, truth.how);
    if (said.sign_in_id !== null && said.who_object_id !== null) {
      count(accuracy.grades, `${said.confidence} ${said.sign_in_grade}`, said.sign_in_id === truth.sign_in_id);
    }
  }
  const tasks = await db.all<Said>(`select task_arn as id, ${COLUMNS} from cor_tasks where task_arn is not null order by task_arn`);
  for (const said of tasks) {
    const truth = world.truth.tasks.get(said.id);
    if (!truth) throw new Error(`${said.id}: the world has no such task`);
    judge(accuracy, said, truth.actor, truth.how);
  }
  return accuracy;
}

function judge(accuracy: Accuracy, said: Said, actor: Actor, how: string): void {
  if (said.confidence === 'none') return;
  const isRight = isSame(said, actor) && said.how === how;
  count(accuracy.methods, `${said.confidence} ${said.identity_method ?? '?'}`, isRight);
  if (isRight) accuracy.right.add(said.id);
  else accuracy.wrong.push(`${said.id}: ${said.confidence} ${said.identity_method ?? '?'} says ${said.how ?? '?'} ${said.who_kind} ${said.who_object_id ?? said.who_subject ?? ''}; it is ${how} ${actor.kind} ${actor.object_id ?? actor.subject ?? ''}`);
}

/** Entra's identities by tenant and object id; other issuers' by issuer and subject; AWS's own by kind. */
function isSame(said: Said, actor: Actor): boolean {
  if (said.who_object_id !== null || actor.object_id !== null) return said.who_object_id === actor.object_id && said.who_tenant_id === actor.tenant_id;
  if (actor.issuer !== null) return said.who_issuer === actor.issuer && said.who_subject === actor.subject;
  return said.who_kind === actor.kind;
}

function count(tallies: Map<string, Tally>, key: string, isRight: boolean): void {
  const tally = tallies.get(key) ?? { said: 0, right: 0 };
  tally.said += 1;
  if (isRight) tally.right += 1;
  tallies.set(key, tally);
}
