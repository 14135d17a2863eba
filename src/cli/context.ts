/**
 * What every command gets: the terminal, the global options, and a place for its exit code.
 */
import type { Command } from 'commander';
import type { ExitCode } from '../core/errors.ts';
import { inert, inertJson } from '../core/inert.ts';
import type { Page } from './print/answer.ts';
import { styleFor } from './print/style.ts';
import { wantsColour, type Terminal } from './terminal.ts';

export interface GlobalOptions {
  /** The data folder: `--data`, else `WHORAN_DATA`, else `./whoran-data`. */
  readonly data: string;
  /** The configuration file, where one is named. */
  readonly config: string | undefined;
  readonly json: boolean;
}

export const DEFAULT_DATA = './whoran-data';
/** Narrower terminals get lines of this width and wrap them as they can; wider ones aren't filled. */
const LEAST_COLUMNS = 60;
const MOST_COLUMNS = 110;

/** ` --data DIR` as a shell takes it. */
export function dataOption(data: string): string {
  const path = inert(data, 500);
  return ` --data ${/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`}`;
}

export class Context {
  readonly terminal: Terminal;
  readonly #program: Command;
  exitCode: ExitCode = 0;

  constructor(program: Command, terminal: Terminal) {
    this.#program = program;
    this.terminal = terminal;
  }

  /** The global options, wherever on the command line they stand. */
  get globals(): GlobalOptions {
    const { data, config, json } = this.#program.opts<{ data?: string; config?: string; json?: boolean }>();
    const fromEnvironment = this.terminal.env['WHORAN_DATA'];
    return { data: data ?? (fromEnvironment === undefined || fromEnvironment === '' ? DEFAULT_DATA : fromEnvironment), config, json: json ?? false };
  }

  /** The data folder where `--data` names one on the command line: for commands that can do without. */
  get namedData(): string | undefined {
    return this.#program.opts<{ data?: string }>().data;
  }

  /** How wide and colourful standard output is, and what a command to type next needs. */
  get page(): Page {
    const { env, isOutTty, columns } = this.terminal;
    const { data } = this.#program.opts<{ data?: string }>();
    return {
      style: styleFor(wantsColour(env, isOutTty)),
      columns: Math.min(MOST_COLUMNS, Math.max(LEAST_COLUMNS, columns)),
      commandOptions: data === undefined ? '' : dataOption(data),
    };
  }

  /** One JSON document and nothing else (INTERFACE). */
  json(document: unknown): void {
    this.terminal.out(`${inertJson(document)}\n`);
  }

  /** One JSON document in one line, for a command that stays and prints several. */
  jsonLine(document: unknown): void {
    this.terminal.out(`${inertJson(document, 0)}\n`);
  }

  /** Lines on standard output. */
  lines(lines: readonly string[]): void {
    this.terminal.out(lines.map((line) => `${line}\n`).join(''));
  }

  /** A message on standard error. */
  say(message: string): void {
    this.terminal.err(`${message}\n`);
  }
}
