/**
 * Findings as OCSF Detection Finding events (class 2004, OCSF 1.4.0, the first that knows `is_alert`: https://schema.ocsf.io/1.4.0/classes/detection_finding).
 * docs/ocsf.md says where each field comes from; test/peers/ocsf.sh validates them against the published schema.
 */
import { OCSF_SEVERITY, OCSF_STATUS, OCSF_VERSION, type OcsfEvent, type OcsfWord } from '../core/ocsf.ts';
import type { Alert, AlertFinding, Notice } from './alert.ts';

const CLASS_UID = 2004;

/** activity_id: 1 Create, 2 Update, 3 Close. */
const ACTIVITY: Readonly<Record<Exclude<Notice, 'digest' | 'test'>, OcsfWord>> = {
  fired: { id: 1, name: 'Create' },
  reminder: { id: 2, name: 'Update' },
  acknowledged: { id: 2, name: 'Update' },
  resolved: { id: 3, name: 'Close' },
};
/** confidence_id: 1 Low, 2 Medium, 3 High: of the identity, by ATTRIBUTION 3. */
const CONFIDENCE: Readonly<Record<string, OcsfWord>> = {
  inferred: { id: 1, name: 'Low' },
  asserted: { id: 2, name: 'Medium' },
  proved: { id: 3, name: 'High' },
};

/** A test of the channel is an event of no class (0, Base Event): whoever reads the file sees that it is written, and no finding. */
export function ocsfTest(alert: Alert, version: string): OcsfEvent {
  return {
    class_uid: 0, class_name: 'Base Event', category_uid: 0, category_name: 'Uncategorized', activity_id: 99, activity_name: 'Test', type_uid: 99, type_name: 'Base Event: Other',
    time: Date.parse(alert.at), severity_id: 1, severity: 'Informational', message: alert.title,
    metadata: { version: OCSF_VERSION, uid: `${alert.key}/0`, product: { name: 'whoran', vendor_name: 'whoran', version } },
  };
}

/** One event a finding that the alert shows; none for a digest or test, which are no findings. */
export function ocsfEvents(alert: Alert, version: string): OcsfEvent[] {
  const { notice } = alert;
  if (notice === 'digest' || notice === 'test') return [];
  return alert.findings.map((finding, index) => eventOf(alert, finding, ACTIVITY[notice], index, version));
}

function eventOf(alert: Alert, finding: AlertFinding, activity: OcsfWord, index: number, version: string): OcsfEvent {
  const time = Date.parse(alert.at);
  const severity = OCSF_SEVERITY[finding.severity] ?? { id: 0, name: 'Unknown' };
  const status = OCSF_STATUS[finding.status] ?? { id: 99, name: finding.status };
  const confidence = CONFIDENCE[finding.who?.confidence ?? ''];
  return {
    class_uid: CLASS_UID, class_name: 'Detection Finding', category_uid: 2, category_name: 'Findings',
    activity_id: activity.id, activity_name: activity.name, type_uid: CLASS_UID * 100 + activity.id, type_name: `Detection Finding: ${activity.name}`,
    time, severity_id: severity.id, severity: severity.name, status_id: status.id, status: status.name,
    ...(confidence ? { confidence_id: confidence.id, confidence: confidence.name } : {}),
    message: finding.what,
    is_alert: true,
    metadata: {
      version: OCSF_VERSION, uid: `${alert.key}/${index}`, correlation_uid: alert.group_key, log_name: 'alerts', log_provider: 'whoran', logged_time: time,
      product: { name: 'whoran', vendor_name: 'whoran', version },
    },
    finding_info: {
      uid: finding.id, title: finding.title, desc: finding.what, created_time: Date.parse(finding.occurred_at), modified_time: time, types: [finding.detection],
      ...(finding.evidence.length === 0 ? {} : { data_sources: [...new Set(finding.evidence.map(({ source }) => source))] }),
      analytic: { name: finding.detection, uid: finding.detection, type_id: 1, type: 'Rule' },
      ...(alert.link === null ? {} : { src_url: alert.link }),
    },
    evidences: finding.evidence.map(({ source, record_id, sha256 }) => ({ data: { source, record_id, sha256 } })),
    resources: [{ uid: finding.subject.id, type: finding.subject.kind, ...(finding.account_id === null ? {} : { owner: { account: { uid: finding.account_id, type_id: 10, type: 'AWS Account' } } }) }],
    remediation: { desc: finding.steps.join(' ') },
    ...(finding.who === null || (finding.who.object_id === null && finding.who.name === null)
      ? {}
      : { observables: [{ name: finding.who.name === null ? 'unmapped.who.object_id' : 'unmapped.who.name', type_id: 4, type: 'User Name', value: finding.who.name ?? finding.who.object_id }] }),
    // What the class has no place for.
    unmapped: { notice: alert.notice, who: finding.who, not_known: finding.not_known, as_of: finding.as_of, controls: finding.controls, ask: finding.ask, team: finding.team, change: finding.change },
  };
}
