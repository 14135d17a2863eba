/**
 * `whoran identities`: the registry of who is behind a token's subject.
 */
import type { Command } from 'commander';
import { inert } from '../core/inert.ts';
import { registerEnrol } from './enrol.ts';
import type { Context } from './context.ts';
import { withReader } from './data.ts';

const IMPORT_EXAMPLES = `
FILE is CSV or JSON with issuer, audience, subject, tenant_id, object_id, and
optionally name and kind (person, workload or agent). A later import replaces
earlier entries of the same issuer, audience and subject.

Example:
  $ whoran identities import registry.csv`;

const UNMAPPED_EXAMPLES = `
Examples:
  $ whoran identities unmapped
  $ whoran identities unmapped --json`;

/** What to do about unmapped subjects, the best first. */
const NEXT = [
  'Next, the most active first:',
  '  whoran identities enrol --id-token-file FILE   by the person\'s own ID token',
  '  whoran identities import FILE    from a list (--json has whole subjects)',
  '  docs/exact-join.md               by tags, so that nobody has to be listed',
];

export function registerIdentities(program: Command, context: Context): void {
  const identities = program.command('identities').description('map the subjects of tokens to identities');
  identities
    .command('import')
    .description('land a registry file, and bring all answers up to date')
    .argument('<file>', 'CSV or JSON')
    .addHelpText('after', IMPORT_EXAMPLES)
    .action(async (file: string) => {
      const { runIngest } = await import('./ingest.ts');
      await runIngest(context, [file], { registry: true });
    });
  identities
    .command('unmapped')
    .description('list the subjects that nobody has mapped, the most active first')
    .addHelpText('after', UNMAPPED_EXAMPLES)
    .action(async () => {
      await unmapped(context);
    });
  registerEnrol(identities, context);
}

async function unmapped(context: Context): Promise<void> {
  const { unmappedSubjects } = await import('../answers/unmapped.ts');
  const found = await withReader(context, (reader) => unmappedSubjects(reader));
  if (context.globals.json) {
    context.json(found);
    return;
  }
  const { tableLines } = await import('./print/table.ts');
  const columns = [
    { title: 'subject', least: 20 },
    { title: 'audience', least: 8 },
    { title: 'sessions', isNumber: true },
    { title: 'calls', isNumber: true },
    { title: 'last seen', least: 20 },
  ];
  const rows = found.subjects.map((one) => [inert(one.subject), inert(one.audience ?? ''), String(one.sessions), String(one.calls), one.last_seen_at]);
  const { style } = context.page;
  const count = found.subjects.length;
  context.lines([
    style.bold(count === 0 ? 'Every subject is mapped or needs no mapping.' : `${count} subject${count === 1 ? '' : 's'} that nobody has mapped, the most active first:`),
    ...(count === 0 ? [] : ['']),
    ...tableLines(columns, rows, context.page),
    ...(count === 0 ? [] : ['', ...NEXT.map((line) => style.dim(line))]),
  ]);
}
