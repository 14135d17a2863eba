#!/usr/bin/env node
/**
 * The bin: gives the command line its terminal, and leaves the process with its exit code.
 */
import { main } from './cli/program.ts';

// Which Node AWS's next versions want concerns whoever pins them, not whoever asks who ran a task.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

for (const stream of [process.stdout, process.stderr]) {
  // Whoever reads us has seen enough (`whoran … | head`).
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

const code = await main(process.argv.slice(2), {
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  isOutTty: process.stdout.isTTY,
  isErrTty: process.stderr.isTTY,
  columns: process.stdout.columns || 80,
  env: process.env,
});

// A pipe takes its time; leaving before it is empty would cut the answer off.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => { resolve(); }))));
process.exit(code);
