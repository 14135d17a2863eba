/**
 * Preloaded into the program (`node --import`): counts what it does to files and asks of the database, and at the step numbered
 * KILL_AT kills the process, as a power cut would: before the step, halfway through a write, or KILL_AFTER milliseconds into
 * it, while DuckDB's own threads write. Without KILL_AT, the number of steps is written to the file KILL_COUNT.
 */
import { DuckDBConnection } from '@duckdb/node-api';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const at = Number(process.env.KILL_AT ?? 0);
const after = Number(process.env.KILL_AFTER ?? 0);
let step = 0;

function die() {
  process.kill(process.pid, 'SIGKILL');
  // Nothing more may happen before the signal arrives.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
}

/** Before each call of `holder[name]`; `half` does a part of the step first. */
function count(holder, name, half) {
  const original = holder[name];
  holder[name] = function counted(...args) {
    step += 1;
    if (step === at && after > 0) setTimeout(die, after);
    else if (step === at) {
      half?.call(this, original, args);
      die();
    }
    return original.apply(this, args);
  };
}

const halfOfBuffer = function (original, [fd, bytes, offset = 0, length = bytes.length - offset, position]) {
  if (typeof bytes !== 'string' && length > 1) original.call(this, fd, bytes, offset, length >> 1, position);
};

count(fs, 'writeSync', halfOfBuffer);
for (const name of ['writevSync', 'fsyncSync', 'ftruncateSync', 'copyFileSync', 'rmSync', 'renameSync', 'rmdirSync', 'mkdirSync', 'openSync', 'closeSync']) count(fs, name);
for (const name of ['rename', 'open', 'rm']) count(promises, name);
const handle = await promises.open('/dev/null');
const FileHandle = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ['sync', 'writev']) count(FileHandle, name);
for (const name of ['run', 'runAndReadAll', 'stream']) count(DuckDBConnection.prototype, name);
syncBuiltinESMExports();

const writeFile = fs.writeFileSync;
if (process.env.KILL_COUNT) process.on('exit', () => writeFile(process.env.KILL_COUNT, String(step)));
