/**
 * The reports of a run.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ReportJob } from '../config/run.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { nearest } from '../core/nearest.ts';
import { reportParameters, type ReportParameters } from '../core/report-parameters.ts';
import { rfc3339 } from '../core/times.ts';
import type { Run, RunReport } from '../landing/run-log.ts';
import { parametersTag } from '../render/parameters-tag.ts';
import type { Writer } from '../store/writer.ts';
import { listReports, runReport } from './report.ts';
import { reportPeriod } from './run-period.ts';

/**
 * @param teams those of the configuration
 * @throws WhoranError (wrong use) where the configuration names a report or team that there is none of, or a format that the report has not
 */
export async function checkReports(jobs: readonly ReportJob[], teams: readonly string[]): Promise<void> {
  if (jobs.length === 0) return;
  const known = new Map((await listReports()).map((report) => [report.id, report]));
  const ids = [...known.keys()];
  const faults = jobs.flatMap(({ id, formats, teams: named }, index) => {
    const report = known.get(id);
    const near = nearest(id, ids);
    if (!report) return [`run.reports.${index}.id: there is no report ${JSON.stringify(id)}; ${near === undefined ? `there are ${ids.join(', ')}` : `did you mean ${near}?`}`];
    const missing = (formats ?? []).filter((format) => !report.formats.includes(format));
    const strange = named.filter((team) => !teams.includes(team)).map((team) => `run.reports.${index}.teams: there is no team ${inert(JSON.stringify(team), 80)} in alerts.teams (${teams.map((one) => inert(one, 80)).join(', ') || 'there is none'})`);
    return [...(missing.length === 0 ? [] : [`run.reports.${index}.formats: ${id} is made as ${report.formats.join(', ')}, not as ${missing.join(', ')}`]), ...strange];
  });
  if (faults.length > 0) throw new WhoranError(`the configuration has faults:\n  ${faults.join('\n  ')}`, { exitCode: EXIT.wrongUse, hint: 'Correct the file and try again; nothing was done.' });
}

/** A report as an earlier run wrote it: same period, same parameters, same published state, all files still there. */
function writtenBefore(runs: readonly Run[], id: string, { from, to, parameters }: Pick<RunReport, 'from' | 'to' | 'parameters'>, publication: number): RunReport | undefined {
  const reports = runs.flatMap(({ ended }) => ended?.reports ?? []);
  return reports.findLast((one) => one.report === id && one.from === from && one.to === to && one.parameters === parameters && one.publication === publication && one.files.every((file) => existsSync(file)));
}

/**
 * Writes one report out of what is published; not again where an earlier run wrote it from the same publication.
 * @param runs the runs before
 * @param publication the one that the writer's database stands at
 */
export async function writeReport(
  writer: Writer,
  job: ReportJob,
  { now, runs, publication, version, progress }: { now: Date; runs: readonly Run[]; publication: number; version: string; progress: (step: string) => void },
): Promise<RunReport> {
  const { from, to } = reportPeriod(job.period, now, job.time_zone);
  const parameters = jobParameters(job);
  const tag = parametersTag(parameters);
  const before = writtenBefore(runs, job.id, { from: rfc3339(from), to: rfc3339(to), ...(tag === '' ? {} : { parameters: tag }) }, publication);
  if (before) return { ...before, is_new: false };
  // The writer's copy is what was just published: a second instance would hold as much memory again.
  const reader = {
    db: writer.db,
    landing: { readMember: async (batchSeq: number, member: number) => Promise.resolve(writer.landing.unpackMember(batchSeq, member)) },
  };
  const result = await runReport(reader, job.id, { from, to, parameters, outDir: job.out, dataDir: writer.dataDir, now, version, progress, ...(job.formats ? { formats: job.formats } : {}) });
  return {
    report: result.id, from: result.from, to: result.to, ...(tag === '' ? {} : { parameters: tag }), publication, files: result.files.map(({ path }) => path),
    written: result.files.map(({ path, sha256 }) => ({ path: resolve(path), sha256 })), is_new: true,
  };
}

function jobParameters({ accounts, teams, time_zone: timeZone }: ReportJob): ReportParameters {
  return reportParameters({ timeZone, accounts, teams });
}
