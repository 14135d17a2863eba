/**
 * `node dist/bench/accuracy.js [seeds] [--json]`: how often attribution is right, per method and confidence and per sign-in grade, over
 * generated worlds with known truth, delivered whole, out of order, twice, late, and with losses; with people who lie in
 * every field that a caller chooses and without.
 *
 * Recall: of the sessions and tasks that a whole delivery names rightly, how many this one still does. With `--json`, one JSON
 * object of sums instead of the tables: precision by confidence, recall over the deliveries that lose nothing.
 */
import type { DeliverOptions } from '../fixtures/world/index.ts';
import type { Tally } from './accuracy-figures.ts';
import { measured } from './accuracy-world.ts';

const DELIVERIES: readonly (readonly [name: string, options: Partial<DeliverOptions>])[] = [
  ['whole', {}],
  ['reordered, 30 % twice, late, in 3 batches', { reorder: true, duplicate: 0.3, batches: 3, lag: 15 }],
  ['as above, in every form', { forms: 'all', reorder: true, duplicate: 0.3, batches: 3, lag: 15 }],
  ['10 % lost, but for records whose loss misleads', { loss: 0.1, spareLossSensitive: true }],
  ['10 % lost, any', { loss: 0.1 }],
];

function add(sums: Map<string, Tally>, tallies: Map<string, Tally>): void {
  for (const [key, { said, right }] of tallies) {
    const sum = sums.get(key) ?? { said: 0, right: 0 };
    sums.set(key, { said: sum.said + said, right: sum.right + right });
  }
}

function table(title: string, sums: Map<string, Tally>): string[] {
  const rows = [...sums].sort(([a], [b]) => a.localeCompare(b));
  return [title, ...rows.map(([key, { said, right }]) => `  ${key.padEnd(34)} ${(right / said).toFixed(3)}  ${right} of ${said}`)];
}

const isJson = process.argv.includes('--json');
const seeds = Number(process.argv.slice(2).find((argument) => argument !== '--json') ?? 3);
const out = (line: string): void => {
  if (!isJson) process.stdout.write(`${line}\n`);
};
const sums = { proved_said: 0, proved_right: 0, asserted_said: 0, asserted_right: 0, asserted_with_liars_said: 0, asserted_with_liars_right: 0, recall_of: 0, recalled: 0 };

/** Adds one kind of delivery to the sums. */
function sumUp(liars: boolean, delivery: Partial<DeliverOptions>, methods: Map<string, Tally>, recall: { of: number; still: number }): void {
  for (const [method, { said, right }] of methods) {
    const grade = method.split(' ')[0];
    if (grade === 'proved') {
      sums.proved_said += said;
      sums.proved_right += right;
    } else if (grade === 'asserted' && liars) {
      sums.asserted_with_liars_said += said;
      sums.asserted_with_liars_right += right;
    } else if (grade === 'asserted') {
      sums.asserted_said += said;
      sums.asserted_right += right;
    }
  }
  if (delivery.loss !== undefined) return;
  sums.recall_of += recall.of;
  sums.recalled += recall.still;
}

for (const liars of [false, true]) {
  const whole = new Map<number, ReadonlySet<string>>();
  for (const [name, delivery] of DELIVERIES) {
    const methods = new Map<string, Tally>();
    const grades = new Map<string, Tally>();
    const wrong: string[] = [];
    const recall = { of: 0, still: 0 };
    for (let seed = 1; seed <= seeds; seed++) {
      const accuracy = await measured({ seed, liars, delivery });
      if (name === 'whole') whole.set(seed, accuracy.right);
      add(methods, accuracy.methods);
      add(grades, accuracy.grades);
      wrong.push(...accuracy.wrong.map((line) => `seed ${seed}, ${line}`));
      for (const id of whole.get(seed) ?? []) {
        recall.of += 1;
        if (accuracy.right.has(id)) recall.still += 1;
      }
    }
    sumUp(liars, delivery, methods, recall);
    out(`\n== ${name}; ${liars ? 'with' : 'without'} liars; ${seeds} world(s)`);
    for (const line of table('precision of who and how, by confidence and method', methods)) out(line);
    for (const line of table('precision of the sign-in, by grade', grades)) out(line);
    out(`recall ${(recall.still / recall.of).toFixed(3)}  ${recall.still} of ${recall.of}`);
    for (const line of wrong) out(`  wrong: ${line}`);
  }
}
if (isJson) process.stdout.write(`${JSON.stringify({ bench: 'accuracy', worlds: seeds, deliveries: DELIVERIES.length, ...sums })}\n`);
