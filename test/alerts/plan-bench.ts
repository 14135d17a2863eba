/**
 * A data folder with findings put in by hand, for tests of what is planned and told: the real engine, the real logs, the real queries, and
 * a clock that a test sets.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Notice } from '../../src/alerts/alert.ts';
import { loadFindingLife } from '../../src/answers/finding-life.ts';
import { openCaseDatabase } from '../../src/catalog/run-case.ts';
import { configSchema, type Config, type ConfigSpec } from '../../src/config/config.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import type { Database } from '../../src/engine/database.ts';
import { openAlertLog } from '../../src/landing/alert-log.ts';
import { PullLog, type PulledCoverage } from '../../src/landing/pull-log.ts';
import { planAlerts, type AlertPlan } from '../../src/pipeline/alert-plan.ts';
import { recordFindingChanges } from '../../src/pipeline/finding-changes.ts';

export interface Fields {
  readonly detection?: string;
  readonly severity?: string;
  readonly status?: string;
  readonly occurred?: Date;
  readonly subject?: readonly [kind: string, id: string];
  readonly dedup?: string;
  readonly evidence?: string;
  /** Of finding_facts. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** By detection, whose absence it finds: the header's absence_of. */
export type Absences = Readonly<Record<string, readonly string[]>>;

export class PlanBench {
  readonly data: string;
  readonly db: Database;

  private constructor(data: string, db: Database) {
    this.data = data;
    this.db = db;
  }

  static async open(): Promise<PlanBench> {
    const data = mkdtempSync(join(tmpdir(), 'whoran-plan-'));
    mkdirSync(join(data, 'landing'));
    const db = await openCaseDatabase(packageRoot());
    await db.file(join(packageRoot(), 'queries/detections/tables.sql'));
    return new PlanBench(data, db);
  }

  close(): void {
    this.db.close();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** A finding is there, as a detection's run would leave it. */
  async found(id: string, { detection = 'present', severity = 'high', status = 'open', occurred = new Date(0), subject = ['session', id], dedup = id, evidence = 'e', facts = {} }: Fields = {}): Promise<void> {
    await this.gone(id);
    const [kind, name] = subject;
    await this.db.run(
      `insert into findings select $id, $detection, $severity, $status, $occurred, $kind, $name, 'What', null, $dedup, [],
         [struct_pack(source := 'cloudtrail', owner_id := '1', record_id := $evidence, record_at := null::timestamptz)], 'q'`,
      { id, detection, severity, status, occurred, kind, name, dedup, evidence },
    );
    const columns = Object.keys(facts);
    await this.db.run(`insert into finding_facts by name select $id as id${columns.map((column) => `, $${column} as ${column}`).join('')}`, { id, ...facts });
  }

  async gone(id: string): Promise<void> {
    for (const table of ['findings', 'finding_facts']) await this.db.run(`delete from ${table} where id = $id`, { id });
  }

  /** A step of a live source's stream, which says what it covers. */
  pulled(at: Date, source: string, stream: string, covers: readonly (Partial<PulledCoverage> & { of: string })[]): void {
    const log = PullLog.open(join(this.data, 'landing'), 0);
    const whole = covers.map((one) => ({ tenant_id: null, sign_in_kind: null, account_id: null, region: null, ...one }));
    log.append({ at: at.toISOString(), source, stream, covers: whole, window_from: null, window_to: null, cursor: 'c', complete_through: null, ledger_seq: 0, delivered: 0, landed: 0, bytes: 0 });
    log.close();
  }

  /** Records changes and plans, as a run does; the plan is not written down. */
  async plan(now: Date, config: Config, absences: Absences = {}, notices: readonly Notice[] = ['fired', 'reminder', 'acknowledged', 'resolved']): Promise<AlertPlan> {
    const log = openAlertLog(this.data);
    try {
      await loadFindingLife(this.db, { dataDir: this.data, now });
      await recordFindingChanges(this.db, { log, now, runId: null, provisionalAfterMinutes: 20 });
    } finally {
      log.close();
    }
    await loadFindingLife(this.db, { dataDir: this.data, now });
    const detections = Object.entries(absences).map(([id, of]) => ({ id, header: { absence_of: of } })) as unknown as Parameters<typeof planAlerts>[2]['detections'];
    return planAlerts(this.db, config, { detections }, config.alerts.channels.map(({ id }) => ({ id, notices })), now, this.data);
  }
}

/** A configuration with two channels, `one` and `two`. */
export function planConfig(alerts: ConfigSpec['alerts']): Config {
  return configSchema.parse({ alerts: { channels: [{ id: 'one', type: 'file', path: 'x' }, { id: 'two', type: 'file', path: 'y' }], ...alerts } });
}
