/**
 * Objects that were listed and could not be read: named, counted, and what to do about them.
 */
import { inert } from '../../core/inert.ts';
import { awsFailure } from '../_aws-failure.ts';
import { awsCode, isDenied } from '../_aws.ts';
import type { StreamFailure } from '../source.ts';
import { UnreadableObject } from './bucket.ts';

/** Names shown in a message; the rest are counted. */
const NAMED = 3;

/** Whether a failure concerns this object alone, so that others may still be read. */
export function isOfObject(error: unknown): boolean {
  return error instanceof UnreadableObject || isDenied(error) || isGone(error) || awsCode(error) === 'InvalidObjectState' || awsCode(error).startsWith('KMS.');
}

/** Whether the object vanished after it was listed. */
export function isGone(error: unknown): boolean {
  return awsCode(error) === 'NoSuchKey' || awsCode(error) === 'NoSuchVersion';
}

/** What a stream's unread objects come to. */
export class ObjectsUnread extends Error {
  override readonly name = 'ObjectsUnread';
  readonly failure: StreamFailure;

  constructor(failure: StreamFailure, cause: unknown) {
    super(failure.message, { cause });
    this.failure = failure;
  }
}

/** Gathers a stream's unread objects. */
export class UnreadObjects {
  readonly #stream: string;
  readonly #bucket: string;
  readonly #byReason = new Map<string, { readonly keys: string[]; count: number; readonly error: unknown }>();
  size = 0;

  constructor(stream: string, bucket: string) {
    this.#stream = stream;
    this.#bucket = bucket;
  }

  add(key: string, error: unknown): void {
    const reason = error instanceof UnreadableObject ? inert(error.message) : awsFailure(this.#stream, error, this.#attempt).message;
    const known = this.#byReason.get(reason) ?? { keys: [], count: 0, error };
    if (known.keys.length < NAMED) known.keys.push(key);
    known.count += 1;
    this.#byReason.set(reason, known);
    this.size += 1;
  }

  /** @param isStopped whether the stream went no further because of them */
  error({ isStopped }: { readonly isStopped: boolean }): ObjectsUnread {
    const parts = [...this.#byReason].map(([reason, { keys, count }]) => {
      const more = count > keys.length ? ` and ${count - keys.length} more` : '';
      return `${reason} (${keys.map((key) => inert(key, 300)).join(', ')}${more})`;
    });
    const first = [...this.#byReason.values()][0]?.error;
    const hint = this.#hint(first);
    const objects = this.size === 1 ? '1 object' : `${this.size} objects`;
    const message = `${objects} could not be read${isStopped ? ', and the pull stopped there' : '; the rest was pulled, and each pull tries them again'}: ${parts.join('; ')}`;
    return new ObjectsUnread({ stream: this.#stream, message, ...(hint === undefined ? {} : { hint }) }, first);
  }

  get #attempt(): { action: string; resource: string } {
    return { action: 's3:GetObject', resource: `arn:aws:s3:::${this.#bucket}/*` };
  }

  #hint(error: unknown): string | undefined {
    if (awsCode(error) === 'InvalidObjectState') {
      return 'Restore what a lifecycle rule has archived (aws s3api restore-object), and let it archive objects only after they are pulled.';
    }
    if (isGone(error)) return 'Something deletes objects while they are read: let a lifecycle rule expire them only after they are pulled.';
    if (error instanceof UnreadableObject) return 'Look at the object: it is not one that CloudTrail wrote, or is damaged where it lies.';
    const hint = awsFailure(this.#stream, error, this.#attempt).hint;
    // S3 says "Access Denied" and no more where it is the key that refuses.
    return isDenied(error) && hint?.includes('kms:') !== true ? `${hint ?? ''} Where the bucket is encrypted with a KMS key, grant kms:Decrypt on the key too.` : hint;
  }
}
