/**
 * A call to AWS that failed for good, as a stream's failure and as a result of a check.
 */
import { describeAws, hintFor, type AwsAttempt } from './_aws.ts';
import { RetriesExhausted } from './_retry.ts';
import type { CheckResult, StreamFailure } from './source.ts';

/** What happened, and what to do: the permission to grant or the setting to correct. */
export function awsFailure(stream: string, error: unknown, attempt: AwsAttempt): StreamFailure {
  const hint = hintFor(error instanceof RetriesExhausted ? error.cause : error, attempt);
  return { stream, message: describeFailure(error), ...(hint === undefined ? {} : { hint }) };
}

/** `failed`, or `missing` where there is a permission or setting to give. */
export function awsCheckFailure(what: string, error: unknown, attempt: AwsAttempt): CheckResult {
  const { message, hint } = awsFailure('', error, attempt);
  return { what, outcome: hint === undefined ? 'failed' : 'missing', found: message, ...(hint === undefined ? {} : { fix: hint }) };
}

/** RetriesExhausted says itself how long and how often it was tried. */
function describeFailure(error: unknown): string {
  return error instanceof RetriesExhausted ? error.message : describeAws(error);
}
