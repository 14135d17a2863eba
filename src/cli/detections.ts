/**
 * `whoran detections`: which there are, what one does, and whether its cases hold.
 */
import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { nearest } from '../core/nearest.ts';
import type { Catalog, Detection } from '../pipeline/detection-tests.ts';
import type { DetectionCounts } from '../answers/detection-counts.ts';
import type { Context } from './context.ts';
import { withReader } from './data.ts';
import { refuseWithoutAgainst, runAgainst, type AgainstArguments } from './detections-against.ts';

const EXAMPLES = `
\`list\` counts the findings of the data folder, where there is one. \`test\` runs a
detection's cases; with --against it runs its query over a data folder instead, and says
what it would find more and less than is stored there. Nothing is written.

Examples:
  $ whoran detections list
  $ whoran detections show source_silent
  $ whoran detections test source_silent    (exit code 1 where a case fails)
  $ whoran detections test source_silent --against ./whoran-data --since 2026-01-01
  $ whoran detections test source_silent --against ./whoran-data --sql ./changed.sql`;

export function registerDetections(program: Command, context: Context): void {
  const detections = program.command('detections').description('list, show and test the detections').addHelpText('after', EXAMPLES);
  detections.command('list').description('every detection, as the configuration has it').action(() => list(context));
  detections
    .command('show')
    .description('what a detection finds and cannot see, its settings, exceptions and SQL')
    .argument('<id>', 'a detection')
    .action((id: string) => show(context, id));
  detections
    .command('test')
    .description('run the cases that stand beside the SQL; all of them where no id is given')
    .argument('[id...]', 'detections')
    .option('--against <folder>', 'a data folder: what would the query find there now, and no longer find')
    .option('--since <time>', 'of what occurred since then')
    .option('--sql <file>', "in place of the detection's own file")
    .action((ids: string[], given: AgainstArguments) => test(context, ids, given));
}

async function load(context: Context): Promise<{ catalog: Catalog; config: Config }> {
  const { loadCatalog } = await import('../pipeline/detection-tests.ts');
  const { loadConfig } = await import('../config/load.ts');
  return { catalog: await loadCatalog(), config: await loadConfig(context.globals.config) };
}

/** @throws WhoranError (exit 2) that names the nearest id. */
function find({ detections }: Catalog, id: string): Detection {
  const found = detections.find((one) => one.id === id);
  if (found) return found;
  const near = nearest(id, detections.map((one) => one.id));
  throw new WhoranError(`there is no detection ${JSON.stringify(id)}`, {
    exitCode: EXIT.wrongUse, hint: near === undefined ? '`whoran detections list` names them all.' : `Did you mean ${near}? \`whoran detections list\` names them all.`,
  });
}

async function list(context: Context): Promise<void> {
  const { catalog, config } = await load(context);
  const counts = await countsOf(context);
  const listed = catalog.detections.map(({ id, area, sha256, header }) => ({
    id, area, title: header.title, severity: config.detections[id]?.severity ?? header.severity, is_enabled: config.detections[id]?.enabled ?? true,
    sources: header.sources, absence_of: header.absence_of, controls: header.controls, query_sha256: sha256,
    findings: counts === undefined ? null : (counts.get(id) ?? NONE),
  }));
  if (context.globals.json) {
    context.json({ schema: 'whoran.detections/1', detections: listed });
    return;
  }
  const { tableLines } = await import('./print/table.ts');
  const numbers = counts === undefined ? [] : (['open', 'provisional'] as const);
  const columns = [{ title: 'detection', least: 36 }, { title: 'severity', least: 8 }, { title: 'on', least: 3 }, ...numbers.map((title) => ({ title, isNumber: true })), { title: 'sources', least: 10 }, { title: 'title', least: 20 }];
  const cells = listed.map((one) => [one.id, one.severity, one.is_enabled ? 'on' : 'off', ...numbers.map((status) => String(one.findings?.[status] ?? '')), one.sources.join(' '), one.title]);
  context.lines([
    ...tableLines(columns, cells, context.page),
    ...(counts === undefined ? [] : ['', `Findings of ${inert(context.globals.data, 300)} by now. Those that people have acknowledged, resolved or suppressed: --json, or \`whoran findings --all\`.`]),
  ]);
}

const NONE: DetectionCounts = { provisional: 0, open: 0, acknowledged: 0, resolved: 0, suppressed: 0 };

/** Undefined where there is no data folder; one that can't be read is said, and holds nothing up. */
async function countsOf(context: Context): Promise<ReadonlyMap<string, DetectionCounts> | undefined> {
  const { existsSync } = await import('node:fs');
  if (!existsSync(context.globals.data)) return undefined;
  const { detectionCounts } = await import('../answers/detection-counts.ts');
  try {
    return await withReader(context, (reader) => detectionCounts(reader, new Date()));
  } catch (error) {
    if (!(error instanceof WhoranError)) throw error;
    context.say(`No findings are counted: ${inert(error.message, 400)}.`);
    return undefined;
  }
}

async function test(context: Context, ids: readonly string[], given: AgainstArguments): Promise<void> {
  refuseWithoutAgainst(given);
  if (given.against === undefined) return runCases(context, ids);
  const [id] = ids;
  if (id === undefined || ids.length > 1) throw new WhoranError(`--against: expected one detection, found ${ids.length}`, { exitCode: EXIT.wrongUse, hint: 'Name the one that you changed.' });
  const { catalog, config } = await load(context);
  return runAgainst(context, find(catalog, id), config, given);
}

async function show(context: Context, id: string): Promise<void> {
  const { catalog, config } = await load(context);
  const { file, sql, sha256, header } = find(catalog, id);
  const set = config.detections[id];
  const params = Object.entries(header.params).map(([name, param]) => ({
    name, type: param.type, value: set?.params[name] ?? param.default, from: set?.params[name] === undefined ? 'default' : 'configuration', description: param.description,
  }));
  const exceptions = set?.exceptions ?? [];
  const severity = set?.severity ?? header.severity;
  const isEnabled = set?.enabled ?? true;
  if (context.globals.json) {
    context.json({ schema: 'whoran.detection/1', ...header, severity, is_enabled: isEnabled, params, exceptions, file, query_sha256: sha256, sql });
    return;
  }
  const body = sql.slice(sql.indexOf('---*/') + '---*/'.length).trim();
  const { style } = context.page;
  const text = (title: string, value: string): string[] => ['', style.bold(title), ...value.trim().split('\n').map((line) => `  ${inert(line, 500)}`)];
  context.lines([
    style.bold(`${id}: ${header.title}`),
    `${severity}${severity === header.severity ? '' : ` (configuration; ${header.severity} by default)`}, ${isEnabled ? 'on' : 'off'}, reads ${header.sources.join(', ')}`,
    `Controls: ${header.controls.join(', ')}`,
    ...text('What it finds, and what it cannot see', header.description),
    ...text('Fires without anything being wrong', header.false_positives),
    ...text('What to do', header.runbook),
    ...(params.length === 0 ? [] : text('Settings', params.map((one) => `${one.name} = ${JSON.stringify(one.value)} (${one.from}): ${one.description}`).join('\n'))),
    ...(exceptions.length === 0 ? [] : text('Exceptions', exceptions.map((one) => JSON.stringify(one)).join('\n'))),
    ...text(`${file}, SHA-256 ${sha256}`, body),
  ]);
}

async function runCases(context: Context, ids: readonly string[]): Promise<void> {
  const { catalog } = await load(context);
  const chosen = ids.length === 0 ? catalog.detections : ids.map((id) => find(catalog, id));
  const { testDetections } = await import('../pipeline/detection-tests.ts');
  const results = await testDetections(catalog, chosen);
  const failed = results.filter(({ failure }) => failure !== null).length;
  if (failed > 0) context.exitCode = EXIT.found;
  if (context.globals.json) {
    context.json({ schema: 'whoran.detection_tests/1', passed: results.length - failed, failed, cases: results });
    return;
  }
  context.lines([
    ...results.flatMap(({ detection, case: name, kind, failure }) => [
      `${failure === null ? 'pass' : 'FAIL'}  ${detection}, ${kind}: ${inert(name, 200)}`,
      ...(failure === null ? [] : failure.split('\n').map((line) => `      ${inert(line, 500)}`)),
    ]),
    `${results.length - failed} passed, ${failed} failed.`,
  ]);
}
