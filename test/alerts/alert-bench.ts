/**
 * The real alert phase over findings that a test puts into a real publication, with receivers that go down, count what comes twice, and see
 * the process die between their answer and the line about it. Time is a fake clock's; the logs are real files.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NOTICES, type Alert } from '../../src/alerts/alert.ts';
import { ChannelError, type Channel } from '../../src/alerts/channel.ts';
import { loadFindingLife } from '../../src/answers/finding-life.ts';
import { configSchema, type Config } from '../../src/config/config.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import { alertLogPath } from '../../src/landing/alert-log.ts';
import { appendDecisions } from '../../src/landing/journal.ts';
import { sendAlerts, type AlertsResult } from '../../src/pipeline/alert.ts';
import { correlate } from '../../src/pipeline/correlate.ts';
import { openWriter, type Writer } from '../../src/store/writer.ts';

export interface BenchFinding {
  readonly detection?: string;
  readonly severity?: string;
  readonly status?: 'open' | 'provisional';
  readonly occurred?: Date;
  readonly subject?: readonly [kind: string, id: string];
  readonly dedup?: string;
  readonly evidence?: readonly string[];
}

/** Where a finding stands, as whoever decides about it sees it. */
export interface Standing {
  readonly id: string;
  readonly status: string;
  readonly opening: number;
  readonly evidence_ids: readonly string[] | null;
  readonly evidence_sha256: string | null;
}

/** Honours the idempotency key: what comes again is counted, and not taken again. */
export class Receiver {
  readonly id: string;
  readonly taken: Alert[] = [];
  readonly takenAt: number[] = [];
  repeats = 0;
  calls = 0;
  isDown = false;
  /** Called once a message is taken, before the sender hears of it. */
  onTaken: () => void = () => undefined;
  /** Whether the sender is no more: nothing comes from it. */
  isCutOff: () => boolean = () => false;
  now: () => number = () => 0;

  constructor(id: string) {
    this.id = id;
  }

  get channel(): Channel {
    return {
      id: this.id, type: 'fake', notices: NOTICES, honoursKey: true, target: 'nowhere',
      render: () => ({ content_type: 'text/plain', body: '', headers: {}, cuts: [] }),
      send: async (alert) => {
        if (this.isCutOff()) throw new ChannelError('the sender is dead', { isTransient: true });
        this.calls += 1;
        if (this.isDown) throw new ChannelError('it answered 500', { isTransient: true });
        if (this.taken.some(({ key }) => key === alert.key)) this.repeats += 1;
        else {
          this.taken.push(alert);
          this.takenAt.push(this.now());
        }
        this.onTaken();
        return Promise.resolve({ id: null });
      },
    };
  }

  /** `fired a+b`, in the order in which they came. */
  get told(): string[] {
    return this.taken.map(({ notice, findings }) => `${notice} ${findings.map(({ id }) => id).sort().join('+')}`);
  }
}

export class AlertBench {
  readonly data: string;
  readonly writer: Writer;
  ms: number;

  private constructor(data: string, writer: Writer, start: string) {
    this.data = data;
    this.writer = writer;
    this.ms = Date.parse(start);
  }

  static async open(start: string): Promise<AlertBench> {
    const data = mkdtempSync(join(tmpdir(), 'whoran-alert-bench-'));
    const writer = await openWriter(data);
    await correlate(writer.db, configSchema.parse({}));
    await writer.db.file(join(packageRoot(), 'queries/detections/tables.sql'));
    return new AlertBench(data, writer, start);
  }

  close(): void {
    this.writer.close();
    rmSync(this.data, { recursive: true, force: true });
  }

  get now(): Date {
    return new Date(this.ms);
  }

  async found(id: string, { detection = 'present', severity = 'high', status = 'open', occurred = this.now, subject = ['source', id], dedup = id, evidence = ['e1'] }: BenchFinding = {}): Promise<void> {
    await this.gone(id);
    const [kind, name] = subject;
    await this.writer.db.run(
      `insert into findings select $id, $detection, $severity, $status, $occurred, $kind, $name, 'What', null, $dedup, [],
         list_transform(cast($evidence as varchar[]), lambda r: struct_pack(source := 'cloudtrail', owner_id := '111122223333', record_id := r, record_at := null::timestamptz)), 'q'`,
      { id, detection, severity, status, occurred, kind, name, dedup, evidence: [...evidence] },
    );
    await this.writer.db.run('insert into finding_facts by name select $id as id', { id });
  }

  async gone(id: string): Promise<void> {
    for (const table of ['findings', 'finding_facts']) await this.writer.db.run(`delete from ${table} where id = $id`, { id });
  }

  /** Where every finding stands now. */
  async standings(): Promise<Standing[]> {
    await loadFindingLife(this.writer.db, { dataDir: this.data, now: this.now });
    return this.writer.db.all<Standing>('select id, status, opening, evidence_ids, evidence_sha256 from finding_life order by id');
  }

  /** Somebody decides, now. */
  decide({ id, opening, evidence_ids: ids, evidence_sha256: sha256 }: Standing, decision: string, until?: Date): void {
    const detail = { opening, evidence_sha256: sha256, evidence_ids: ids, ...(until ? { until: until.toISOString() } : {}) };
    appendDecisions(this.data, this.now.toISOString(), [{ by: 'ada', action: `finding.${decision}`, subject: id, reason: 'r', detail }]);
  }

  /**
   * Publishes what there is, and sends. With `crashAt` the process dies when so many messages were taken: nothing after that happens, and the
   * log is what was on disk then.
   */
  async run(config: Config, receivers: readonly Receiver[], { crashAt }: { readonly crashAt?: number } = {}): Promise<AlertsResult & { readonly isCrashed: boolean }> {
    await this.writer.publish();
    let taken = 0;
    const disk: { atCrash?: Buffer } = {};
    for (const receiver of receivers) {
      receiver.now = () => this.ms;
      receiver.isCutOff = () => disk.atCrash !== undefined;
      receiver.onTaken = () => {
        taken += 1;
        if (taken === crashAt) disk.atCrash = readFileSync(alertLogPath(this.data));
      };
    }
    const effects = { now: () => this.now, sleep: async (ms: number) => { this.ms += ms; return Promise.resolve(); }, random: () => 0.5 };
    const result = await sendAlerts({ dataDir: this.data, config, channels: receivers.map(({ channel }) => channel), runId: null, effects, signal: new AbortController().signal, scrub: (text) => text });
    const { atCrash } = disk;
    if (atCrash) writeFileSync(alertLogPath(this.data), atCrash);
    return { ...result, isCrashed: atCrash !== undefined };
  }
}
