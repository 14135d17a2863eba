/**
 * What doctor found, as a person reads it: one line a check, with what to do under it.
 */
import { inert } from '../../core/inert.ts';
import type { DoctorArea, DoctorCheck } from '../../pipeline/doctor-checks.ts';
import type { Doctor } from '../../pipeline/doctor.ts';
import type { ExactWay } from '../../pipeline/doctor-landed.ts';
import type { Page } from './answer.ts';
import type { Style } from './style.ts';
import { tableLines } from './table.ts';
import { wrapped } from './width.ts';

const TITLES: Readonly<Record<Exclude<DoctorArea, 'source'>, string>> = { channel: 'Alerts', configuration: 'Configuration', data: 'Data folder', clock: 'Clock', landed: 'What is landed' };
const WORDS: Readonly<Record<DoctorCheck['outcome'], string>> = { ok: 'ok', warning: 'warning', missing: 'missing', failed: 'failed', not_tried: 'not tried' };
/** As wide as the longest word, and a gap. */
const MARGIN = 13;

const WAYS: Readonly<Record<string, string>> = {
  tag_oid: 'tag with the object id', tag_uti: 'tag with the token id', tag_correlation_id: 'tag with the correlation id',
  source_identity: 'source identity set by Entra', saml_subject: 'SAML subject', workload_subject: 'subject is the object id (workloads)',
  registry: 'identity registry', session_name_oid_uti: 'session name {oid}.{uti}', session_name_oid: 'session name {oid}',
  session_name_upn: 'session name {upn}', unsigned_source_identity: 'source identity on a plain AssumeRole',
};

/** The lines of a doctor's report. */
export function doctorLines(doctor: Doctor, page: Page): string[] {
  const { style } = page;
  const groups = new Map<string, DoctorCheck[]>();
  for (const check of doctor.checks) {
    const title = check.area === 'source' ? `Source ${inert(check.source ?? '')}` : check.area === 'channel' && check.source !== null ? `Channel ${inert(check.source)}` : TITLES[check.area];
    groups.set(title, [...(groups.get(title) ?? []), check]);
  }
  const body = [...groups].flatMap(([title, checks]) => [style.bold(title), ...checks.flatMap((check) => checkLines(check, page)), '']);
  return [...body, ...wayLines(doctor.exact_join, page), summary(doctor, style)];
}

function checkLines({ outcome, what, found, fix }: DoctorCheck, { style, columns }: Page): string[] {
  const colour = { ok: style.good, warning: style.fair, missing: style.poor, failed: style.poor, not_tried: style.dim }[outcome];
  const text = wrapped(`${inert(what, 300)}: ${inert(found, 600)}`, columns - MARGIN, { isWhole: true });
  const advice = fix === null ? [] : wrapped(inert(fix, 600), columns - MARGIN - 2, { isWhole: true });
  const indent = ' '.repeat(MARGIN);
  return [
    ...text.map((line, index) => (index === 0 ? `  ${colour(WORDS[outcome])}${' '.repeat(MARGIN - 2 - WORDS[outcome].length)}${line}` : `${indent}${line}`)),
    ...advice.map((line, index) => `${indent}${index === 0 ? '→ ' : '  '}${line}`),
  ];
}

function wayLines(ways: readonly ExactWay[], page: Page): string[] {
  const used = ways.filter(({ sessions }) => sessions > 0);
  if (used.length === 0) return [];
  const columns = [{ title: 'way', least: 24 }, { title: 'sessions', isNumber: true }, { title: 'settled', isNumber: true }, { title: 'last seen', least: 20 }];
  return [
    page.style.bold(`What makes the join exact, of ${ways[0]?.of_sessions ?? 0} sessions of Entra tokens (docs/exact-join.md)`),
    ...tableLines(columns, used.map((way) => [WAYS[way.way] ?? way.way, String(way.sessions), String(way.settled), way.last_seen_at ?? '']), page),
    '',
  ];
}

function summary({ fit, counts }: Doctor, style: Style): string {
  const parts = [[counts.missing, 'missing'], [counts.failed, 'failed'], [counts.warning, counts.warning === 1 ? 'warning' : 'warnings'], [counts.not_tried, 'not tried'], [counts.ok, 'ok']] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return fit ? style.good(`Fit: ${said.join(', ')}.`) : style.poor(`Not fit: ${said.join(', ')}.`);
}
