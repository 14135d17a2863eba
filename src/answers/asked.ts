/**
 * Telling what an id that somebody typed can be, by its form alone (INTERFACE, `ask`).
 */

/** A reading of the typed id. A GUID may be a task, an event or an object id: the landed records decide. */
export type Asked =
  | { readonly form: 'task'; readonly taskId: string; readonly accountId: string | null }
  | { readonly form: 'session_arn'; readonly arn: string }
  | { readonly form: 'access_key'; readonly key: string }
  | { readonly form: 'address'; readonly address: string }
  | { readonly form: 'user_principal_name'; readonly name: string }
  | { readonly form: 'guid'; readonly id: string; readonly accountId: string | null }
  | { readonly form: 'event'; readonly id: string; readonly accountId: string | null };

const TASK_ARN = /^arn:aws[a-z-]*:ecs:[^:]*:(\d{12}):task\/(?:[^/]+\/)?([^/]+)$/;
const SESSION_ARN = /^arn:aws[a-z-]*:sts::\d{12}:(?:assumed-role|federated-user)\/.+$/;
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const BARE_TASK_ID = /^[0-9a-f]{32}$/i;
const ACCESS_KEY = /^A[A-Z]{3}[A-Z0-9]{12,}$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/;
const IPV6 = /^(?=(?:[^:]*:){2})[0-9a-f:]+(?:\d+\.\d+\.\d+\.\d+)?$/i;

/** Task ids are compared without dashes and case (ATTRIBUTION 1). */
function bareTaskId(id: string): string {
  return id.replaceAll('-', '').toLowerCase();
}

/**
 * Reads a typed id. Space around it is dropped. `<account id>/<id>` picks one account's where two hold the same task or
 * event id. What has no form of its own is taken for an event id.
 */
export function readAsked(typed: string): Asked {
  const id = typed.trim();
  const taskArn = TASK_ARN.exec(id);
  if (taskArn) return { form: 'task', taskId: bareTaskId(taskArn[2] ?? ''), accountId: taskArn[1] ?? null };
  if (SESSION_ARN.test(id)) return { form: 'session_arn', arn: id };
  if (ACCESS_KEY.test(id)) return { form: 'access_key', key: id };
  if (IPV4.test(id) || IPV6.test(id)) return { form: 'address', address: id.toLowerCase() };
  const qualified = /^(\d{12})\/([^/]+)$/.exec(id);
  const accountId = qualified?.[1] ?? null;
  const own = qualified?.[2] ?? id;
  if (BARE_TASK_ID.test(own)) return { form: 'task', taskId: bareTaskId(own), accountId };
  if (GUID.test(own)) return { form: 'guid', id: own.toLowerCase(), accountId };
  const segments = id.split('/');
  const last = segments.at(-1) ?? '';
  // An awslogs stream name, or the end of a task's ARN: cluster/id.
  if (segments.length >= 2 && !qualified && (BARE_TASK_ID.test(last) || GUID.test(last))) {
    return { form: 'task', taskId: bareTaskId(last), accountId: null };
  }
  if (!qualified && id.includes('@') && !/\s/.test(id)) return { form: 'user_principal_name', name: id.toLowerCase() };
  return { form: 'event', id: own, accountId };
}

/** The task id that a GUID would be. */
export function taskIdOfGuid(guid: string): string {
  return bareTaskId(guid);
}
