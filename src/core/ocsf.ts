/**
 * Words of OCSF 1.4.0 (https://schema.ocsf.io/1.4.0) that alerts and reports share; docs/ocsf.md explains them. 1.4.0 is the first version that
 * knows `is_alert`.
 */
export const OCSF_VERSION = '1.4.0';

/** An enumerated value and its caption. */
export interface OcsfWord {
  readonly id: number;
  readonly name: string;
}

export type OcsfEvent = Readonly<Record<string, unknown>>;

/** severity_id: 2 Low, 3 Medium, 4 High, 5 Critical. */
export const OCSF_SEVERITY: Readonly<Record<string, OcsfWord>> = {
  low: { id: 2, name: 'Low' },
  medium: { id: 3, name: 'Medium' },
  high: { id: 4, name: 'High' },
  critical: { id: 5, name: 'Critical' },
};

/** status_id of a finding: 1 New, 2 In Progress, 3 Suppressed, 4 Resolved. */
export const OCSF_STATUS: Readonly<Record<string, OcsfWord>> = {
  open: { id: 1, name: 'New' },
  acknowledged: { id: 2, name: 'In Progress' },
  suppressed: { id: 3, name: 'Suppressed' },
  resolved: { id: 4, name: 'Resolved' },
};
