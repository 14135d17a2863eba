/**
 * What each benchmark's figures mean: rows of the table, with the targets that they are held to.
 */

/** What a benchmark printed. */
export type Figures = Readonly<Record<string, number | string>>;

/** A row of the table, as text; empty where it doesn't apply. */
export interface Row {
  readonly bench: string;
  readonly size: string;
  readonly figure: string;
  readonly baseline: string;
  readonly ratio: string;
  readonly target: string;
  /** Null where no target is set. */
  readonly met: boolean | null;
}

export const COLUMNS = ['bench', 'size', 'figure', 'baseline', 'ratio', 'target', 'met'] as const;

/** DuckDB's own time over ours. */
const INGEST_RATIO = 0.75;
const CORRELATE_EVENTS_PER_SECOND = 400_000;
const CORRELATE_PEAK_MIB = 1.2 * 1024;
/** Time and memory may grow a little faster than events before growth counts as more than linear. */
const LINEAR_EXPONENT = 1.05;
const ONE_DAY_SECONDS = 3;
const ONE_DAY_GROWTH = 1.1;
/** The allocator's own growth is not a leak. */
const FLAT_MEMORY = 1.15;
const ALERT_SECONDS = 60;
const ASK_WARM_MS = 100;
const ASK_PROCESS_MS = 700;
const VERIFY_SECONDS = 30;
const BUNDLE_PEAK_MIB = 1024;

function count(value: number): string {
  return value >= 1_000_000 ? `${Number((value / 1_000_000).toFixed(1))}M` : value.toLocaleString('en-US');
}

/** A figure that a benchmark has to have printed. */
function of(figures: Figures, name: string): number {
  const value = figures[name];
  if (typeof value !== 'number') throw new Error(`${figures['bench'] ?? 'a benchmark'} printed no ${name}`);
  return value;
}

export function ingestRows(runs: readonly Figures[]): Row[] {
  return runs.map((run) => ({
    bench: String(run['bench']), size: count(of(run, 'events')),
    figure: `${count(of(run, 'events_per_second'))} events/s, ${of(run, 'seconds')} s; CPU ${of(run, 'cpu_seconds')} s`,
    baseline: `bare read_json ${of(run, 'baseline_seconds')} s; CPU ${of(run, 'baseline_cpu_seconds')} s`,
    ratio: `${of(run, 'ratio')}; CPU ${of(run, 'cpu_ratio')}`, target: `≥ ${INGEST_RATIO}`, met: of(run, 'ratio') >= INGEST_RATIO,
  }));
}

/** A week's first pull: memory of its second half over that of its first says whether it is flat. */
export function sourceRows(runs: readonly Figures[]): Row[] {
  return runs.map((run) => {
    const growth = of(run, 'rss_mib_second_half') / of(run, 'rss_mib_first_half');
    return {
      bench: String(run['source']), size: count(of(run, 'records')),
      figure: `${count(of(run, 'records_per_second'))} records/s; ${of(run, 'requests')} requests (least ${of(run, 'least_requests')}); ${of(run, 'rss_mib_second_half')} MiB`,
      baseline: `same requests, bare: ${of(run, 'bare_seconds')} s of ${of(run, 'seconds')} s`, ratio: `${of(run, 'ratio')}; memory ${growth.toFixed(2)}`,
      target: `memory ≤ ${FLAT_MEMORY}`, met: growth <= FLAT_MEMORY,
    };
  });
}

export function correlateRows(runs: readonly Figures[]): Row[] {
  const rows: Row[] = runs.flatMap((run) => [
    {
      bench: 'correlate all', size: count(of(run, 'events')), figure: `${count(of(run, 'events_per_second'))} events/s, ${of(run, 'seconds')} s; CPU ${of(run, 'cpu_seconds')} s`,
      baseline: `group by caller ${of(run, 'bare_seconds')} s`, ratio: String(of(run, 'ratio_to_bare')),
      target: `≥ ${count(CORRELATE_EVENTS_PER_SECOND)} events/s`, met: of(run, 'events_per_second') >= CORRELATE_EVENTS_PER_SECOND,
    },
    {
      bench: 'correlate all, memory', size: count(of(run, 'events')), figure: `${of(run, 'peak_rss_mib')} MiB`, baseline: '', ratio: '',
      target: '< 1.2 GiB', met: of(run, 'peak_rss_mib') < CORRELATE_PEAK_MIB,
    },
  ]);
  const [first, last] = [runs[0], runs.at(-1)];
  if (!first || !last || first === last) return rows;
  const exponent = (name: string): number => Math.log(of(last, name) / of(first, name)) / Math.log(of(last, 'events') / of(first, 'events'));
  const [time, memory] = [exponent('seconds'), exponent('peak_rss_mib')];
  rows.push({
    bench: 'correlate all, growth', size: `${count(of(first, 'events'))} to ${count(of(last, 'events'))}`,
    figure: `exponent of time ${time.toFixed(2)}, of memory ${memory.toFixed(2)}`, baseline: '', ratio: '',
    target: 'linear', met: time <= LINEAR_EXPONENT && memory <= LINEAR_EXPONENT,
  });
  return rows;
}

export function oneMoreDayRows([run]: readonly Figures[]): Row[] {
  if (!run) return [];
  return [
    {
      bench: 'one more day', size: `${count(of(run, 'events'))} on ${count(of(run, 'stored_events'))}`,
      figure: `${of(run, 'seconds')} s (${['open', 'ingest', 'correlate', 'detect', 'publish'].map((phase) => `${phase} ${of(run, `${phase}_seconds`)}`).join(', ')})`,
      baseline: '', ratio: '', target: `≤ ${ONE_DAY_SECONDS} s`, met: of(run, 'seconds') <= ONE_DAY_SECONDS,
    },
    {
      bench: 'one more day, growth', size: `${count(of(run, 'first_stored_events'))} to ${count(of(run, 'stored_events'))}`,
      figure: `${of(run, 'seconds')} s`, baseline: `${of(run, 'first_seconds')} s`, ratio: `× ${of(run, 'growth')}`,
      target: 'does not grow', met: of(run, 'growth') <= ONE_DAY_GROWTH,
    },
  ];
}

/** From delivery to the receiver, while the daemon keeps up with a feed. */
export function alertRows([run]: readonly Figures[]): Row[] {
  if (!run) return [];
  return [
    {
      bench: 'delivered to alert', size: `${count(of(run, 'events'))} at ${count(of(run, 'events_per_second'))}/s`,
      figure: `p50 ${of(run, 'p50_seconds')} s, p95 ${of(run, 'p95_seconds')} s, most ${of(run, 'max_seconds')} s; ${of(run, 'told')} of ${of(run, 'planted')} told; runs of ${of(run, 'run_p50_seconds')} s, at most ${of(run, 'run_max_seconds')} s`,
      baseline: '', ratio: '', target: `p95 ≤ ${ALERT_SECONDS} s`, met: of(run, 'p95_seconds') <= ALERT_SECONDS && of(run, 'told') === of(run, 'planted'),
    },
  ];
}

export function askRows([run]: readonly Figures[]): Row[] {
  if (!run) return [];
  return (['warm', 'process'] as const).map((way) => {
    const figures = ['task', 'call', 'key', 'person', 'address'].map((kind) => ({ kind, ms: of(run, `${kind}_${way}_p95_ms`) }));
    const most = way === 'warm' ? ASK_WARM_MS : ASK_PROCESS_MS;
    return {
      bench: way === 'warm' ? 'ask, warm' : 'ask, whole process', size: count(of(run, 'events')),
      figure: `p95 in ms: ${figures.map(({ kind, ms }) => `${kind} ${ms}`).join(', ')}`, baseline: '', ratio: '',
      target: `≤ ${most} ms`, met: figures.every(({ ms }) => ms <= most),
    };
  });
}

/** A long report and its bundle: time over that of its baseline, and the peak of each step's own process. */
export function bundleRows([run]: readonly Figures[]): Row[] {
  if (!run) return [];
  const seconds = (name: string): string => `${of(run, `${name}_seconds`)} s; CPU ${of(run, `${name}_cpu_seconds`)} s; ${count(of(run, `${name}_peak_mib`))} MiB`;
  const rows = (step: string, title: string, base: string, baseline: string, mostSeconds?: number): Row => ({
    bench: title, size: `${count(of(run, 'rows'))} rows`, figure: seconds(step), baseline: `${baseline} ${of(run, `${base}_seconds`)} s; CPU ${of(run, `${base}_cpu_seconds`)} s`,
    ratio: `× ${(of(run, `${step}_seconds`) / of(run, `${base}_seconds`)).toFixed(1)}; CPU × ${(of(run, `${step}_cpu_seconds`) / of(run, `${base}_cpu_seconds`)).toFixed(1)}`,
    target: `${mostSeconds === undefined ? '' : `≤ ${mostSeconds} s, `}≤ 1 GiB`,
    met: of(run, `${step}_peak_mib`) <= BUNDLE_PEAK_MIB && (mostSeconds === undefined || of(run, `${step}_seconds`) <= mostSeconds),
  });
  return [
    ...['csv', 'json', 'xlsx'].map((format) => rows(format, `report as ${format}`, 'bare_csv', 'the engine’s own CSV')),
    rows('build', `bundle, built: ${(of(run, 'bytes') / 1e9).toFixed(1)} GB, ${count(of(run, 'records'))} records`, 'bare_csv', 'the engine’s own CSV'),
    rows('verify', `bundle, verified: ${count(of(run, 'mentions'))} mentions`, 'bare_hash', 'reading and hashing', VERIFY_SECONDS),
    rows('verify_zip', 'bundle, unzipped and verified', 'bare_hash', 'reading and hashing'),
    rows('replay', 'bundle, verified and replayed', 'bare_csv', 'the engine’s own CSV'),
  ];
}

export function accuracyRows([run]: readonly Figures[]): Row[] {
  if (!run) return [];
  const precision = (name: string): string => `${of(run, `${name}_right`)} of ${of(run, `${name}_said`)}`;
  return [
    {
      bench: 'accuracy, proved', size: `${of(run, 'worlds')} worlds, ${of(run, 'deliveries')} deliveries`, figure: `right ${precision('proved')}, liars among them`,
      baseline: '', ratio: '', target: 'all', met: of(run, 'proved_right') === of(run, 'proved_said'),
    },
    {
      bench: 'accuracy, asserted', size: 'without liars', figure: `right ${precision('asserted')}; with liars ${precision('asserted_with_liars')}`,
      baseline: '', ratio: '', target: 'all without liars', met: of(run, 'asserted_right') === of(run, 'asserted_said'),
    },
    {
      bench: 'accuracy, recall', size: 'nothing lost', figure: `${of(run, 'recalled')} of ${of(run, 'recall_of')}`,
      baseline: '', ratio: '', target: 'all', met: of(run, 'recalled') === of(run, 'recall_of'),
    },
  ];
}
