/** Makes of each cut its one result: a record with its form and SHA-256, a reject with its reason, or a set-aside. */
import { isUtf8 } from 'node:buffer';
import type { Frame, FrameEnvelope, FrameReject, FrameResult, RecordForm } from '../frame.ts';
import { readLogsOrigin, type LogsOrigin } from '../logs-origin.ts';
import { recordSha256 } from '../session-token.ts';
import { accountOfPath } from './account-of-path.ts';
import { csvFields } from '../csv.ts';
import type { BrokenCut, Cut, JsonCut, RowCut } from './cut.ts';
import { isErased } from './erased.ts';
import { JsonScan, OPEN_BRACE, objectMembers, skipSpace } from './json-scan.ts';
import { directoryEnvelope, directoryForm, isMembersPage, type DirectoryForm } from './graph-page.ts';
import { isJsonObject, recordShape, type JsonObject } from './known-record.ts';
import { LineNumbers } from './line-numbers.ts';
import { readJson, rewritten, stagingJson } from './read-json.ts';
import { cloudTrailForm, diagnosticForm, eventBridgeEnvelope, formOfColumns, logEventEnvelope, tellsExpiredToken, type Carrier } from './record-forms.ts';
import { quoted, quotedNames } from './words.ts';

/** `eventSource` of S3's own notifications, which also come as `{"Records":[…]}`. */
const S3_NOTIFICATION_SOURCE = 'aws:s3';

/** How the reason of a record of no known form begins (RULINGS 21). */
const UNKNOWN_FORM = 'unknown_form: ';

const BROKEN_REASONS: Record<BrokenCut['fault'], string> = {
  cut_off: 'the record that begins here does not end: the file is cut off, or a bracket or quote is missing',
  line_break: 'not valid JSON: a line break stands unescaped in a string of the record that begins here',
  not_json: 'unknown_form: not JSON, and no export that is read',
  not_object: 'unknown_form: expected a record as a JSON object, found something else in the list',
  list_cut_off: 'the list that begins here does not end: the file is cut off, and what followed is missing; fetch it again',
  bad_table: 'unknown_form: expected a Log Analytics table with columns and rows',
  bad_row: 'a quoted field does not close before the file ends, or does not end at its quote',
};

/** A record as read: its value, its bytes, and what staging may read of them. */
interface ReadRecord {
  readonly value: JsonObject;
  readonly bytes: Buffer;
  readonly mustRewrite: boolean;
}

/** A problem in words, with the form that the record would have had. */
class Problem {
  readonly reason: string;
  readonly form: RecordForm;

  constructor(reason: string, form: RecordForm = 'unknown') {
    this.reason = reason;
    this.form = form;
  }
}

export interface CutFramerOptions {
  /** All the bytes were found to be UTF-8. */
  readonly knownUtf8: boolean;
  /** The file is the identity registry: every object and row is an entry. */
  readonly registry: boolean;
}

/** Frames the cuts of one file. */
export class CutFramer {
  /** The file, without its byte order mark. */
  readonly bytes: Buffer;
  readonly #options: CutFramerOptions;
  readonly #lines: LineNumbers;
  readonly #pathAccount: string | undefined;
  /** Where the file is an answer of CloudWatch Logs that a source fetched. */
  readonly #logs: LogsOrigin | undefined;
  readonly #scan = new JsonScan();
  readonly #origin: string;
  /** The page that was looked at last, and what its rows are. */
  #page: { readonly start: number; readonly form: DirectoryForm | undefined } | undefined;

  constructor(bytes: Buffer, origin: string, options: CutFramerOptions) {
    this.bytes = bytes;
    this.#options = options;
    this.#lines = new LineNumbers(bytes);
    this.#pathAccount = accountOfPath(origin);
    this.#logs = readLogsOrigin(origin);
    this.#origin = origin;
  }

  frame(cut: Cut, recordNumber: number): FrameResult {
    if (cut.kind === 'broken') return this.#broken(cut, recordNumber);
    if (isErased(this.bytes, cut.start, cut.end)) return { kind: 'set_aside', form: 'erased', recordNumber };
    const result = cut.kind === 'row' ? this.#row(cut, recordNumber) : this.#json(cut, recordNumber);
    if (!(result instanceof Problem)) return result;
    return { kind: 'reject', form: result.form, recordNumber, reason: placed(`line ${this.#lines.of(cut.start)}`, result.reason) };
  }

  #broken(cut: BrokenCut, recordNumber: number): FrameReject {
    const first = this.#lines.of(cut.start);
    const last = this.#lines.of(Math.max(cut.start, cut.end - 1));
    const where = first === last ? `line ${first}` : `lines ${first} to ${last}`;
    return { kind: 'reject', form: 'unknown', recordNumber, reason: placed(where, BROKEN_REASONS[cut.fault]) };
  }

  #row(cut: RowCut, recordNumber: number): FrameResult | Problem {
    const bytes = this.bytes.subarray(cut.start, cut.end);
    const form = this.#options.registry ? 'identity_registry' : formOfColumns(cut.columns);
    if (!form) return new Problem(`unknown_form: a table with the columns ${quotedNames(cut.columns)} is no export that is read`);
    if (!this.#options.knownUtf8 && !isUtf8(bytes)) return new Problem('not valid UTF-8', form);
    let fields: unknown[];
    if (cut.syntax === 'csv') {
      fields = csvFields(bytes, cut.separator);
    } else {
      this.#scan.run(this.bytes, cut.start, cut.end, false);
      const read = readJson(bytes, this.#scan.members, this.#scan.depth, this.#options.knownUtf8);
      if ('problem' in read) return new Problem(read.problem, form);
      fields = read.value as unknown[];
    }
    if (fields.length !== cut.columns.length) {
      return new Problem(`expected ${cut.columns.length} fields, as the heading has, found ${fields.length}`, form);
    }
    const row = Object.fromEntries(cut.columns.map((column, index) => [column, fields[index]]));
    const table = typeof row['Type'] === 'string' && row['Type'] !== '' ? row['Type'] : undefined;
    return {
      kind: 'record', form, recordNumber, bytes, stagingJson: rewritten(row), sha256: recordSha256(bytes),
      envelope: table === undefined ? {} : { table },
    };
  }

  #json(cut: JsonCut, recordNumber: number): FrameResult | Problem {
    const bytes = this.bytes.subarray(cut.start, cut.end);
    const read = readJson(bytes, cut.members, cut.depth, this.#options.knownUtf8);
    if ('problem' in read) return new Problem(this.#placed(read.problem, cut.start, read.at), cut.list === 'Records' ? 'cloudtrail_object' : 'unknown');
    // A string that holds a record: what `lookup-events --query 'Events[].CloudTrailEvent'` prints.
    if (typeof read.value === 'string') return this.#inner(read.value, 'lookup', {}, recordNumber, 'a string');
    if (!isJsonObject(read.value)) return new Problem(`unknown_form: expected a record as a JSON object, found ${kindOf(read.value)}`);
    const record = { value: read.value, bytes, mustRewrite: read.mustRewrite };
    if (this.#options.registry) return frameRecord(record, 'identity_registry', {}, recordNumber);
    const page = cut.list === 'value' ? cut.page : cut.list === undefined && isMembersPage(this.bytes, cut.start, this.#origin) ? cut.start : undefined;
    const form = page === undefined ? undefined : this.#directoryForm(page);
    if (form !== undefined) return this.#directory(record, form, recordNumber);
    const carrier = cut.list === 'Records' ? 'object' : 'lines';
    return this.#record(record, carrier, {}, recordNumber);
  }

  #placed(problem: string, start: number, at: number): string {
    const line = this.#lines.of(start);
    const faultLine = this.#lines.of(start + at);
    return faultLine === line ? `${problem}, at byte ${at + 1} of the record` : `${problem}, on line ${faultLine}`;
  }

  /** Frames an object by its shape, after taking off what is wrapped around the record. */
  #record(record: ReadRecord, carrier: Carrier, envelope: FrameEnvelope, recordNumber: number): FrameResult | Problem {
    const { value } = record;
    const shape = recordShape(value);
    switch (shape) {
      case 'cloudtrail':
        if (value['eventSource'] === S3_NOTIFICATION_SOURCE) {
          return new Problem('unknown_form: an S3 event notification, no CloudTrail record');
        }
        return frameRecord(record, cloudTrailForm(carrier), this.#withPathAccount(envelope), recordNumber);
      case 'cloudtrail_insight':
      case 'cloudtrail_digest':
      case 'cloudtrail_public_keys':
        return { kind: 'set_aside', form: shape, recordNumber };
      case 'lookup_item':
        return this.#inner(String(value['CloudTrailEvent']), 'lookup', envelope, recordNumber, 'CloudTrailEvent');
      case 'log_event':
        return this.#logEvent(record, envelope, recordNumber);
      case 'ecs_task':
        // Somebody's log may hold anything: only ECS's own answer is taken for one.
        if (carrier !== 'lines') return new Problem('unknown_form: a described task within another record');
        return frameRecord(record, 'ecs_describe_tasks', {}, recordNumber);
      case 'eventbridge':
        return this.#eventBridge(record, carrier, envelope, recordNumber);
      case 'diagnostic':
        return this.#diagnostic(record, recordNumber);
      case 'graph_sign_ins':
      case 'graph_directory_audits':
        return frameRecord(record, shape, {}, recordNumber);
      case 'log_analytics_sign_ins':
      case 'log_analytics_directory_audits': {
        const table = value['Type'];
        return frameRecord(record, shape, typeof table === 'string' ? { table } : {}, recordNumber);
      }
      case 'unknown':
        return new Problem(`unknown_form: an object with the members ${quotedNames(Object.keys(value))}`);
    }
  }

  /** A record that stands as text in a member of another (RULINGS 20: its bytes are the decoded string). */
  #inner(text: string, carrier: 'lookup' | 'logs', envelope: FrameEnvelope, recordNumber: number, member: string): FrameResult | Problem {
    const form: RecordForm = carrier === 'lookup' ? 'cloudtrail_lookup' : 'unknown';
    const bytes = Buffer.from(text);
    const start = skipSpace(bytes, 0, bytes.length);
    if (bytes[start] !== OPEN_BRACE) return new Problem(`unknown_form: ${member} holds text that is no JSON object`);
    this.#scan.run(bytes, start, bytes.length, false);
    const read = readJson(bytes, this.#scan.members, this.#scan.depth, true);
    if ('problem' in read) return new Problem(`${member}: ${read.problem}, at byte ${read.at + 1}`, form);
    if (!isJsonObject(read.value)) return new Problem(`${member}: expected a JSON object, found ${kindOf(read.value)}`, form);
    const shape = recordShape(read.value);
    if (shape === 'lookup_item' || shape === 'log_event') return new Problem(`unknown_form: ${member} holds another envelope`);
    return this.#record({ value: read.value, bytes, mustRewrite: read.mustRewrite }, carrier, envelope, recordNumber);
  }

  /**
   * An event of CloudWatch Logs. What stands in an application's group is text, whatever it looks like: a program that logs
   * something of CloudTrail's shape must not make a record by it.
   */
  #logEvent(record: ReadRecord, envelope: FrameEnvelope, recordNumber: number): FrameResult | Problem {
    const message = String(record.value['message']);
    const isApplication = this.#logs?.holds === 'application';
    if (!isApplication) {
      const inner = this.#inner(message, 'logs', { ...envelope, ...logEventEnvelope(record.value) }, recordNumber, 'message');
      if (this.#logs?.holds === 'ecs_events' && !(inner instanceof Problem) && inner.form === 'cloudtrail_logs') {
        return new Problem('unknown_form: a CloudTrail record in a log group that holds ECS events');
      }
      if (!(inner instanceof Problem) || !inner.reason.startsWith(UNKNOWN_FORM)) return inner;
      if (!tellsExpiredToken(message)) return inner;
    }
    if (!tellsExpiredToken(message)) return { kind: 'set_aside', form: 'application_log', recordNumber };
    const { accountId, group } = this.#logs ?? {};
    const from: FrameEnvelope = { ...(accountId === undefined ? {} : { accountId }), ...(group === undefined ? {} : { logGroup: group }) };
    return frameRecord(record, 'application_log', from, recordNumber);
  }

  #eventBridge(record: ReadRecord, carrier: Carrier, outer: FrameEnvelope, recordNumber: number): FrameResult | Problem {
    const { value } = record;
    const detailType = typeof value['detail-type'] === 'string' ? value['detail-type'] : '';
    const source = typeof value['source'] === 'string' ? value['source'] : '';
    const envelope: FrameEnvelope = { ...outer, ...eventBridgeEnvelope(value) };
    // Anybody may put events on a bus, but only AWS's own services under a source that begins so (PutEvents refuses it).
    if (detailType.endsWith(' via CloudTrail') && source.startsWith('aws.')) return this.#viaCloudTrail(record, envelope, recordNumber);
    if (source !== 'aws.ecs') {
      return new Problem(`unknown_form: EventBridge event ${quoted(detailType)} of ${quoted(source)}: only events of aws.ecs and calls via CloudTrail are read`);
    }
    return frameRecord(record, 'ecs_events', carrier === 'logs' ? { ...envelope, carrier } : envelope, recordNumber);
  }

  #viaCloudTrail(record: ReadRecord, envelope: FrameEnvelope, recordNumber: number): FrameResult | Problem {
    const detail = record.value['detail'];
    let extent: { start: number; end: number } | undefined;
    const start = skipSpace(record.bytes, 0, record.bytes.length);
    for (const member of objectMembers(record.bytes, start, record.bytes.length)) if (member.key === 'detail') extent = member;
    if (!isJsonObject(detail) || !extent) return new Problem('field detail: expected an object', 'cloudtrail_eventbridge');
    const shape = recordShape(detail);
    if (shape === 'cloudtrail_insight') return { kind: 'set_aside', form: shape, recordNumber };
    if (shape !== 'cloudtrail') return new Problem('unknown_form: detail of an event via CloudTrail is no CloudTrail record', 'cloudtrail_eventbridge');
    const inner = { value: detail, bytes: record.bytes.subarray(extent.start, extent.end), mustRewrite: record.mustRewrite };
    return frameRecord(inner, 'cloudtrail_eventbridge', envelope, recordNumber);
  }

  #diagnostic(record: ReadRecord, recordNumber: number): FrameResult | Problem {
    const category = String(record.value['category']);
    const form = diagnosticForm(category);
    if (!form) return new Problem(`unknown_form: diagnostic category ${quoted(category)}: only sign-ins and AuditLogs are read`);
    const tenantId = record.value['tenantId'] ?? record.value['tenantid'];
    const envelope: FrameEnvelope = typeof tenantId === 'string' ? { table: category, tenantId } : { table: category };
    return frameRecord(record, form, envelope, recordNumber);
  }

  #directoryForm(start: number): DirectoryForm | undefined {
    if (this.#page?.start !== start) this.#page = { start, form: directoryForm(this.bytes, start, this.#origin) };
    return this.#page.form;
  }

  #directory(record: ReadRecord, form: DirectoryForm, recordNumber: number): Frame | Problem {
    const envelope = directoryEnvelope(this.#origin);
    if (form === 'graph_group_members' && envelope.groupId === undefined) {
      return new Problem('members of a group, and the page says not of which: its file is to be called groups_<group id>_transitiveMembers', form);
    }
    return frameRecord(record, form, envelope, recordNumber);
  }

  #withPathAccount(envelope: FrameEnvelope): FrameEnvelope {
    if (envelope.accountId !== undefined || this.#pathAccount === undefined) return envelope;
    return { ...envelope, accountId: this.#pathAccount };
  }
}

function frameRecord(record: ReadRecord, form: RecordForm, envelope: FrameEnvelope, recordNumber: number): Frame {
  const staging = stagingJson(record.bytes, record.value, record.mustRewrite);
  const frame = { kind: 'record' as const, form, recordNumber, bytes: record.bytes, sha256: recordSha256(record.bytes), envelope };
  return staging ? { ...frame, stagingJson: staging } : frame;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** A reason with its place: the code of an unknown record stays first. */
function placed(where: string, reason: string): string {
  return reason.startsWith(UNKNOWN_FORM) ? `${UNKNOWN_FORM}${where}: ${reason.slice(UNKNOWN_FORM.length)}` : `${where}: ${reason}`;
}
