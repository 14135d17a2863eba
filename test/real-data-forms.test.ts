/**
 * Every file of the real public log data, framed and staged: exact counts per form. The files are read where they lie and
 * are never copied; where they are missing, the tests are skipped and say so.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Database } from '../src/engine/database.ts';
import type { FrameResult } from '../src/landing/frame.ts';
import { frames, isTrailObject } from '../src/landing/framing.ts';
import { gunzipWithin } from '../src/landing/gunzip.ts';
import { recordBytes } from '../src/landing/record-bytes.ts';
import { addFrames, framedDatabase, stagedRows, type StagingFile } from './framed-relation.ts';

const FOLDER = '/work/shared/data/real';
const isThere = existsSync(FOLDER);
const title = (what: string): string => (isThere ? what : `${what} (skipped: ${FOLDER} is not there)`);

/** Forms of the files' records. Rejects stand under `rejected`. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'README.md': { rejected: 1 },
  // EventBridge events of other services.
  'aws/aws-lambda-dotnet/eventbridge.jsonl': { rejected: 10 },
  'aws/aws-lambda-go/eventbridge.jsonl': { rejected: 7 },
  // Missing commas and a bad escape: each file one record that is no JSON.
  'aws/awsdocs/as_published_invalid/AssumeRoleWithSAML.json.txt': { rejected: 1 },
  'aws/awsdocs/as_published_invalid/AssumeRoleWithWebIdentity.json.txt': { rejected: 1 },
  'aws/awsdocs/as_published_invalid/ConsoleLogin.json.txt': { rejected: 1 },
  'aws/awsdocs/cloudtrail.jsonl': { cloudtrail_lines: 25 },
  'aws/awsdocs/cloudtrail_sts_session_tags_repaired.jsonl': { cloudtrail_lines: 3 },
  'aws/awsdocs/ecs_eventbridge.jsonl': { ecs_events: 11 },
  // Nine wrap CloudTrail records; ten are of GuardDuty, Auto Scaling, EC2, Health, Security Hub and Config.
  'aws/cloud-custodian/eventbridge_cloudtrail.jsonl': { cloudtrail_eventbridge: 9, rejected: 10 },
  'aws/invictus-ir-aws_dataset/cloudtrail.jsonl.gz': { cloudtrail_lines: 2900 },
  'aws/panther-analysis/cloudtrail.jsonl.gz': { cloudtrail_lines: 123 },
  // CloudTrail by their members' names; what they lack (eventID, eventTime) is for staging to say.
  'aws/panther-analysis/cloudtrail_partial.jsonl': { cloudtrail_lines: 51 },
  'aws/stratus-red-team/array/aws.initial-access.console-login-without-mfa.json': { cloudtrail_lines: 1 },
  'aws/stratus-red-team/array/aws.persistence.rolesanywhere-create-trust-anchor.json': { cloudtrail_lines: 2 },
  'aws/stratus-red-team/array/aws.persistence.sts-federation-token.json': { cloudtrail_lines: 2 },
  'aws/stratus-red-team/cloudtrail.jsonl.gz': { cloudtrail_lines: 310 },
  'aws/traildiscover/cloudtrail.jsonl.gz': { cloudtrail_lines: 313 },
  'aws/trailscraper/cloudtrail.jsonl': { cloudtrail_lines: 3 },
  // The file has two records, its list in cloudtrail.jsonl three: one there comes from another test file.
  'aws/trailscraper/s3/111111111111_CloudTrail_eu-central-1_20171211T1505Z_A6kvhMoVeCsc7v8U.json.gz': { cloudtrail_object: 2 },
  'entra/bec_telemetry/AADNonInteractiveUserSignInLogs.csv': { log_analytics_sign_ins: 302 },
  'entra/bec_telemetry/AuditLogs.csv': { log_analytics_directory_audits: 7 },
  'entra/bec_telemetry/SigninLogs.csv': { log_analytics_sign_ins: 18 },
  'entra/bec_telemetry/derived_rows/AADNonInteractiveUserSignInLogs.jsonl.gz': { log_analytics_sign_ins: 302 },
  'entra/bec_telemetry/derived_rows/AuditLogs.jsonl.gz': { log_analytics_directory_audits: 7 },
  'entra/bec_telemetry/derived_rows/SigninLogs.jsonl.gz': { log_analytics_sign_ins: 18 },
  'entra/microsoft-graph-docs/directoryaudit-get-beta-2022-1.json': { graph_directory_audits: 1 },
  'entra/microsoft-graph-docs/directoryaudit-get-v1.0-2022-6.json': { graph_directory_audits: 1 },
  'entra/microsoft-graph-docs/directoryaudit-list-v1.0-2022-7.json': { graph_directory_audits: 1 },
  // Three of the four repeat keys with other values: the last one counts.
  'entra/microsoft-graph-docs/signin-get-beta-2022-2.json': { graph_sign_ins: 1 },
  'entra/microsoft-graph-docs/signin-list-beta-2022-3.json': { graph_sign_ins: 1 },
  'entra/microsoft-graph-docs/signin-list-beta-2022-4.json': { graph_sign_ins: 1 },
  'entra/microsoft-graph-docs/signin-list-beta-2022-5.json': { graph_sign_ins: 1 },
  // A page of one record, in which a comma too many stands.
  'entra/microsoft-graph-docs/signin-get-v1.0-2022-8.json.txt': { rejected: 1 },
  'entra/microsoft-graph-docs/signin-list-v1.0-2022-10.json.txt': { rejected: 1 },
  'entra/microsoft-graph-docs/signin-list-v1.0-2022-9.json.txt': { rejected: 1 },
  // Six are bare Graph audits without id and tenant, the rest lines with category and properties.
  'entra/panther-analysis/audit.jsonl': { graph_directory_audits: 6, diagnostic_directory_audits: 15 },
  'entra/panther-analysis/signin_diagnostic.jsonl': { diagnostic_sign_ins: 26 },
};
const INVICTUS_OBJECTS = 'aws/invictus-ir-aws_dataset/s3/';

const files = isThere
  ? readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(FOLDER.length + 1))
    .toSorted()
  : [];
const read = (file: string): Buffer => gunzipWithin(readFileSync(join(FOLDER, file)));

function counts(results: Iterable<FrameResult>): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const result of results) {
    const key = result.kind === 'record' ? result.form : result.kind === 'reject' ? 'rejected' : 'set aside';
    counted[key] = (counted[key] ?? 0) + 1;
  }
  return counted;
}

describe.skipIf(!isThere)(title('the real log data, framed'), () => {
  it('has no file that is not counted here', () => {
    expect(files.filter((file) => !file.startsWith(INVICTUS_OBJECTS))).toEqual(Object.keys(EXPECTED).toSorted());
  });

  it.each(Object.entries(EXPECTED))('%s', (file, expected) => {
    expect(counts(frames(read(file), file))).toEqual(expected);
  });

  it('holds 2,900 Invictus records in 55 trail objects, the same as in its lines, and finds each again', () => {
    const objects = files.filter((file) => file.startsWith(INVICTUS_OBJECTS));
    expect(objects).toHaveLength(55);
    const ids = new Set<string>();
    let records = 0;
    for (const file of objects) {
      const raw = read(file);
      expect(isTrailObject(raw), file).toBe(true);
      for (const result of frames(raw, file)) {
        if (result.kind !== 'record') throw new Error(`${file}: ${JSON.stringify(result)}`);
        records++;
        expect(result.form).toBe('cloudtrail_object');
        expect(result.envelope).toEqual({ accountId: '218007301253' });
        const { eventID: eventId } = JSON.parse(result.bytes.toString()) as { eventID: string };
        ids.add(eventId);
        expect(recordBytes(raw, file, { eventId })?.sha256).toBe(result.sha256);
      }
    }
    expect(records).toBe(2900);
    const lines = [...frames(read('aws/invictus-ir-aws_dataset/cloudtrail.jsonl.gz'), 'x')];
    expect(new Set(lines.map((result) => (result.kind === 'record' ? (JSON.parse(result.bytes.toString()) as { eventID: string }).eventID : ''))))
      .toEqual(ids);
    expect(ids.size).toBe(2900);
  });
});

type Staged = Readonly<Record<string, string | number | boolean | null>> & { readonly reject_reason: string | null };

/** The staged rows of some files, by one staging file. */
async function staged(staging: StagingFile, paths: readonly string[]): Promise<{ rows: Staged[]; rejects: Record<string, number> }> {
  const database: Database = await framedDatabase();
  try {
    for (const [member, path] of paths.entries()) await addFrames(database, frames(read(path), path), member);
    const all = await stagedRows<Staged>(database, staging);
    const rejects: Record<string, number> = {};
    for (const { reject_reason: reason } of all) if (reason !== null) rejects[reason] = (rejects[reason] ?? 0) + 1;
    return { rows: all.filter((row) => row.reject_reason === null), rejects };
  } finally {
    database.close();
  }
}

const BEC = 'entra/bec_telemetry';
const NO_TENANT = /^field (?:tenantId|resourceTenantId): expected the tenant's id, found none/;

describe.skipIf(!isThere)(title('the real Entra rows, staged'), () => {
  it('reads the 302 non-interactive rows: 281 sign-ins, 20 of them delivered again, one of those twice', async () => {
    const { rows, rejects } = await staged('sign_ins', [`${BEC}/AADNonInteractiveUserSignInLogs.csv`]);
    expect(rejects).toEqual({});
    expect(rows).toHaveLength(302);
    const copies = counted(rows.map((row) => String(row['sign_in_id'])));
    expect(counted(Object.values(copies).map(String))).toEqual({ 1: 261, 2: 19, 3: 1 });
    expect(new Set(rows.map((row) => `${String(row['sign_in_id'])} ${String(row['row_updated_at'])}`)).size).toBe(302);
    expect(new Set(rows.map((row) => row['sign_in_kind']))).toEqual(new Set(['non_interactive_user']));
    expect(new Set(rows.map((row) => row['tenant_id']))).toEqual(new Set(['a1b2c345-1a2b-1234-123a-123abcd12345']));
    expect(rows.filter((row) => row['service_principal_id'] !== null)).toHaveLength(190);
    expect(rows.every((row) => row['user_id'] !== null)).toBe(true);
    expect(new Set(rows.map((row) => row['entra_session_id'])).size).toBe(4);
    // Ids and tokens were altered by hand, apart from each other: no token decodes to its row's id any more, and most, no
    // longer being canonical base64url, to nothing.
    expect(rows.filter((row) => row['token_id'] !== null)).toHaveLength(25);
    expect(rows.filter((row) => row['token_id'] === row['sign_in_id'])).toHaveLength(0);
  });

  it('reads a CSV export and the rows made from it alike', async () => {
    for (const table of ['SigninLogs', 'AADNonInteractiveUserSignInLogs']) {
      const csv = await staged('sign_ins', [`${BEC}/${table}.csv`]);
      const lines = await staged('sign_ins', [`${BEC}/derived_rows/${table}.jsonl.gz`]);
      const comparable = ({ rows }: { rows: Staged[] }): unknown[] => rows.map((row) => ({ ...row, record_sha256: null }));
      expect(comparable(lines)).toEqual(comparable(csv));
    }
  });

  it('reads the 18 interactive rows and the audits', async () => {
    const { rows } = await staged('sign_ins', [`${BEC}/SigninLogs.csv`]);
    expect(rows).toHaveLength(18);
    expect(new Set(rows.map((row) => row['sign_in_kind']))).toEqual(new Set(['interactive_user']));
    expect(rows[0]).toMatchObject({ created_at: '2026-06-15T12:35:28.806Z', row_updated_at: '2026-06-15T12:40:24.178Z', is_success: true, error_code: '0' });
    const audits = await staged('directory_audits', [`${BEC}/AuditLogs.csv`, `${BEC}/derived_rows/AuditLogs.jsonl.gz`]);
    expect(audits.rejects).toEqual({});
    expect(audits.rows).toHaveLength(14);
  });

  it('reads Graph beta rows; what repeats a key has its last value', async () => {
    const paths = [2, 3, 4, 5].map((number) => `entra/microsoft-graph-docs/signin-${number === 2 ? 'get' : 'list'}-beta-2022-${number}.json`);
    const { rows, rejects } = await staged('sign_ins', paths);
    expect(rejects).toEqual({});
    expect(rows.map((row) => [row['sign_in_kind'], row['error_code'], row['federated_credential_id'] !== null])).toEqual([
      ['interactive_user', '50126', true], ['interactive_user', '50126', true], ['interactive_user', '50126', false], ['non_interactive_user', '0', false]]);
    // The printed row's tokens: `uniqueTokenIdentifier` stands twice, and the second one is the one that decodes to no id.
    expect(rows.map((row) => row['token_id'] === row['sign_in_id'])).toEqual([false, false, false, true]);
  });

  it('rejects Graph audits, which name no tenant, unless the source does', async () => {
    const paths = files.filter((file) => /directoryaudit-.*\.json$/.test(file));
    expect(paths).toHaveLength(3);
    const { rows, rejects } = await staged('directory_audits', paths);
    expect(rows).toHaveLength(0);
    expect(Object.keys(rejects)).toEqual([expect.stringMatching(NO_TENANT)]);
    expect(Object.values(rejects)).toEqual([3]);
  });

  it('rejects the hand-trimmed diagnostic lines without an id, and decodes no masked token', async () => {
    const { rows, rejects } = await staged('sign_ins', ['entra/panther-analysis/signin_diagnostic.jsonl']);
    expect(rejects).toEqual({ 'field properties.id: expected the id of the sign-in, found none': 16 });
    expect(rows).toHaveLength(10);
    expect(counted(rows.map((row) => String(row['sign_in_kind'])))).toEqual({ service_principal: 8, interactive_user: 2 });
    expect(rows.filter((row) => row['token_id'] !== null)).toHaveLength(0);
    expect(rows.filter((row) => row['error_code'] === '7000215').every((row) => row['is_success'] === false)).toBe(true);
    const audits = await staged('directory_audits', ['entra/panther-analysis/audit.jsonl']);
    expect(audits.rows).toHaveLength(13);
    expect(audits.rejects).toEqual({
      'field id: expected the id of the audit row, found none': 6,
      'field properties.id: expected the id of the audit row, found none': 2,
    });
  });
});

const SAMPLES = '/work/shared/reference/samples/entra';
const OBSERVED = ['diag-signinlogs-interactive-2022.jsonl', 'diag-noninteractive-2022.json', 'diag-serviceprincipal-2022.jsonl', 'diag-managedidentity-2022.jsonl', 'graph-beta-signin-observed-2022.json'];

describe.skipIf(!existsSync(SAMPLES))(`observed sign-in records${existsSync(SAMPLES) ? '' : ` (skipped: ${SAMPLES} is not there)`}`, () => {
  it('have the token that their id says (entra.md §2.2)', async () => {
    const database = await framedDatabase();
    try {
      for (const [member, file] of OBSERVED.entries()) await addFrames(database, frames(readFileSync(join(SAMPLES, file)), file), member);
      const rows = await stagedRows<Staged>(database, 'sign_ins');
      expect(rows).toHaveLength(8);
      for (const row of rows) expect(row).toMatchObject({ reject_reason: null, token_id: row['sign_in_id'] });
    } finally {
      database.close();
    }
  });
});

describe.skipIf(!isThere)(title('the real ECS events, staged'), () => {
  it('holds 2 task state changes and 9 others', async () => {
    const path = 'aws/awsdocs/ecs_eventbridge.jsonl';
    const tasks = await staged('task_events', [path]);
    expect(tasks.rejects).toEqual({});
    expect(tasks.rows.map((row) => row['task_key'])).toEqual([
      '111122223333/c13b4cb40f1f4fe4a2971f76ae5a47ad', '111122223333/b99d40b351764f719a529dbd6f1cebef']);
    const others = await staged('ecs_events', [path]);
    expect(others.rejects).toEqual({});
    expect(counted(others.rows.map((row) => String(row['detail_type'])))).toEqual({
      'ECS Container Instance State Change': 1, 'ECS Service Action': 4, 'ECS Deployment State Change': 4,
    });
  });
});

function counted(values: readonly string[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const value of values) result[value] = (result[value] ?? 0) + 1;
  return result;
}
