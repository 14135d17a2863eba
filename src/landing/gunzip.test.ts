import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { expansionCap, GunzipError, gunzipWithin, gunzipWithinAsync, type GunzipOptions, type GunzipReason } from './gunzip.ts';

/** Both forms must agree: the result, or the reason of the error. */
async function outcome(bytes: Buffer, options?: GunzipOptions): Promise<Buffer | GunzipReason> {
  const settle = (error: unknown): GunzipReason => {
    if (error instanceof GunzipError) return error.reason;
    throw error;
  };
  let sync: Buffer | GunzipReason;
  try {
    sync = gunzipWithin(bytes, options);
  } catch (error) {
    sync = settle(error);
  }
  const later = await gunzipWithinAsync(bytes, options).catch(settle);
  expect(later).toEqual(sync);
  return sync;
}

describe('gunzipWithin', () => {
  it('passes plain bytes through, the same buffer', () => {
    const plain = Buffer.from('{"Records":[]}');
    expect(gunzipWithin(plain)).toBe(plain);
    expect(gunzipWithin(Buffer.alloc(0)).length).toBe(0);
  });

  it('unpacks one member and several', async () => {
    expect(String(await outcome(gzipSync('one')))).toBe('one');
    expect(String(await outcome(Buffer.concat([gzipSync('one\n'), gzipSync(''), gzipSync('two\n')])))).toBe('one\ntwo\n');
  });

  it('says truncated wherever the data is cut', async () => {
    const whole = gzipSync(randomBytes(2000));
    for (const length of [2, 5, 10, 11, 500, whole.length - 9, whole.length - 1]) {
      expect(await outcome(whole.subarray(0, length)), String(length)).toBe('truncated');
    }
    const second = Buffer.concat([gzipSync('one'), whole.subarray(0, 900)]);
    expect(await outcome(second)).toBe('truncated');
  });

  it('says corrupt for garbage after the magic and for a wrong checksum', async () => {
    expect(await outcome(Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.from('not gzip at all')]))).toBe('corrupt');
    const whole = gzipSync('some text');
    const crc = whole.length - 8;
    whole[crc] = (whole[crc] ?? 0) ^ 0xff;
    expect(await outcome(whole)).toBe('corrupt');
  });

  it('refuses bytes after the last member, and takes zero padding', async () => {
    expect(await outcome(Buffer.concat([gzipSync('one'), Buffer.from('tail')]))).toBe('trailing_bytes');
    expect(await outcome(Buffer.concat([gzipSync('one'), Buffer.alloc(8), Buffer.from('tail')]))).toBe('trailing_bytes');
    expect(String(await outcome(Buffer.concat([gzipSync('one'), Buffer.alloc(512)])))).toBe('one');
  });

  it('aborts a bomb without holding what it expands to', () => {
    const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024), { level: 9 });
    expect(bomb.length).toBeLessThan(400_000);
    const before = process.memoryUsage().rss;
    expect(() => gunzipWithin(bomb)).toThrow(expect.objectContaining({ reason: 'too_large' }));
    expect(process.memoryUsage().rss - before).toBeLessThan(160 * 1024 * 1024);
  });

  it('caps by ratio above the free size, and by an absolute size', async () => {
    const options = { freeBytes: 1000, maximumRatio: 10, maximumBytes: 5000 };
    expect(expansionCap(50, options)).toBe(1000);
    expect(expansionCap(300, options)).toBe(3000);
    expect(expansionCap(3000, options)).toBe(5000);
    expect(await outcome(gzipSync(Buffer.alloc(1001)), options)).toBe('too_large');
    expect((await outcome(gzipSync(Buffer.alloc(1000)), options)).length).toBe(1000);
    expect(await outcome(gzipSync(randomBytes(6000)), options)).toBe('too_large');
  });
});
