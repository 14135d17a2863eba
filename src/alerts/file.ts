/**
 * A file of JSON lines, one OCSF Detection Finding each, or standard output: what a log shipper picks up.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { z } from 'zod';
import type { fileSchema } from '../config/channels/index.ts';
import type { Alert } from './alert.ts';
import { ChannelError, type Channel, type Receipt, type RenderedMessage } from './channel.ts';
import { jsonText } from './_json.ts';
import { ocsfEvents, ocsfTest } from './_ocsf.ts';

/** How far back a repeated attempt looks for its own lines. */
const TAIL_BYTES = 4 * 1024 * 1024;

/** @param stdout for the path `-` */
export function file({ id, path }: z.output<typeof fileSchema>, stdout: { write(text: string): unknown }, version: string): Channel {
  const render = (alert: Alert): RenderedMessage => ({ content_type: 'application/jsonl', body: linesOf(alert, version), headers: {}, cuts: cutsOf(alert) });
  return {
    id,
    type: 'file',
    notices: ['fired', 'reminder', 'acknowledged', 'resolved', 'test'],
    // Standard output can't be asked what it holds.
    honoursKey: path !== '-',
    target: path === '-' ? 'standard output' : path,
    render,
    send: async (alert, { attempt }): Promise<Receipt> => {
      const { body } = render(alert);
      if (path === '-') stdout.write(body);
      else append(path, body, attempt > 1 ? alert.key : undefined);
      return Promise.resolve({ id: null });
    },
  };
}

function linesOf(alert: Alert, version: string): string {
  const events = alert.notice === 'test' ? [ocsfTest(alert, version)] : ocsfEvents(alert, version);
  return events.map((event) => `${jsonText(event)}\n`).join('');
}

function cutsOf({ findings, findings_total: total }: Alert): string[] {
  return total > findings.length ? [`${total - findings.length} more findings of the group have no line of their own`] : [];
}

/** Appends and syncs. @param key of an alert that an earlier attempt may have written: then it is looked for, and not written twice */
function append(path: string, body: string, key: string | undefined): void {
  let fd: number;
  try {
    fd = openSync(path, 'a+', 0o600);
  } catch (error) {
    throw new ChannelError(`${path} can't be opened: ${codeOf(error)}`, { isTransient: true, hint: 'Make its folder, and let the account that runs whoran write there.', cause: error });
  }
  try {
    const tail = tailOf(fd);
    // Whole lines alone count: what a crash or a full disk cut off is not written, and must not swallow the next line.
    const written = new Set(key === undefined ? [] : tail.split('\n').slice(0, -1).filter((line) => line.includes(key)).map(uidOf));
    const lines = body.split('\n').slice(0, -1).filter((line) => !written.has(uidOf(line)));
    const bytes = Buffer.from((tail === '' || tail.endsWith('\n') ? '' : '\n') + lines.map((line) => `${line}\n`).join(''));
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } catch (error) {
    throw new ChannelError(`${path} can't be written: ${codeOf(error)}`, { isTransient: true, hint: 'Make room, or configure another path.', cause: error });
  } finally {
    closeSync(fd);
  }
}

function tailOf(fd: number): string {
  const { size } = fstatSync(fd);
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  for (let at = 0; at < tail.length; ) {
    const read = readSync(fd, tail, at, tail.length - at, size - tail.length + at);
    if (read === 0) break;
    at += read;
  }
  return tail.toString('utf8');
}

/** An event's own id; the line itself where it is none: composed anew, the same event differs in its time. */
function uidOf(line: string): string {
  try {
    return (JSON.parse(line) as { readonly metadata?: { readonly uid?: string } }).metadata?.uid ?? line;
  } catch {
    return line;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);
}
