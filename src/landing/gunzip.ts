/**
 * Gzip in, plain bytes out, with a cap on expansion: log files are hostile input, and a kilobyte of gzip can hold a gigabyte.
 */
import { gunzip, gunzipSync, type ZlibOptions } from 'node:zlib';

/** Output that any file may expand to, whatever its ratio. CloudTrail objects are a few MB. */
export const FREE_EXPANSION_BYTES = 64 * 1024 * 1024;
/** Above `FREE_EXPANSION_BYTES`: how many times its own size a file may expand to. Real log objects reach about 12 to 30. */
export const MAXIMUM_EXPANSION_RATIO = 200;
/** What no file may exceed, bomb or not: it is held in memory. */
export const MAXIMUM_EXPANDED_BYTES = 1024 * 1024 * 1024;

export interface GunzipOptions {
  /** Bytes any file may expand to; default `FREE_EXPANSION_BYTES`. */
  readonly freeBytes?: number;
  /** Times its own size a larger one may expand to; default `MAXIMUM_EXPANSION_RATIO`. */
  readonly maximumRatio?: number;
  /** Bytes that no file may exceed; default `MAXIMUM_EXPANDED_BYTES`. */
  readonly maximumBytes?: number;
}

/**
 * `truncated`: the gzip data ends early. `corrupt`: it is no gzip after its magic, or a checksum is wrong.
 * `too_large`: it expands past the cap. `trailing_bytes`: something that is no gzip member follows the last one.
 */
export type GunzipReason = 'truncated' | 'corrupt' | 'too_large' | 'trailing_bytes';

/** Why a file could not be unpacked; `message` is for the person who must mend it and quotes nothing from the file. */
export class GunzipError extends Error {
  override readonly name = 'GunzipError';
  readonly reason: GunzipReason;

  constructor(reason: GunzipReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Whether the bytes begin as a gzip member does (RFC 1952 §2.3.1: 1f 8b). */
export function isGzip(bytes: Buffer): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Lengths above this are never taken on a file's own word. */
const TRUSTED_LENGTH_BYTES = 16 * 1024 * 1024;

/** How many bytes a gzip file of one member says it holds, in its last four (RFC 1952 §2.3.1, ISIZE); others say anything. */
function toldLength(bytes: Buffer): number {
  return bytes.length < 18 ? 0 : bytes.readUInt32LE(bytes.length - 4);
}

/** How many bytes a file of this size may expand to. */
export function expansionCap(packedBytes: number, options: GunzipOptions = {}): number {
  const free = options.freeBytes ?? FREE_EXPANSION_BYTES;
  const ratio = options.maximumRatio ?? MAXIMUM_EXPANSION_RATIO;
  return Math.min(options.maximumBytes ?? MAXIMUM_EXPANDED_BYTES, Math.max(free, packedBytes * ratio));
}

/** What zlib returns under `info: true`; `bytesWritten` is how much input it consumed. */
interface GunzipResult {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function zlibOptions(bytes: Buffer, cap: number): ZlibOptions {
  // One buffer that holds everything is neither grown nor copied. Where a file lies about its length, or has several members,
  // zlib goes on in further buffers of that size.
  const told = toldLength(bytes);
  const chunkSize = told <= TRUSTED_LENGTH_BYTES ? told + 64 : 1024 * 1024;
  return { maxOutputLength: cap, chunkSize: Math.max(chunkSize, 16 * 1024), info: true };
}

function gunzipError(error: unknown, bytes: Buffer, cap: number): GunzipError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return new GunzipError(
      'too_large',
      `gzip data of ${bytes.length} bytes expands to more than ${cap} bytes: taken for a gzip bomb and not read; split the file if it is real`,
    );
  }
  if (code === 'Z_BUF_ERROR') {
    return new GunzipError('truncated', `gzip data ends early, after ${bytes.length} bytes: fetch the file again`);
  }
  // The first member has gzip's magic (`isGzip`), so a header without it can only be what follows a whole member.
  if (error instanceof Error && error.message === 'incorrect header check') return trailingBytes();
  return new GunzipError('corrupt', 'starts as gzip but is not valid gzip data (bad block or checksum): fetch the file again');
}

function trailingBytes(): GunzipError {
  return new GunzipError('trailing_bytes', 'bytes that are not gzip follow the gzip data: fetch the file again');
}

function checkedResult(result: GunzipResult, bytes: Buffer): Buffer {
  const consumed = result.engine.bytesWritten;
  // zlib stops at the end of the last member and ignores what follows; zero padding is customary (tar, block devices), more is not.
  for (let at = consumed; at < bytes.length; at++) {
    if (bytes[at] !== 0) throw trailingBytes();
  }
  return result.buffer;
}

/**
 * Unpacks gzip, of one member or several one after another; bytes without gzip's magic come back as they are.
 *
 * Blocks the event loop for 1 to 2 ms per MB of output: for large files use `gunzipWithinAsync`.
 *
 * @throws GunzipError where the data is truncated, corrupt, followed by other bytes, or expands past `expansionCap`
 *   (found while unpacking: no more than the cap and one chunk is ever held).
 */
export function gunzipWithin(bytes: Buffer, options: GunzipOptions = {}): Buffer {
  if (!isGzip(bytes)) return bytes;
  const cap = expansionCap(bytes.length, options);
  let result: GunzipResult;
  try {
    result = gunzipSync(bytes, zlibOptions(bytes, cap)) as unknown as GunzipResult;
  } catch (error) {
    throw gunzipError(error, bytes, cap);
  }
  return checkedResult(result, bytes);
}

/** As `gunzipWithin`, on zlib's thread pool. Rejects with GunzipError. */
export async function gunzipWithinAsync(bytes: Buffer, options: GunzipOptions = {}): Promise<Buffer> {
  if (!isGzip(bytes)) return bytes;
  const cap = expansionCap(bytes.length, options);
  return await new Promise((resolve, reject) => {
    gunzip(bytes, zlibOptions(bytes, cap), (error, result) => {
      if (error) {
        reject(gunzipError(error, bytes, cap));
        return;
      }
      try {
        resolve(checkedResult(result as unknown as GunzipResult, bytes));
      } catch (trailing) {
        reject(trailing instanceof Error ? trailing : new Error(String(trailing)));
      }
    });
  });
}

/**
 * Unpacks a gzip file of ordinary size on zlib's thread pool, before its turn comes. Undefined where it is none, or is
 * larger than it says, or is at fault: `gunzipWithin` then says how.
 */
export async function gunzipAhead(bytes: Buffer): Promise<Buffer | undefined> {
  if (!isGzip(bytes) || toldLength(bytes) > TRUSTED_LENGTH_BYTES) return undefined;
  return gunzipWithinAsync(bytes, { maximumBytes: Math.max(1, toldLength(bytes)) }).catch(() => undefined);
}
