/**
 * The command line: global options, the commands, and what becomes of errors. Each command's own file does its work.
 */
import { Command, CommanderError } from 'commander';
import { EXIT, WhoranError, type ExitCode } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { registerAlerts } from './alerts.ts';
import { registerAsk } from './ask.ts';
import { registerConfig } from './config.ts';
import { Context, DEFAULT_DATA } from './context.ts';
import { registerCorrelate } from './correlate.ts';
import { registerCoverage } from './coverage.ts';
import { registerDemo } from './demo.ts';
import { registerDetections } from './detections.ts';
import { registerDiff } from './diff.ts';
import { registerDigests } from './digests.ts';
import { registerDoctor } from './doctor.ts';
import { registerErase } from './erase.ts';
import { registerExport, registerImport } from './export.ts';
import { registerFindings } from './findings.ts';
import { registerHold } from './hold.ts';
import { registerIdentities } from './identities.ts';
import { registerIngest } from './ingest.ts';
import { registerInit } from './init.ts';
import { registerKeys } from './keys.ts';
import { registerNew } from './new.ts';
import { registerRebuild } from './rebuild.ts';
import { registerReport } from './report.ts';
import { registerRetain } from './retain.ts';
import { registerRun } from './run.ts';
import { registerSample } from './sample.ts';
import { registerStatus } from './status.ts';
import type { Terminal } from './terminal.ts';
import { registerVerify } from './verify.ts';
import { programVersion } from './version.ts';

const EXAMPLES = `
Exit codes: 0 done; 1 done, and it found what the command exists to find, or part
of the work failed, named; 2 wrong use or configuration; 3 the data folder is held
by another writer. WHORAN_DEBUG=1 shows where an error came from.

Start with:
  $ whoran demo
  $ whoran ingest ./logs
  $ whoran ask TASK`;

/** Several lines of ours around what somebody typed: made inert line by line. */
function inertLines(text: string): string {
  return text
    .split('\n')
    .map((line) => inert(line, 500))
    .join('\n');
}

function buildProgram(terminal: Terminal): { program: Command; context: Context } {
  const program = new Command('whoran');
  const context = new Context(program, terminal);
  program
    .description('Who ran that ECS job? Joins Microsoft Entra ID sign-ins to AWS CloudTrail, and proves the answer hop by hop.')
    .version(programVersion(), '-V, --version', 'print the version')
    .option('--data <folder>', `the data folder (WHORAN_DATA, else ${DEFAULT_DATA})`)
    .option('--config <file>', 'the configuration (whoran.yaml, if there is one)')
    .option('--json', 'print one JSON document on standard output, and nothing else')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => {
        terminal.out(text);
      },
      writeErr: (text) => {
        terminal.err(text);
      },
      outputError: (text, write) => {
        write(inertLines(text));
      },
      getOutHelpWidth: () => Math.min(terminal.columns, 100),
      getErrHelpWidth: () => Math.min(terminal.columns, 100),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    // A configuration that is named must be right, also for commands that only read what was made with one.
    .hook('preAction', async () => {
      const { config } = context.globals;
      if (config === undefined) return;
      const { loadConfig } = await import('../config/load.ts');
      await loadConfig(config);
    })
    .addHelpText('after', EXAMPLES);
  const commands = [
    registerDemo, registerIngest, registerAsk, registerCoverage, registerFindings, registerAlerts, registerReport, registerVerify, registerSample, registerDiff, registerDigests, registerIdentities, registerStatus,
    registerRun, registerCorrelate, registerRebuild, registerRetain, registerHold, registerErase, registerExport, registerImport, registerInit, registerConfig, registerKeys, registerDoctor, registerDetections, registerNew,
  ];
  for (const register of commands) register(program, context);
  return { program, context };
}

/**
 * Runs one command line, without the program's own name.
 * @returns the exit code (INTERFACE); never throws, and never leaves the process
 */
export async function main(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { program, context } = buildProgram(terminal);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return fail(error, context);
  }
}

/** Says what went wrong and what to do, without a stack trace unless `WHORAN_DEBUG` asks for one. */
function fail(error: unknown, context: Context): ExitCode {
  // Commander has said it already, help and version included.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  const isDebugging = (context.terminal.env['WHORAN_DEBUG'] ?? '') !== '';
  const message = error instanceof Error ? error.message : String(error);
  context.say(`error: ${inertLines(message)}`);
  if (error instanceof WhoranError) {
    if (error.hint !== undefined) context.say(inertLines(error.hint));
  } else if (!isDebugging) {
    context.say('This was not expected. WHORAN_DEBUG=1 shows where it came from.');
  }
  if (isDebugging && error instanceof Error) context.say(stackOf(error));
  return error instanceof WhoranError ? error.exitCode : EXIT.wrongUse;
}

function stackOf(error: Error): string {
  const own = inertLines(error.stack ?? '');
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
