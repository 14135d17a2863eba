/**
 * What a task's row says together with the session it leads back to: as the view cor_tasks has it, of one task.
 */
import type { Confidence, How } from './answer.ts';
import type { SessionRow, TaskRow } from './rows.ts';

export interface TaskAnswer {
  readonly how: How | null;
  readonly confidence: Confidence;
  readonly reason: string | null;
  readonly is_provisional: boolean;
}

/** What of a row an answer is made of. */
type Answering<Row extends TaskRow | SessionRow> = Pick<Row, 'how' | 'confidence' | 'reason' | 'is_provisional'>;

const WEAKEST_FIRST: readonly Confidence[] = ['none', 'inferred', 'asserted', 'proved'];

/** The weaker of two confidences. */
export function weaker(a: Confidence, b: Confidence): Confidence {
  return WEAKEST_FIRST.find((confidence) => confidence === a || confidence === b) ?? 'none';
}

/** The answer of a task; `session` is the one of the caller that it leads back to, where there is one. */
export function taskAnswer(task: Answering<TaskRow>, session: Answering<SessionRow> | undefined): TaskAnswer {
  const sessionConfidence = session?.confidence ?? 'none';
  return {
    how: task.how === null ? null : task.how === 'configured' || session?.how === 'configured' ? 'configured' : task.how,
    confidence: task.reason !== null || sessionConfidence === 'none' ? 'none' : weaker(task.confidence, sessionConfidence),
    reason: task.reason ?? (session ? session.reason : 'session_origin_missing'),
    is_provisional: task.is_provisional || (session?.is_provisional ?? false),
  };
}
