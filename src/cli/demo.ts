/**
 * `whoran demo`: a made-up company, and who ran its jobs.
 */
import type { Command } from 'commander';
import { inert } from '../core/inert.ts';
import type { Demo } from '../pipeline/demo.ts';
import { dataOption, type Context } from './context.ts';
import { progressOn } from './progress.ts';

const EXAMPLES = `
Nothing outside the folder is read or written, and no network is used. All names,
accounts and addresses are made up.

Examples:
  $ whoran demo
  $ whoran demo --out /tmp/demo`;

export function registerDemo(program: Command, context: Context): void {
  program
    .command('demo')
    .description('make a made-up company\'s logs, run the whole job on them, and show who ran three jobs')
    .option('--out <folder>', 'where to make it', './whoran-demo')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { readonly out: string }) => {
      const { runDemo } = await import('../pipeline/demo.ts');
      const progress = progressOn(context);
      try {
        const demo = await runDemo(options.out, new Date(), (step) => {
          progress.step(step);
        });
        progress.done();
        if (context.globals.json) context.json(demo);
        else context.lines(await demoLines(demo, context));
      } finally {
        progress.done();
      }
    });
}

async function demoLines(demo: Demo, context: Context): Promise<string[]> {
  const option = dataOption(demo.data);
  const page = { ...context.page, commandOptions: option };
  const [{ answerLines }, { coverageLines }, { findingsLines }] = await Promise.all([
    import('./print/answer.ts'),
    import('./print/coverage.ts'),
    import('./print/findings.ts'),
  ]);
  const { style } = page;
  const rule = style.dim('─'.repeat(Math.min(page.columns, 80)));
  const out = (path: string): string => inert(path, 300);
  const [html] = demo.report;
  const job = demo.jobs[0]?.answer;
  return [
    style.bold(`A made-up company: ${demo.records} records in ${demo.files} files, in ${out(demo.logs)}`),
    ...demo.jobs.flatMap(({ about, answer }, index) => ['', rule, style.dim(`Job ${index + 1} of ${demo.jobs.length}: ${about}`), '', ...answerLines(answer, page)]),
    '',
    rule,
    style.dim('Coverage'),
    '',
    ...coverageLines(demo.coverage, page),
    '',
    rule,
    style.dim('Findings'),
    '',
    ...findingsLines(demo.findings, page),
    '',
    rule,
    style.bold('The report'),
    ...(html ? [`  ${out(html.path)}`] : []),
    '',
    style.bold('Try next'),
    `  $ whoran ask ${job ? inert(job.asked, 200) : 'TASK'}${option}`,
    `  $ whoran coverage --list${option}`,
    `  $ whoran status${option}`,
    '  $ whoran ingest PATH    (your own logs, into ./whoran-data)',
  ];
}
