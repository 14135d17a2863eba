/**
 * Coverage as a person reads it: the share, its parts, the reasons, and each account and cluster.
 */
import type { Coverage, CoverageCounts } from '../../answers/coverage.ts';
import { inert } from '../../core/inert.ts';
import type { Page } from './answer.ts';
import { removedLines } from './removed.ts';
import { tableLines } from './table.ts';
import { wrapped } from './width.ts';

/** A share of the population in percent, one digit after the point; never rounded up to all, nor down to none. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '-';
  const exact = (100 * part) / whole;
  const rounded = exact.toFixed(1);
  if (part < whole && rounded === '100.0') return '>99.9 %';
  if (part > 0 && rounded === '0.0') return '<0.1 %';
  return `${rounded} %`;
}

function traced({ traced: { proved, asserted, inferred } }: CoverageCounts): number {
  return proved + asserted + inferred;
}

/** The lines of a coverage, each at most `columns` wide; rows only where the coverage lists them. */
export function coverageLines(coverage: Coverage, page: Page): string[] {
  const { population } = coverage;
  const period = `${coverage.from ?? 'the beginning'} to ${coverage.to ?? 'now'}`;
  const lead =
    population === 0
      ? 'No ECS action or task is landed in this period.'
      : `${percent(traced(coverage), population)} of ${population} ECS actions and tasks are traced to an identity.`;
  const parts: [string, number][] = [
    ['traced, proved', coverage.traced.proved],
    ['traced, asserted', coverage.traced.asserted],
    ['traced, inferred', coverage.traced.inferred],
    ['configured', coverage.configured],
    ['not traced', coverage.not_traced],
    ['not yet due', coverage.not_yet_due],
  ];
  const share = [{ title: '' }, { title: 'count', isNumber: true }, { title: 'share', isNumber: true }];
  return [
    ...wrapped(lead, page.columns).map((line) => page.style.bold(line)),
    '',
    ...tableLines(share, parts.map(([name, count]) => [name, String(count), percent(count, population)]), page),
    ...reasons(coverage, page),
    ...byCluster(coverage, page),
    ...rows(coverage, page),
    ...(coverage.removed ? ['', ...removedLines(coverage.removed).flatMap((line) => wrapped(line, page.columns)), ...wrapped('Calls and tasks in what was taken are not counted.', page.columns)] : []),
    '',
    ...wrapped(`${period}; as of ${coverage.as_of ?? 'nothing landed'}. Times are UTC. --list shows the rows behind every number.`, page.columns).map((line) => page.style.dim(line)),
  ];
}

function reasons(coverage: Coverage, page: Page): string[] {
  const counted = Object.entries(coverage.reasons).map(([reason, count]) => [inert(reason), String(count)]);
  if (counted.length === 0) return [];
  return ['', page.style.bold('Why not'), ...tableLines([{ title: 'reason' }, { title: 'count', isNumber: true }], counted, page)];
}

function byCluster(coverage: Coverage, page: Page): string[] {
  if (coverage.by.length === 0) return [];
  const columns = [
    { title: 'account', least: 12 },
    { title: 'cluster' },
    { title: 'all', isNumber: true },
    { title: 'traced', isNumber: true },
    { title: 'configured', isNumber: true },
    { title: 'not', isNumber: true },
    { title: 'not due', isNumber: true },
  ];
  const cells = coverage.by.map((part) => [
    inert(part.account_id),
    inert(part.cluster ?? '(none named)'),
    String(part.population),
    String(traced(part)),
    String(part.configured),
    String(part.not_traced),
    String(part.not_yet_due),
  ]);
  return ['', page.style.bold('By account and cluster'), ...tableLines(columns, cells, page)];
}

function outcome({ outcome: came, confidence, reason }: NonNullable<Coverage['rows']>[number]): string {
  if (came === 'traced') return `traced, ${confidence}`;
  return came === 'configured' ? 'configured' : (reason ?? came);
}

function rows(coverage: Coverage, page: Page): string[] {
  if (!coverage.rows) return [];
  // Ids stay whole, so that they can be asked for: the outcome is left out where the reason says it.
  const columns = [{ title: 'at', least: 20 }, { title: 'call or task', least: 36 }, { title: 'outcome' }];
  const cells = coverage.rows.map((row) => [row.at, inert(row.id.slice(row.id.lastIndexOf('/') + 1)), outcome(row)]);
  return ['', page.style.bold('Rows'), ...tableLines(columns, cells, page)];
}
