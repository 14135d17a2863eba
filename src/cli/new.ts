/**
 * `whoran new detection ID`: a place to begin.
 */
import { relative } from 'node:path';
import type { Command } from 'commander';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';

const EXAMPLES = `
Writes queries/detections/AREA/ID.sql and ID.cases.yml into the checkout that this
program was built from: a small detection that works, with its cases. Lines marked FILL IN
are what only you know; nothing runs while one is left.

Examples:
  $ whoran new detection break_glass_role_used --area sessions
  $ whoran detections test break_glass_role_used`;

export function registerNew(program: Command, context: Context): void {
  program
    .command('new')
    .description('begin a new detection')
    .command('detection')
    .description("write a new detection's query and cases, to fill in")
    .argument('<id>', 'what it is called: lower-case words joined by underscores')
    .requiredOption('--area <area>', 'the folder for what it watches: ecs, identities, sessions, tasks or watch')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, { area }: { area: string }) => {
      const { newDetection } = await import('../pipeline/new-detection.ts');
      const made = await newDetection(id, area);
      if (context.globals.json) {
        context.json(made);
        return;
      }
      context.lines([
        ...made.files.map((file) => `Wrote ${inert(relative(process.cwd(), file) || file, 500)}`),
        ...(made.is_new_area ? [`No detection was in the area ${made.area} before.`] : []),
        '',
        'Next: fill in the lines marked FILL IN, put your condition in place of the template\'s, and run',
        `  whoran detections test ${made.id}`,
      ]);
    });
}
