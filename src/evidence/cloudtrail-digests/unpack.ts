/**
 * Unpacking what a hash is compared with: one gzip member and not a byte more. Landing takes several members and zero padding after
 * them, as tar leaves it; a digest's hash says nothing of what stands behind the member, so here it is a fault.
 */
import { crc32 } from 'node:zlib';
import { GunzipError, gunzipWithin, isGzip } from '../../landing/gunzip.ts';

/** CRC32 and length, the last bytes of a gzip member (RFC 1952 §2.3.1). */
const TRAILER_BYTES = 8;

/** Why an object is not what CloudTrail writes. */
export type UnpackFault = 'trailing_bytes' | 'not_unpacked';

/**
 * An object's content. Plain bytes (somebody unpacked the file) come back as they are.
 * @returns the content, or why there is none: `trailing_bytes` after the member, a further member included; `not_unpacked` where
 *   the gzip data is cut off, corrupt or a bomb
 */
export function unpackOne(bytes: Buffer): Buffer | UnpackFault {
  if (!isGzip(bytes)) return bytes;
  let content: Buffer;
  try {
    content = gunzipWithin(bytes);
  } catch (error) {
    if (error instanceof GunzipError) return error.reason === 'trailing_bytes' ? 'trailing_bytes' : 'not_unpacked';
    throw error;
  }
  // The trailer of the only member tells of all the content. Behind it something else stands, or another member with a trailer of its own.
  const trailer = bytes.subarray(-TRAILER_BYTES);
  const isWhole = trailer.readUInt32LE(0) === crc32(content) && trailer.readUInt32LE(4) === content.length % 2 ** 32;
  return isWhole ? content : 'trailing_bytes';
}
