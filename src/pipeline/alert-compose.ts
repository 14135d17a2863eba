/**
 * From a message that is due to the alert that a channel is handed: what happened, who it was by the product's own answer, what is not
 * known, and how to go on.
 */
import type { Alert, AlertFinding, AlertWho } from '../alerts/alert.ts';
import { ask } from '../answers/ask.ts';
import type { Finding, FindingsReader } from '../answers/findings.ts';
import { reasonText } from '../answers/reasons.ts';
import type { Detection, DetectionCatalog } from '../catalog/catalog.ts';
import type { Config } from '../config/config.ts';
import { rfc3339 } from '../core/times.ts';
import type { DueNotice } from './alert-plan.ts';

/** More findings than these are counted, not shown: the list is a command away. */
export const SHOWN_FINDINGS = 10;
const SHOWN_STEPS = 3;

export interface ComposeContext {
  readonly reader: FindingsReader & { readonly dataDir: string };
  readonly catalog: DetectionCatalog;
  readonly config: Pick<Config, 'alerts'>;
  readonly now: Date;
}

/** `text` as one word of a POSIX shell, whatever it holds; control characters, which no id of ours has, are left out. */
export function shellWord(text: string): string {
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '');
  return /^[\w@%+=:,./-]+$/.test(plain) && !plain.startsWith('-') ? plain : `'${plain.replaceAll("'", "'\\''")}'`;
}

/** Findings of a plan, read together. */
export interface LoadedFindings {
  readonly byId: ReadonlyMap<string, Finding>;
  /** Up to which time the records that detections rest on are complete; null where no source says. */
  readonly asOf: string | null;
}

/** Composes one alert about findings that are loaded: `due`'s first ones, as many as are shown. */
export async function composeAlert(context: ComposeContext, { byId, asOf }: LoadedFindings, due: Pick<DueNotice, 'alert_key' | 'group_key' | 'notice' | 'finding_ids'>): Promise<Alert> {
  const { config, now } = context;
  const shown = due.finding_ids.slice(0, SHOWN_FINDINGS).flatMap((id) => byId.get(id) ?? []);
  const parts: AlertFinding[] = [];
  for (const finding of shown) parts.push(await partOf(context, finding, asOf));
  const [first] = parts;
  return {
    key: due.alert_key,
    group_key: due.group_key,
    notice: due.notice,
    severity: first?.severity ?? 'low',
    at: rfc3339(now),
    title: titleOf(due.notice, first, due.finding_ids.length),
    findings: parts,
    findings_total: due.finding_ids.length,
    link: config.alerts.link === undefined || !first ? null : `${config.alerts.link.replace(/\/+$/, '')}/findings/${first.id}`,
    digest: null,
  };
}

const LEADS = { fired: '', reminder: 'Still standing: ', acknowledged: 'Acknowledged: ', resolved: 'Over: ' } as const;

function titleOf(notice: DueNotice['notice'], first: AlertFinding | undefined, total: number): string {
  const more = total > 1 ? ` (and ${total - 1} more)` : '';
  // To the service it is over; to people it is not: somebody said not to tell it.
  const lead = notice === 'resolved' && first?.status === 'suppressed' ? 'Suppressed: ' : LEADS[notice];
  return `${lead}${first?.what ?? 'a finding that is no longer there'}${more}`;
}

async function partOf({ reader, catalog }: ComposeContext, finding: Finding, asOf: string | null): Promise<AlertFinding> {
  const detection = catalog.detections.find(({ id }) => id === finding.detection);
  const { who, unknown } = await whoOf(reader, finding);
  return {
    id: finding.id,
    detection: finding.detection,
    title: detection?.header.title ?? finding.detection,
    severity: finding.severity,
    status: finding.status,
    occurred_at: finding.occurred_at,
    subject: finding.subject,
    what: finding.summary,
    who,
    not_known: [...unknown, ...(asOf === null ? ['No source says up to when its records are complete.'] : [`Records after ${asOf} may still come.`])],
    as_of: asOf,
    evidence: finding.evidence,
    steps: detection ? firstSteps(detection) : [],
    ask: finding.subject.kind === 'source' || finding.subject.kind === 'channel' ? 'whoran status' : `whoran ask ${shellWord(finding.subject.id)}`,
    controls: finding.controls,
    account_id: finding.account_id,
    team: finding.team,
    change: changeOf(finding),
  };
}

/** The answer to "who?" for the finding's subject; what it rests on missing says so. */
async function whoOf(reader: FindingsReader, { subject }: Finding): Promise<{ who: AlertWho | null; unknown: string[] }> {
  if (subject.kind === 'source' || subject.kind === 'channel') return { who: null, unknown: [] };
  const answer = await ask(reader, subject.id);
  if (answer.schema !== 'whoran.answer/1') return { who: null, unknown: ['The subject did many things: the command below lists them.'] };
  const { who, reason } = answer;
  const why = reason === null ? [] : [`${capital(reasonText(reason, { asOf: answer.as_of, tenantId: who.tenant_id, address: null }).means)}.`];
  const until = answer.provisional_until === null ? [] : [`That may change by itself until ${answer.provisional_until}.`];
  const several = answer.conflicts.length === 0 ? [] : [`The records name different identities: ${answer.conflicts.join(', ')}.`];
  return {
    who: {
      sentence: answer.sentence, kind: who.kind, name: who.name, tenant_id: who.tenant_id, object_id: who.object_id, method: answer.identity.method,
      confidence: answer.confidence, how: answer.how, sign_in_grade: answer.sign_in.grade,
    },
    unknown: [...why, ...until, ...several],
  };
}

function changeOf({ status, is_present: isPresent, decision, status_since: since }: Finding): AlertFinding['change'] {
  if (!isPresent) return { at: since ?? '', by: 'whoran', reason: 'Its condition holds no longer: records that came later explain it.' };
  if (decision === null || status === 'open' || status === 'provisional') return null;
  return { at: decision.at ?? since ?? '', by: decision.by, reason: `${status}${decision.until === null ? '' : ` until ${decision.until}`}: ${decision.reason ?? ''}` };
}

/** The runbook's first steps, each in one line, without its number. */
function firstSteps({ header }: Detection): string[] {
  return header.runbook.split(/^\d+\. /m).slice(1, 1 + SHOWN_STEPS).map((step) => step.replace(/\s+/g, ' ').trim());
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
