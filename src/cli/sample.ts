/**
 * `whoran sample`: draws a reproducible sample from a bundle, with a dossier for each item.
 */
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { SampleResult } from '../pipeline/sample.ts';
import type { Context } from './context.ts';
import { progressOn } from './progress.ts';
import { publicKeyOption } from './public-key.ts';

interface Options {
  readonly size: string;
  readonly seed: string;
  readonly out: string;
  readonly table?: string;
  readonly key?: string;
}

const EXAMPLES = `
Needs the bundle alone: whoever audits draws the sample, with a seed of their own. The bundle
is verified first, and nothing is drawn from an altered one. Into the folder go a list of the
items (index.html), a sheet with room for results (sample.csv), and a dossier an item: its row,
its chain, and every delivered record with its hash and its place in landing.

The items are the positions (1, 2, 3 … in the table's order) with the least SHA-256 of seed,
line feed and position. The same bundle, table, size and seed draw the same items.

Examples:
  $ whoran sample ./january.bundle.zip --size 25 --seed 'FY26 audit, 4711' --out ./sample --key signer.pub
  $ whoran sample ./january.bundle --size 40 --seed 1 --out ./findings --table rpt_traceability_findings`;

/** More items than that are no sample for a person. */
const MOST = 10_000;

export function registerSample(program: Command, context: Context): void {
  program
    .command('sample')
    .description('draw a reproducible sample from an evidence bundle, with a dossier for each item')
    .argument('<bundle>', 'the bundle’s folder, or its zip')
    .requiredOption('--size <count>', 'how many items')
    .requiredOption('--seed <text>', 'any text; the same one draws the same items')
    .requiredOption('--out <folder>', 'where to write it; it must not be there yet')
    .option('--table <id>', 'which table is the population (the report’s rows)')
    .option('--key <file>', 'the signer’s public key (PEM), had from elsewhere')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, { size, seed, out, table, key }: Options) => {
      const request = { path, size: countOf(size), seed: seedOf(seed), outDir: out, key: await publicKeyOption(key), ...(table === undefined ? {} : { table }) };
      const { drawSample } = await import('../pipeline/sample.ts');
      const progress = progressOn(context);
      try {
        const result = await drawSample({ ...request, progress: (step) => { progress.step(step); } });
        progress.done();
        if (context.globals.json) context.json(result);
        else context.lines(linesOf(result, request.size));
      } finally {
        progress.done();
      }
    });
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^\d{1,6}$/.test(text) && count >= 1 && count <= MOST) return count;
  throw new WhoranError(`--size: ${JSON.stringify(text.slice(0, 20))} is no count of items`, { exitCode: EXIT.wrongUse, hint: `Give a whole number from 1 to ${MOST}.` });
}

function seedOf(text: string): string {
  if (text.trim() !== '' && text.length <= 200) return text;
  throw new WhoranError('--seed: expected a text of 1 to 200 characters', { exitCode: EXIT.wrongUse, hint: 'Choose any text and write it into the working papers: it draws the same items again.' });
}

function linesOf({ size, population, table, path, seed, is_named_key: isNamed, missing_records: missing, key_id: keyId }: SampleResult, asked: number): string[] {
  return [
    `${size} of ${population} rows of ${inert(table)} drawn with seed ${JSON.stringify(inert(seed))}: ${inert(path, 300)}`,
    ...(asked > size ? [`The population has no more: all of it was drawn, of ${asked} asked for.`] : []),
    ...(missing > 0 ? [`${missing} records that these rows name are not in the bundle; the dossiers say which.`] : []),
    isNamed ? `The bundle is intact, and signed by the key that you named.` : `The bundle is intact, and signed by key ${keyId}. It was compared with no key: give the signer’s with --key.`,
    '',
    `  ${inert(path, 300)}/index.html   the items, each with its dossier`,
    `  ${inert(path, 300)}/sample.csv   a sheet with room for results`,
  ];
}
