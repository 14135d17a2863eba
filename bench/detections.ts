/**
 * `node dist/bench/detections.js [worlds [events]] [--json]`: how good the detections are.
 *
 * On worlds of stories, whose truth says what must be found: precision and recall per detection, when everything arrives, out of order and
 * twice, and with losses; with people who lie in every field that a caller chooses. Under losses, what fires because a record is
 * missing counts as wrong, and what can't be seen any more as missed: `whole` is the recall of those stories of which nothing was lost.
 *
 * In a quiet world of `events` CloudTrail events (default 1,000,000; 0 leaves it out), where nothing is an attack: findings and alerts per
 * detection, per day, and per 100,000 events.
 */
import type { DeliverOptions } from '../fixtures/world/index.ts';
import { addTallies, detectionsOnWorld, precisionOf, shareOf, type DetectionTally } from './detections-on-world.ts';
import { quietWorld, type QuietWorld } from './living-alerts.ts';

/** The deliveries of a world, each with people who lie and without. */
const DELIVERIES: readonly (readonly [name: string, options: Partial<DeliverOptions>])[] = [
  ['whole', {}],
  ['any order, twice, every form', { forms: 'all', reorder: true, duplicate: 0.3, lag: 15 }],
  ['10 % lost', { loss: 0.1 }],
];

interface Measured {
  readonly delivery: string;
  readonly liars: boolean;
  readonly tallies: ReadonlyMap<string, DetectionTally>;
}

/** How many messages of one detection are shown. */
const EXAMPLES = 5;

const isJson = process.argv.includes('--json');
const [worlds = 2, events = 1_000_000] = process.argv.slice(2).filter((argument) => argument !== '--json').map(Number);
const tell = (line: string): void => { process.stderr.write(`${line}\n`); };

async function onStories(): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const liars of [false, true]) {
    for (const [delivery, options] of DELIVERIES) {
      const tallies = new Map<string, DetectionTally>();
      for (let seed = 1; seed <= worlds; seed += 1) {
        const quality = await detectionsOnWorld({ seed, liars, delivery: { ...options, seed } });
        addTallies(tallies, quality.tallies);
        if (options.loss !== undefined) continue;
        for (const { detection, subject, story } of quality.missed) tell(`missed in world ${seed}, ${delivery}: ${detection} of ${subject.kind} ${subject.id} (${story})`);
        for (const { detection, subject_kind: kind, subject_id: id } of quality.unexpected) tell(`wrong in world ${seed}, ${delivery}: ${detection} of ${kind} ${id}`);
      }
      measured.push({ delivery, liars, tallies });
      tell(`measured: ${delivery}, ${liars ? 'with' : 'without'} liars`);
    }
  }
  return measured;
}

function storyTable(measured: readonly Measured[]): string[] {
  const lines: string[] = [];
  for (const { delivery, liars, tallies } of measured) {
    lines.push('', `${delivery}; ${liars ? 'with' : 'without'} liars; ${worlds} world(s)`, `  ${'detection'.padEnd(42)} ${'precision'.padEnd(18)} ${'recall'.padEnd(18)} recall, whole stories`);
    for (const [id, tally] of [...tallies].sort(([a], [b]) => a.localeCompare(b))) {
      lines.push(`  ${id.padEnd(42)} ${precisionOf(tally).padEnd(18)} ${shareOf(tally.hit, tally.due).padEnd(18)} ${shareOf(tally.hit_whole, tally.due_whole)}`);
    }
  }
  return lines;
}

const per = (count: number, of: number): number => Number(((count / of) * 100_000).toFixed(2));

function quietTable({ written, detections, alertsOfDay, said, rejected, seconds, peak_rss_mib: peak }: QuietWorld): string[] {
  const days = alertsOfDay.size;
  const total = [...detections.values()].reduce((sum, { alerts }) => sum + alerts, 0);
  return [
    '', `quiet world, seed ${written.seed}: ${written.events} CloudTrail events in ${days} days, ${written.counts['sign-ins'] ?? 0} sign-ins, ${written.counts['ecs events'] ?? 0} ECS events; ${written.late} records late, ${rejected} rejected; a run every ${written.periodHours} hours`,
    `  ${'detection'.padEnd(42)} ${['findings', 'waiting', 'excepted', 'told', 'alerts', 'a day', 'per 100,000'].map((title) => title.padStart(11)).join(' ')}`,
    ...[...detections].sort(([a], [b]) => a.localeCompare(b)).map(([id, { findings, provisional, suppressed, told, alerts }]) =>
      `  ${id.padEnd(42)} ${[findings, provisional, suppressed, told, alerts, Number((alerts / days).toFixed(2)), per(alerts, written.events)].map((figure) => String(figure).padStart(11)).join(' ')}`),
    `  alerts in all: ${total}, ${(total / days).toFixed(2)} a day, ${per(total, written.events)} per 100,000 events (target: below 1)`,
    `  by day: ${[...alertsOfDay].map(([day, count]) => `${day} ${count}`).join(', ')}`,
    `  seconds: ${Object.entries(seconds).map(([phase, taken]) => `${phase} ${taken.toFixed(0)}`).join(', ')}; at most ${peak} MiB`,
    ...examples(said),
  ];
}

/** Some of the messages of each detection. */
function examples(said: QuietWorld['said']): string[] {
  const shown = new Map<string, number>();
  return said.filter(({ detection }) => {
    const count = (shown.get(detection) ?? 0) + 1;
    shown.set(detection, count);
    return count <= EXAMPLES;
  }).map(({ day, detection, summary }) => `  told on ${day}: ${detection}: ${summary}`);
}

const stories = worlds > 0 ? await onStories() : [];
const quiet = events > 0 ? await quietWorld(events, 1, tell) : null;
if (isJson) {
  process.stdout.write(`${JSON.stringify({
    bench: 'detections', worlds,
    stories: stories.map(({ delivery, liars, tallies }) => ({ delivery, liars, detections: Object.fromEntries(tallies) })),
    quiet: quiet && {
      seed: quiet.written.seed, events: quiet.written.events, days: quiet.alertsOfDay.size, late: quiet.written.late, rejected: quiet.rejected, life: quiet.written.counts, detections: Object.fromEntries(quiet.detections),
      alerts_of_day: Object.fromEntries(quiet.alertsOfDay), said: quiet.said, seconds: quiet.seconds, peak_rss_mib: quiet.peak_rss_mib,
    },
  })}\n`);
} else {
  process.stdout.write([...storyTable(stories), ...(quiet ? quietTable(quiet) : []), ''].join('\n'));
}
