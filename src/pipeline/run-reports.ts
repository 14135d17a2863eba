/**
 * The reports of a run.
 */
import { existsSync } from 'node:fs';
import type { ReportJob } from '../config/run.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { rfc3339 } from '../core/times.ts';
import type { Run, RunReport } from '../landing/run-log.ts';
import type { Writer } from '../store/writer.ts';
import { listReports, runReport } from './report.ts';
import { reportPeriod } from './run-period.ts';

/** @throws WhoranError (wrong use) where the configuration names a report that there is none of, or a format that it has not */
export async function checkReports(jobs: readonly ReportJob[]): Promise<void> {
  if (jobs.length === 0) return;
  const known = new Map((await listReports()).map((report) => [report.id, report]));
  const ids = [...known.keys()];
  const faults = jobs.flatMap(({ id, formats }, index) => {
    const report = known.get(id);
    const near = nearest(id, ids);
    if (!report) return [`run.reports.${index}.id: there is no report ${JSON.stringify(id)}; ${near === undefined ? `there are ${ids.join(', ')}` : `did you mean ${near}?`}`];
    const missing = (formats ?? []).filter((format) => !report.formats.includes(format));
    return missing.length === 0 ? [] : [`run.reports.${index}.formats: ${id} is made as ${report.formats.join(', ')}, not as ${missing.join(', ')}`];
  });
  if (faults.length > 0) throw new WhoranError(`the configuration has faults:\n  ${faults.join('\n  ')}`, { exitCode: EXIT.wrongUse, hint: 'Correct the file and try again; nothing was done.' });
}

/** A report as an earlier run wrote it: same period, same published state, all files still there. */
function writtenBefore(runs: readonly Run[], id: string, from: string, to: string, publication: number): RunReport | undefined {
  const reports = runs.flatMap(({ ended }) => ended?.reports ?? []);
  return reports.findLast((one) => one.report === id && one.from === from && one.to === to && one.publication === publication && one.files.every((file) => existsSync(file)));
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
  const { from, to } = reportPeriod(job.period, now);
  const before = writtenBefore(runs, job.id, rfc3339(from), rfc3339(to), publication);
  if (before) return { ...before, is_new: false };
  // The writer's copy is what was just published: a second instance would hold as much memory again.
  const reader = {
    db: writer.db,
    landing: { readMember: async (batchSeq: number, member: number) => Promise.resolve(writer.landing.unpackMember(batchSeq, member)) },
  };
  const result = await runReport(reader, job.id, { from, to, outDir: job.out, dataDir: writer.dataDir, now, version, progress, ...(job.formats ? { formats: job.formats } : {}) });
  return { report: result.id, from: result.from, to: result.to, publication, files: result.files.map(({ path }) => path), is_new: true };
}
